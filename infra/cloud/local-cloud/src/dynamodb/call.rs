//! A call of the cloud itself on the database, past the proxy.
//!
//! Must not know: why it is made.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The database's answer to an operation; the error has its own message.
pub async fn call(database: SocketAddr, operation: &str, body: &Value) -> Result<Value, String> {
    let request = Request::post(format!("http://{database}/"))
        .header("Content-Type", "application/x-amz-json-1.0")
        .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
        .header("X-Amz-Date", "20160323T000000Z")
        .header(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=rule/20160323/any/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0",
        )
        .body(Body::from(body.to_string()))
        .map_err(|e| e.to_string())?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|e| e.to_string())?;
    let status = response.status();
    let answer = to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX).await;
    let answer = answer.map_err(|e| e.to_string())?;
    let text = || String::from_utf8_lossy(&answer).into_owned();
    let parsed: Value = serde_json::from_slice(&answer).map_err(|e| format!("{e}: {}", text()))?;
    if status.is_success() {
        return Ok(parsed);
    }
    let message = parsed["message"].as_str().or(parsed["Message"].as_str());
    Err(message.map_or_else(text, str::to_owned))
}
