//! How a record and an event line are shown: the same JSON for `status`, `history` and the console, and the same words.

use lock_core::limits::{COMMAND_TTL_MS, UNLOCK_GRACE_MS};
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use serde::Serialize;
use serde_json::{Value, json};

use crate::when;

/// How sure the state of a lock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// The lock has answered, and a sensor at the door says so too.
    Sensed,
    /// The lock has answered: this is what it did, by its own word.
    Acknowledged,
    /// A command is under way; the state is the one before it.
    Assumed,
    /// The lock does not answer, has never been heard, or says that it does not know.
    Unknown,
}

impl Certainty {
    /// How sure `record` is at `now`. A wait that has outlived its command is no longer an assumption.
    pub fn of(record: &Record, now: UnixMillis) -> Self {
        let overdue = record.command.as_ref().is_some_and(|command| {
            now.0.saturating_sub(command.created_at.0) > COMMAND_TTL_MS + UNLOCK_GRACE_MS
        });
        match record.status {
            Status::Unresponsive => Self::Unknown,
            Status::Pending if overdue => Self::Unknown,
            Status::Pending => Self::Assumed,
            Status::Settled if record.state == Latch::Unknown => Self::Unknown,
            Status::Settled => match record
                .reported
                .as_ref()
                .and_then(|reported| reported.report.door)
            {
                Some(_) => Self::Sensed,
                None => Self::Acknowledged,
            },
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Sensed => "sensed",
            Self::Acknowledged => "acknowledged",
            Self::Assumed => "assumed",
            Self::Unknown => "unknown",
        }
    }
}

/// A record as JSON: as stored, and how sure it is.
pub fn record(record: &Record, now: UnixMillis) -> Value {
    let mut value =
        serde_json::to_value(record).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    value["certainty"] = json!(Certainty::of(record, now));
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
pub fn sentence(record: &Record, now: UnixMillis) -> String {
    let certainty = Certainty::of(record, now);
    let heard = record.reported.as_ref().map(|reported| reported.at);
    let state = word(record.state);
    let known = match (certainty, heard) {
        (Certainty::Sensed | Certainty::Acknowledged, Some(at)) => {
            format!(
                "{state}, {} {}{}",
                certainty.word(),
                when::ago(at.0, now.0),
                door(record)
            )
        }
        (Certainty::Assumed, Some(at)) => {
            format!(
                "{state}, assumed: heard {}, {} is under way",
                when::ago(at.0, now.0),
                target(record)
            )
        }
        (Certainty::Assumed, None) => {
            format!("unknown: never heard, {} is under way", target(record))
        }
        (_, Some(at)) => {
            let asked = record
                .command
                .as_ref()
                .filter(|_| record.status != Status::Settled);
            let since = asked.map_or(at, |command| command.created_at.max(at));
            format!(
                "unknown: no answer for {}, last heard {state}",
                when::span(since.0, now.0)
            )
        }
        (_, None) => "unknown: never heard".to_owned(),
    };
    format!(
        "{:<12} {known} ({}, {})",
        record.lock.as_str(),
        record.status.as_str(),
        record.version
    )
}

fn door(record: &Record) -> String {
    let door = record
        .reported
        .as_ref()
        .and_then(|reported| reported.report.door);
    door.map_or_else(String::new, |door| format!(", door {}", word(door)))
}

/// The word that a state has on the wire.
pub fn word(state: impl Serialize) -> String {
    let value = serde_json::to_value(state).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn target(record: &Record) -> String {
    record.command.as_ref().map_or_else(
        || "nothing".to_owned(),
        |command| command.action.as_str().to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use lock_core::action::Action;
    use lock_core::id::CommandId;
    use lock_core::name::LockName;
    use lock_core::record::{Cause, Command, Reported};
    use lock_core::report::Report;
    use lock_core::time::UnixSeconds;

    use super::*;

    const REPORTED_AT: UnixMillis = UnixMillis(1_000_000);

    fn reported(door: &str) -> Reported {
        let report = json!({
            "lock": "locked", "version": 7, "commandId": "c", "result": "executed", "source": "remote",
            "refused": null, "bootCount": 1, "clock": "synced", "firmware": "1.0.0", "rssi": -61, "door": null
        });
        let mut report: Report = serde_json::from_value(report).expect("a report");
        report.door = serde_json::from_str(door).expect("a door");
        let shadow_at = UnixSeconds(REPORTED_AT.0 / 1000);
        Reported {
            report,
            shadow_version: 3,
            shadow_at,
            at: REPORTED_AT,
        }
    }

    fn record(status: Status, door: &str) -> Record {
        let created = Record::created(LockName::new("lock-1").expect("a name"), REPORTED_AT);
        let cause = Cause::System {
            reason: "test".into(),
        };
        let id = CommandId::from_text("c");
        let command = Command::new(id, Action::Unlock, cause, REPORTED_AT, None);
        Record {
            status,
            state: Latch::Locked,
            reported: Some(reported(door)),
            command: Some(command),
            ..created
        }
    }

    #[test]
    fn what_is_known_is_told_with_its_age_and_its_certainty() {
        for (status, door, age_s, told) in [
            (
                Status::Settled,
                "null",
                3,
                "locked, acknowledged 3 s ago (settled",
            ),
            (
                Status::Settled,
                "\"closed\"",
                3,
                "locked, sensed 3 s ago, door closed (settled",
            ),
            (
                Status::Pending,
                "null",
                3,
                "locked, assumed: heard 3 s ago, unlock is under way (pending",
            ),
            (
                Status::Pending,
                "null",
                240,
                "unknown: no answer for 4 min, last heard locked (pending",
            ),
            (
                Status::Unresponsive,
                "null",
                3,
                "unknown: no answer for 3 s, last heard locked (unresponsive",
            ),
        ] {
            let line = sentence(&record(status, door), REPORTED_AT.plus(age_s * 1000));
            assert!(line.contains(told), "{line} does not tell `{told}`");
        }
    }

    #[test]
    fn a_lock_never_heard_is_said_to_be_unknown() {
        let created = Record::created(LockName::new("lock-1").expect("a name"), UnixMillis(5));
        let line = sentence(&created, UnixMillis(10_000));
        assert_eq!(line, "lock-1       unknown: never heard (unresponsive, v0)");
        assert_eq!(
            super::record(&created, UnixMillis(10_000))["certainty"],
            "unknown"
        );
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
