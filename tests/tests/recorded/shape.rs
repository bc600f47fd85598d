//! The parts of items and events, without their values.

use std::collections::BTreeSet;

use serde_json::Value;

/// Paths with the kind of value at their end: `record.command.M.id.S`.
pub type Shape = BTreeSet<String>;

/// The parts of items, each under the kind of item that its sort key names.
pub fn of_items(items: &[Value]) -> Shape {
    let mut shape = Shape::new();
    for item in items {
        let sk = item["sk"]["S"].as_str().unwrap_or_default();
        let kind = sk.split('#').next().unwrap_or_default();
        add(item, kind, &mut shape);
    }
    shape
}

/// The parts of events, each under its function.
pub fn of_events(events: &[Value]) -> Shape {
    let mut shape = Shape::new();
    for event in events {
        let function = event["function"].as_str().unwrap_or_default();
        add(&event["event"], function, &mut shape);
    }
    shape
}

fn add(value: &Value, path: &str, shape: &mut Shape) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                add(inner, &format!("{path}.{name}"), shape);
            }
        }
        Value::Array(list) => {
            for inner in list {
                add(inner, &format!("{path}[]"), shape);
            }
        }
        Value::Null => drop(shape.insert(format!("{path}: null"))),
        Value::Bool(_) => drop(shape.insert(format!("{path}: bool"))),
        Value::Number(_) => drop(shape.insert(format!("{path}: number"))),
        Value::String(_) => drop(shape.insert(format!("{path}: text"))),
    }
}

#[test]
fn a_shape_has_paths_and_no_values() {
    let items = [serde_json::json!({
        "pk": {"S": "lock#a"}, "sk": {"S": "event#1#k"}, "alerts": {"L": [{"S": "jammed"}]}
    })];
    let wanted = [
        "event.alerts.L[].S: text",
        "event.pk.S: text",
        "event.sk.S: text",
    ];
    assert_eq!(of_items(&items), wanted.map(str::to_owned).into());
}
