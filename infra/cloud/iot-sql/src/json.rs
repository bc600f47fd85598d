//! JSON to and from values. Every digit of a number is kept, unlike in a 64-bit number.
//!
//! Must not know: SQL.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::number::Number;
use super::value::Value;

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 128;

/// Reads one document; the error says what is wrong and where.
pub(super) fn read(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| e.to_string())?;
    // The whole document is checked here, so that a position counts from its start.
    let raw = serde_json::from_str(text).map_err(|e| e.to_string())?;
    value(raw, DEPTH_MAX)
}

fn value(raw: &RawValue, depth: usize) -> Result<Value, String> {
    let deeper = depth.checked_sub(1).ok_or("nested too deeply")?;
    let text = raw.get();
    let wrong = |e: serde_json::Error| format!("{e} of {text}");
    Ok(match text.as_bytes().first() {
        Some(b'n') => Value::Null,
        Some(b't' | b'f') => Value::Bool(text == "true"),
        Some(b'"') => Value::Text(serde_json::from_str(text).map_err(wrong)?),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(wrong)?;
            let items = items.into_iter().map(|item| value(item, deeper));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(wrong)?;
            let entries = entries.into_iter();
            let entries = entries.map(|(key, raw)| Ok((key, value(raw, deeper)?)));
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
        _ => Value::Number(Number::read(text).ok_or_else(|| format!("{text} is out of range"))?),
    })
}

/// The standard conversion to String; `None` for Null.
pub(super) fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Text(text) => Some(text.clone()),
        other => Some(write(other)),
    }
}

/// Writes a value without spaces.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    append(&mut text, value);
    text
}

fn append(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number.to_string()),
        Value::Text(inner) => append_text(text, inner),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                append(text, item);
            }
            text.push(']');
        }
        Value::Object(entries) => {
            text.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                append_text(text, key);
                text.push(':');
                append(text, value);
            }
            text.push('}');
        }
    }
}

fn append_text(text: &mut String, inner: &str) {
    text.push_str(&serde_json::Value::from(inner).to_string());
}
