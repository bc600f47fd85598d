//! Tells what happens, a line for each event. Reads events; decides nothing.

use std::error::Error;

use local_cloud::{Event, EventKind};
use serde_json::json;

use crate::command::Log;

/// Prints an event in the chosen form.
pub fn event(log: Log, event: &Event) {
    match log {
        Log::Json => println!("{}", json!({ "cloud": event })),
        Log::Pretty => {
            if let Some((who, what)) = line(&event.kind) {
                println!("{who:<12} {what}");
            }
        }
    }
}

/// Who and what; none for steps that another line tells already.
fn line(kind: &EventKind) -> Option<(&str, String)> {
    Some(match kind {
        EventKind::Connected { client } => (client, "connected".to_owned()),
        EventKind::Disconnected { client, reason } => (client, format!("disconnected: {reason}")),
        EventKind::Published {
            topic,
            payload,
            client,
            ..
        } => {
            // The cloud's own messages, of shadows and lifecycle, are told by those who send them.
            let client = client.as_deref()?;
            let payload = String::from_utf8_lossy(payload);
            (client, format!("published {topic} {payload}"))
        }
        EventKind::RuleMatched { rule, topic } => ("rule", format!("{rule} takes {topic}")),
        EventKind::RuleFailed { rule, error, .. } => ("rule", format!("{rule} failed: {error}")),
        EventKind::Scheduled { schedule, .. } => ("schedule", format!("{schedule} is due")),
        EventKind::Invoked { function, cold, .. } => {
            let start = if *cold { " (cold start)" } else { "" };
            (function, format!("invoked{start}"))
        }
        EventKind::Completed {
            function,
            duration_ms,
            outcome,
            ..
        } => (function, format!("{outcome} after {duration_ms} ms")),
        EventKind::Retrying {
            function, attempts, ..
        } => (function, format!("failed {attempts} times; tried again")),
        EventKind::GivenUp { function, .. } => (function, "event given up".to_owned()),
        EventKind::FunctionLog { function, line } => (function, line.clone()),
        EventKind::Denied {
            client,
            action,
            resource,
        } => (client, format!("refused: {action} on {resource}")),
        EventKind::Reloaded { changed } => ("changed", changed.join(", ")),
        EventKind::ReloadRefused { reason } => {
            ("not changed", format!("all runs on as it was: {reason}"))
        }
        EventKind::FaultInjected { fault, target, .. } => {
            ("fault", format!("{fault} struck {target}"))
        }
        other => ("cloud", json!(other).to_string()),
    })
}

/// An error with its causes, in one line.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
