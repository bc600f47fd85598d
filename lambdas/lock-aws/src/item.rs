//! DynamoDB items: keys, and attribute values from and to the core's types. Must not call anything.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::event::{Event, Slot, Subject};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::time::UnixMillis;
use lock_core::write::RequestMark;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

/// One item: attribute name to value.
pub type Item = HashMap<String, AttributeValue>;

/// Name of the partition key.
pub const PK: &str = "pk";
/// Name of the sort key.
pub const SK: &str = "sk";

/// Partition of the list of what is registered.
pub const THINGS: &str = "things";

/// Both keys of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Partition key: `lock#lock-1`.
    pub pk: String,
    /// Sort key: `record`.
    pub sk: String,
}

/// An item that is not what its key says.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// An attribute of a type that none of our items has: binary, or a set.
    #[error("attribute {0} has a type that no item here has")]
    Type(String),
    /// A number that is not a whole one.
    #[error("attribute {0} is not a whole number")]
    Number(String),
    /// An entry of the list of what is registered that names nothing.
    #[error("list entry {0:?} names neither a lock nor a button")]
    Listed(String),
    /// The attributes do not make the record, binding or event they should.
    #[error("item does not have the shape that its key says")]
    Shape(#[source] serde_json::Error),
}

impl Key {
    /// `lock#<thing>` / `record`.
    pub fn record(lock: &LockName) -> Key {
        Key {
            pk: format!("lock#{lock}"),
            sk: "record".to_owned(),
        }
    }

    /// `button#<serial>` / `binding`.
    pub fn binding(button: &ButtonSerial) -> Key {
        Key {
            pk: format!("button#{button}"),
            sk: "binding".to_owned(),
        }
    }

    /// `request#<thing>#<requestId>` / `request`: a name holds no `#`.
    pub fn request(lock: &LockName, request_id: &str) -> Key {
        Key {
            pk: format!("request#{lock}#{request_id}"),
            sk: "request".to_owned(),
        }
    }

    /// `lock#<thing>` or `button#<serial>` / `event#<at>#<key>`; 13 digits of milliseconds sort as time until 2286.
    pub fn event(event: &Event) -> Key {
        Key {
            pk: Key::history(&event.subject),
            sk: format!("{}#{}", Key::event_at(event.at), event.key),
        }
    }

    /// What the sort keys of lines at `at` begin with.
    pub fn event_at(at: UnixMillis) -> String {
        format!("event#{:013}", at.0)
    }

    /// `things` / `lock#<thing>` or `button#<serial>`: the list of what is registered, in one partition, so that an operator
    /// finds every lock and button without reading the table.
    pub fn listing(subject: &Subject) -> Key {
        Key {
            pk: THINGS.to_owned(),
            sk: Key::history(subject),
        }
    }

    /// `deployment` / `limits`: the numbers that this deployment's functions decide with.
    pub fn limits() -> Key {
        Key {
            pk: "deployment".to_owned(),
            sk: "limits".to_owned(),
        }
    }

    /// The line that ignored presses of one button for one reason share for a minute.
    pub fn shared_line(event: &Event, slot: &Slot) -> Key {
        Key {
            pk: Key::history(&event.subject),
            sk: format!("{}#{}", Key::event_at(slot.at), slot.key),
        }
    }

    /// The partition of a lock's or a button's history.
    pub fn history(subject: &Subject) -> String {
        match subject {
            Subject::Lock(lock) => format!("lock#{lock}"),
            Subject::Button(button) => format!("button#{button}"),
        }
    }

    /// The key as attributes.
    pub fn to_item(&self) -> Item {
        HashMap::from([
            (PK.to_owned(), AttributeValue::S(self.pk.clone())),
            (SK.to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// A core value as an item under `key`.
pub fn to_item(key: &Key, value: &impl Serialize) -> Item {
    let mut item = key.to_item();
    if let AttributeValue::M(attributes) = to_attribute(value) {
        item.extend(attributes);
    }
    item
}

/// The mark of a request as an item.
pub fn request_item(mark: &RequestMark) -> Item {
    let mut item = Key::request(&mark.lock, &mark.request_id).to_item();
    item.insert("lock".to_owned(), AttributeValue::S(mark.lock.to_string()));
    item.insert("at".to_owned(), AttributeValue::N(mark.at.0.to_string()));
    item.insert("ttl".to_owned(), AttributeValue::N(mark.ttl.0.to_string()));
    item
}

/// A core value from an item; keys, and attributes that it does not know, are passed over.
///
/// *Errors*: [`ItemError`].
pub fn from_item<T: DeserializeOwned>(item: &Item) -> Result<T, ItemError> {
    let mut object = Map::new();
    for (name, attribute) in item {
        if name != PK && name != SK {
            object.insert(name.clone(), from_attribute(name, attribute)?);
        }
    }
    serde_json::from_value(Value::Object(object)).map_err(ItemError::Shape)
}

/// A core value as one attribute: an object as a map, a number as a number.
pub fn to_attribute(value: &impl Serialize) -> AttributeValue {
    let value = serde_json::to_value(value)
        .expect("the core's types have text keys, so they always become JSON");
    json_to_attribute(value)
}

fn json_to_attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(bool) => AttributeValue::Bool(bool),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => {
            AttributeValue::L(values.into_iter().map(json_to_attribute).collect())
        }
        Value::Object(object) => AttributeValue::M(
            object
                .into_iter()
                .map(|(name, value)| (name, json_to_attribute(value)))
                .collect(),
        ),
    }
}

fn from_attribute(name: &str, attribute: &AttributeValue) -> Result<Value, ItemError> {
    Ok(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(bool) => Value::Bool(*bool),
        AttributeValue::N(digits) => Value::Number(number(name, digits)?),
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(values) => Value::Array(
            values
                .iter()
                .map(|value| from_attribute(name, value))
                .collect::<Result<_, _>>()?,
        ),
        AttributeValue::M(values) => {
            let pairs = values
                .iter()
                .map(|(name, value)| Ok((name.clone(), from_attribute(name, value)?)));
            Value::Object(pairs.collect::<Result<_, ItemError>>()?)
        }
        _ => return Err(ItemError::Type(name.to_owned())),
    })
}

fn number(name: &str, digits: &str) -> Result<Number, ItemError> {
    let positive = digits.parse::<u64>().map(Number::from);
    positive
        .or_else(|_| digits.parse::<i64>().map(Number::from))
        .map_err(|_| ItemError::Number(name.to_owned()))
}
