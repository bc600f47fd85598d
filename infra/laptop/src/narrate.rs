//! Tells what happens on the way of a press, a line for each step. Reads events; decides and changes nothing.

use std::sync::Arc;

use local_cloud::{Event, EventKind};
use serde_json::{Value, json};

use crate::cli::Log;
use crate::device::DeviceLine;
use crate::when;

/// Prints steps in the chosen form.
#[derive(Debug, Clone, Copy)]
pub struct Narrator {
    log: Log,
}

impl Narrator {
    /// A narrator for standard output.
    pub fn new(log: Log) -> Self {
        Self { log }
    }

    /// Tells of something in the cloud.
    pub fn print_event(&self, event: &Arc<Event>) {
        match self.log {
            Log::Json => println!("{}", json!({ "cloud": **event })),
            Log::Pretty => {
                if let Some((who, what)) = step(&event.kind) {
                    line(event.at_ms, &who, &what);
                }
            }
        }
    }

    /// Tells of something at a device.
    pub fn print_device_line(&self, at_ms: u64, notice: &DeviceLine) {
        match self.log {
            Log::Json => println!(
                "{}",
                json!({ "atMs": at_ms, "device": notice.thing, "line": notice.line })
            ),
            Log::Pretty => {
                if let Some(what) = movement(&notice.line) {
                    line(at_ms, &notice.thing, &what);
                }
            }
        }
    }
}

fn line(at_ms: u64, who: &str, what: &str) {
    println!("{}  {who:<10} {what}", when::clock(at_ms));
}

/// A device's step worth telling: what its latch and its connection do, and its errors.
fn movement(line: &Value) -> Option<String> {
    match line["event"].as_str()? {
        "latch" => Some(format!("latch is {}", line["latch"].as_str()?)),
        "connected" => Some("connected".to_owned()),
        "disconnected" => Some("disconnected".to_owned()),
        "off" => Some("has no power".to_owned()),
        "log" if line["level"] == "error" => Some(line["text"].as_str()?.to_owned()),
        _ => None,
    }
}

fn step(kind: &EventKind) -> Option<(String, String)> {
    match kind {
        EventKind::Published {
            topic,
            payload,
            client,
            ..
        } => {
            let payload = String::from_utf8_lossy(payload);
            published(
                topic,
                &serde_json::from_str(&payload).unwrap_or(Value::Null),
                client.as_deref(),
            )
        }
        EventKind::FunctionLog { function, line } => Some((short(function), logged(line)?)),
        EventKind::Retrying {
            function,
            attempts,
            wait_ms,
            ..
        } => Some((
            short(function),
            format!(
                "attempt {attempts} failed; tried again in {} s",
                wait_ms / 1000
            ),
        )),
        EventKind::GivenUp { function, .. } => Some((
            short(function),
            "given up: the event goes to the failure queue".to_owned(),
        )),
        EventKind::Redriven {
            queue,
            target,
            receives,
            ..
        } => Some((
            short(queue),
            format!("a message was received {receives} times: it goes to {target}"),
        )),
        EventKind::RuleFailed { rule, error, .. } => {
            Some(("rule".to_owned(), format!("{rule} failed: {error}")))
        }
        EventKind::Completed {
            function, outcome, ..
        } if outcome != "ok" => Some((short(function), outcome.clone())),
        EventKind::Denied {
            client,
            action,
            resource,
        } if !client.starts_with("arn:") => Some((
            client.clone(),
            format!("refused by its policy: {action} on {resource}"),
        )),
        // What a role was denied is told here, with the way out.
        EventKind::MissingRight {
            role,
            statement,
            why,
        } => Some((
            "rights".to_owned(),
            format!(
                "{} was refused {why}: to allow it, add {statement} to its policies in the template",
                last(role)
            ),
        )),
        EventKind::Throttled {
            function, wait_ms, ..
        } => Some((short(function), throttled(*wait_ms))),
        EventKind::Reloaded { changed } => Some((
            "changed".to_owned(),
            format!("{} taken up", changed.join(", ")),
        )),
        EventKind::ReloadRefused { reason } => Some((
            "changed".to_owned(),
            format!("NOT taken up, all runs on as before: {reason}"),
        )),
        EventKind::FaultInjected { fault, target, .. } => {
            Some(("fault".to_owned(), format!("{fault} struck {target}")))
        }
        _ => None,
    }
}

