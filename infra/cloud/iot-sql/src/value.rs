//! Values of rule SQL and the conversions between their types; none stands for Undefined.
//!
//! Source: AWS IoT developer guide, "Data types". Must not know: expressions.

use std::collections::BTreeMap;

use super::Version;
use super::number::{Number, Rounding, reads_as_number};

/// A value; the keys of an object have no order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Array(Vec<Value>),
    Object(Object),
}

/// An object's entries.
pub(super) type Object = BTreeMap<String, Value>;

impl Value {
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// An Int; more digits than it has do not come from within.
    pub fn int(int: impl Into<i128>) -> Value {
        Value::Number(Number::Int(int.into()))
    }

    /// The value behind a key, where this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(entries) => entries.get(key),
            _ => None,
        }
    }

    /// Roughly the bytes it takes; never zero.
    pub fn weight(&self) -> usize {
        match self {
            Value::Null | Value::Bool(_) => 8,
            Value::Number(_) => 48,
            Value::Text(text) => 8 + text.len(),
            Value::Array(items) => 8 + items.iter().map(Value::weight).sum::<usize>(),
            Value::Object(entries) => {
                let weight = |(key, value): (&String, &Value)| 8 + key.len() + value.weight();
                8 + entries.iter().map(weight).sum::<usize>()
            }
        }
    }

    /// Every number in it as the version sees it.
    pub fn seen_by(self, version: Version) -> Value {
        match self {
            Value::Number(number) => Value::Number(number.seen_by(version)),
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|v| v.seen_by(version)).collect())
            }
            Value::Object(entries) => Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, value.seen_by(version)))
                    .collect(),
            ),
            other => other,
        }
    }
}

/// A number, or a string that reads as one, which is a Decimal even where it is whole.
pub(super) fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::Text(text) if reads_as_number(text) => {
            Number::read(text).map(|number| Number::Decimal(number.decimal()))
        }
        _ => None,
    }
}

/// A Boolean, or the strings `true` and `false` in any case.
pub(super) fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The standard conversion to Int: numbers to the nearest, strings cut off.
pub(super) fn to_int(value: &Value) -> Option<i128> {
    let rounding = match value {
        Value::Text(_) => Rounding::CutOff,
        _ => Rounding::Nearest,
    };
    to_number(value)?.to_int(rounding)
}

/// Equality of `=`: numbers by value, arrays in order, objects by key, different types unequal.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.equals(right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, l)| right.get(key).is_some_and(|r| equal(l, r)))
        }
        _ => left == right,
    }
}
