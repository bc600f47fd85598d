//! Conversions between the types of rule SQL; none stands for Undefined.
//!
//! Numbers are 64-bit here where AWS keeps 34 digits. Must not know: expressions.

use serde_json::{Number, Value};

/// A number: whole ones are Int, as in version 2016-03-23 also `10.0`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Numeric {
    Int(i64),
    Decimal(f64),
}

impl Numeric {
    pub fn as_f64(self) -> f64 {
        match self {
            Numeric::Int(value) => value as f64,
            Numeric::Decimal(value) => value,
        }
    }

    /// JSON for it; none for what JSON has no number for.
    pub fn to_json(self) -> Option<Value> {
        match self {
            Numeric::Int(value) => Some(Value::from(value)),
            Numeric::Decimal(value) => match whole(value) {
                Some(int) => Some(Value::from(int)),
                None => Number::from_f64(value).map(Value::Number),
            },
        }
    }
}

/// Largest magnitude at which every whole `f64` is that integer exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() <= EXACT_MAX).then_some(value as i64)
}

/// Rounds down to an Int where it fits.
pub(super) fn floor(value: f64) -> Option<i64> {
    whole(value.floor())
}

/// A JSON number as it is.
pub(super) fn numeric(value: &Value) -> Option<Numeric> {
    let number = value.as_number()?;
    match number.as_i64() {
        Some(int) => Some(Numeric::Int(int)),
        None => number
            .as_f64()
            .map(|f| whole(f).map_or(Numeric::Decimal(f), Numeric::Int)),
    }
}

/// A number, or a string that reads as one.
pub(super) fn to_numeric(value: &Value) -> Option<Numeric> {
    match value {
        Value::Number(_) => numeric(value),
        Value::String(text) if reads_as_number(text) => match text.parse::<i64>() {
            Ok(int) => Some(Numeric::Int(int)),
            Err(_) => {
                let float: f64 = text.parse().ok()?;
                Some(whole(float).map_or(Numeric::Decimal(float), Numeric::Int))
            }
        },
        _ => None,
    }
}

/// `^-?\d+(\.\d+)?((?i)E-?\d+)?$`
fn reads_as_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa_reads = match mantissa.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(mantissa),
    };
    let exponent_reads = exponent.is_none_or(|e| digits(e.strip_prefix('-').unwrap_or(e)));
    mantissa_reads && exponent_reads
}

/// A Boolean, or the strings `true` and `false` in any case.
pub(super) fn to_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The standard conversion to String; Null has none.
pub(super) fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(_) => numeric(value)
            .and_then(Numeric::to_json)
            .map(|number| number.to_string()),
        other => Some(other.to_string()),
    }
}

/// The standard conversion to Int: numbers to the nearest, strings cut off.
pub(super) fn to_int(value: &Value) -> Option<i64> {
    match to_numeric(value)? {
        Numeric::Int(int) => Some(int),
        Numeric::Decimal(decimal) if value.is_string() => whole(decimal.trunc()),
        Numeric::Decimal(decimal) => whole(decimal.round()),
    }
}

/// Equality of `=`: numbers by value, arrays in order, objects by key, different types unequal.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => match (numeric(left), numeric(right)) {
            (Some(Numeric::Int(left)), Some(Numeric::Int(right))) => left == right,
            (Some(left), Some(right)) => left.as_f64() == right.as_f64(),
            _ => false,
        },
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
