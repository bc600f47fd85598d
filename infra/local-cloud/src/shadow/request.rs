//! Parses and checks shadow requests, in the order in which the errors take precedence.
//!
//! Must not know: the stored document.

use serde_json::Value;

use super::ShadowError;

/// Deepest nesting below `desired` and `reported`. The error text says 6; the quota page has been quoted with 5 and 8.
const LEVELS_MAX: usize = 6;
/// Longest client token, bytes.
const CLIENT_TOKEN_BYTES_MAX: usize = 64;

/// A well-formed update.
#[derive(Debug)]
pub(super) struct Request {
    /// An object with `desired` and `reported`, or null to clear both.
    pub state: Value,
    pub version: Option<u64>,
    pub client_token: Option<String>,
}

type Refused = (ShadowError, Option<String>);

/// The client token of a get or delete, whose body is optional and otherwise ignored.
pub(super) fn client_token(payload: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(payload).ok()?;
    body["clientToken"].as_str().map(str::to_owned)
}

pub(super) fn parse(payload: &[u8]) -> Result<Request, Refused> {
    let text = std::str::from_utf8(payload).map_err(|_| {
        let message = "Unsupported documented encoding; supported encoding is UTF-8";
        (ShadowError::new(415, message), None)
    })?;
    let body: Value =
        serde_json::from_str(text).map_err(|_| (bad_request("Invalid JSON"), None))?;
    let client_token = match &body["clientToken"] {
        Value::Null => None,
        Value::String(token) if token.len() <= CLIENT_TOKEN_BYTES_MAX => Some(token.clone()),
        _ => return Err((bad_request("Invalid clientToken"), None)),
    };
    let refuse = |message: &str| (bad_request(message), client_token.clone());
    let version = match &body["version"] {
        Value::Null => None,
        value => Some(value.as_u64().ok_or_else(|| refuse("Invalid version"))?),
    };
    let Some(state) = body.get("state") else {
        return Err(refuse("Missing required node: state"));
    };
    check_state(state).map_err(refuse)?;
    Ok(Request {
        state: state.clone(),
        version,
        client_token,
    })
}

fn bad_request(message: &str) -> ShadowError {
    ShadowError::new(400, message)
}

fn check_state(state: &Value) -> Result<(), &'static str> {
    let sections = match state {
        Value::Null => return Ok(()),
        Value::Object(sections) => sections,
        _ => return Err("State node must be an object"),
    };
    for (name, section) in sections {
        let wrong_kind = match name.as_str() {
            "desired" => "Desired node must be an object",
            "reported" => "Reported node must be an object",
            _ => return Err("State contains an invalid node"),
        };
        match section {
            Value::Null => {}
            Value::Object(keys) => {
                for value in keys.values() {
                    check_value(value, 1)?;
                }
            }
            _ => return Err(wrong_kind),
        }
    }
    Ok(())
}

/// `level` is that of the value itself: a key of a section is at level 1.
fn check_value(value: &Value, level: usize) -> Result<(), &'static str> {
    if level > LEVELS_MAX {
        return Err("JSON contains too many levels of nesting; maximum is 6");
    }
    match value {
        Value::Object(keys) => keys
            .values()
            .try_for_each(|inner| check_value(inner, level + 1)),
        Value::Array(items) => items.iter().try_for_each(|item| match item {
            Value::Null => Err("State contains an invalid node"),
            item => check_value(item, level + 1),
        }),
        _ => Ok(()),
    }
}
