//! Reads the shadow vectors: payloads of requests, and comparison with expected payloads that hold
//! placeholders.
//!
//! Must not know: how a request reaches the shadow, since core and services both run the vectors.

use std::ops::RangeInclusive;

use base64::Engine as _;
use regex_lite::{Captures, Regex};
use serde_json::Value;

/// The values of the placeholders in one run of one case.
#[derive(Clone, Debug)]
pub struct Setting {
    /// `<thing>`.
    pub thing: String,
    /// `<shadow>`.
    pub shadow: Option<String>,
    /// `<ts>`: the seconds in which the request was answered.
    pub seconds: RangeInclusive<u64>,
}

/// The cases in `tests/vectors/shadow-cases.json`.
///
/// # Panics
///
/// If the file cannot be read.
pub fn cases() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../tests/vectors/shadow-cases.json"
    );
    let text = std::fs::read_to_string(path).expect("the vectors are in the workspace");
    let file: Value = serde_json::from_str(&text).expect("the vectors are json");
    file["cases"].as_array().expect("a list of cases").clone()
}

/// Whether `actual` matches `expected` with its placeholders. `optional` holds dotted paths of keys
/// that may be extra.
pub fn matches(setting: &Setting, expected: &Value, actual: &Value, optional: &[String]) -> bool {
    match expected {
        Value::String(text) => matches_text(setting, text, actual),
        Value::Object(expected) => {
            let Value::Object(actual) = actual else {
                return false;
            };
            let mut extra = actual.keys().filter(|key| !expected.contains_key(*key));
            let same = |(key, value): (&String, &Value)| {
                let prefix = format!("{key}.");
                let below: Vec<String> = optional
                    .iter()
                    .filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned))
                    .collect();
                let found = actual.get(key);
                found.is_some_and(|actual| matches(setting, value, actual, &below))
            };
            extra.all(|key| optional.contains(key)) && expected.iter().all(same)
        }
        Value::Array(expected) => match actual {
            Value::Array(actual) => {
                let same = |(e, a): (&Value, &Value)| matches(setting, e, a, &[]);
                expected.len() == actual.len() && expected.iter().zip(actual).all(same)
            }
            _ => false,
        },
        other => other == actual,
    }
}

fn matches_text(setting: &Setting, text: &str, actual: &Value) -> bool {
    match text {
        "<any>" => return true,
        "<ts>" => {
            return actual
                .as_u64()
                .is_some_and(|s| setting.seconds.contains(&s));
        }
        "<one of 0,1>" => return actual.as_u64().is_some_and(|v| v <= 1),
        _ => {}
    }
    let text = text.replace("<thing>", &setting.thing);
    let text = text.replace("<shadow>", setting.shadow.as_deref().unwrap_or("?"));
    match (text.strip_prefix("re:"), actual.as_str()) {
        (Some(pattern), Some(actual)) => {
            Regex::new(pattern).is_ok_and(|regex| regex.is_match(actual))
        }
        (_, actual) => actual == Some(&text),
    }
}

/// The payload of a request, from any of the forms in the vector file.
pub fn payload(request: &Value) -> Vec<u8> {
    if let Some(raw) = request["payload_raw"].as_str() {
        return raw.as_bytes().to_vec();
    }
    if let Some(encoded) = request["payload_base64"].as_str() {
        let decoded = base64::engine::general_purpose::STANDARD.decode(encoded);
        return decoded.expect("valid base64 in the vectors");
    }
    match (&request["payload_template"], &request["payload"]) {
        (Value::Null, Value::String(text)) => text.as_bytes().to_vec(),
        (Value::Null, body) => body.to_string().into_bytes(),
        (template, _) => {
            let repeat = Regex::new("<repeat:(.):([0-9]+)>").expect("valid");
            let text = template.to_string();
            let filled = repeat.replace_all(&text, |found: &Captures<'_>| {
                found[1].repeat(found[2].parse().expect("a count"))
            });
            filled.into_owned().into_bytes()
        }
    }
}

/// The strings of a list; empty if `value` is not a list.
pub fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .filter_map(|v| v.as_str().map(str::to_owned))
        .collect()
}
