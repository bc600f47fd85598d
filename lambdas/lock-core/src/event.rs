//! The history: one event per press, request, report, sweep and act of an operator, ignored ones
//! included.
//!
//! Must not know: where events are stored.
//!
//! The history answers two questions that logs do not: who opened the door, and why did nothing
//! happen when I pressed. So an ignored press has an event like any other, with its reason.

mod operator;

mod text;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{Action, ClickType, Intent};
use crate::binding::Binding;
use crate::command::Version;
use crate::field::{Fields, Refusal};
use crate::id::CommandId;
use crate::limits::{Limits, REPEAT_EVENT_MS};
pub use crate::name::Subject;
use crate::name::{ButtonSerial, LockName};
use crate::press::Press;
use crate::reason::{Alert, Reason, Verdict};
use crate::record::Record;
use crate::report::{Door, Latch, ReportEvent, Source};
use crate::request::Request;
use crate::time::{UnixMillis, UnixSeconds};
use crate::word::words;

impl Subject {
    /// Whose history the events of `binding` belong to: its lock's, or its button's while it is
    /// bound to none.
    pub fn of_binding(binding: &Binding) -> Self {
        match &binding.lock {
            Some(lock) => Self::Lock(lock.clone()),
            None => Self::Button(binding.button.clone()),
        }
    }
}

words! {
    /// What an event is about.
    pub enum Kind("kind of event") {
        /// A button was pressed.
        Press = "press",
        /// An operator asked for something.
        Request = "request",
        /// A lock reported its state.
        Report = "report",
        /// The sweep found the record overdue; `timeout` in older events.
        Sweep = "sweep" | "timeout",
        /// An operator disabled a button.
        Revoke = "revoke",
        /// An operator had the table restored.
        Recover = "recover",
        /// An operator registered a lock or a button.
        Register = "register",
        /// An operator bound a button to a lock.
        Bind = "bind",
        /// An operator took a button off a lock.
        Unbind = "unbind",
        /// An operator removed a lock.
        Forget = "forget",
    }
}

/// The key of an event that several messages share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Start of the minute that the event covers.
    pub at: UnixMillis,
    /// The verdict, button and reason that the messages share.
    pub key: String,
}

/// One event. Stored under `lock#<thing>` or `button#<serial>` / `event#<at>#<key>`.
/// Source: PROTOCOL, The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The lock or button whose history contains it.
    pub subject: Subject,
    /// When the rules engine received the press or request, or when the report was used.
    pub at: UnixMillis,
    /// Distinguishes events of one millisecond, and is the same for a retry of the same message.
    pub key: String,
    /// The kind of message or act that it is about.
    pub kind: Kind,
    /// What was decided about the message.
    pub decision: Verdict,
    /// Why it was decided, as a stable code.
    pub reason: Reason,
    /// The button pressed, acted on by an operator, or behind the unlock that a report shows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub button: Option<ButtonSerial>,
    /// How the button was pressed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub click: Option<ClickType>,
    /// The press's sequence, if its button has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<u64>,
    /// What the press or request asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intent: Option<Intent>,
    /// Who asked, by the sender's own word: a label, not a proof.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub actor: Option<String>,
    /// The authenticated sender, if the rules engine knows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub principal: Option<String>,
    /// What the command does, if there is a new one or a re-send.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub action: Option<Action>,
    /// The record's version after this event.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Version>,
    /// The id of the record's command after this event.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_id: Option<CommandId>,
    /// The latch in the report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latch: Option<Latch>,
    /// The latch in the record before the report; `None` if no record was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub was: Option<Latch>,
    /// What moved the latch, by the report.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<Source>,
    /// The door in the report, if a sensor sees it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub door: Option<Door>,
    /// When the state that an alert is about began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<UnixMillis>,
    /// More about the reason: why the device refused, or what was wrong with the message.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// What a person must look at.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub alerts: Vec<Alert>,
    /// The number of messages that share this event: ignored presses of one button for one reason
    /// do. `None` for one message.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u32>,
    /// The key of the last message that shares it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_key: Option<String>,
    /// When the last message that shares it came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_at: Option<UnixMillis>,
    /// When the table may drop it.
    pub ttl: UnixSeconds,
}

