//! Refusals of the database under contention and load, in the bytes that AWS sends.
//!
//! *Source*: DynamoDB API reference, `TransactWriteItems` (cancellation reasons) and common errors. Must not know why a
//! request is refused.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::proxy::{answer, operation};

const SERVICE: &str = "com.amazonaws.dynamodb.v20120810";
/// Largest request: a transaction holds 4 MB of items.
pub const REQUEST_BYTES_MAX: usize = 16 << 20;

/// Another transaction holds an item of this request.
pub async fn conflict(request: Request) -> Response {
    const MESSAGE: &str = "Transaction is ongoing for the item";
    match items_of_transaction(request).await {
        Some(items) => cancelled(items, "TransactionConflict", MESSAGE),
        None => plain(&format!("{SERVICE}#TransactionConflictException"), MESSAGE),
    }
}

/// The table cannot take more at the moment.
pub async fn throttle(request: Request) -> Response {
    const MESSAGE: &str = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically \
        scaling your table or index so please try again shortly. If exceptions persist, check if you have a hot key.";
    match items_of_transaction(request).await {
        Some(items) => cancelled(items, "ThrottlingError", MESSAGE),
        None => plain("com.amazon.coral.availability#ThrottlingException", MESSAGE),
    }
}

/// The request is more than the table's provisioned throughput.
pub async fn exceed(request: Request) -> Response {
    const MESSAGE: &str = "The level of configured provisioned throughput for the table was exceeded. Consider \
        increasing your provisioning level with the UpdateTable API.";
    match items_of_transaction(request).await {
        Some(items) => cancelled(items, "ProvisionedThroughputExceeded", MESSAGE),
        None => plain(
            &format!("{SERVICE}#ProvisionedThroughputExceededException"),
            MESSAGE,
        ),
    }
}

/// How many items a transaction changes; none if the request is not a transaction.
async fn items_of_transaction(request: Request) -> Option<usize> {
    if operation(request.headers()) != Some("TransactWriteItems") {
        return None;
    }
    let body = to_bytes(request.into_body(), REQUEST_BYTES_MAX).await;
    let body: Value = serde_json::from_slice(&body.ok()?).ok()?;
    body["TransactItems"].as_array().map(Vec::len)
}

/// A transaction cancelled because of its first item.
fn cancelled(items: usize, code: &str, message: &str) -> Response {
    let reasons: Vec<Value> = (0..items)
        .map(|at| match at {
            0 => json!({"Code": code, "Message": message}),
            _ => json!({"Code": "None"}),
        })
        .collect();
    let codes: Vec<&str> = (0..items)
        .map(|at| if at == 0 { code } else { "None" })
        .collect();
    let told = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({
        "__type": format!("{SERVICE}#TransactionCanceledException"),
        "CancellationReasons": reasons,
        "Message": told,
    });
    answer(StatusCode::BAD_REQUEST, &body)
}

fn plain(kind: &str, message: &str) -> Response {
    let body = json!({"__type": kind, "message": message});
    answer(StatusCode::BAD_REQUEST, &body)
}