fn published(topic: &str, payload: &Value, client: Option<&str>) -> Option<(String, String)> {
    let by = client.unwrap_or("REST");
    let segments: Vec<_> = topic.split('/').collect();
    match segments[..] {
        ["iotbutton", button] => Some((
            button.to_owned(),
            format!("press {} (from {by})", word(&payload["clickType"])),
        )),
        ["remote-lock", lock, "request"] => {
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

/// A function's own line: what it decided and why, as it says it.
fn logged(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    let message = value["message"].as_str()?;
    // Why a function did not start, or an invocation failed: the end of the attempt tells it too.
    if value["phase"].is_string() {
        return None;
    }
    match value["total_ms"].as_f64() {
        Some(total_ms) => Some(format!("{message}, {total_ms:.0} ms")),
        None => Some(message.to_owned()),
    }
}

/// The last part of an ARN.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn throttled(wait_ms: Option<u64>) -> String {
    let again = wait_ms.map_or_else(
        || "the caller is told".to_owned(),
        |ms| format!("tried again in {} s", ms / 1000),
    );
    format!("throttled, as many are at work as may be: {again}")
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// `remote-lock-PressFunction` is `press` to a reader.
pub fn short(function: &str) -> String {
    let last = function.rsplit('-').next().unwrap_or(function);
    last.trim_end_matches("Function").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_a_press_is_told_in_words() {
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
                json!({"state": {"reported": {"lock": "unlocked", "version": 8, "result": "executed", "source": "remote"}}}),
                Some("lock-1: reports unlocked: v8 executed, remote"),
            ),
            ("$aws/things/lock-1/shadow/get", json!({}), None),
            (
                "$aws/things/button-1/shadow/name/button/update",
                json!({"state": {"reported": {"bootCount": 7}}}),
                None,
            ),
        ];
        for (topic, payload, told) in cases {
            let got =
                published(topic, &payload, Some("c")).map(|(who, what)| format!("{who}: {what}"));
            assert_eq!(got.as_deref(), told, "{topic}");
        }
    }

    #[test]
    fn refusals_changes_and_faults_are_told_with_what_to_do() {
        let text = str::to_owned;
        let role = || text("arn:aws:iam::1:role/s-PressFunctionRole");
        for (kind, told) in [
            (
                EventKind::MissingRight {
                    role: role(),
                    statement: text(r#"{"Action":"a:B"}"#),
                    why: text("because no identity-based policy allows the a:B action"),
                },
                r#"rights: s-PressFunctionRole was refused because no identity-based policy allows the a:B action: to allow it, add {"Action":"a:B"} to its policies in the template"#,
            ),
            (
                EventKind::Reloaded {
                    changed: vec![text("PressFunction"), text("s_press")],
                },
                "changed: PressFunction, s_press taken up",
            ),
            (
                EventKind::ReloadRefused {
                    reason: text("template.yaml:7: no"),
                },
                "changed: NOT taken up, all runs on as before: template.yaml:7: no",
            ),
            (
                EventKind::FaultInjected {
                    fault: text("drop:a@1"),
                    target: text("a"),
                    occurrence: 1,
                },
                "fault: drop:a@1 struck a",
            ),
            (
                EventKind::Throttled {
                    function: text("s-PressFunction"),
                    request_id: text("r"),
                    wait_ms: Some(60_000),
                },
                "press: throttled, as many are at work as may be: tried again in 60 s",
            ),
            (
                EventKind::Redriven {
                    queue: text("s-Work"),
                    target: text("s-Dead"),
                    message_id: text("m"),
                    receives: 5,
                },
                "work: a message was received 5 times: it goes to s-Dead",
            ),
        ] {
            let got = step(&kind).map(|(who, what)| format!("{who}: {what}"));
            assert_eq!(got.as_deref(), Some(told));
        }
    }

    #[test]
    fn what_a_function_says_is_told_but_for_what_the_end_of_its_attempt_tells() {
        for (line, told) in [
            (
                r#"{"level":"INFO","message":"button-1 SINGLE: lock v8","total_ms":17.4}"#,
                Some("button-1 SINGLE: lock v8, 17 ms"),
            ),
            (
                r#"{"level":"ERROR","message":"a person must look at this","alert":"jammed"}"#,
                Some("a person must look at this"),
            ),
            (
                r#"{"level":"ERROR","phase":"start","code":"settings","message":"cannot start: …"}"#,
                None,
            ),
            (
                r#"{"level":"ERROR","phase":"invocation","code":"store","message":"read …","total_ms":2.0}"#,
                None,
            ),
            ("not JSON", None),
        ] {
            assert_eq!(logged(line).as_deref(), told, "{line}");
        }
    }

    #[test]
    fn a_function_is_called_by_its_short_name() {
        assert_eq!(short("remote-lock-PressFunction"), "press");
    }
}
