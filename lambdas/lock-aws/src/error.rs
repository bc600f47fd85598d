//! Why a call on AWS failed, in words for a person: no SDK type is shown, nothing is shown twice.
//! Must not know: what the call was for, which its caller names.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::item::ItemError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service answered with an error.
    #[error("{code}{}", .message.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused {
        /// The code, or the status if there is none: `AccessDeniedException`, `HTTP 403`.
        code: String,
        /// First line of the service's message, if any.
        message: Option<String>,
    },
    /// No connection was established.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// No answer arrived in time.
    #[error("no answer in time")]
    NoAnswer,
    /// The request could not be built.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The answer is not one that the service gives.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
    /// An item does not have the form that its key requires.
    #[error(transparent)]
    Item(#[from] ItemError),
}

/// What a person can do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Check the network and the address.
    Connection,
    /// Check the credentials and the permissions.
    Rights,
    /// Check the name of the table.
    Name,
    /// Read the message; nothing else is known.
    Other,
}

/// Codes for a caller that is unknown, unauthenticated or unauthorized.
const DENIALS: [&str; 10] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredTokenException",
    "ForbiddenException",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnauthorizedException",
    "UnrecognizedClientException",
];

impl CallError {
    /// The error that an SDK call returned.
    pub fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let error = answer.err();
                let status = || format!("HTTP {}", answer.raw().status().as_u16());
                // A refused signature is followed by what should have been signed, on many lines.
                let message = error.message().and_then(|text| text.lines().next());
                Self::Refused {
                    code: error.code().map_or_else(status, str::to_owned),
                    message: message.map(str::to_owned),
                }
            }
            SdkError::TimeoutError(_) => Self::NoAnswer,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => Self::NoAnswer,
            SdkError::DispatchFailure(_) => Self::NoConnection(innermost(error)),
            SdkError::ResponseError(_) => Self::Unreadable(innermost(error)),
            _ => Self::NotSent(innermost(error)),
        }
    }

    /// What a person can do about the error.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoConnection(_) | Self::NoAnswer => Remedy::Connection,
            Self::Refused { code, .. } if DENIALS.contains(&&**code) => Remedy::Rights,
            Self::Refused { code, .. } if code == "ResourceNotFoundException" => Remedy::Name,
            _ => Remedy::Other,
        }
    }
}

/// The root cause: `Connection refused (os error 111)`. The causes above it name the SDK's layers.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).pop().unwrap_or_default()
}

/// An error with all its causes, on one line, for printing. No error's text contains its cause's.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).join(": ")
}

fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    std::iter::successors(Some(error), |error| (**error).source())
        .map(ToString::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    fn refused(code: Option<&str>, message: Option<&str>) -> SdkError<GetItemError, HttpResponse> {
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        if let Some(message) = message {
            metadata = metadata.message(message);
        }
        let status = StatusCode::try_from(403).expect("a status");
        let raw = HttpResponse::new(status, SdkBody::from("<html>"));
        SdkError::service_error(GetItemError::generic(metadata.build()), raw)
    }

    #[test]
    fn a_refusal_is_its_code_and_its_message() {
        for (code, message, wanted, remedy) in [
            (
                Some("AccessDeniedException"),
                Some("User: alice is not authorized"),
                "AccessDeniedException: User: alice is not authorized",
                Remedy::Rights,
            ),
            (
                Some("ResourceNotFoundException"),
                Some("Requested resource not found"),
                "ResourceNotFoundException: Requested resource not found",
                Remedy::Name,
            ),
            (
                Some("ThrottlingException"),
                Some("Rate exceeded"),
                "ThrottlingException: Rate exceeded",
                Remedy::Other,
            ),
            (
                Some("InternalServerError"),
                None,
                "InternalServerError",
                Remedy::Other,
            ),
            (
                None,
                Some("Forbidden"),
                "HTTP 403: Forbidden",
                Remedy::Other,
            ),
            (
                Some("InvalidSignatureException"),
                Some("It does not match.\n\nThe Canonical String\n"),
                "InvalidSignatureException: It does not match.",
                Remedy::Rights,
            ),
            (None, None, "HTTP 403", Remedy::Other),
        ] {
            let error = CallError::of(&refused(code, message));
            assert_eq!(error.to_string(), wanted);
            assert_eq!(error.remedy(), remedy, "{wanted}");
            assert_eq!(chain(&error), wanted, "nothing is repeated");
        }
    }

    #[test]
    fn a_failed_connection_shows_the_systems_error() {
        let os = || std::io::Error::from_raw_os_error(111);
        let error: SdkError<GetItemError, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::io(Box::new(os())));
        let error = CallError::of(&error);
        assert_eq!(error.to_string(), format!("no connection: {}", os()));
        assert_eq!(error.remedy(), Remedy::Connection);
        let late: SdkError<GetItemError, HttpResponse> =
            SdkError::dispatch_failure(ConnectorError::timeout(Box::new(os())));
        assert_eq!(CallError::of(&late).to_string(), "no answer in time");
        let late: SdkError<GetItemError, HttpResponse> = SdkError::timeout_error(Box::new(os()));
        assert_eq!(CallError::of(&late).remedy(), Remedy::Connection);
    }
}