impl Event {
    /// The lock or button of this event, and the other button that it names, if any: their labels
    /// are shown with it.
    pub fn subjects(&self) -> Vec<Subject> {
        let mut subjects = vec![self.subject.clone()];
        let button = self.button.clone().map(Subject::Button);
        subjects.extend(button.filter(|button| *button != self.subject));
        subjects
    }

    /// An event without a decision yet.
    pub fn new(subject: Subject, kind: Kind, at: UnixMillis, key: String, limits: &Limits) -> Self {
        Self {
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
            was: None,
            source: None,
            door: None,
            since: None,
            detail: None,
            alerts: Vec::new(),
            count: None,
            last_key: None,
            last_at: None,
            ttl: at.plus(limits.event_ttl_ms).seconds(),
        }
    }

    /// The event of a press; without a lock it belongs to the button's history.
    pub fn of_press(
        press: &Press,
        lock: Option<&LockName>,
        intent: Option<Intent>,
        limits: &Limits,
    ) -> Self {
        let subject = match lock {
            Some(lock) => Subject::Lock(lock.clone()),
            None => Subject::Button(press.button.clone()),
        };
        Self {
            button: Some(press.button.clone()),
            click: Some(press.click),
            sequence: press.sequence,
            intent,
            principal: press.principal.clone(),
            ..Self::new(
                subject,
                Kind::Press,
                press.received_at,
                press.press_id.clone(),
                limits,
            )
        }
    }

    /// The event of an operator's request.
    pub fn of_request(request: &Request, limits: &Limits) -> Self {
        let subject = Subject::Lock(request.lock.clone());
        Self {
            intent: Some(request.intent),
            actor: request.actor.clone(),
            principal: request.principal.clone(),
            ..Self::new(
                subject,
                Kind::Request,
                request.received_at,
                request.request_id.clone(),
                limits,
            )
        }
    }

    /// The event of a lock's report.
    pub fn of_report(report: &ReportEvent, now: UnixMillis, limits: &Limits) -> Self {
        let subject = Subject::Lock(report.lock.clone());
        Self {
            latch: Some(report.report.lock),
            source: Some(report.report.source),
            door: report.report.door,
            detail: report
                .report
                .refused
                .as_ref()
                .map(|refused| refused.reason.clone()),
            ..Self::new(
                subject,
                Kind::Report,
                now,
                format!("shadow-{}", report.shadow_version),
                limits,
            )
        }
    }

    /// The event of a record that was due (C10).
    pub fn of_sweep(record: &Record, now: UnixMillis, limits: &Limits) -> Self {
        let subject = Subject::Lock(record.lock.clone());
        let key = format!("due-{}", record.version.0);
        Self {
            version: Some(record.version),
            command_id: record.command.as_ref().map(|command| command.id.clone()),
            ..Self::new(subject, Kind::Sweep, now, key, limits)
        }
    }

    /// The event of a message that could not be read; `None` if its sender is unknown.
    ///
    /// `message` comes from any rule: a press names a `button`, a request a `thing`, a report a
    /// `thing` and a `shadowVersion`. A press goes into its button's history, since no binding was
    /// read.
    pub fn of_refusal(
        message: &Value,
        refusal: &Refusal,
        now: UnixMillis,
        limits: &Limits,
    ) -> Option<Self> {
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
        Some(Self {
            button,
            decision: Verdict::Refused,
            reason: Reason::from(refusal),
            detail: Some(refusal.to_string().chars().take(200).collect()),
            ..Self::new(
                subject,
                kind,
                at,
                key.unwrap_or_else(|| "refused".to_owned()),
                limits,
            )
        })
    }

    /// The key that this event shares with others like it, if it does: a button may send many
    /// presses that are ignored for one reason, and those of a minute share one event with a count.
    pub fn slot(&self) -> Option<Slot> {
        let button = self.button.as_ref()?;
        let ignored = matches!(self.decision, Verdict::Ignored | Verdict::Refused);
        (self.kind == Kind::Press && ignored).then(|| Slot {
            at: UnixMillis(self.at.0 - self.at.0 % REPEAT_EVENT_MS),
            key: format!("{}-{button}-{}", self.decision.as_str(), self.reason),
        })
    }

    /// The event with a decision.
    pub fn with_decision(self, decision: Verdict, reason: Reason) -> Self {
        Self {
            decision,
            reason,
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
