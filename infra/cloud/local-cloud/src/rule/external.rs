//! Answers the calls of statements to other services.
//!
//! Must not know: what a statement does with an answer. Source: AWS IoT developer guide,
//! "Functions".

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Engine, Rule, action};
use crate::dynamodb;
use iot_shadow::{Name, Operation};
use iot_sql::{Call, RegistryOperation};
use lambda_host::Outcome;

const LAMBDA_LIMIT: Duration = Duration::from_millis(2000);
const ITEM_BYTES_MAX: usize = 8 * 1024;

/// The answer, JSON. After an error the rule ends without its actions.
pub(super) async fn answer(engine: &Engine, rule: &Rule, call: &Call) -> Result<Vec<u8>, String> {
    match call {
        Call::Lambda { arn, event } => invoke(engine, rule, arn, event).await,
        Call::Shadow {
            thing,
            shadow,
            role_arn,
        } => {
            let name = Name {
                thing: thing.clone(),
                shadow: shadow.clone(),
            };
            get_shadow(engine, role_arn, &name)
        }
        Call::DynamoDb {
            table,
            key,
            role_arn,
        } => get_item(engine, role_arn, table, key),
        Call::Registry {
            operation,
            thing,
            role_arn,
        } => ask_registry(engine, role_arn, *operation, thing),
    }
}

async fn invoke(engine: &Engine, rule: &Rule, arn: &str, event: &[u8]) -> Result<Vec<u8>, String> {
    let function = action::find_function(&engine.functions, arn)?;
    action::check_permission(function, &rule.arn, &engine.services.account.id)?;
    let invoked = engine.services.functions.invoke(arn, event.to_vec(), None);
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

fn get_shadow(engine: &Engine, role_arn: &str, name: &Name) -> Result<Vec<u8>, String> {
    let services = &engine.services;
    let suffix = name.shadow.as_ref().map(|s| format!("/{s}"));
    let resource = format!("thing/{}{}", name.thing, suffix.unwrap_or_default());
    let resource = services.account.arn("iot", resource);
    engine.check_right(role_arn, "iot:GetThingShadow", &resource)?;
    let document = services.shadows.call(Operation::Get, name, b"");
    let document = document.map_err(|e| e.to_string())?;
    Ok(document.to_string().into_bytes())
}

fn ask_registry(
    engine: &Engine,
    role_arn: &str,
    operation: RegistryOperation,
    thing: &str,
) -> Result<Vec<u8>, String> {
    let registry = &engine.services.registry;
    let action = format!("iot:{}", operation.name());
    engine.check_right(role_arn, &action, &registry.thing_arn(thing))?;
    let answer = match operation {
        RegistryOperation::DescribeThing => registry.description_of(thing),
        RegistryOperation::ListThingGroupsForThing => registry.groups_of(thing),
    };
    let answer = answer.map_err(|e| e.to_string())?;
    Ok(answer.to_string().into_bytes())
}

fn get_item(
    engine: &Engine,
    role_arn: &str,
    table: &str,
    key: &[(String, Value)],
) -> Result<Vec<u8>, String> {
    let services = &engine.services;
    let resource = services.account.arn("dynamodb", format!("table/{table}"));
    engine.check_right(role_arn, "dynamodb:GetItem", &resource)?;
    let key: Value = key.iter().cloned().collect();
    let item = dynamodb::get_item(&services.database, table, &key);
    let item = item.map_err(|problem| format!("GetItem from {table}: {problem}"))?;
    let item = match item.as_ref().and_then(Value::as_object) {
        Some(item) => untyped_object(item),
        None => json!({}),
    };
    let item = item.to_string().into_bytes();
    if item.len() > ITEM_BYTES_MAX {
        Err(format!("the item from {table} is larger than 8 KB"))
    } else {
        Ok(item)
    }
}

fn untyped_object(item: &Map<String, Value>) -> Value {
    Value::Object(item.iter().map(|(k, v)| (k.clone(), untyped(v))).collect())
}

/// A value without DynamoDB's type around it.
fn untyped(value: &Value) -> Value {
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
        ("L", Value::Array(items)) => items.iter().map(untyped).collect(),
        ("M", Value::Object(entries)) => untyped_object(entries),
        (_, other) => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_around_values_are_removed() {
        let item = json!({
            "pk": {"S": "a"}, "n": {"N": "1.50"}, "t": {"BOOL": true}, "nil": {"NULL": true},
            "l": {"L": [{"N": "1"}, {"S": "b"}]}, "m": {"M": {"x": {"N": "-2"}}},
            "ns": {"NS": ["1", "2"]},
            "b": {"B": "YWJj"},
        });
        let untyped = untyped_object(item.as_object().expect("an object"));
        let expected = json!({
            "pk": "a", "n": 1.5, "t": true, "nil": null, "l": [1, "b"],
            "m": {"x": -2}, "ns": [1, 2],
            "b": "YWJj",
        });
        assert_eq!(untyped, expected);
    }
}
