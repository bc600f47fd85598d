//! The documents in the failure queue (C16), about a press, request or report that was given up.
//!
//! Lambda writes one kind when an event has used up its attempts or its time; the rules engine
//! writes the other when it could not deliver a message. The document's id and its subject are read
//! strictly: without them a person must look at it. Details are read if present.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::action::{ClickType, Intent};
use crate::field::{Fields, Refusal, parse_event, parse_name};
use crate::name::{ButtonSerial, LockName};
use crate::payload::open_payload;
use crate::reason::Reason;
use crate::report::{Latch, Report, Source};
use crate::time::UnixMillis;

/// Longest detail of an event.
const DETAIL_CHARS_MAX: usize = 200;

/// A message that was given up: it is not retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Lambda's id of the event or the rules engine's of the failure: the same each time that the
    /// document is delivered.
    pub id: String,
    /// The message that was given up.
    pub message: Message,
    /// When the message was received, if known, or else given up.
    pub at: UnixMillis,
    /// Why it was given up.
    pub reason: Reason,
    /// The number of attempts and the last error.
    pub detail: String,
}

/// A message as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A press of a button.
    Press {
        /// The button pressed.
        button: ButtonSerial,
        /// How it was pressed, if readable.
        click: Option<ClickType>,
        /// The press's sequence, if readable.
        sequence: Option<u64>,
        /// The certificate that published it.
        principal: Option<String>,
    },
    /// An operator's request.
    Request {
        /// The thing addressed; perhaps not a lock.
        lock: LockName,
        /// What was asked for, if readable.
        intent: Option<Intent>,
        /// Who asked, by the sender's own word.
        actor: Option<String>,
        /// The authenticated sender, if known.
        principal: Option<String>,
    },
    /// A report of a lock.
    Report {
        /// The thing addressed; perhaps not a lock.
        lock: LockName,
        /// The latch, and what moved it.
        reported: Option<(Latch, Source)>,
    },
    /// A sweep. The next one finds all that it left.
    Sweep,
}

impl Failure {
    /// Reads a document of the failure queue, which was sent at `sent_at`.
    ///
    /// From Lambda:
    ///
    /// ```json
    /// {"version":"1.0","timestamp":"…",
    ///  "requestContext":{"requestId":"…","functionArn":"…","condition":"RetriesExhausted",
    ///   "approximateInvokeCount":3},
    ///  "requestPayload":{…the rule's event…},"responseContext":{…},
    ///  "responsePayload":{"errorType":"store","errorMessage":"…"}}
    /// ```
    ///
    /// From the rules engine:
    ///
    /// ```json
    /// {"ruleName":"…","topic":"iotbutton/button-1","cloudwatchTraceId":"…","clientId":"…",
    ///  "base64OriginalPayload":"…",
    ///  "failures":[{"failedAction":"LambdaAction","failedResource":"…","errorMessage":"…"}]}
    /// ```
    ///
    /// Source: AWS Lambda developer guide, "Capturing records of Lambda asynchronous invocations";
    /// AWS IoT developer guide, "Error handling (error action)".
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] found, also if the document is of neither kind.
    pub fn parse(body: &str, sent_at: UnixMillis) -> Result<Self, Refusal> {
        // The document repeats the message, with any field that was too large to parse.
        let document = parse_event(body)?;
        let fields = Fields::of(&document)?;
        if let Some(context) = fields.get("requestContext") {
            let event = fields.get("requestPayload");
            let event = event.ok_or(Refusal::MissingField("requestPayload"))?;
            from_function(
                Fields::of(context)?,
                event,
                fields.get("responsePayload"),
                sent_at,
            )
        } else if fields.get("ruleName").is_some() {
            from_rule(fields, sent_at)
        } else {
            Err(Refusal::Malformed(
                "neither a function's nor a rule's failure",
            ))
        }
    }

    /// The lock that the message names. If it is not registered, nothing is written.
    pub fn lock(&self) -> Option<&LockName> {
        match &self.message {
            Message::Request { lock, .. } | Message::Report { lock, .. } => Some(lock),
            Message::Press { .. } | Message::Sweep => None,
        }
    }

    /// The button of a press. Its binding tells which history gets the event.
    pub fn button(&self) -> Option<&ButtonSerial> {
        match &self.message {
            Message::Press { button, .. } => Some(button),
            _ => None,
        }
    }
}

/// Reads Lambda's document about an event that a function did not handle.
fn from_function(
    context: Fields<'_>,
    event: &Value,
    answer: Option<&Value>,
    sent_at: UnixMillis,
) -> Result<Failure, Refusal> {
    let condition = context.text("condition")?;
    let attempts = context
        .number_or_none("approximateInvokeCount")
        .ok()
        .flatten();
    let error = |name: &str| answer.and_then(|answer| answer.get(name)?.as_str());
    let reason = match condition {
        "EventAgeExceeded" => Reason::EVENT_AGE,
        _ => Reason::RETRIES_EXHAUSTED,
    };
    let mut parts = Vec::new();
    if !["EventAgeExceeded", "RetriesExhausted"].contains(&condition) {
        parts.push(condition.to_owned());
    }
    match attempts {
        Some(1) => parts.push("1 attempt".to_owned()),
        Some(attempts) => parts.push(format!("{attempts} attempts")),
        None => {}
    }
    parts.extend(
        [error("errorType"), error("errorMessage")]
            .into_iter()
            .flatten()
            .map(str::to_owned),
    );
    let mut event = event.clone();
    // If the payload cannot be read, the rule's own fields still name the sender.
    let _ = open_payload(&mut event);
    let fields = Fields::of(&event)?;
    Ok(Failure {
        id: context.text("requestId")?.to_owned(),
        message: read_message(fields)?,
        at: lenient_number(fields, "receivedAt").map_or(sent_at, UnixMillis),
        reason,
        detail: shorten(&parts.join(": ")),
    })
}

