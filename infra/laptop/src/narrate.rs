//! Prints what happens between a press and the answer of the lock, one line per step.

use local_cloud::cli::Log;
use local_cloud::narrate::{line, recipients};
use local_cloud::{Delivery, Event, EventKind};
use serde_json::{Value, json};

use crate::device::DeviceLine;
use crate::view::alert;
use crate::when;

/// Prints steps to standard output.
#[derive(Debug, Clone, Copy)]
pub struct Narrator {
    log: Log,
}

impl Narrator {
    /// A narrator with this format.
    pub fn new(log: Log) -> Self {
        Self { log }
    }

    /// Prints an event of the cloud.
    pub fn print_event(&self, event: &Event) {
        match self.log {
            Log::Json => println!("{}", json!({ "cloud": event })),
            Log::Pretty => print_step(event.at_ms, event_step(&event.kind)),
            Log::None => {}
        }
    }

    /// Prints a line of a device.
    pub fn print_device_line(&self, at_ms: u64, DeviceLine { thing, line }: &DeviceLine) {
        match self.log {
            Log::Json => println!(
                "{}",
                json!({ "atMs": at_ms, "device": thing, "line": line })
            ),
            Log::Pretty => {
                let step = device_step(line).map(|what| (thing.clone(), what));
                print_step(at_ms, step);
            }
            Log::None => {}
        }
    }
}

fn print_step(at_ms: u64, step: Option<(String, String)>) {
    if let Some((who, what)) = step {
        println!("{}  {who:<10} {what}", when::clock(at_ms));
    }
}

/// What the latch, the bolt and the connection of a device do, and its errors.
fn device_step(line: &Value) -> Option<String> {
    match line["event"].as_str()? {
        "latch" => Some(format!("latch is {}", line["latch"].as_str()?)),
        "bolt" => Some(format!("bolt is {}", line["bolt"].as_str()?)),
        "connected" => Some("connected".to_owned()),
        "disconnected" => Some("disconnected".to_owned()),
        "off" => Some("power is off".to_owned()),
        "log" if line["level"] == "error" => Some(line["text"].as_str()?.to_owned()),
        _ => None,
    }
}

/// Who and what. Events that a person does not need to follow a press have no step.
fn event_step(kind: &EventKind) -> Option<(String, String)> {
    match kind {
        EventKind::Published {
            topic,
            payload,
            client,
            ..
        } => {
            let payload = serde_json::from_slice(payload).unwrap_or(Value::Null);
            message_step(topic, &payload, client.as_deref())
        }
        EventKind::FunctionLog { function, line } => {
            Some((short_name(function), function_message(line)?))
        }
        // The device's own lines and the function's own messages say it.
        EventKind::Connected { .. }
        | EventKind::Disconnected { .. }
        | EventKind::ShadowUpdated { .. }
        | EventKind::RuleMatched { .. }
        | EventKind::RuleInvoked { .. }
        | EventKind::Scheduled { .. }
        | EventKind::Invoked { .. } => None,
        EventKind::Completed { outcome, .. } if outcome == "ok" => None,
        // The event about the missing right names the remedy too.
        EventKind::Denied { client, .. } if client.starts_with("arn:") => None,
        EventKind::Completed {
            function, outcome, ..
        } => Some((short_name(function), outcome.clone())),
        EventKind::Notified {
            subject,
            message,
            deliveries,
            ..
        } => Some(("alert".to_owned(), alert_text(subject, message, deliveries))),
        // The first evaluation of every alarm, which says nothing new.
        EventKind::AlarmChanged { from, to, .. } if from == "INSUFFICIENT_DATA" && to == "OK" => {
            None
        }
        EventKind::AlarmChanged { alarm, to, .. } => {
            Some(("alarm".to_owned(), format!("{alarm} is {to}")))
        }
        EventKind::Throttled { .. }
        | EventKind::Retrying { .. }
        | EventKind::GivenUp { .. }
        | EventKind::BatchFailed { .. }
        | EventKind::RecordsDiscarded { .. }
        | EventKind::Redriven { .. } => {
            let (who, what) = line(kind)?;
            Some((short_name(who), what))
        }
        _ => line(kind).map(|(who, what)| (who.to_owned(), what)),
    }
}

/// A notification in one line: its message if that is a sentence, its subject if it is JSON.
fn alert_text(subject: &Option<String>, message: &str, deliveries: &[Delivery]) -> String {
    let shown = alert(0, subject.as_deref(), message, deliveries);
    let text = shown["message"].as_str().or(subject.as_deref());
    let first = text.unwrap_or_default().lines().next().unwrap_or_default();
    format!("{first} ({})", recipients(deliveries))
}

/// A message of the protocol: press, request, command or report.
fn message_step(topic: &str, payload: &Value, client: Option<&str>) -> Option<(String, String)> {
    let by = client.unwrap_or("REST");
    let segments: Vec<_> = topic.split('/').collect();
    match segments[..] {
        ["iotbutton", button] => Some((
            button.to_owned(),
            format!("press {} (from {by})", word(&payload["clickType"])),
        )),
        ["remote-lock", lock, "request"] | ["remote-lock", lock, "request", "lock"] => {
            let (action, actor) = (word(&payload["action"]), word(&payload["actor"]));
            Some((
                lock.to_owned(),
                format!("request {action} by {actor} (from {by})"),
            ))
        }
        ["remote-lock", lock] => Some((
            lock.to_owned(),
            format!(
                "command {} v{}",
                word(&payload["action"]),
                payload["version"]
            ),
        )),
        ["remote-lock-ask", locks] => Some((
            locks.to_owned(),
            format!("a reader asks for the state (from {by})"),
        )),
        ["$aws", "things", thing, "shadow", "update"] => {
            let reported = &payload["state"]["reported"];
            let (state, result, source) = (
                word(&reported["lock"]),
                word(&reported["result"]),
                word(&reported["source"]),
            );
            Some((
                thing.to_owned(),
                format!(
                    "reports {state}: v{} {result}, {source}",
                    reported["version"]
                ),
            ))
        }
        _ => None,
    }
}

