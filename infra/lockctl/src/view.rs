//! How a record and an event line are shown: the same JSON for `status`, `history` and the console, and the same words.

use lock_core::record::{Record, Status};
use serde_json::{Value, json};

use crate::when;

/// How sure the state of a lock is.
///
/// A pending command means the state is the one before it, so it is only assumed; a lock that does not answer is unknown.
pub fn certainty(record: &Record) -> &'static str {
    match record.status {
        Status::Settled => "acknowledged",
        Status::Pending => "assumed",
        Status::Unresponsive => "unknown",
    }
}

/// A record as JSON: as stored, and how sure it is.
pub fn record(record: &Record) -> Value {
    let mut value =
        serde_json::to_value(record).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    value["certainty"] = json!(certainty(record));
    // Who caused it, as one word or two: what a reader looks for first.
    if let Some(cause) = value.pointer("/command/cause").map(cause) {
        value["command"]["cause"] = json!(cause);
    }
    value
}

/// `button button-1`, `request by operator`, `system boot`.
fn cause(cause: &Value) -> String {
    let text = |name: &str| cause[name].as_str().unwrap_or_default().to_owned();
    match cause["kind"].as_str() {
        Some("button") => format!("button {}", text("button")),
        Some("request") if cause["actor"].is_string() => format!("request by {}", text("actor")),
        Some("system") => format!("system: {}", text("reason")),
        _ => text("kind"),
    }
}

/// One line about a lock: `lock-1  locked, acknowledged 3 s ago (settled, v1763779512345)`.
pub fn sentence(record: &Record, now_ms: u64) -> String {
    let lock = record.lock.as_str();
    let state = serde_json::to_value(record.state)
        .ok()
        .and_then(|word| word.as_str().map(str::to_owned))
        .unwrap_or_default();
    let since = record
        .reported
        .as_ref()
        .map(|reported| when::ago(reported.at.0, now_ms));
    let known = match (record.status, since) {
        (Status::Settled, Some(since)) => format!("{state}, acknowledged {since}"),
        (Status::Settled, None) => state,
        (Status::Pending, Some(since)) => format!(
            "{state} when last heard {since}; waiting for an answer to {}",
            target(record)
        ),
        (Status::Pending, None) => format!("unknown; waiting for an answer to {}", target(record)),
        (Status::Unresponsive, Some(since)) => format!("unknown: last heard {since}, {state} then"),
        (Status::Unresponsive, None) => "unknown: never heard".to_owned(),
    };
    format!(
        "{lock:<12} {known} ({}, {})",
        record.status.as_str(),
        record.version
    )
}

fn target(record: &Record) -> String {
    record.command.as_ref().map_or_else(
        || "nothing".to_owned(),
        |command| command.action.as_str().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use lock_core::name::LockName;
    use lock_core::time::UnixMillis;

    use super::*;

    #[test]
    fn a_lock_never_heard_is_said_to_be_unknown() {
        let created = Record::created(LockName::new("lock-1").expect("a name"), UnixMillis(5));
        assert_eq!(
            sentence(&created, 10_000),
            "lock-1       unknown: never heard (unresponsive, v0)"
        );
        assert_eq!(record(&created)["certainty"], "unknown");
    }

    #[test]
    fn a_cause_is_told_in_words() {
        for (value, text) in [
            (
                json!({"kind": "button", "button": "button-1"}),
                "button button-1",
            ),
            (
                json!({"kind": "request", "actor": "operator"}),
                "request by operator",
            ),
            (json!({"kind": "request"}), "request"),
            (json!({"kind": "system", "reason": "boot"}), "system: boot"),
        ] {
            assert_eq!(cause(&value), text);
        }
    }
}
