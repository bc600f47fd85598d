//! Items of a table as JSON, in the form of `DynamoDB`'s API: `{"S": "text"}`.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};

use crate::World;

/// An item of the AWS SDK.
pub type Item = HashMap<String, AttributeValue>;

/// The item as JSON, its attributes in the order of their names.
pub fn to_json(item: &Item) -> Result<Value> {
    let sorted: BTreeMap<_, _> = item.iter().collect();
    let attributes = sorted
        .into_iter()
        .map(|(name, value)| Ok((name.clone(), attribute_to_json(value)?)));
    Ok(Value::Object(attributes.collect::<Result<Map<_, _>>>()?))
}

fn attribute_to_json(value: &AttributeValue) -> Result<Value> {
    Ok(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::Null(flag) => json!({ "NULL": flag }),
        AttributeValue::L(list) => {
            let list: Result<Vec<_>> = list.iter().map(attribute_to_json).collect();
            json!({ "L": list? })
        }
        AttributeValue::M(map) => json!({ "M": to_json(map)? }),
        other => bail!("an attribute of another type: {other:?}"),
    })
}

/// The item that JSON describes.
pub fn from_json(item: &Value) -> Result<Item> {
    let attributes = item.as_object().context("an item is an object")?;
    attributes
        .iter()
        .map(|(name, value)| Ok((name.clone(), attribute_from_json(value)?)))
        .collect()
}

fn attribute_from_json(value: &Value) -> Result<AttributeValue> {
    let wrong = || format!("not an attribute: {value}");
    let (kind, inner) = value
        .as_object()
        .and_then(|map| map.iter().next())
        .with_context(wrong)?;
    let text = || inner.as_str().map(str::to_owned).with_context(wrong);
    let flag = || inner.as_bool().with_context(wrong);
    Ok(match kind.as_str() {
        "S" => AttributeValue::S(text()?),
        "N" => AttributeValue::N(text()?),
        "BOOL" => AttributeValue::Bool(flag()?),
        "NULL" => AttributeValue::Null(flag()?),
        "M" => AttributeValue::M(from_json(inner)?),
        "L" => {
            let list = inner.as_array().with_context(wrong)?;
            AttributeValue::L(
                list.iter()
                    .map(attribute_from_json)
                    .collect::<Result<_>>()?,
            )
        }
        _ => bail!("not an attribute: {value}"),
    })
}

impl World {
    /// Every item of the table, by its keys' order.
    pub async fn items(&self) -> Result<Vec<Item>> {
        let (client, table) = (self.dynamodb(), self.at("table"));
        let pages = client.scan().table_name(table).into_paginator().send();
        let pages: Vec<_> = pages.try_collect().await.context("scan the table")?;
        let mut items: Vec<Item> = pages
            .into_iter()
            .flat_map(|page| page.items().to_vec())
            .collect();
        let key = |item: &Item| ["pk", "sk"].map(|name| item[name].as_s().cloned().ok());
        items.sort_by_key(key);
        Ok(items)
    }
}
