//! Answers in CBOR: the Smithy RPC v2 protocol, which CloudWatch speaks.
//!
//! Source: Smithy 2.0, "Smithy RPC v2 CBOR protocol" and "awsQueryCompatible".

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

const PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// The error as the service's older protocol names it. The SDKs of a service that had one use it.
const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

#[derive(Serialize)]
struct Refusal<'a> {
    #[serde(rename = "__type")]
    kind: &'a str,
    message: &'a str,
}

/// An answer.
pub fn cbor(status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::new();
    if let Err(error) = ciborium::into_writer(body, &mut bytes) {
        tracing::error!(%error, "write cbor");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = (status, bytes).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    headers.insert(PROTOCOL, HeaderValue::from_static("rpc-v2-cbor"));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// A refusal with AWS's name for it.
pub fn cbor_error(status: StatusCode, kind: &str, message: &str) -> Response {
    let mut response = cbor(status, &Refusal { kind, message });
    if let Ok(error) = HeaderValue::from_str(&format!("{kind};Sender")) {
        response.headers_mut().insert(QUERY_ERROR, error);
    }
    response
}
