//! Answers what statements ask other services.
//!
//! Source: AWS IoT developer guide, "Functions". Must not know: how a statement goes on with the answer.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};

use super::{Engine, Rule, action};
use iot_shadow::{Name, Operation};
use iot_sql::Call;
use lambda_host::Outcome;

/// How long a function may take.
const LAMBDA_LIMIT: Duration = Duration::from_millis(2000);
/// Largest item that a rule goes on with.
const ITEM_BYTES_MAX: usize = 8 * 1024;
/// Largest answer that is read at all.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The answer, JSON. The error is what went wrong; it ends the rule without its actions.
pub(super) async fn ask(engine: &Engine, rule: &Rule, call: &Call) -> Result<Vec<u8>, String> {
    match call {
        Call::Lambda { arn, event } => lambda(engine, rule, arn, event).await,
        Call::Shadow {
            thing,
            shadow,
            role_arn,
        } => {
            let name = Name {
                thing: thing.clone(),
                shadow: shadow.clone(),
            };
            shadow_of(engine, role_arn, &name)
        }
        Call::DynamoDb {
            table,
            key,
            role_arn,
        } => item(engine, role_arn, table, key).await,
    }
}

async fn lambda(engine: &Engine, rule: &Rule, arn: &str, event: &[u8]) -> Result<Vec<u8>, String> {
    let function = engine.functions.iter().find(|f| f.arn == arn);
    let function = function.ok_or_else(|| format!("no function {arn}"))?;
    action::permitted(function, &rule.arn, &engine.reach.account.id)?;
    let invoked = engine.reach.functions.invoke(arn, event.to_vec(), None);
    match tokio::time::timeout(LAMBDA_LIMIT, invoked).await {
        Ok(Ok(Outcome::Success(answer))) => Ok(answer),
        Ok(Ok(Outcome::Failure(failure))) => Err(format!(
            "{arn} failed: {}: {}",
            failure.error_type, failure.message
        )),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("{arn} took longer than 2000 ms")),
    }
}

fn shadow_of(engine: &Engine, role_arn: &str, name: &Name) -> Result<Vec<u8>, String> {
    let reach = &engine.reach;
    let suffix = name.shadow.as_ref().map(|s| format!("/{s}"));
    let resource = format!("thing/{}{}", name.thing, suffix.unwrap_or_default());
    let resource = reach.account.arn("iot", resource);
    engine.allow(role_arn, "iot:GetThingShadow", &resource)?;
    let document = reach.shadows.call(Operation::Get, name, b"");
    let document = document.map_err(|e| e.to_string())?;
    Ok(document.to_string().into_bytes())
}

async fn item(
    engine: &Engine,
    role_arn: &str,
    table: &str,
    key: &[(String, Value)],
) -> Result<Vec<u8>, String> {
    let reach = &engine.reach;
    let resource = reach.account.arn("dynamodb", format!("table/{table}"));
    engine.allow(role_arn, "dynamodb:GetItem", &resource)?;
    let key: Map<String, Value> = key.iter().cloned().collect();
    let body = json!({"TableName": table, "Key": key}).to_string();
    let request = Request::post(format!("http://{}/", reach.database))
        .header("Content-Type", "application/x-amz-json-1.0")
        .header("X-Amz-Target", "DynamoDB_20120810.GetItem")
        .header("X-Amz-Date", "20160323T000000Z")
        .header(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=rule/20160323/any/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(Body::from(body))
        .map_err(|e| e.to_string())?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|e| e.to_string())?;
    let status = response.status();
    let answer = to_bytes(Body::new(response.into_body()), ANSWER_BYTES_MAX).await;
    let answer = answer.map_err(|e| e.to_string())?;
    if !status.is_success() {
        let text = String::from_utf8_lossy(&answer);
        return Err(format!("GetItem from {table}: {status} {text}"));
    }
    let answer: Value = serde_json::from_slice(&answer).map_err(|e| e.to_string())?;
    let item = match answer.get("Item").and_then(Value::as_object) {
        Some(item) => plain_of(item),
        None => json!({}),
    };
    let item = item.to_string().into_bytes();
    match item.len() > ITEM_BYTES_MAX {
        true => Err(format!("the item from {table} is larger than 8 KB")),
        false => Ok(item),
    }
}

fn plain_of(item: &Map<String, Value>) -> Value {
    Value::Object(item.iter().map(|(k, v)| (k.clone(), plain(v))).collect())
}

/// A value without DynamoDB's type around it.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|typed| typed.iter().next()) else {
        return Value::Null;
    };
    let number = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        serde_json::from_str(text).unwrap_or(Value::Null)
    };
    match (kind.as_str(), inner) {
        ("NULL", _) => Value::Null,
        ("N", text) => number(text),
        ("NS", Value::Array(texts)) => texts.iter().map(number).collect(),
        ("L", Value::Array(items)) => items.iter().map(plain).collect(),
        ("M", Value::Object(entries)) => plain_of(entries),
        (_, other) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_loses_the_types_around_its_values() {
        let item = json!({
            "pk": {"S": "a"}, "n": {"N": "1.50"}, "t": {"BOOL": true}, "nil": {"NULL": true},
            "l": {"L": [{"N": "1"}, {"S": "b"}]}, "m": {"M": {"x": {"N": "-2"}}}, "ns": {"NS": ["1", "2"]},
            "b": {"B": "YWJj"},
        });
        let plain = plain_of(item.as_object().expect("an object"));
        let expected = json!({
            "pk": "a", "n": 1.5, "t": true, "nil": null, "l": [1, "b"], "m": {"x": -2}, "ns": [1, 2], "b": "YWJj",
        });
        assert_eq!(plain, expected);
    }
}
