//! Answers of DynamoDB's protocol.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use crate::answer::aws_json;

/// Prefix of the names of DynamoDB's own errors.
pub const SERVICE: &str = "com.amazonaws.dynamodb.v20120810";
/// Largest request: a transaction holds 4 MB of items.
pub const REQUEST_BYTES_MAX: usize = 16 << 20;

/// Largest answer: a page of a stream holds 1 MB of records.
pub const ANSWER_BYTES_MAX: usize = 16 << 20;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-crc32");
/// Length of a request's id: digits and capital letters.
const REQUEST_ID_CHARS: usize = 52;

/// An answer with the headers that DynamoDB adds: an id and the body's checksum.
pub fn answer(status: StatusCode, kind: HeaderValue, body: String) -> Response {
    let checksum = HeaderValue::from(crc32fast::hash(body.as_bytes()));
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CHECKSUM, checksum);
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn request_id() -> String {
    let (one, two) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
    let mut id = format!("{:X}{:X}", one.simple(), two.simple());
    id.truncate(REQUEST_ID_CHARS);
    id
}

/// An internal error, which is logged.
pub fn internal_error(error: &str) -> Response {
    tracing::error!(error, "forward to dynamodb");
    let kind = format!("{SERVICE}#InternalServerError");
    let body = json!({"__type": kind, "message": error});
    aws_json(StatusCode::INTERNAL_SERVER_ERROR, &body)
}
