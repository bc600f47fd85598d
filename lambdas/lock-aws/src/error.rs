//! Why a call on AWS failed, in words for a person: no SDK type is shown, nothing is shown twice. Must not know what the
//! call was for; whoever made it names that.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::item::ItemError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The service answered, and refused.
    #[error("{0}")]
    Refused(Refused),
    /// Nobody answers there.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// No answer came in time.
    #[error("no answer in time")]
    NoAnswer,
    /// The request could not be made.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The answer is not one of the service's.
    #[error("unreadable answer: {0}")]
    Unreadable(String),
    /// An item is not what its key says.
    #[error(transparent)]
    Item(#[from] ItemError),
}

/// What a service said when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its code: `AccessDeniedException`; where it has none, the status: `HTTP 403`.
    pub code: String,
    /// Its message, where it has one.
    pub message: Option<String>,
}

/// `AccessDeniedException: User … is not authorized to perform: dynamodb:Query`.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.code),
            None => f.write_str(&self.code),
        }
    }
}

/// What a person can do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Look at the network, or at the address.
    Connection,
    /// Look at the credentials, or at the rights.
    Rights,
    /// Look at the name.
    Name,
    /// Look at the message.
    Other,
}

/// Codes that say: who you are is not known, not proved, or not allowed this.
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
    /// The SDK's error in words.
    pub fn of<E>(error: &SdkError<E, HttpResponse>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let said = answer.err();
                let status = || format!("HTTP {}", answer.raw().status().as_u16());
                CallError::Refused(Refused {
                    code: said.code().map_or_else(status, str::to_owned),
                    message: said.message().map(str::to_owned),
                })
            }
            SdkError::TimeoutError(_) => CallError::NoAnswer,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => CallError::NoAnswer,
            SdkError::DispatchFailure(_) => CallError::NoConnection(innermost(error)),
            SdkError::ResponseError(_) => CallError::Unreadable(innermost(error)),
            _ => CallError::NotSent(innermost(error)),
        }
    }

    /// What a person can do about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            CallError::NoConnection(_) | CallError::NoAnswer => Remedy::Connection,
            CallError::Refused(refused) if DENIALS.contains(&refused.code.as_str()) => {
                Remedy::Rights
            }
            CallError::Refused(refused) if refused.code == "ResourceNotFoundException" => {
                Remedy::Name
            }
            _ => Remedy::Other,
        }
    }
}

/// The cause of all causes: `Connection refused (os error 111)`. What lies over it names the SDK's own layers.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (**error).source());
    causes.last().map_or_else(String::new, ToString::to_string)
}

/// An error with all its causes, on one line: for where a line is printed. No error holds its cause's text in its own.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (**error).source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
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
        let mut said = ErrorMetadata::builder();
        if let Some(code) = code {
            said = said.code(code);
        }
        if let Some(message) = message {
            said = said.message(message);
        }
        let status = StatusCode::try_from(403).expect("a status");
        let raw = HttpResponse::new(status, SdkBody::from("<html>"));
        SdkError::service_error(GetItemError::generic(said.build()), raw)
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
            (None, None, "HTTP 403", Remedy::Other),
        ] {
            let error = CallError::of(&refused(code, message));
            assert_eq!(error.to_string(), wanted);
            assert_eq!(error.remedy(), remedy, "{wanted}");
            assert_eq!(chain(&error), wanted, "nothing is said twice");
        }
    }

    #[test]
    fn a_connection_that_is_not_made_says_what_the_system_said() {
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
