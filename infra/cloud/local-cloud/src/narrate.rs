//! Events and errors as lines for people.

use std::error::Error;

use crate::EventKind;
use crate::event::{Delivery, Outcome};

/// Who acted and what happened; `None` for an event that other lines make redundant.
pub fn line(kind: &EventKind) -> Option<(&str, String)> {
    Some(match kind {
        EventKind::Connected { client } => (client, "connected".to_owned()),
        EventKind::Disconnected { client, reason } => (client, format!("disconnected: {reason}")),
        EventKind::Published {
            topic,
            payload,
            client,
            ..
        } => {
            // Messages of the cloud itself, about shadows and connections, have separate lines.
            let client = client.as_deref()?;
            let payload = String::from_utf8_lossy(payload);
            (client, format!("published {topic} {payload}"))
        }
        EventKind::ShadowUpdated { thing, version } => (thing, format!("shadow version {version}")),
        EventKind::RuleMatched { rule, topic } => ("rule", format!("{rule} matched {topic}")),
        EventKind::RuleFailed { rule, error, .. } => ("rule", format!("{rule} failed: {error}")),
        EventKind::RuleSwitched { rule, enabled } => {
            let state = if *enabled { "enabled" } else { "disabled" };
            ("rule", format!("{rule} {state}"))
        }
        EventKind::Scheduled { schedule, .. } => ("schedule", format!("{schedule} fired")),
        EventKind::Redriven {
            queue,
            target,
            receives,
            ..
        } => (
            queue,
            format!("message received {receives} times; moved to {target}"),
        ),
        EventKind::Denied {
            client,
            action,
            resource,
        } => (
            client,
            format!("denied by its policy: {action} on {resource}"),
        ),
        EventKind::MissingRight {
            role,
            statement,
            why,
        } => {
            let name = role.rsplit('/').next().unwrap_or(role);
            let text = format!(
                "{name} was denied {why}; to allow it, add {statement} to its policies in the \
                 template"
            );
            ("rights", text)
        }
        EventKind::Reloaded { changed } => ("change", format!("applied: {}", changed.join(", "))),
        EventKind::ReloadRefused { reason } => (
            "change",
            format!("rejected; still running the previous version: {reason}"),
        ),
        EventKind::FaultInjected { fault, target, .. } => {
            ("fault", format!("{fault} struck {target}"))
        }
        EventKind::Written { .. } | EventKind::RuleInvoked { .. } => return None,
        EventKind::Invoked { .. }
        | EventKind::Completed { .. }
        | EventKind::Throttled { .. }
        | EventKind::Retrying { .. }
        | EventKind::GivenUp { .. }
        | EventKind::BatchFailed { .. }
        | EventKind::RecordsDiscarded { .. }
        | EventKind::FunctionLog { .. } => return function_line(kind),
        EventKind::Notified { .. }
        | EventKind::AlarmChanged { .. }
        | EventKind::AlarmActionFailed { .. } => return notice_line(kind),
    })
}

/// Lines of topics and alarms.
fn notice_line(kind: &EventKind) -> Option<(&str, String)> {
    Some(match kind {
        EventKind::Notified {
            topic,
            subject,
            message,
            deliveries,
            ..
        } => {
            let first = message.lines().next().unwrap_or_default();
            let what = subject.as_deref().unwrap_or(first);
            (topic, format!("{what} ({})", recipients(deliveries)))
        }
        EventKind::AlarmChanged {
            alarm,
            from,
            to,
            reason,
        } => (
            "alarm",
            format!("{alarm} changed from {from} to {to}: {reason}"),
        ),
        EventKind::AlarmActionFailed {
            alarm,
            topic,
            error,
        } => {
            let name = topic.rsplit(':').next().unwrap_or(topic);
            ("alarm", format!("{alarm} could not notify {name}: {error}"))
        }
        _ => return None,
    })
}

