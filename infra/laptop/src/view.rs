//! How a record and an event line are shown: the same JSON for `status`, `history` and the console, and the same words.

use lock_core::action::Action;
use lock_core::event::Event;
use lock_core::limits::{Limits, SYSTEM_LOCKS_CONTESTED};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Cause, Command, Record, Status};
use lock_core::report::{Latch, Outcome, Settings};
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
    /// The lock has answered the current command: this is what it did, by its own word.
    Acknowledged,
    /// A command is under way; the state is the one before it.
    Assumed,
    /// The lock does not answer, has never been heard, or says that it does not know.
    Unknown,
}

impl Certainty {
    /// How sure `record` is at `now`. A wait that has outlived its command is no longer an assumption; how long a LOCK may
    /// take is the deployment's to say, and not judged where its limits are not known.
    pub fn of(record: &Record, now: UnixMillis, limits: Option<&Limits>) -> Self {
        let overdue = record
            .command
            .as_ref()
            .and_then(|command| wait_ends(command, limits))
            .is_some_and(|at| at <= now);
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

/// When an answer to `command` is no longer to be expected: an unlock says so itself, a LOCK after the life of an unlock;
/// none where the limits, which say how long that is, are not known.
pub fn wait_ends(command: &Command, limits: Option<&Limits>) -> Option<UnixMillis> {
    let lock = limits.map(|limits| command.created_at.plus(limits.command_ttl_ms));
    command.given_up_at().or(lock)
}

/// The device's word for why it refused the current command, or the unlock that the system's lock answers to.
pub fn refusal(record: &Record) -> Option<&str> {
    let command = record.command.as_ref()?;
    let of_current = record.refusal_of(command);
    let ended_refused = || {
        let by_system = matches!(&command.cause, Cause::System { reason } if *reason == Reason::UNLOCK_REFUSED.code());
        let reported = record.reported.as_ref().filter(|_| by_system)?;
        reported.report.refused.as_ref()
    };
    let refused = of_current.or_else(ended_refused)?;
    Some(&refused.reason)
}

/// A record as JSON: as stored, and how sure it is.
pub fn record(record: &Record, now: UnixMillis, limits: Option<&Limits>) -> Value {
    let mut value =
        serde_json::to_value(record).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    value["certainty"] = json!(Certainty::of(record, now, limits));
    value["refused"] = json!(refusal(record));
    // Who caused it, as one word or two: what a reader looks for first.
    if let Some(command) = &record.command {
        value["command"]["cause"] = json!(cause(&command.cause));
    }
    value
}

/// `button button-1`, `request by operator`, `system: unlock not answered`.
fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Button { button } => format!("button {button}"),
        Cause::Request { actor: Some(actor) } => format!("request by {actor}"),
        Cause::Request { actor: None } => "request".to_owned(),
        Cause::System { reason } => format!("system: {}", reason.replace('-', " ")),
    }
}

/// One line about a lock: `lock-1  locked, acknowledged 3 s ago (settled, v1763779512345)`.
pub fn sentence(record: &Record, now: UnixMillis, limits: Option<&Limits>) -> String {
    format!(
        "{:<12} {}{} ({}, {})",
        record.lock.as_str(),
        known(record, now, limits),
        remarks(record),
        record.status.as_str(),
        record.version
    )
}

/// `locked, acknowledged 3 s ago`.
fn known(record: &Record, now: UnixMillis, limits: Option<&Limits>) -> String {
    let certainty = Certainty::of(record, now, limits);
    let heard = record.reported.as_ref().map(|reported| reported.at);
    let state = word(record.state);
    match (certainty, heard) {
        (Certainty::Sensed | Certainty::Acknowledged, Some(at)) => {
            let ago = when::ago(at.0, now.0);
            format!("{state}, {} {ago}{}", certainty.word(), door(record))
        }
        (Certainty::Assumed, Some(at)) => {
            let ago = when::ago(at.0, now.0);
            format!("{state}, assumed: heard {ago}, {}", under_way(record, now))
        }
        (Certainty::Assumed, None) => {
            format!("unknown: never heard, {}", under_way(record, now))
        }
        (_, Some(at)) => {
            let asked = record
                .command
                .as_ref()
                .filter(|_| record.status != Status::Settled);
            let since = asked.map_or(at, |command| command.created_at.max(at));
            let span = when::span(since.0, now.0);
            format!("unknown: no answer for {span}, last heard {state}")
        }
        (_, None) => "unknown: never heard".to_owned(),
    }
}

/// What else is to be said: refused, too late, contested, settings lost.
fn remarks(record: &Record) -> String {
    let mut remarks = Vec::new();
    if let Some(reason) = refusal(record) {
        remarks.push(refused(reason));
    }
    if came_too_late(record) {
        remarks.push("the unlock came too late".to_owned());
    }
    if let Some(command) = &record.command
        && command.system_locks >= SYSTEM_LOCKS_CONTESTED
    {
        remarks.push(format!(
            "contested: {} system locks in a row, something undoes them",
            command.system_locks
        ));
    }
    if runs_on_kept_settings(record) {
        remarks.push("settings kept: conf9.json is missing or damaged".to_owned());
    }
    remarks
        .into_iter()
        .map(|remark| format!("; {remark}"))
        .collect()
}

/// A refusal by the device's word; one that nobody can know by its word is explained.
fn refused(reason: &str) -> String {
    match reason {
        "implausible" => {
            "refused: implausible, a version more than a day ahead of the lock's clock".to_owned()
        }
        _ => format!("refused: {reason}"),
    }
}

/// Whether the lock, as last heard, runs on the settings that it had kept, as its settings file is lost.
fn runs_on_kept_settings(record: &Record) -> bool {
    let reported = record.reported.as_ref();
    reported.is_some_and(|reported| reported.report.settings == Some(Settings::Kept))
}

/// Whether the lock has answered the current unlock with `expired`: it has not opened.
pub fn came_too_late(record: &Record) -> bool {
    let reported = record.reported.as_ref();
    record.status == Status::Settled
        && reported.is_some_and(|reported| reported.report.result == Outcome::Expired)
        && record
            .command
            .as_ref()
            .is_some_and(|command| command.action == Action::Unlock)
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

/// `unlock is under way (button button-1)`.
fn under_way(record: &Record, now: UnixMillis) -> String {
    let Some(command) = &record.command else {
        return "nothing is under way".to_owned();
    };
    let (action, cause) = (command.action.as_str(), cause(&command.cause));
    if command.attempts == 0 {
        let span = when::span(now.0, command.next_send_at.0);
        return format!("{action} waits its turn, {span} more ({cause})");
    }
    format!("{action} is under way ({cause})")
}

/// An event as stored, with the line for people.
pub fn event(event: &Event) -> Value {
    let mut value =
        serde_json::to_value(event).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    value["text"] = json!(event.to_string());
    value["ignored"] = json!(matches!(
        event.decision,
        Verdict::Ignored | Verdict::Refused
    ));
    value
}

/// An event as a line: `2026-11-22 14:03:21  button-1 SINGLE: ignored: stale (3 times), the last at 14:03:58.120`.
pub fn line(event: &Event) -> String {
    let last = event.last_at.filter(|_| event.count.unwrap_or(1) > 1);
    let last = last.map_or_else(String::new, |at| {
        format!(", the last at {}", when::clock(at.0))
    });
    format!("{}  {event}{last}", when::date(event.at.0))
}

#[cfg(test)]
mod tests;
