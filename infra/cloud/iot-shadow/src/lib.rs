//! The device shadow of AWS IoT as a pure state machine.
//!
#![doc = include_str!("../README.md")]
//!
//! Source: AWS IoT developer guide, "Device Shadow service".

mod document;
mod request;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use document::{Document, Section};
use request::Request;

/// How long a deleted shadow's version is remembered, seconds.
const TOMBSTONE_S: u64 = 48 * 3600;
/// Largest `desired` plus `reported`, bytes, without metadata.
const STATE_BYTES_MAX: usize = 8 * 1024;

/// What a request does with a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reads the document.
    Get,
    /// Merges a change into the document.
    Update,
    /// Deletes the shadow; its version is remembered for 48 hours.
    Delete,
}

/// A shadow of a thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name {
    /// Name of the thing, 1 to 128 letters, digits, `:`, `_` and `-`.
    pub thing: String,
    /// Name of the shadow, up to 64 characters; `None` for the classic shadow.
    pub shadow: Option<String>,
}

/// Longest thing and shadow names, bytes. Source: AWS IoT data plane API reference.
const THING_NAME_MAX: usize = 128;
const SHADOW_NAME_MAX: usize = 64;

impl Name {
    /// Checks the form of both names.
    ///
    /// # Errors
    ///
    /// [`ShadowError`] with code 400. The text is ours: AWS's guide does not document it.
    pub fn check(&self) -> Result<(), ShadowError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ":_-".contains(c);
        let thing = &self.thing;
        if thing.is_empty() || thing.len() > THING_NAME_MAX || !thing.chars().all(is_plain) {
            return Err(ShadowError::new(400, "Invalid thing name"));
        }
        let is_named = |shadow: &String| {
            let fits = !shadow.is_empty() && shadow.len() <= SHADOW_NAME_MAX;
            fits && shadow.chars().all(|c| c == '$' || is_plain(c))
        };
        if self.shadow.as_ref().is_none_or(is_named) {
            Ok(())
        } else {
            Err(ShadowError::new(400, "Invalid shadow name"))
        }
    }
}

/// Why a request is refused, as AWS answers it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {message}")]
pub struct ShadowError {
    /// HTTP status code, also used over MQTT.
    pub code: u16,
    /// AWS's text, or ours if AWS does not document it.
    pub message: String,
}

impl ShadowError {
    /// Creates a refusal with an HTTP status `code`.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The refusal (429) of more requests in flight on a connection, or for a shadow in one second,
    /// than AWS accepts. The text is ours.
    pub fn too_many() -> Self {
        Self::new(429, "Too many requests")
    }

    fn missing(name: &Name) -> Self {
        let full = match &name.shadow {
            Some(shadow) => format!("{}~{shadow}", name.thing),
            None => name.thing.clone(),
        };
        Self::new(404, format!("No shadow exists with name: '{full}'"))
    }
}

/// The replies to one request, and its effect on the stored state.
#[derive(Clone, Debug, PartialEq)]
pub struct Replies {
    /// Messages to publish by topic suffix (`update/accepted`, …) for a request made over MQTT.
    pub messages: Vec<(&'static str, Value)>,
    /// Answer to the same request over REST.
    pub rest: Result<Value, ShadowError>,
    /// Whether the state changed and must be stored.
    pub changed: bool,
    /// Whether the request is nested so deeply that AWS may refuse it: the published quotas differ.
    pub is_risky: bool,
}

impl Replies {
    /// The messages that a request over REST publishes; errors and reads are answered over HTTP
    /// only.
    pub fn messages_of_rest(&self) -> impl Iterator<Item = &(&'static str, Value)> {
        self.messages
            .iter()
            .filter(|(suffix, _)| suffix.starts_with("update/") || *suffix == "delete/accepted")
            .filter(|(suffix, _)| !suffix.ends_with("/rejected"))
    }
}

/// State of one shadow. After a deletion it keeps the version for 48 hours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShadowCore {
    document: Option<Document>,
    tombstone: Option<Tombstone>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Tombstone {
    version: u64,
    deleted_at_s: u64,
}

impl ShadowCore {
    /// Handles one request at `now_s`, epoch seconds.
    pub fn handle(
        &mut self,
        operation: Operation,
        payload: &[u8],
        name: &Name,
        now_s: u64,
    ) -> Replies {
        match operation {
            Operation::Get => self.get(payload, name, now_s),
            Operation::Update => self.update(payload, now_s),
            Operation::Delete => self.delete(payload, name, now_s),
        }
    }

    /// The replies to a request that is refused before it reaches the shadow. They carry its client
    /// token.
    pub fn refuse(operation: Operation, payload: &[u8], error: ShadowError) -> Replies {
        let suffix = match operation {
            Operation::Get => "get/rejected",
            Operation::Update => "update/rejected",
            Operation::Delete => "delete/rejected",
        };
        // An invalid token is not echoed; the request is refused anyway.
        let token = request::client_token(payload).unwrap_or_default();
        rejected_replies(suffix, error, token)
    }

