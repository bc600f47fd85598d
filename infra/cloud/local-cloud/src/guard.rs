//! Lets only correctly signed requests through to each REST service, and refuses others in the
//! service's own words.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::answer::{
    ApiError, CLOUDFORMATION, SNS, aws_json_error, cbor_error, is_form, xml_error,
};
use crate::caller::{Caller, Callers};
use aws_sigv4_verify::{Claim, SignatureError};

/// Largest body that any service accepts: a DynamoDB request.
const BODY_BYTES_MAX: usize = 16 << 20;

/// The name that a signature for CloudFormation is scoped to.
const CLOUDFORMATION_NAME: &str = "cloudformation";

/// A REST service, which determines how requests are signed and refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    IotData,
    Iot,
    DynamoDb,
    Lambda,
    Sqs,
    Sns,
    CloudFormation,
    CloudWatch,
    /// The handshake of clients of the broker that have no certificate.
    MqttOverWebSocket,
}

impl Service {
    /// Names that a signature may be scoped to, the usual one first. Source: the SDKs' service
    /// models (`signingName`); `iotdevicegateway` is used for MQTT over WebSocket and by older
    /// SDKs, and the control plane was once called `execute-api`.
    pub fn signing_names(self) -> &'static [&'static str] {
        match self {
            Self::IotData => &["iotdata", "iotdevicegateway"],
            Self::MqttOverWebSocket => &["iotdevicegateway"],
            Self::Iot => &["iot", "execute-api"],
            Self::DynamoDb => &["dynamodb"],
            Self::Lambda => &["lambda"],
            Self::Sqs => &["sqs"],
            Self::Sns => &["sns"],
            Self::CloudFormation => &[CLOUDFORMATION_NAME],
            Self::CloudWatch => &["monitoring"],
        }
    }

    /// The service that a request is for: SNS and CloudFormation share their address and path with
    /// SQS.
    fn of(self, request: &HeaderMap) -> Self {
        match self {
            Self::Sqs if is_for_cloudformation(request) => Self::CloudFormation,
            Self::Sqs if is_form(request) => Self::Sns,
            other => other,
        }
    }

    /// The refusal of a request with a missing or wrong signature.
    fn refusal(self, error: &SignatureError) -> Response {
        let (kind, hint) = match error {
            SignatureError::Missing => ("MissingAuthenticationTokenException", self.hint()),
            SignatureError::Incomplete(_) => ("IncompleteSignatureException", String::new()),
            SignatureError::Stranger => ("UnrecognizedClientException", String::new()),
            SignatureError::Invalid(_) => ("InvalidSignatureException", String::new()),
        };
        let message = format!("{error}{hint}");
        match self {
            Self::DynamoDb | Self::Sqs => {
                let kind = format!("com.amazon.coral.service#{kind}");
                aws_json_error(&kind, "message", &message)
            }
            Self::Sns | Self::CloudFormation => {
                let kind = match error {
                    SignatureError::Missing => "MissingAuthenticationToken",
                    SignatureError::Incomplete(_) => "IncompleteSignature",
                    SignatureError::Stranger => "InvalidClientTokenId",
                    SignatureError::Invalid(_) => "SignatureDoesNotMatch",
                };
                let namespace = if self == Self::Sns {
                    SNS
                } else {
                    CLOUDFORMATION
                };
                xml_error(namespace, StatusCode::FORBIDDEN, kind, &message)
            }
            Self::CloudWatch => cbor_error(StatusCode::FORBIDDEN, kind, &message),
            Self::Iot | Self::Lambda => ApiError::new(403, kind, &message).into_response(),
            // The data plane has one error for all of them.
            Self::IotData | Self::MqttOverWebSocket => {
                ApiError::new(403, "ForbiddenException", &message).into_response()
            }
        }
    }

    /// Advice for an unsigned request, which AWS's message does not have.
    fn hint(self) -> String {
        let service = self.signing_names()[0];
        format!(
            ": sign with the credentials of this cloud, as every AWS SDK does, or \
             curl --aws-sigv4 aws:amz:<region>:{service} --user <access key id>:<secret access key>"
        )
    }
}

/// Whether a form is signed for CloudFormation. In AWS the host says whose form it is.
pub fn is_for_cloudformation(request: &HeaderMap) -> bool {
    let claim = Claim::read(request);
    is_form(request) && claim.is_ok_and(|claim| claim.service() == CLOUDFORMATION_NAME)
}

/// Puts the check in front of `router`; it adds the [`Caller`] to the request's extensions.
pub fn guarded(router: Router, service: Service, callers: Callers) -> Router {
    router.layer(middleware::from_fn_with_state((service, callers), check))
}

async fn check(
    State((service, callers)): State<(Service, Callers)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let service = service.of(&parts.headers);
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let message = "the body is too large, or ended early";
        return ApiError::new(413, "RequestEntityTooLargeException", message).into_response();
    };
    let signed = aws_sigv4_verify::Request {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
    };
    match callers.authenticate(&signed, service.signing_names()) {
        Ok(caller) => {
            parts.extensions.insert::<Caller>(caller);
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Err(error) => service.refusal(&error),
    }
}