/// Who gets a notification: `to alerts@example.com; shown here, not sent`.
pub fn recipients(deliveries: &[Delivery]) -> String {
    let parts = deliveries.iter().map(|delivery| {
        let end = delivery.endpoint.rsplit(':').next().unwrap_or_default();
        let name = if delivery.protocol == "sqs" {
            end
        } else {
            &delivery.endpoint
        };
        match &delivery.outcome {
            Outcome::Delivered => format!("to {name}"),
            Outcome::Shown => format!("to {name}; shown here, not sent"),
            Outcome::Filtered => format!("filtered out for {name}"),
            Outcome::Failed(error) => format!("not delivered to {name}: {error}"),
        }
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() {
        "nobody is subscribed".to_owned()
    } else {
        parts.join(", ")
    }
}

fn function_line(kind: &EventKind) -> Option<(&str, String)> {
    Some(match kind {
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
        EventKind::Throttled {
            function, wait_ms, ..
        } => {
            let next = wait_ms.map_or("the caller gets an error".to_owned(), retry_in);
            (
                function,
                format!("throttled (concurrency limit reached); {next}"),
            )
        }
        EventKind::Retrying {
            function,
            attempts,
            wait_ms,
            ..
        } => {
            let next = retry_in(*wait_ms);
            (function, format!("attempt {attempts} failed; {next}"))
        }
        EventKind::GivenUp { function, .. } => (
            function,
            "gave up; the event goes to the failure destination, if any".to_owned(),
        ),
        EventKind::BatchFailed { .. } | EventKind::RecordsDiscarded { .. } => {
            return stream_line(kind);
        }
        EventKind::FunctionLog { function, line } => (function, line.clone()),
        _ => return None,
    })
}

fn stream_line(kind: &EventKind) -> Option<(&str, String)> {
    let count = |records: usize| match records {
        1 => "1 record".to_owned(),
        records => format!("{records} records"),
    };
    Some(match kind {
        EventKind::BatchFailed {
            source,
            function,
            records,
            reason,
            is_split,
            wait_ms,
        } => {
            let next = match (is_split, wait_ms) {
                (true, _) => "; the batch is split".to_owned(),
                (false, Some(wait_ms)) => format!("; {}", retry_in(*wait_ms)),
                (false, None) => String::new(),
            };
            let records = count(*records);
            (
                function,
                format!("failed with {records} of {source}: {reason}{next}"),
            )
        }
        EventKind::RecordsDiscarded {
            source,
            function,
            records,
            condition,
            destination,
        } => {
            let (records, condition) = (count(*records), condition.as_str());
            let where_to = match destination {
                Some(name) => format!("a message in {name} says which"),
                None => "the source has no failure destination, so nothing says which".to_owned(),
            };
            (
                function,
                format!("gave up {records} of {source} ({condition}); {where_to}"),
            )
        }
        _ => return None,
    })
}

fn retry_in(wait_ms: u64) -> String {
    format!("retrying in {} s", wait_ms / 1000)
}

/// An error and its causes in one line.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(protocol: &str, endpoint: &str, outcome: Outcome) -> Delivery {
        Delivery {
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
            outcome,
        }
    }

    fn notified(subject: Option<&str>, deliveries: Vec<Delivery>) -> EventKind {
        EventKind::Notified {
            topic: "s-Bulletin".to_owned(),
            subject: subject.map(str::to_owned),
            message: "one\ntwo".to_owned(),
            attributes: [].into(),
            deliveries,
        }
    }

    #[test]
    fn a_line_says_what_happened_and_what_follows() {
        let text = str::to_owned;
        for (kind, wanted) in [
            (
                EventKind::MissingRight {
                    role: text("arn:aws:iam::1:role/s-HeatRole"),
                    statement: text(r#"{"Action":"a:B"}"#),
                    why: text("because no identity-based policy allows the a:B action"),
                },
                "rights: s-HeatRole was denied because no identity-based policy allows the a:B \
                 action; to allow it, add {\"Action\":\"a:B\"} to its policies in the template",
            ),
            (
                EventKind::Reloaded {
                    changed: vec![text("Heat"), text("s_heat")],
                },
                "change: applied: Heat, s_heat",
            ),
            (
                EventKind::ReloadRefused {
                    reason: text("template.yaml:7: no"),
                },
                "change: rejected; still running the previous version: template.yaml:7: no",
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
                    function: text("s-Heat"),
                    request_id: text("r"),
                    wait_ms: Some(60_000),
                },
                "s-Heat: throttled (concurrency limit reached); retrying in 60 s",
            ),
            (
                EventKind::Redriven {
                    queue: text("s-Work"),
                    target: text("s-Dead"),
                    message_id: text("m"),
                    receives: 5,
                },
                "s-Work: message received 5 times; moved to s-Dead",
            ),
            (
                notified(
                    Some("Bulletin"),
                    vec![delivery("email", "a@example.com", Outcome::Shown)],
                ),
                "s-Bulletin: Bulletin (to a@example.com; shown here, not sent)",
            ),
            (
                notified(None, Vec::new()),
                "s-Bulletin: one (nobody is subscribed)",
            ),
            (
                notified(
                    None,
                    vec![
                        delivery("sqs", "arn:aws:sqs:r:1:copy", Outcome::Delivered),
                        delivery("sms", "+49", Outcome::Filtered),
                        delivery(
                            "sqs",
                            "arn:aws:sqs:r:1:b",
                            Outcome::Failed(text("no policy")),
                        ),
                    ],
                ),
                "s-Bulletin: one (to copy, filtered out for +49, not delivered to b: no policy)",
            ),
            (
                EventKind::AlarmChanged {
                    alarm: text("s-silent"),
                    from: text("OK"),
                    to: text("ALARM"),
                    reason: text("Threshold Crossed"),
                },
                "alarm: s-silent changed from OK to ALARM: Threshold Crossed",
            ),
            (
                EventKind::AlarmActionFailed {
                    alarm: text("s-silent"),
                    topic: text("arn:aws:sns:r:1:s-Bulletin"),
                    error: text("denied"),
                },
                "alarm: s-silent could not notify s-Bulletin: denied",
            ),
            (
                EventKind::BatchFailed {
                    source: text("HeatSource"),
                    function: text("s-Heat"),
                    records: 2,
                    reason: text("E: no"),
                    is_split: true,
                    wait_ms: None,
                },
                "s-Heat: failed with 2 records of HeatSource: E: no; the batch is split",
            ),
            (
                EventKind::BatchFailed {
                    source: text("HeatSource"),
                    function: text("s-Heat"),
                    records: 1,
                    reason: text("E: no"),
                    is_split: false,
                    wait_ms: Some(2000),
                },
                "s-Heat: failed with 1 record of HeatSource: E: no; retrying in 2 s",
            ),
            (
                EventKind::RecordsDiscarded {
                    source: text("HeatSource"),
                    function: text("s-Heat"),
                    records: 1,
                    condition: text("RetryAttemptsExhausted"),
                    destination: Some(text("s-Dead")),
                },
                "s-Heat: gave up 1 record of HeatSource (RetryAttemptsExhausted); a message in \
                 s-Dead says which",
            ),
        ] {
            let line = line(&kind).map(|(who, what)| format!("{who}: {what}"));
            assert_eq!(line.as_deref(), Some(wanted));
        }
    }
}
