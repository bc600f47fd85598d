//! Parses and checks shadow requests; the order of the checks decides which error is reported.
//!
//! Must not know: the stored document.

use serde_json::Value;

use super::ShadowError;

/// Deepest nesting below `desired` and `reported`. The error text says 6; quota pages have said 5
/// and 8.
const LEVELS_MAX: usize = 6;
/// Nesting that every published quota allows; AWS may refuse a deeper document.
const LEVELS_SAFE: usize = 5;
/// AWS's text for more than [`LEVELS_MAX`] levels.
const TOO_DEEP: &str = "JSON contains too many levels of nesting; maximum is 6";
/// Longest client token, bytes.
const CLIENT_TOKEN_BYTES_MAX: usize = 64;

/// A well-formed update.
#[derive(Debug)]
pub(super) struct Request {
    /// An object with `desired`, `reported` or both; null clears both.
    pub state: Value,
    pub version: Option<u64>,
    pub client_token: Option<String>,
    /// Whether it has more than [`LEVELS_SAFE`] levels.
    pub is_risky: bool,
}

type ErrorAndToken = (ShadowError, Option<String>);

/// The client token of a get or delete. Its body is optional and otherwise ignored, even if it is
/// not JSON.
pub(super) fn client_token(payload: &[u8]) -> Result<Option<String>, ShadowError> {
    match serde_json::from_slice(payload) {
        Ok(body) => read_token(&body),
        Err(_) => Ok(None),
    }
}

fn read_token(body: &Value) -> Result<Option<String>, ShadowError> {
    match &body["clientToken"] {
        Value::Null => Ok(None),
        Value::String(token) if token.len() <= CLIENT_TOKEN_BYTES_MAX => Ok(Some(token.clone())),
        _ => Err(bad_request("Invalid clientToken")),
    }
}

pub(super) fn parse(payload: &[u8]) -> Result<Request, ErrorAndToken> {
    let text = std::str::from_utf8(payload).map_err(|_| {
        let message = "Unsupported documented encoding; supported encoding is UTF-8";
        (ShadowError::new(415, message), None)
    })?;
    let body: Value = serde_json::from_str(text).map_err(|error| {
        // `serde_json` has its own depth limit and reports no other error beyond it.
        let is_too_deep = error.to_string().starts_with("recursion limit");
        let message = if is_too_deep {
            TOO_DEEP
        } else {
            "Invalid JSON"
        };
        (bad_request(message), None)
    })?;
    let client_token = read_token(&body).map_err(|error| (error, None))?;
    let refuse = |message: &str| (bad_request(message), client_token.clone());
    let version = match &body["version"] {
        Value::Null => None,
        value => Some(value.as_u64().ok_or_else(|| refuse("Invalid version"))?),
    };
    let Some(state) = body.get("state") else {
        return Err(refuse("Missing required node: state"));
    };
    let levels = check_state(state).map_err(refuse)?;
    Ok(Request {
        state: state.clone(),
        version,
        client_token,
        is_risky: levels > LEVELS_SAFE,
    })
}

fn bad_request(message: &str) -> ShadowError {
    ShadowError::new(400, message)
}

/// Checks a request's `state`; returns the level of its deepest value.
fn check_state(state: &Value) -> Result<usize, &'static str> {
    let sections = match state {
        Value::Null => return Ok(0),
        Value::Object(sections) => sections,
        _ => return Err("State node must be an object"),
    };
    let mut deepest = 0;
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
                    deepest = deepest.max(check_value(value, 1)?);
                }
            }
            _ => return Err(wrong_kind),
        }
    }
    Ok(deepest)
}

/// Returns the deepest level in `value`, which is at `level`; a key of a section is at level 1.
fn check_value(value: &Value, level: usize) -> Result<usize, &'static str> {
    if level > LEVELS_MAX {
        return Err(TOO_DEEP);
    }
    let mut deepest = level;
    match value {
        Value::Object(keys) => {
            for inner in keys.values() {
                deepest = deepest.max(check_value(inner, level + 1)?);
            }
        }
        Value::Array(items) => {
            for item in items {
                if item.is_null() {
                    return Err("State contains an invalid node");
                }
                deepest = deepest.max(check_value(item, level + 1)?);
            }
        }
        _ => {}
    }
    Ok(deepest)
}
