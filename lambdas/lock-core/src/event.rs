//! Event lines: one for every press, request, report, timeout and act of an
//! operator, the ignored ones included. Must not know where they are kept.
//!
//! The history answers two questions that logs do not: who opened the door, and
//! why did nothing happen when I pressed. So a press that is ignored has a line
//! like any other, with its reason.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{Action, ClickType, Intent};
use crate::binding::Binding;
use crate::command::Version;
use crate::field::{Fields, Refusal};
use crate::id::CommandId;
use crate::limits::Limits;
use crate::name::{ButtonSerial, LockName};
use crate::press::Press;
use crate::reason::{Alert, Reason, Verdict};
use crate::record::Record;
use crate::report::{Latch, ReportEvent, Source};
use crate::request::Request;
use crate::time::{UnixMillis, UnixSeconds};

/// Whose history a line belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A lock's.
    Lock(LockName),
    /// A button's, when no lock is bound to it.
    Button(ButtonSerial),
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A button was pressed.
    Press,
    /// An operator asked.
    Request,
    /// The lock reported.
    Report,
    /// Nothing happened in time.
    Timeout,
    /// An operator took a button's right away.
    Revoke,
    /// An operator had the table restored.
    Recover,
}

/// One line. Key `lock#<thing>` or `button#<serial>` / `event#<at>#<key>`.
/// *Source*: PROTOCOL, The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Whose history.
    pub subject: Subject,
    /// When: for a press or request the rules engine's time, for a report the
    /// time it was used.
    pub at: UnixMillis,
    /// Tells lines of one millisecond apart, and a retry of the same message
    /// from another message.
    pub key: String,
    /// What happened.
    pub kind: Kind,
    /// What was decided.
    pub decision: Verdict,
    /// Why.
    pub reason: Reason,
    /// The button pressed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub button: Option<ButtonSerial>,
    /// How it was pressed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub click: Option<ClickType>,
    /// The button's count.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<u64>,
    /// What was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intent: Option<Intent>,
    /// Who says to have asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor: Option<String>,
    /// Who was allowed to send it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal: Option<String>,
    /// What the command tells the lock.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub action: Option<Action>,
    /// The record's version after this line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Version>,
    /// The command's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_id: Option<CommandId>,
    /// The latch, as reported.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latch: Option<Latch>,
    /// What moved it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<Source>,
    /// The device's word for why it refused, or the reader's for what was
    /// wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// What a person must be told of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub alerts: Vec<Alert>,
    /// When the line may be dropped.
    /// *Units*: seconds, DynamoDB's TTL.
    pub ttl: UnixSeconds,
}

impl Event {
    /// A line that says what happened, to be completed by what was decided.
    pub fn new(
        subject: Subject,
        kind: Kind,
        at: UnixMillis,
        key: String,
        limits: &Limits,
    ) -> Event {
        Event {
            subject,
            at,
            key,
            kind,
            decision: Verdict::Ignored,
            reason: Reason::DUPLICATE,
            button: None,
            click: None,
            sequence: None,
            intent: None,
            actor: None,
            principal: None,
            action: None,
            version: None,
            command_id: None,
            latch: None,
            source: None,
            detail: None,
            alerts: Vec::new(),
            ttl: at.plus(limits.event_ttl_ms).seconds(),
        }
    }

    /// The line of a press; without a lock it goes into the button's own
    /// history.
    pub fn of_press(
        press: &Press,
        lock: Option<&LockName>,
        intent: Option<Intent>,
        limits: &Limits,
    ) -> Event {
        let subject = match lock {
            Some(lock) => Subject::Lock(lock.clone()),
            None => Subject::Button(press.button.clone()),
        };
        Event {
            button: Some(press.button.clone()),
            click: Some(press.click),
            sequence: press.sequence,
            intent,
            principal: press.principal.clone(),
            ..Event::new(
                subject,
                Kind::Press,
                press.received_at,
                press.press_id.clone(),
                limits,
            )
        }
    }

    /// The line of a request.
    pub fn of_request(request: &Request, limits: &Limits) -> Event {
        let subject = Subject::Lock(request.lock.clone());
        Event {
            intent: Some(request.intent),
            actor: request.actor.clone(),
            principal: request.principal.clone(),
            ..Event::new(
                subject,
                Kind::Request,
                request.received_at,
                request.request_id.clone(),
                limits,
            )
        }
    }

    /// The line of a report.
    pub fn of_report(report: &ReportEvent, now: UnixMillis, limits: &Limits) -> Event {
        let subject = Subject::Lock(report.lock.clone());
        Event {
            latch: Some(report.report.lock),
            source: Some(report.report.source),
            detail: report
                .report
                .refused
                .as_ref()
                .map(|refused| refused.reason.clone()),
            ..Event::new(
                subject,
                Kind::Report,
                now,
                format!("shadow-{}", report.shadow_version),
                limits,
            )
        }
    }

