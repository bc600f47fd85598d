//! Records and events as JSON: one form for `status`, `history` and the console.

use local_cloud::Delivery;
use local_cloud::narrate::recipients;
use lock_core::event::Event;
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Cause, Command, Record, Status};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use serde_json::{Value, json};

/// How certain the state of a lock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The lock has answered the current command, and its door sensor confirms it.
    Sensed,
    /// The lock has answered the current command.
    Acknowledged,
    /// A command is under way; the state is the one before it.
    Assumed,
    /// The lock does not answer, has never reported, or does not know its own state.
    Unknown,
}

impl Certainty {
    /// The word in JSON and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensed => "sensed",
            Self::Acknowledged => "acknowledged",
            Self::Assumed => "assumed",
            Self::Unknown => "unknown",
        }
    }

    /// The certainty of `record` at `now`. A pending command that has outlived its answer makes the
    /// state unknown; without `limits`, a pending lock command is never judged overdue.
    pub fn of(record: &Record, now: UnixMillis, limits: Option<&Limits>) -> Self {
        let overdue = overdue_at(record, limits).is_some_and(|at| at <= now);
        let reported = record.reported.as_ref();
        match record.status {
            Status::Unresponsive => Self::Unknown,
            Status::Pending if overdue => Self::Unknown,
            Status::Pending => Self::Assumed,
            Status::Settled if record.state == Latch::Unknown => Self::Unknown,
            Status::Settled if reported.is_some_and(|reported| reported.report.door.is_some()) => {
                Self::Sensed
            }
            Status::Settled => Self::Acknowledged,
        }
    }
}

/// When the answer to `command` is overdue: an unlock carries the time itself, a lock has the life
/// of an unlock. `None` for a lock command if the limits are unknown.
fn wait_ends(command: &Command, limits: Option<&Limits>) -> Option<UnixMillis> {
    let lock = limits.map(|limits| command.created_at.plus(limits.command_ttl_ms));
    command.given_up_at().or(lock)
}

/// When the state of a pending lock becomes unknown, unless the lock answers. `None` if it waits
/// for nothing, or if the limits are unknown.
pub fn overdue_at(record: &Record, limits: Option<&Limits>) -> Option<UnixMillis> {
    let command = record.command.as_ref();
    let command = command.filter(|_| record.status == Status::Pending);
    command.and_then(|command| wait_ends(command, limits))
}

/// The device's word for why it refused the current command, or the unlock that the current system
/// lock follows.
pub fn refusal(record: &Record) -> Option<&str> {
    let command = record.command.as_ref()?;
    let refused_unlock = || {
        let Cause::System { reason } = &command.cause else {
            return None;
        };
        let follows = *reason == Reason::UNLOCK_REFUSED.code();
        let reported = record.reported.as_ref().filter(|_| follows)?;
        reported.report.refused.as_ref()
    };
    let refused = record.refusal_of(command).or_else(refused_unlock)?;
    Some(&refused.reason)
}

/// A record as stored, with the lock's labels, its certainty, the device's refusal, and the cause
/// of its command in words.
pub fn record(record: &Record, names: &Names, now: UnixMillis, limits: Option<&Limits>) -> Value {
    let mut value = lock(json!(record), names, &record.lock);
    value["certainty"] = json!(Certainty::of(record, now, limits).as_str());
    value["refused"] = json!(refusal(record));
    if let Some(command) = &record.command {
        value["command"]["cause"] = json!(cause(&command.cause, names));
    }
    value
}

/// [`record`] with the seconds since its last report: `"ageS":3`, `null` without one. For answers;
/// the console's state has no age, since it changes only when something happens.
pub fn aged_record(
    record: &Record,
    names: &Names,
    now: UnixMillis,
    limits: Option<&Limits>,
) -> Value {
    let mut value = self::record(record, names, now, limits);
    let age_s = record
        .reported
        .as_ref()
        .map(|reported| now.0.saturating_sub(reported.at.0) / 1000);
    value["ageS"] = json!(age_s);
    value
}

/// Adds a lock's labels to a JSON object: `"label":"Front door","room":"Hall"`, `null` without one.
pub fn lock(mut body: Value, names: &Names, lock: &LockName) -> Value {
    let labels = names.of_lock(lock);
    body["label"] = json!(labels.label);
    body["room"] = json!(labels.room);
    body
}

/// Adds a button's label to a JSON object: `"label":"hall"`, `null` without one.
pub fn button(mut body: Value, names: &Names, button: &ButtonSerial) -> Value {
    body["label"] = json!(names.of_button(button).label);
    body
}

/// `button hall (button-1)`, `request by operator`, `system: unlock not answered`.
pub fn cause(cause: &Cause, names: &Names) -> String {
    match cause {
        Cause::Button { button } => format!("button {}", names.button(button)),
        Cause::Request { actor: Some(actor) } => format!("request by {actor}"),
        Cause::Request { actor: None } => "request".to_owned(),
        Cause::System { reason } => format!("system: {}", reason.replace('-', " ")),
    }
}

/// A notification: `{"at":…,"subject":"…","message":"…","recipients":"…"}`. A message in JSON, as
/// an alarm publishes, is left out: its subject says enough.
pub fn alert(at_ms: u64, subject: Option<&str>, message: &str, deliveries: &[Delivery]) -> Value {
    let is_json = serde_json::from_str::<Value>(message).is_ok();
    let message = Some(message).filter(|_| !is_json || subject.is_none());
    json!({
        "at": at_ms,
        "subject": subject,
        "message": message,
        "recipients": recipients(deliveries),
    })
}

/// An event as stored, with its text, and whether it says that a wish was ignored or refused.
pub fn event(event: &Event, names: &Names) -> Value {
    let mut value = json!(event);
    value["text"] = json!(event.with_names(names).to_string());
    let is_ignored = matches!(event.decision, Verdict::Ignored | Verdict::Refused);
    value["ignored"] = json!(is_ignored);
    value
}

#[cfg(test)]
mod tests {
    use local_cloud::Outcome;

    use super::*;

    #[test]
    fn an_alert_shows_words_and_no_json() {
        let delivery = Delivery {
            protocol: "email".to_owned(),
            endpoint: "a@example.com".to_owned(),
            outcome: Outcome::Shown,
        };
        for (subject, message, expected) in [
            (Some("s"), "The door is open.", json!("The door is open.")),
            (Some("ALARM: \"a\""), r#"{"AlarmName":"a"}"#, json!(null)),
            (None, r#"{"a":1}"#, json!(r#"{"a":1}"#)),
        ] {
            let shown = alert(7, subject, message, std::slice::from_ref(&delivery));
            assert_eq!(
                shown,
                json!({
                    "at": 7,
                    "subject": subject,
                    "message": expected,
                    "recipients": "to a@example.com; shown here, not sent",
                })
            );
        }
    }
}
