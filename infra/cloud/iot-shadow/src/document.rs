//! The stored document: merge, metadata, delta.
//!
//! Must not know: requests, replies, or when a version is refused.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// One of the two halves of a shadow's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Desired,
    Reported,
}

impl Section {
    pub const ALL: [Self; 2] = [Self::Desired, Self::Reported];

    fn name(self) -> &'static str {
        match self {
            Self::Desired => "desired",
            Self::Reported => "reported",
        }
    }
}

/// State and metadata hold only sections that have keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Document {
    pub state: Object,
    pub metadata: Object,
    pub version: u64,
}

impl Document {
    /// `{state, metadata, version}`.
    pub fn body(&self) -> Value {
        json!({"state": self.state, "metadata": self.metadata, "version": self.version})
    }

    /// Bytes that count against the size limit: both sections as compact JSON without their names.
    /// Source: the size check of Greengrass's shadow manager, AWS's own local implementation.
    pub fn state_bytes(&self) -> usize {
        let bytes = |section| serde_json::to_vec(section).map_or(usize::MAX, |bytes| bytes.len());
        self.state
            .values()
            .map(bytes)
            .fold(0, usize::saturating_add)
    }

    /// Merges one section of a request's `state`, already checked.
    pub fn merge(&mut self, section: Section, state: &Value, now_s: u64) {
        let name = section.name();
        let change = match state {
            Value::Object(sections) => match sections.get(name) {
                None => return,
                Some(change) => change,
            },
            _ => &Value::Null,
        };
        let Value::Object(change) = change else {
            self.state.remove(name);
            self.metadata.remove(name);
            return;
        };
        let mut values = take_object(&mut self.state, name);
        let mut metadata = take_object(&mut self.metadata, name);
        merge(&mut values, &mut metadata, change, now_s);
        if !values.is_empty() {
            self.state.insert(name.to_owned(), Value::Object(values));
            self.metadata
                .insert(name.to_owned(), Value::Object(metadata));
        }
    }

    /// The desired values that differ from the reported ones, and their metadata.
    pub fn delta(&self) -> (Object, Object) {
        let empty = Object::new();
        let section = |from: &'_ Object, name: &str| match from.get(name) {
            Some(Value::Object(object)) => object.clone(),
            _ => empty.clone(),
        };
        delta(
            &section(&self.state, "desired"),
            &section(&self.metadata, "desired"),
            &section(&self.state, "reported"),
        )
    }
}

fn take_object(from: &mut Object, name: &str) -> Object {
    match from.remove(name) {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

fn merge(values: &mut Object, metadata: &mut Object, change: &Object, now_s: u64) {
    for (key, new) in change {
        match new {
            Value::Null => {
                values.remove(key);
                metadata.remove(key);
            }
            Value::Object(inner) if !inner.is_empty() => {
                let mut below = take_object(values, key);
                // A scalar's metadata is an object too; keep it only if the old value was an
                // object.
                let mut below_metadata = take_object(metadata, key);
                if below.is_empty() {
                    below_metadata.clear();
                }
                merge(&mut below, &mut below_metadata, inner, now_s);
                // An object that has lost its last key is removed; an empty one in the request is
                // stored.
                if !below.is_empty() {
                    values.insert(key.clone(), Value::Object(below));
                    metadata.insert(key.clone(), Value::Object(below_metadata));
                }
            }
            Value::Object(_) => {
                // An empty object leaves an object unchanged and replaces anything else.
                if !matches!(values.get(key), Some(Value::Object(_))) {
                    values.insert(key.clone(), new.clone());
                    metadata.insert(key.clone(), json!({}));
                }
            }
            scalar_or_array => {
                values.insert(key.clone(), scalar_or_array.clone());
                metadata.insert(key.clone(), metadata_of(scalar_or_array, now_s));
            }
        }
    }
}

/// The same tree with `{"timestamp": now_s}` for each leaf.
pub(super) fn metadata_of(value: &Value, now_s: u64) -> Value {
    match value {
        Value::Object(keys) => Value::Object(
            keys.iter()
                .map(|(key, value)| (key.clone(), metadata_of(value, now_s)))
                .collect(),
        ),
        Value::Array(items) => items.iter().map(|v| metadata_of(v, now_s)).collect(),
        _ => json!({"timestamp": now_s}),
    }
}

fn delta(desired: &Object, metadata: &Object, reported: &Object) -> (Object, Object) {
    let mut difference = Object::new();
    let mut difference_metadata = Object::new();
    for (key, wanted) in desired {
        let stamp = metadata.get(key).cloned().unwrap_or_else(|| json!({}));
        match (wanted, reported.get(key)) {
            (wanted, Some(actual)) if is_equal(wanted, actual) => {}
            (Value::Object(wanted), Some(Value::Object(actual))) => {
                let below = match &stamp {
                    Value::Object(object) => object.clone(),
                    _ => Object::new(),
                };
                let (inner, inner_metadata) = delta(wanted, &below, actual);
                if !inner.is_empty() {
                    difference.insert(key.clone(), Value::Object(inner));
                    difference_metadata.insert(key.clone(), Value::Object(inner_metadata));
                }
            }
            (wanted, _) => {
                difference.insert(key.clone(), wanted.clone());
                difference_metadata.insert(key.clone(), stamp);
            }
        }
    }
    (difference, difference_metadata)
}

/// Whether two values are equal. Numbers compare by value: 1 equals 1.0, as in Greengrass's shadow
/// manager.
fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let same = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| is_equal(a, b));
            a.len() == b.len() && a.iter().all(same)
        }
        _ => a == b,
    }
}
