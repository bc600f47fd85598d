//! Values of rule SQL and the conversions between their types. `None` stands for Undefined.
//!
//! Must not know: expressions.
//!
//! Source: AWS IoT developer guide, "Data types".

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
    Array(Vec<Self>),
    Object(Object),
}

/// An object's entries.
pub(super) type Object = BTreeMap<String, Value>;

impl Value {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// An Int. Internal values always fit.
    pub fn int(int: impl Into<i128>) -> Self {
        Self::Number(Number::Int(int.into()))
    }

    /// The value of a key, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.get(key),
            _ => None,
        }
    }

    /// Approximate size in bytes; never zero.
    pub fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 8,
            Self::Number(_) => 48,
            Self::Text(text) => 8 + text.len(),
            Self::Array(items) => 8 + items.iter().map(Self::weight).sum::<usize>(),
            Self::Object(entries) => {
                let weight = |(key, value): (&String, &Self)| 8 + key.len() + value.weight();
                8 + entries.iter().map(weight).sum::<usize>()
            }
        }
    }

    /// The value with every number in the form of the version.
    pub fn in_version(self, version: Version) -> Self {
        match self {
            Self::Number(number) => Self::Number(number.in_version(version)),
            Self::Array(items) => {
                Self::Array(items.into_iter().map(|v| v.in_version(version)).collect())
            }
            Self::Object(entries) => Self::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, value.in_version(version)))
                    .collect(),
            ),
            other => other,
        }
    }
}

/// A number, or a numeric string, which becomes a Decimal even if it is whole.
pub(super) fn to_number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::Text(text) if reads_as_number(text) => {
            Number::read(text).map(|number| Number::Decimal(number.to_decimal()))
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

/// The standard conversion to Int: numbers are rounded, strings truncated.
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
