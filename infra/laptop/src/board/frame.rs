//! What the board shows, and the differences between two states of it, as a stream of frames.
//!
//! The first frame of a receiver is the whole state. Each later one holds what differs from the one
//! before it. A receiver that misses a number asks for the whole state again. `written` of a change
//! names the locks and buttons with a written item, shown or not; `more` says that any other may
//! have changed, too.
//!
//! Must not know: what a field means.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The fields of a lock or button. A thing has the same fields in every state.
pub type Fields = Map<String, Value>;

/// What is shown of all things.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// Locks by name.
    pub locks: BTreeMap<String, Fields>,
    /// Buttons by serial.
    pub buttons: BTreeMap<String, Fields>,
    /// Newest first.
    pub alerts: Vec<Value>,
    /// Why nothing newer is shown, if the last read failed as a whole.
    pub error: Option<String>,
}

/// What the page learns of its server, with each whole state.
#[derive(Debug, Clone, Default, Serialize)]
pub struct About {
    /// What the page can do.
    pub can: Can,
    /// Whose doors they are, if that is not said elsewhere.
    pub target: Option<String>,
}

/// What the page can do with its server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Can {
    /// Press buttons, withdraw their permission, and switch what the devices have.
    pub switch: bool,
    /// Ask a lock to lock or unlock.
    pub request: bool,
    /// Show the ways of presses, messages, alerts and metrics.
    pub trace: bool,
}

/// A numbered message to the receivers.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its number. A whole state has the number of the last difference that it contains.
    pub number: u64,
    /// `state` or `change`.
    pub kind: &'static str,
    /// JSON.
    pub text: Arc<str>,
}

impl State {
    /// `{"locks":[…],"buttons":[…],"alerts":[…],"error":null}`
    pub fn to_json(&self) -> Value {
        let all = |things: &BTreeMap<String, Fields>| things.values().cloned().collect::<Vec<_>>();
        json!({
            "locks": all(&self.locks),
            "buttons": all(&self.buttons),
            "alerts": self.alerts,
            "error": self.error,
        })
    }

    /// The whole state as a frame, with what the page can do: `"can":{…},"target":null`.
    pub fn frame(&self, number: u64, about: &About) -> Frame {
        let mut body = self.to_json();
        body["number"] = json!(number);
        body["can"] = json!(about.can);
        body["target"] = json!(about.target);
        Frame {
            number,
            kind: "state",
            text: body.to_string().into(),
        }
    }
}

/// What differs between two states; empty parts are left out.
///
/// `{"locks":{"lock-1":{"fields":{"device":…},"lists":{"history":{"front":[…],"keep":[0,11]}}}},
/// "buttons":{…},"alerts":{"front":[…],"keep":[0,7]},"error":null}`. A field is replaced. A list
/// becomes what is in `front`, then the former items from the first number of `keep` up to the
/// second.
pub fn difference(before: &State, after: &State) -> Fields {
    let mut all = Fields::new();
    for (name, before, after) in [
        ("locks", &before.locks, &after.locks),
        ("buttons", &before.buttons, &after.buttons),
    ] {
        let changed = after.iter().filter_map(|(thing, after)| {
            let changed = thing_difference(before.get(thing)?, after);
            (!changed.is_empty()).then(|| (thing.clone(), Value::Object(changed)))
        });
        let changed: Fields = changed.collect();
        if !changed.is_empty() {
            all.insert(name.to_owned(), Value::Object(changed));
        }
    }
    if before.alerts != after.alerts {
        let changed = list_difference(&before.alerts, &after.alerts);
        all.insert("alerts".to_owned(), changed);
    }
    if before.error != after.error {
        all.insert("error".to_owned(), json!(after.error));
    }
    all
}

fn thing_difference(before: &Fields, after: &Fields) -> Fields {
    let (mut fields, mut lists) = (Fields::new(), Fields::new());
    for (name, value) in after {
        match (before.get(name), value) {
            (Some(before), _) if before == value => {}
            (Some(Value::Array(before)), Value::Array(after)) => {
                lists.insert(name.clone(), list_difference(before, after));
            }
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    let parts = [("fields", fields), ("lists", lists)];
    let parts = parts.into_iter().filter(|(_, part)| !part.is_empty());
    parts
        .map(|(name, part)| (name.to_owned(), Value::Object(part)))
        .collect()
}

/// The shortest front after which a list goes on with a slice of what it was.
fn list_difference(before: &[Value], after: &[Value]) -> Value {
    let kept = |rest: &[Value]| {
        let starts = 0..=before.len().saturating_sub(rest.len());
        starts
            .filter(|start| before[*start..].starts_with(rest))
            .map(|start| [start, start + rest.len()])
            .next()
    };
    let split = (0..=after.len()).find_map(|front| Some((front, kept(&after[front..])?)));
    let (front, keep) = split.unwrap_or((after.len(), [0, 0]));
    json!({ "front": after[..front], "keep": keep })
}

#[cfg(test)]
mod tests;
