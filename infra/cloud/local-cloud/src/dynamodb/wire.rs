//! Requests and answers of DynamoDB's protocol.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use crate::answer::aws_json;

/// Prefix of the names of DynamoDB's own errors.
pub const SERVICE: &str = "com.amazonaws.dynamodb.v20120810";
/// Largest request: a transaction holds 4 MB of items.
pub const REQUEST_BYTES_MAX: usize = 16 << 20;

/// Largest answer: a page of a stream holds 1 MB of records.
pub const ANSWER_BYTES_MAX: usize = 16 << 20;

/// The operation that a request names.
pub fn operation(headers: &HeaderMap) -> Option<&str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.rsplit_once('.').map(|(_, operation)| operation)
}

/// An internal error, which is logged.
pub fn internal_error(error: &str) -> Response {
    tracing::error!(error, "forward to dynamodb");
    let kind = format!("{SERVICE}#InternalServerError");
    let body = json!({"__type": kind, "message": error});
    aws_json(StatusCode::INTERNAL_SERVER_ERROR, &body)
}
