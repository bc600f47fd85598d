//! What the calls of a step cost in DynamoDB's units, compared with the counts that the cost sheet
//! is computed from.
//!
//! Source: DynamoDB developer guide, "Capacity unit consumption" and "Amazon DynamoDB transactions:
//! how it works".

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_aws::Cloud;
use serde_json::{Value, json};

use crate::counter::Call;

/// The committed counts; `cargo xtask costs` reads the same file.
const COUNTS: &str = include_str!("../../../infra/docs/counts.json");

/// The largest item that one write unit holds.
const UNIT_BYTES: usize = 1_024;

/// Fails unless these calls, and so many published messages, are what the committed counts say
/// about the step, and every item of the table fits into one write unit.
pub async fn assert_counts(step: &str, calls: &[Call], published: usize, cloud: &Cloud) {
    let counts: Value = serde_json::from_str(COUNTS).unwrap();
    let mut operations: BTreeMap<&str, u32> = BTreeMap::new();
    for call in calls {
        *operations.entry(call.operation.as_str()).or_default() += 1;
    }
    let counted = json!({
        "calls": operations,
        "readUnits": calls.iter().map(read_units).sum::<f64>(),
        "writeUnits": calls.iter().map(write_units).sum::<u64>(),
        "publishes": published,
    });
    assert_eq!(
        counted, counts[step],
        "{step}: change infra/docs/counts.json, then run `cargo xtask costs`"
    );
    let table = cloud.store.client().scan().table_name(crate::table::TABLE);
    for item in table.send().await.unwrap().items() {
        let size: usize = item.iter().map(|(name, it)| name.len() + size(it)).sum();
        assert!(size <= UNIT_BYTES, "{step}: {size} bytes in {item:?}");
    }
}

/// Units of a read: one per item, as every item is smaller than 4 KB. Half if it need not be
/// consistent; an index cannot be. A query costs as much as one item, even if it finds none.
fn read_units(call: &Call) -> f64 {
    let unit = |request: &Value| match request["ConsistentRead"].as_bool() {
        Some(true) => 1.0,
        _ => 0.5,
    };
    match call.operation.as_str() {
        "GetItem" | "Query" => unit(&call.request),
        "BatchGetItem" => {
            let request = &call.request["RequestItems"][crate::table::TABLE];
            request["Keys"].as_array().unwrap().len() as f64 * unit(request)
        }
        _ => 0.0,
    }
}

/// Units of a write: one per item, two in a transaction. A changed key of the index `due` costs a
/// deletion and a new entry in the index.
fn write_units(call: &Call) -> u64 {
    let of = |item: &Value, is_new: bool, each: u64| {
        let in_index = item.to_string().contains("dueAt");
        each + u64::from(in_index) * if is_new { 1 } else { 2 }
    };
    match call.operation.as_str() {
        "PutItem" => of(&call.request, true, 1),
        "UpdateItem" => of(&call.request, false, 1),
        "TransactWriteItems" => {
            let items = call.request["TransactItems"].as_array().unwrap();
            let units = items
                .iter()
                .map(|item| of(item, item["Put"].is_object(), 2));
            units.sum()
        }
        _ => 0,
    }
}

/// An upper bound of the size of a value, as DynamoDB counts it.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::L(list) => 3 + list.iter().map(|it| 1 + size(it)).sum::<usize>(),
        AttributeValue::M(map) => {
            let fields = map.iter().map(|(name, it)| 1 + name.len() + size(it));
            3 + fields.sum::<usize>()
        }
        _ => 1,
    }
}
