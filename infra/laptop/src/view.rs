//! Records and events as JSON: one form for `status`, `history` and the console.

use local_cloud::Delivery;
use local_cloud::narrate::recipients;
use lock_core::event::Event;
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::Verdict;
use lock_core::record::{Cause, Record};
pub use lock_core::state::{Certainty, overdue_at, refusal};
use lock_core::time::UnixMillis;
use serde_json::{Value, json};

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