    /// The line of a record that was due (C10).
    pub fn of_due(record: &Record, now: UnixMillis, limits: &Limits) -> Event {
        let subject = Subject::Lock(record.lock.clone());
        let key = format!("due-{}", record.version.0);
        Event {
            version: Some(record.version),
            command_id: record.command.as_ref().map(|command| command.id.clone()),
            ..Event::new(subject, Kind::Timeout, now, key, limits)
        }
    }

    /// The line of a binding that `actor` takes away (C11).
    pub fn of_revoke(
        binding: &Binding,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Event {
        let subject = Subject::Lock(binding.lock.clone());
        let key = format!("revoke-{}-{}", binding.button, binding.revision);
        Event {
            button: Some(binding.button.clone()),
            actor: actor.map(str::to_owned),
            ..Event::new(subject, Kind::Revoke, now, key, limits)
        }
    }

    /// The line of a record that `actor` recovers (C12).
    pub fn of_recover(
        record: &Record,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Event {
        let subject = Subject::Lock(record.lock.clone());
        let key = format!("recover-{}", record.version.0);
        Event {
            actor: actor.map(str::to_owned),
            version: Some(record.version),
            ..Event::new(subject, Kind::Recover, now, key, limits)
        }
    }

    /// The line of a message that could not be read; none where not even its
    /// sender is known.
    ///
    /// `message` is the event of any rule: a press names a `button`, a request
    /// a `thing`, a report a `thing` and a `shadowVersion`. A press goes into
    /// its button's history, since no binding was asked.
    pub fn of_refusal(
        message: &Value,
        refusal: &Refusal,
        now: UnixMillis,
        limits: &Limits,
    ) -> Option<Event> {
        let fields = Fields::of(message).ok()?;
        let text = |field| {
            fields
                .text_or_none(field)
                .ok()
                .flatten()
                .filter(|text| !text.is_empty())
        };
        let number = |field| fields.number_or_none(field).ok().flatten();
        let (subject, kind, key) = match (text("button"), text("thing")) {
            (Some(button), None) => (
                Subject::Button(ButtonSerial::new(button).ok()?),
                Kind::Press,
                text("pressId").map(str::to_owned),
            ),
            (None, Some(thing)) => {
                let subject = Subject::Lock(LockName::new(thing).ok()?);
                match fields.get("shadowVersion") {
                    None => (subject, Kind::Request, text("requestId").map(str::to_owned)),
                    Some(_) => (
                        subject,
                        Kind::Report,
                        number("shadowVersion").map(|n| format!("shadow-{n}")),
                    ),
                }
            }
            _ => return None,
        };
        let at = number("receivedAt").map_or(now, UnixMillis);
        let button = match &subject {
            Subject::Button(button) => Some(button.clone()),
            Subject::Lock(_) => None,
        };
        Some(Event {
            button,
            decision: Verdict::Refused,
            reason: Reason::from(refusal),
            detail: Some(refusal.to_string().chars().take(200).collect()),
            ..Event::new(
                subject,
                kind,
                at,
                key.unwrap_or_else(|| "refused".to_owned()),
                limits,
            )
        })
    }

    /// The line with what was decided.
    pub fn decided(self, decision: Verdict, reason: Reason) -> Event {
        Event {
            decision,
            reason,
            ..self
        }
    }
}

/// `button-1 SINGLE: unlock v1763779512345`, `alice lock: ignored: duplicate`,
/// `lock-1 locked (boot): settled: confirmed`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actor = self.actor.as_deref().unwrap_or("someone");
        match (&self.button, &self.click, &self.latch, &self.intent) {
            (Some(button), _, None, None) if self.kind == Kind::Revoke => {
                write!(f, "{actor} revokes {button}")?
            }
            _ if self.kind == Kind::Recover => write!(f, "{actor} recovers")?,
            (Some(button), Some(click), ..) => write!(f, "{button} {click}")?,
            (_, _, Some(latch), _) => {
                let source = self
                    .source
                    .map(|source| format!("{source:?}").to_lowercase())
                    .unwrap_or_default();
                write!(
                    f,
                    "reports {} ({source})",
                    format!("{latch:?}").to_lowercase()
                )?;
            }
            (_, _, _, Some(intent)) => write!(f, "{actor} asks {intent}")?,
            _ => write!(f, "{}", format!("{:?}", self.kind).to_lowercase())?,
        }
        match (self.decision, self.action, self.version) {
            (Verdict::Command, Some(action), Some(version)) => {
                write!(f, ": {action} {version} ({})", self.reason.text())?
            }
            _ => write!(f, ": {}: {}", self.decision.as_str(), self.reason.text())?,
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        if self.alerts.is_empty() {
            return Ok(());
        }
        let codes: Vec<&str> = self.alerts.iter().map(|alert| alert.code()).collect();
        write!(f, " [alert: {}]", codes.join(", "))
    }
}
