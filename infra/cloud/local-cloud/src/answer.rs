//! Answers of AWS's REST-JSON, JSON 1.0, CBOR and Query services, with errors in the form that SDKs
//! decode.

mod cbor;
mod xml;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub use cbor::{cbor, cbor_error};
pub use xml::{CLOUDFORMATION, Element, SNS, xml_answer, xml_error};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Whether a request is one of the Query protocol, in which SNS and CloudFormation are called.
pub fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// A refusal in the REST-JSON protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    kind: &'static str,
    message: String,
    fields: Option<Value>,
}

impl ApiError {
    /// A refusal with AWS's name for it, such as `ResourceNotFoundException`.
    pub fn new(status: u16, kind: &'static str, message: &str) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            kind,
            message: message.to_owned(),
            fields: None,
        }
    }

    pub fn invalid(message: &str) -> Self {
        Self::new(400, "InvalidRequestException", message)
    }

    pub fn not_found(message: &str) -> Self {
        Self::new(404, "ResourceNotFoundException", message)
    }

    /// Adds the fields of an object to the error's body.
    pub fn with_fields(mut self, fields: Value) -> Self {
        self.fields = Some(fields);
        self
    }

    /// The access key is missing or unknown. The text is AWS's.
    pub fn unknown_key() -> Self {
        Self::new(
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = self.fields.unwrap_or_else(|| json!({}));
        body["message"] = self.message.into();
        body["traceId"] = uuid::Uuid::new_v4().to_string().into();
        let mut response = with_body(self.status, &body);
        let kind = HeaderValue::from_static(self.kind);
        response.headers_mut().insert(ERROR_TYPE, kind);
        response
    }
}

pub fn ok(body: &Value) -> Response {
    with_body(StatusCode::OK, body)
}

/// An answer in the AWS JSON 1.0 protocol, as DynamoDB and SQS speak it.
pub fn aws_json(status: StatusCode, body: &Value) -> Response {
    const AWS_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
    (status, [(CONTENT_TYPE, AWS_JSON)], body.to_string()).into_response()
}

/// A refusal in the AWS JSON 1.0 protocol. Most errors write the message's key in lower case,
/// denials do not.
pub fn aws_json_error(kind: &str, message_key: &str, message: &str) -> Response {
    aws_json(
        StatusCode::BAD_REQUEST,
        &json!({"__type": kind, message_key: message}),
    )
}

fn with_body(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}
