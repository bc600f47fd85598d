//! The device shadow as a pure state machine: one request in, all replies out.
//!
//! Must not know: topics' prefixes, MQTT, HTTP, storage, the clock.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A request to a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read.
    Get,
    /// Merge.
    Update,
    /// Remove.
    Delete,
}

/// Which shadow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// Thing name.
    pub thing: String,
    /// Shadow name; none for the classic shadow.
    pub shadow: Option<String>,
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {message}")]
pub struct ShadowError {
    /// HTTP-like code.
    pub code: u16,
    /// Text as AWS words it.
    pub message: String,
}

/// Everything one request causes.
#[derive(Clone, Debug, PartialEq)]
pub struct Replies {
    /// Messages by topic suffix (`update/accepted`, …).
    pub messages: Vec<(&'static str, Value)>,
    /// Answer to the same request made over REST.
    pub rest: Result<Value, ShadowError>,
    /// Whether the shadow changed and must be stored.
    pub changed: bool,
}

/// State of one shadow, the memory of a deleted one included.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShadowCore {}

impl ShadowCore {
    /// Handles one request at `now_s` (epoch seconds).
    pub fn handle(
        &mut self,
        operation: Operation,
        payload: &[u8],
        name: &Name,
        now_s: u64,
    ) -> Replies {
        let _ = (operation, payload, name, now_s);
        Replies {
            messages: Vec::new(),
            rest: Ok(Value::Null),
            changed: false,
        }
    }
}
