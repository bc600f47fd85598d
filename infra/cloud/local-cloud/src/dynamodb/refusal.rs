//! Refusals of the database under contention and load, in AWS's own words.
//!
//! Must not know: why a request is refused. Source: DynamoDB API reference, `TransactWriteItems`
//! (cancellation reasons) and common errors.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::request::Request;
use super::wire::SERVICE;
use crate::answer::{aws_json, aws_json_error};

pub fn conflict(request: &Request) -> Response {
    const MESSAGE: &str = "Transaction is ongoing for the item";
    let kind = format!("{SERVICE}#TransactionConflictException");
    refuse(request, "TransactionConflict", &kind, MESSAGE)
}

/// The table cannot scale up to the load yet.
pub fn throttle(request: &Request) -> Response {
    const MESSAGE: &str = "Throughput exceeds the current capacity of your table or index. \
        DynamoDB is automatically scaling your table or index so please try again shortly. \
        If exceptions persist, check if you have a hot key.";
    let kind = "com.amazon.coral.availability#ThrottlingException";
    refuse(request, "ThrottlingError", kind, MESSAGE)
}

/// The request exceeds the table's provisioned throughput.
pub fn exceed(request: &Request) -> Response {
    const MESSAGE: &str = "The level of configured provisioned throughput for the table was \
        exceeded. Consider increasing your provisioning level with the UpdateTable API.";
    let kind = format!("{SERVICE}#ProvisionedThroughputExceededException");
    refuse(request, "ProvisionedThroughputExceeded", &kind, MESSAGE)
}

fn refuse(request: &Request, code: &str, kind: &str, message: &str) -> Response {
    match request.transaction_items() {
        Some(items) => cancelled(items, code, message),
        None => aws_json_error(kind, "message", message),
    }
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
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({
        "__type": format!("{SERVICE}#TransactionCanceledException"),
        "CancellationReasons": reasons,
        "Message": message,
    });
    aws_json(StatusCode::BAD_REQUEST, &body)
}