    /// Version of the document; `None` if the shadow does not exist.
    pub fn version(&self) -> Option<u64> {
        self.document.as_ref().map(|document| document.version)
    }

    fn get(&self, payload: &[u8], name: &Name, now_s: u64) -> Replies {
        let token = match request::client_token(payload) {
            Ok(token) => token,
            Err(error) => return rejected_replies("get/rejected", error, None),
        };
        let Some(document) = &self.document else {
            return rejected_replies("get/rejected", ShadowError::missing(name), token);
        };
        let mut body = document.body();
        let (delta, _) = document.delta();
        if !delta.is_empty() {
            body["state"]["delta"] = Value::Object(delta);
        }
        stamp(&mut body, now_s, token);
        accepted_replies("get/accepted", body, false)
    }

    fn delete(&mut self, payload: &[u8], name: &Name, now_s: u64) -> Replies {
        let token = match request::client_token(payload) {
            Ok(token) => token,
            Err(error) => return rejected_replies("delete/rejected", error, None),
        };
        let Some(document) = self.document.take() else {
            return rejected_replies("delete/rejected", ShadowError::missing(name), token);
        };
        // The deletion itself takes a version: after a deletion at 9, the next update is 11.
        self.tombstone = Some(Tombstone {
            version: document.version + 1,
            deleted_at_s: now_s,
        });
        let mut body = json!({"version": document.version});
        stamp(&mut body, now_s, token);
        accepted_replies("delete/accepted", body, true)
    }

    fn update(&mut self, payload: &[u8], now_s: u64) -> Replies {
        let request = match request::parse(payload) {
            Ok(request) => request,
            Err((error, token)) => return rejected_replies("update/rejected", error, token),
        };
        let token = request.client_token.clone();
        match self.merge_request(&request, now_s) {
            Err(error) => rejected_replies("update/rejected", error, token),
            Ok(document) => {
                let previous = self.document.replace(document);
                self.tombstone = None;
                let document = self.document.as_ref().expect("set just above");
                update_replies(&request, previous.as_ref(), document, now_s)
            }
        }
    }

    /// The document after `request`; `self` does not change.
    fn merge_request(&self, request: &Request, now_s: u64) -> Result<Document, ShadowError> {
        let known = match (&self.document, &self.tombstone) {
            (Some(document), _) => document.version,
            (None, Some(t)) if now_s.saturating_sub(t.deleted_at_s) <= TOMBSTONE_S => t.version,
            _ => 0,
        };
        if request.version.is_some_and(|version| version != known) {
            return Err(ShadowError::new(409, "Version conflict"));
        }
        let mut document = self.document.clone().unwrap_or_default();
        document.version = known + 1;
        for section in Section::ALL {
            document.merge(section, &request.state, now_s);
        }
        if document.state_bytes() > STATE_BYTES_MAX {
            return Err(ShadowError::new(
                413,
                "The payload exceeds the maximum size allowed",
            ));
        }
        Ok(document)
    }
}

fn update_replies(
    request: &Request,
    previous: Option<&Document>,
    document: &Document,
    now_s: u64,
) -> Replies {
    let version = document.version;
    let token = &request.client_token;
    let metadata = match &request.state {
        Value::Null => json!({"timestamp": now_s}),
        state => document::metadata_of(state, now_s),
    };
    let mut body = json!({"state": request.state, "metadata": metadata, "version": version});
    stamp(&mut body, now_s, token.clone());
    let mut messages = vec![("update/accepted", body.clone())];
    let (delta, delta_metadata) = document.delta();
    if !delta.is_empty() {
        let mut message = json!({"state": delta, "metadata": delta_metadata, "version": version});
        stamp(&mut message, now_s, token.clone());
        messages.push(("update/delta", message));
    }
    let mut documents = json!({
        "previous": previous.map(Document::body),
        "current": document.body(),
    });
    stamp(&mut documents, now_s, token.clone());
    messages.push(("update/documents", documents));
    Replies {
        messages,
        rest: Ok(body),
        changed: true,
        is_risky: request.is_risky,
    }
}

fn accepted_replies(suffix: &'static str, body: Value, changed: bool) -> Replies {
    Replies {
        messages: vec![(suffix, body.clone())],
        rest: Ok(body),
        changed,
        is_risky: false,
    }
}

fn rejected_replies(suffix: &'static str, error: ShadowError, token: Option<String>) -> Replies {
    let mut body = Map::new();
    body.insert("code".to_owned(), json!(error.code));
    body.insert("message".to_owned(), json!(error.message));
    if let Some(token) = token {
        body.insert("clientToken".to_owned(), json!(token));
    }
    Replies {
        messages: vec![(suffix, Value::Object(body))],
        rest: Err(error),
        changed: false,
        is_risky: false,
    }
}

/// Adds `timestamp`, and the `clientToken` of the request if it has one.
fn stamp(body: &mut Value, now_s: u64, token: Option<String>) {
    body["timestamp"] = json!(now_s);
    if let Some(token) = token {
        body["clientToken"] = json!(token);
    }
}
