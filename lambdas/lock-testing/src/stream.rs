//! Changes of items as the table's stream delivers them.

use aws_sdk_dynamodb::types::AttributeValue;
use lock_aws::item::{Item, Key, to_item};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A batch of changes.
pub fn batch(changes: &[Value]) -> Value {
    json!({ "Records": changes })
}

/// The sequence numbers of the changes that failed.
pub fn failed(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    let ids = failures.iter().map(|failure| &failure["itemIdentifier"]);
    ids.map(|id| id.as_str().unwrap()).collect()
}

/// A change named `INSERT`, `MODIFY` or `REMOVE` of the item under `key`, with its images by name.
pub fn change<T: Serialize>(name: &str, number: &str, key: &Key, images: &[(&str, &T)]) -> Value {
    let mut change = json!({
        "Keys": image(&key.to_item()), "SequenceNumber": number,
        "StreamViewType": "NEW_AND_OLD_IMAGES"
    });
    for (name, it) in images {
        change[*name] = image(&to_item(key, *it));
    }
    json!({"eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change})
}

fn image(item: &Item) -> Value {
    let pairs = item
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

fn attribute(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(digits) => json!({ "N": digits }),
        AttributeValue::Bool(bool) => json!({ "BOOL": bool }),
        AttributeValue::Null(is_null) => json!({ "NULL": is_null }),
        AttributeValue::L(values) => {
            json!({ "L": values.iter().map(attribute).collect::<Vec<_>>() })
        }
        AttributeValue::M(values) => json!({ "M": image(values) }),
        other => panic!("no item has {other:?}"),
    }
}
