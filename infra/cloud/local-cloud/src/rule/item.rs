//! The actions `DynamoDB` and `DynamoDBv2`: write one item to a table.
//!
//! Source: AWS IoT developer guide, "DynamoDB" and "`DynamoDBv2`" below "AWS IoT rule actions".

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::substitution::Substitution;
use super::{Engine, Rule};
use crate::broker::message::Message;
use crate::dynamodb;
use iot_sql::Statement;
use sam_template::DynamoDbKey;

/// What is written, and where.
pub struct Item {
    pub table: Substitution,
    pub role_arn: String,
    /// `None` if each field of the message is an attribute.
    pub keys: Option<Keys>,
}

/// The attributes of an item that holds the whole message in one.
pub struct Keys {
    keys: Vec<Key>,
    payload_field: Substitution,
}

struct Key {
    field: Substitution,
    value: Substitution,
    is_number: bool,
}

impl Keys {
    /// Compiles the keys; the error says what is wrong.
    pub fn compile<'a>(
        keys: impl Iterator<Item = &'a DynamoDbKey>,
        payload_field: &str,
        statement: &Statement,
    ) -> Result<Self, String> {
        let text = |text: &str| Substitution::parse(text, statement);
        let compile = |key: &DynamoDbKey| -> Result<Key, String> {
            Ok(Key {
                field: text(&key.field)?,
                value: text(&key.value)?,
                is_number: key.is_number,
            })
        };
        Ok(Self {
            keys: keys.map(compile).collect::<Result<_, _>>()?,
            payload_field: text(payload_field)?,
        })
    }

    fn texts(&self) -> impl Iterator<Item = &Substitution> {
        let of_keys = self.keys.iter().flat_map(|key| [&key.field, &key.value]);
        of_keys.chain([&self.payload_field])
    }

    async fn item(
        &self,
        engine: &Engine,
        rule: &Rule,
        output: &[u8],
        message: &Message,
    ) -> Result<Value, String> {
        let mut item = Map::new();
        let field = self.payload_field.resolve(engine, rule, message).await?;
        item.insert(field, payload(output));
        for key in &self.keys {
            let field = key.field.resolve(engine, rule, message).await?;
            let value = key.value.resolve(engine, rule, message).await?;
            let kind = if key.is_number { "N" } else { "S" };
            item.insert(field, json!({ kind: value }));
        }
        Ok(Value::Object(item))
    }
}

impl Item {
    pub fn calls_out(&self) -> bool {
        let mut texts = self.keys.iter().flat_map(Keys::texts);
        texts.any(Substitution::calls_out)
    }

    /// Writes the item into `table`; the error says what went wrong.
    pub(super) async fn write(
        &self,
        engine: &Engine,
        rule: &Rule,
        output: &[u8],
        message: &Message,
        table: &str,
    ) -> Result<(), String> {
        let services = &engine.services;
        let resource = services.account.arn("dynamodb", format!("table/{table}"));
        engine.check_right(&self.role_arn, "dynamodb:PutItem", &resource)?;
        let item = match &self.keys {
            Some(keys) => keys.item(engine, rule, output, message).await?,
            None => columns(output)?,
        };
        let put = dynamodb::put_item(&services.database, table, &item);
        put.map_err(|problem| format!("PutItem into {table}: {problem}"))?;
        services.streams.wake();
        Ok(())
    }
}

/// An attribute for each field of a JSON object.
fn columns(output: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(output) {
        Ok(Value::Object(fields)) => Ok(typed_fields(fields)),
        _ => Err("the message must be a JSON object with the table's keys".to_owned()),
    }
}

/// The whole message as one attribute; binary if it is not JSON.
fn payload(output: &[u8]) -> Value {
    match serde_json::from_slice(output) {
        Ok(value) => typed(value),
        Err(_) => json!({"B": BASE64_STANDARD.encode(output)}),
    }
}

fn typed_fields(fields: Map<String, Value>) -> Value {
    let fields = fields.into_iter();
    Value::Object(fields.map(|(name, value)| (name, typed(value))).collect())
}

/// A value with DynamoDB's type around it.
fn typed(value: Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({ "S": text }),
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().map(typed).collect();
            json!({ "L": items })
        }
        Value::Object(fields) => json!({"M": typed_fields(fields)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_one_typed_attribute() {
        let text = br#"{"a": [1.5, "x", null], "b": {"c": true}}"#;
        let expected = json!({"M": {
            "a": {"L": [{"N": "1.5"}, {"S": "x"}, {"NULL": true}]},
            "b": {"M": {"c": {"BOOL": true}}},
        }});
        assert_eq!(payload(text), expected);
        assert_eq!(payload(b"abc"), json!({"B": "YWJj"}));
    }

    #[test]
    fn each_field_becomes_an_attribute_of_its_own() {
        let item = columns(br#"{"hut": "h1", "degrees": 7}"#);
        assert_eq!(item, Ok(json!({"hut": {"S": "h1"}, "degrees": {"N": "7"}})));
        assert!(columns(b"[1]").is_err_and(|problem| problem.contains("JSON object")));
    }
}
