//! Tells what happens, a line for each event. Reads events; decides nothing.

use std::error::Error;
use std::io::{self, Write};

use local_cloud::{Event, EventKind};
use serde_json::json;

use crate::command::Log;

/// Prints an event in the chosen form.
///
/// *Errors*: nobody reads standard output any more.
pub fn event(log: Log, event: &Event) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match log {
        Log::Json => writeln!(out, "{}", json!({ "cloud": event })),
        Log::Pretty => match line(&event.kind) {
            Some((who, what)) => writeln!(out, "{who:<12} {what}"),
            None => Ok(()),
        },
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
        EventKind::Redriven {
            queue,
            target,
            receives,
            ..
        } => (
            queue,
            format!("a message was received {receives} times: it goes to {target}"),
        ),
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
