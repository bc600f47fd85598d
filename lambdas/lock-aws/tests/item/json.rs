//! Items by way of JSON: the form of items since the first release, which must not change.

use aws_sdk_dynamodb::types::AttributeValue;
use lock_aws::item::{Item, Key, PK, SK};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

/// A value as an item under `key`.
pub fn to_item(key: &Key, value: &impl Serialize) -> Item {
    let mut item = key.to_item();
    if let AttributeValue::M(attributes) = to_attribute(value) {
        item.extend(attributes);
    }
    item
}

/// A value as one attribute.
pub fn to_attribute(value: &impl Serialize) -> AttributeValue {
    attribute_of(serde_json::to_value(value).expect("JSON"))
}

/// A value from an item, if the item has its form.
pub fn from_item<T: DeserializeOwned>(item: &Item) -> Option<T> {
    let mut object = Map::new();
    for (name, attribute) in item {
        if name != PK && name != SK {
            object.insert(name.clone(), value_of(attribute)?);
        }
    }
    serde_json::from_value(Value::Object(object)).ok()
}

fn attribute_of(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(bool) => AttributeValue::Bool(bool),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(attribute_of).collect()),
        Value::Object(object) => {
            let members = object.into_iter();
            let members = members.map(|(name, value)| (name, attribute_of(value)));
            AttributeValue::M(members.collect())
        }
    }
}

fn value_of(attribute: &AttributeValue) -> Option<Value> {
    Some(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(bool) => Value::Bool(*bool),
        AttributeValue::N(digits) => Value::Number(number(digits)?),
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(values) => {
            Value::Array(values.iter().map(value_of).collect::<Option<_>>()?)
        }
        AttributeValue::M(values) => {
            let members = values.iter();
            let members = members.map(|(name, value)| Some((name.clone(), value_of(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn number(digits: &str) -> Option<Number> {
    let positive = digits.parse::<u64>().map(Number::from);
    positive
        .or_else(|_| digits.parse::<i64>().map(Number::from))
        .ok()
}
