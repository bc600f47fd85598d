//! Whether a filter policy accepts a message, by the message's attributes.
//!
//! Source: SNS developer guide, "Amazon SNS subscription filter policies".

use std::collections::BTreeMap;

use super::Attribute;
use sam_template::{FilterCondition, FilterPolicy};

/// Whether each attribute that the policy names meets one of its conditions.
pub fn accepts(policy: &FilterPolicy, attributes: &BTreeMap<String, Attribute>) -> bool {
    policy.iter().all(|(name, conditions)| {
        let values = attributes.get(name).map(values_of);
        conditions
            .iter()
            .any(|condition| holds(condition, values.as_deref()))
    })
}

/// A value that can be compared: of several in an array, one must meet the condition.
#[derive(Debug, PartialEq)]
enum Value {
    Text(String),
    Number(f64),
}

fn values_of(attribute: &Attribute) -> Vec<Value> {
    let text = || vec![Value::Text(attribute.value.clone())];
    match attribute.kind() {
        "Number" => attribute
            .value
            .parse()
            .map(Value::Number)
            .into_iter()
            .collect(),
        "String.Array" => {
            let items = serde_json::from_str::<Vec<serde_json::Value>>(&attribute.value);
            let items = items.unwrap_or_default().into_iter();
            items
                .filter_map(|item| match item {
                    serde_json::Value::String(text) => Some(Value::Text(text)),
                    other => other.as_f64().map(Value::Number),
                })
                .collect()
        }
        "String" => text(),
        // A binary value meets no condition on values.
        _ => Vec::new(),
    }
}

/// Whether the condition holds for these values; `None` if there is no such attribute.
fn holds(condition: &FilterCondition, values: Option<&[Value]>) -> bool {
    if let FilterCondition::Exists(wanted) = condition {
        return values.is_some() == *wanted;
    }
    values
        .unwrap_or_default()
        .iter()
        .any(|value| match (condition, value) {
            (FilterCondition::Exact(wanted), Value::Text(text)) => text == wanted,
            (FilterCondition::Number(wanted), Value::Number(number)) => number == wanted,
            (FilterCondition::Prefix(prefix), Value::Text(text)) => text.starts_with(prefix),
            (FilterCondition::AnythingBut(texts), Value::Text(text)) => !texts.contains(text),
            _ => false,
        })
}
