//! Carries out the operations on items in this process, without the database's server.
//!
//! Only what its server would answer in the same words is answered here: success, and refusals
//! because of a condition. Must not know: who calls, and what for.

use std::time::Instant;

use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plain::is_plain;
use super::token::{TOKEN_LENGTH_MAX, Tokens};

/// An answer, with its body.
#[derive(Debug)]
pub enum Answer {
    Success(String),
    /// The status and the body.
    Refusal(u16, String),
}

/// Carries out an operation with the body of its request. `None` if only the database's server can
/// answer; nothing has been changed then.
pub fn execute(
    (database, tokens): (&Database, &mut Tokens),
    operation: &str,
    body: &Value,
) -> Option<Answer> {
    if !is_plain(body) {
        return None;
    }
    match operation {
        "GetItem" => run(body, |request| database.get_item(request)),
        "PutItem" => run(body, |request| database.put_item(request)),
        "UpdateItem" => run(body, |request| database.update_item(request)),
        "DeleteItem" => run(body, |request| database.delete_item(request)),
        "Query" => run(body, |request| database.query(request)),
        "Scan" => run(body, |request| database.scan(request)),
        "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| database.batch_write_item(request)),
        "TransactGetItems" => run(body, |request| database.transact_get_items(request)),
        "TransactWriteItems" => transact(database, tokens, body),
        _ => None,
    }
}

/// Carries out a transaction, unless it repeats one.
fn transact(database: &Database, tokens: &mut Tokens, body: &Value) -> Option<Answer> {
    let execute = || {
        run(body, |mut request: TransactWriteItemsRequest| {
            request.client_request_token = None;
            database.transact_write_items(request)
        })
    };
    match body["ClientRequestToken"].as_str() {
        None => execute(),
        // The server refuses it in its own words.
        Some(token) if token.is_empty() || token.len() > TOKEN_LENGTH_MAX => None,
        Some(token) => tokens.run((token, &body["TransactItems"]), Instant::now(), execute),
    }
}

fn run<'a, Request: Deserialize<'a>, Response: Serialize>(
    body: &'a Value,
    work: impl FnOnce(Request) -> Result<Response, DynoxideError>,
) -> Option<Answer> {
    match work(Request::deserialize(body).ok()?) {
        Ok(response) => Some(Answer::Success(serde_json::to_string(&response).ok()?)),
        Err(refusal) if is_about_conditions(&refusal) => Some(refuse(&refusal)),
        Err(_) => None,
    }
}

/// The answer that refuses for this reason.
pub fn refuse(refusal: &DynoxideError) -> Answer {
    Answer::Refusal(refusal.status_code(), refusal.to_json())
}

/// Whether conditions alone refuse the request. The server has its own words for other refusals.
fn is_about_conditions(refusal: &DynoxideError) -> bool {
    const REASONS: [&str; 2] = ["None", "ConditionalCheckFailed"];
    match refusal {
        DynoxideError::ConditionalCheckFailedException(..) => true,
        DynoxideError::TransactionCanceledException(_, reasons) => {
            reasons.iter().all(|r| REASONS.contains(&r.code.as_str()))
        }
        _ => false,
    }
}