/// Reads the event of a rule: a press names a `button`, a request a `thing`, a report a `thing` and
/// a `shadowVersion`; the schedule's event is a sweep.
fn read_message(event: Fields<'_>) -> Result<Message, Refusal> {
    if lenient_text(event, "detail-type").as_deref() == Some("Scheduled Event") {
        return Ok(Message::Sweep);
    }
    match (event.get("button"), event.get("thing")) {
        (Some(_), None) => read_press(event.text("button")?, Some(event)),
        (None, Some(_)) if event.get("shadowVersion").is_some() => {
            read_report(event.text("thing")?, event.get("reported"))
        }
        (None, Some(_)) => read_request(event.text("thing")?, Some(event)),
        _ => Err(Refusal::Malformed(
            "requestPayload is not the event of a rule",
        )),
    }
}

/// Reads the rules engine's document about a message that a rule did not deliver: its topic names
/// the sender.
fn from_rule(document: Fields<'_>, sent_at: UnixMillis) -> Result<Failure, Refusal> {
    // Not limited like other texts: a topic holds a whole name.
    let topic = document.get("topic").and_then(Value::as_str);
    let topic = topic.ok_or(Refusal::MissingField("topic"))?;
    let payload = document.get("base64OriginalPayload").and_then(decode);
    let payload = payload
        .as_ref()
        .and_then(|payload| Fields::of(payload).ok());
    let levels: Vec<&str> = topic.split('/').collect();
    let message = match levels.as_slice() {
        ["iotbutton", button] => read_press(button, payload)?,
        ["remote-lock", thing, "request"] => read_request(thing, payload)?,
        ["$aws", "things", thing, "shadow", "update", "accepted"] => {
            let state = payload.and_then(|payload| payload.get("state"));
            read_report(thing, state.and_then(|state| state.get("reported")))?
        }
        _ => {
            return Err(Refusal::Malformed(
                "topic is not that of a press, request or report",
            ));
        }
    };
    let failures = document.get("failures").and_then(Value::as_array);
    let failures = failures.map(Vec::as_slice).unwrap_or_default();
    let text = |failure: &Value, name: &str| Some(failure.get(name)?.as_str()?.to_owned());
    let detail = failures.iter().map(|failure| {
        let parts = ["failedAction", "errorMessage"].map(|name| text(failure, name));
        parts.into_iter().flatten().collect::<Vec<_>>().join(": ")
    });
    let detail = detail.filter(|text| !text.is_empty());
    Ok(Failure {
        id: document.text("cloudwatchTraceId")?.to_owned(),
        message,
        at: sent_at,
        reason: Reason::RULE_ACTION,
        detail: shorten(&detail.collect::<Vec<_>>().join("; ")),
    })
}

fn read_press(button: &str, event: Option<Fields<'_>>) -> Result<Message, Refusal> {
    let button = parse_name("button", button)?;
    let text = |name| event.and_then(|event| lenient_text(event, name));
    Ok(Message::Press {
        button,
        click: text("clickType").and_then(|word| word.parse().ok()),
        sequence: event.and_then(|event| lenient_number(event, "sequence")),
        principal: text("principal"),
    })
}

fn read_request(thing: &str, event: Option<Fields<'_>>) -> Result<Message, Refusal> {
    let text = |name| event.and_then(|event| lenient_text(event, name));
    Ok(Message::Request {
        lock: parse_name("thing", thing)?,
        intent: text("action").and_then(|word| word.parse().ok()),
        actor: text("actor"),
        principal: text("principal"),
    })
}

fn read_report(thing: &str, reported: Option<&Value>) -> Result<Message, Refusal> {
    let reported = reported.and_then(|reported| Report::parse(reported).ok());
    Ok(Message::Report {
        lock: parse_name("thing", thing)?,
        reported: reported.map(|reported| (reported.lock, reported.source)),
    })
}

fn decode(payload: &Value) -> Option<Value> {
    let bytes = BASE64_STANDARD.decode(payload.as_str()?).ok()?;
    parse_event(str::from_utf8(&bytes).ok()?).ok()
}

fn lenient_text(fields: Fields<'_>, name: &'static str) -> Option<String> {
    fields.text_or_none(name).ok().flatten().map(str::to_owned)
}

fn lenient_number(fields: Fields<'_>, name: &'static str) -> Option<u64> {
    fields.number_or_none(name).ok().flatten()
}

fn shorten(text: &str) -> String {
    text.chars().take(DETAIL_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
