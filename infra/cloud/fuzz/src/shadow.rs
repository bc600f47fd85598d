//! Shadows: any requests are answered, and the state that they leave follows the rules.
//!
//! An input holds requests, separated by zero bytes: `g`, `u` or `d` for the operation, then the
//! payload.

use iot_shadow::{Name, Operation, Replies, ShadowCore};
use serde_json::{Map, Value};

const NOW_S: u64 = 1_760_000_000;
/// Largest state, bytes as AWS counts them.
const STATE_BYTES_MAX: usize = 8 * 1024;

/// Checks one input.
pub fn check(bytes: &[u8]) {
    let name = Name {
        thing: "thing".to_owned(),
        shadow: None,
    };
    let mut core = ShadowCore::default();
    let mut version_max = 0;
    for (index, request) in crate::parts(bytes, 16).enumerate() {
        let operation = match request.first() {
            Some(b'g') => Operation::Get,
            Some(b'd') => Operation::Delete,
            _ => Operation::Update,
        };
        let payload = request.get(1..).unwrap_or_default();
        let before = core.clone();
        let now_s = NOW_S + index as u64;
        let replies = core.handle(operation, payload, &name, now_s);
        replies_fit(operation, &replies);
        if !replies.changed {
            assert_eq!(core, before, "a request that changes nothing");
        }
        match (operation, core.version()) {
            (Operation::Update, Some(version)) if replies.changed => {
                // A deletion also takes a version.
                let deleted = u64::from(before.version().is_none() && version_max > 0);
                assert_eq!(version, version_max + deleted + 1);
                version_max = version;
                state_fits(&mut core, &name, now_s, &replies);
            }
            (Operation::Delete, version) if replies.changed => assert_eq!(version, None),
            _ => {}
        }
        let stored = serde_json::to_value(&core).expect("a shadow is json");
        let loaded: ShadowCore = serde_json::from_value(stored).expect("what was stored loads");
        assert_eq!(loaded, core, "stored and loaded");
    }
}

fn replies_fit(operation: Operation, replies: &Replies) {
    let (suffix, body) = &replies.messages[0];
    let is_get = operation == Operation::Get;
    assert_eq!(replies.changed, replies.rest.is_ok() && !is_get);
    match &replies.rest {
        Ok(answer) => {
            assert!(suffix.ends_with("/accepted"), "{suffix}");
            assert_eq!(answer, body);
        }
        Err(error) => {
            assert!(suffix.ends_with("/rejected"), "{suffix}");
            assert_eq!(body["code"], error.code);
            assert_eq!(replies.messages.len(), 1, "a refusal is one message");
        }
    }
}

/// The document after an update: within its limit, and with the difference of desired and reported.
fn state_fits(core: &mut ShadowCore, name: &Name, now_s: u64, update: &Replies) {
    let document = core.handle(Operation::Get, b"", name, now_s);
    let state = &document.rest.expect("a shadow was stored")["state"];
    let bytes = |section: &str| match &state[section] {
        Value::Null => 0,
        section => section.to_string().len(),
    };
    assert!(bytes("desired") + bytes("reported") <= STATE_BYTES_MAX);
    let expected = difference(&state["desired"], &state["reported"]).unwrap_or_default();
    assert_eq!(state["delta"], expected, "delta of {state}");
    let sent = update.messages.iter().find(|(s, _)| *s == "update/delta");
    let sent = sent.map_or(&Value::Null, |(_, body)| &body["state"]);
    assert_eq!(*sent, expected, "delta message of {state}");
}

fn difference(desired: &Value, reported: &Value) -> Option<Value> {
    let empty = Map::new();
    match (desired, reported) {
        (Value::Null, _) => None,
        (Value::Object(desired), Value::Null) if !desired.is_empty() => {
            Some(Value::Object(desired.clone()))
        }
        (Value::Object(desired), Value::Object(reported)) => {
            let inner: Map<String, Value> = desired
                .iter()
                .filter_map(|(key, wanted)| match reported.get(key) {
                    None => Some((key.clone(), wanted.clone())),
                    Some(actual) => Some((key.clone(), difference(wanted, actual)?)),
                })
                .collect();
            (inner != empty).then_some(Value::Object(inner))
        }
        (desired, reported) => (!same(desired, reported)).then(|| desired.clone()),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            let equal = |(key, a): (&String, &Value)| other.get(key).is_some_and(|b| same(a, b));
            one.len() == other.len() && one.iter().all(equal)
        }
        _ => one == other,
    }
}