/// The message of a function's log line, with its duration if it has one.
fn function_message(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    let message = value["message"].as_str()?;
    // A failed start or invocation is in the event about the end of the attempt.
    if value["phase"].is_string() {
        return None;
    }
    match value["total_ms"].as_f64() {
        Some(total_ms) => Some(format!("{message}, {total_ms:.0} ms")),
        None => Some(message.to_owned()),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// `press` for `remote-lock-PressFunction`.
pub fn short_name(function: &str) -> String {
    let last = function.rsplit('-').next().unwrap_or(function);
    last.trim_end_matches("Function").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_of_a_press_has_a_step() {
        let cases = [
            (
                "iotbutton/button-1",
                json!({"clickType": "SINGLE"}),
                Some("button-1: press SINGLE (from c)"),
            ),
            (
                "remote-lock/lock-1",
                json!({"action": "unlock", "version": 8}),
                Some("lock-1: command unlock v8"),
            ),
            (
                "remote-lock/lock-1/request",
                json!({"action": "lock", "actor": "operator"}),
                Some("lock-1: request lock by operator (from c)"),
            ),
            (
                "$aws/things/lock-1/shadow/update",
                json!({"state": {"reported": {
                    "lock": "unlocked", "version": 8, "result": "executed", "source": "remote"
                }}}),
                Some("lock-1: reports unlocked: v8 executed, remote"),
            ),
            ("$aws/things/lock-1/shadow/get", json!({}), None),
            (
                "$aws/things/button-1/shadow/name/button/update",
                json!({"state": {"reported": {"bootCount": 7}}}),
                None,
            ),
        ];
        for (topic, payload, wanted) in cases {
            let got = message_step(topic, &payload, Some("c"))
                .map(|(who, what)| format!("{who}: {what}"));
            assert_eq!(got.as_deref(), wanted, "{topic}");
        }
    }

    fn notified(subject: Option<&str>, message: &str) -> EventKind {
        EventKind::Notified {
            topic: "s-AlertTopic".to_owned(),
            subject: subject.map(str::to_owned),
            message: message.to_owned(),
            attributes: [].into(),
            deliveries: Vec::new(),
        }
    }

    fn changed(from: &str, to: &str) -> EventKind {
        EventKind::AlarmChanged {
            alarm: "s-silent".to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            reason: "because".to_owned(),
        }
    }

    #[test]
    fn an_event_of_a_function_is_printed_under_its_short_name() {
        let text = str::to_owned;
        let (function, request_id) = (text("s-PressFunction"), text("r"));
        let completed = |outcome: &str| EventKind::Completed {
            function: function.clone(),
            request_id: request_id.clone(),
            duration_ms: 7,
            outcome: text(outcome),
        };
        for (kind, wanted) in [
            (completed("ok"), None),
            (completed("timed out"), Some("press: timed out")),
            (
                EventKind::Retrying {
                    function: function.clone(),
                    request_id: request_id.clone(),
                    attempts: 1,
                    wait_ms: 60_000,
                },
                Some("press: attempt 1 failed; retrying in 60 s"),
            ),
            (
                EventKind::Reloaded {
                    changed: vec![text("PressFunction"), text("s_press")],
                },
                Some("change: applied: PressFunction, s_press"),
            ),
            (
                notified(
                    Some("front-door is open"),
                    "front-door has been open since 18:04.\nBye.",
                ),
                Some("alert: front-door has been open since 18:04. (nobody is subscribed)"),
            ),
            (
                notified(
                    Some("ALARM: \"s-silent\" in here"),
                    r#"{"AlarmName":"s-silent"}"#,
                ),
                Some("alert: ALARM: \"s-silent\" in here (nobody is subscribed)"),
            ),
            (changed("INSUFFICIENT_DATA", "OK"), None),
            (changed("OK", "ALARM"), Some("alarm: s-silent is ALARM")),
            (changed("ALARM", "OK"), Some("alarm: s-silent is OK")),
        ] {
            let step = event_step(&kind).map(|(who, what)| format!("{who}: {what}"));
            assert_eq!(step.as_deref(), wanted);
        }
    }

    #[test]
    fn the_message_of_a_function_is_printed_unless_it_failed() {
        for (line, wanted) in [
            (
                r#"{"level":"INFO","message":"button-1 SINGLE: lock v8","total_ms":17.4}"#,
                Some("button-1 SINGLE: lock v8, 17 ms"),
            ),
            (
                r#"{"level":"ERROR","message":"a person must look at this","alert":"jammed"}"#,
                Some("a person must look at this"),
            ),
            (
                r#"{"level":"ERROR","phase":"start","message":"cannot start: …"}"#,
                None,
            ),
            (
                r#"{"level":"ERROR","phase":"invocation","message":"read …","total_ms":2.0}"#,
                None,
            ),
            ("not JSON", None),
        ] {
            assert_eq!(function_message(line).as_deref(), wanted, "{line}");
        }
    }

    #[test]
    fn a_function_has_a_short_name() {
        assert_eq!(short_name("remote-lock-PressFunction"), "press");
    }
}
