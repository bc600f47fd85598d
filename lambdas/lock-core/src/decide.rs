//! Decisions: what a press, a request, a report, a due time or an operator means for a lock.

mod case;
mod door;
mod given_up;
mod operator;
mod press;
mod report;
mod request;
mod resend;
mod sweep;
mod system;

pub use given_up::decide_given_up;
pub use operator::{
    BindWish, ForgetRefusal, decide_bind, decide_forget, decide_recover, decide_register_button,
    decide_register_lock, decide_revoke, decide_unbind,
};
pub use press::decide_press;
pub use report::{Origin, ReportDecision, decide_no_shadow, decide_report};
pub use request::decide_request;
pub use sweep::decide_sweep;

use self::case::Case;
use crate::action::{Action, Intent};
use crate::command::{Version, WireCommand};
use crate::event::Event;
use crate::id::CommandId;
use crate::name::LockName;
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Cause, Command, Record};
use crate::time::UnixMillis;
use crate::write::{Guard, RecordUpdate, Writes};

/// What to write, then what to publish. Nothing is published unless every write has held (C13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What was decided: the word in the event.
    pub verdict: Verdict,
    /// Why it was decided: the code in the event.
    pub reason: Reason,
    /// What changes, all or nothing.
    pub writes: Writes,
    /// What to publish when the writes have held.
    pub publish: Option<Publish>,
    /// What a person must look at; the event among the writes holds the same.
    pub alerts: Vec<Alert>,
}

/// A command to publish: at least once, never retained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The lock that it is for.
    pub lock: LockName,
    /// The message that the device reads.
    pub command: WireCommand,
    /// When the command expires; `None` for a lock.
    pub expires_at: Option<UnixMillis>,
}

/// How long the broker may keep a command for a lock that is not connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Without limit: a lock command.
    Endless,
    /// The rest of an unlock's life in the unit of MQTT's message expiry: whole seconds, at least
    /// one.
    Seconds(u32),
    /// Expired: it must not be published.
    Over,
}

impl Publish {
    /// Publishes `command`, the current one of `lock` at `version`.
    pub fn of(lock: &LockName, version: Version, command: &Command) -> Self {
        Self {
            lock: lock.clone(),
            command: command.to_wire(version),
            expires_at: command.expires_at,
        }
    }

    /// The rest of the command's life at `now`.
    pub fn life(&self, now: UnixMillis) -> Life {
        match self.expires_at {
            None => Life::Endless,
            Some(at) if at <= now => Life::Over,
            Some(at) => Life::Seconds(
                u32::try_from(at.since(now) / 1000)
                    .unwrap_or(u32::MAX)
                    .max(1),
            ),
        }
    }
}

impl Decision {
    /// A decision that changes nothing; its event says why.
    fn without_change(verdict: Verdict, reason: Reason, event: Event) -> Self {
        let event = event.with_decision(verdict, reason.clone());
        Self {
            verdict,
            reason,
            writes: Writes::event_only(event),
            publish: None,
            alerts: Vec::new(),
        }
    }

    fn ignored(reason: Reason, event: Event) -> Self {
        Self::without_change(Verdict::Ignored, reason, event)
    }

    /// Adds an alert, to the event too: it is committed with the rest, so no crash can lose it.
    fn alert(mut self, alert: Alert) -> Self {
        self.alerts.push(alert);
        self.writes.event.alerts.push(alert);
        self
    }

    /// The decision about a message that could not be read: nothing but its event.
    pub fn refused(event: Event) -> Self {
        Self::without_change(Verdict::Refused, event.reason.clone(), event)
    }
}

/// The action that `intent` means for `record` (C6).
fn action_of(intent: Intent, record: &Record) -> Action {
    match intent {
        Intent::Lock => Action::Lock,
        Intent::Unlock => Action::Unlock,
        Intent::Toggle if record.is_known_locked() => Action::Unlock,
        Intent::Toggle => Action::Lock,
    }
}

/// What a person asks for by a button or a request, as far as C4, C5 and C6 need it.
struct Wish {
    intent: Intent,
    /// When it was made, never later than now: a sender's clock that runs ahead cannot lengthen an
    /// unlock's life.
    made_at: UnixMillis,
    /// Whether its sender has given it up (C4).
    given_up: bool,
    id: CommandId,
    cause: Cause,
    reason: Reason,
}

impl Case<'_> {
    /// Whether `wish` is too old (C4): an explicit lock never is.
    fn is_stale(&self, wish: &Wish) -> bool {
        let over = wish.made_at.plus(self.limits.command_ttl_ms) <= self.now;
        wish.intent != Intent::Lock && (over || wish.given_up)
    }

    /// Decides that a stale wish is ignored. The event gives its age: the same age each time means
    /// that the sender's clock is slow, not that the message was held up.
    fn ignore_stale(mut self, wish: &Wish) -> Decision {
        let age_s = self.now.since(wish.made_at) / 1000;
        let given_up = if wish.given_up {
            ", given up by its button"
        } else {
            ""
        };
        self.event.detail = Some(format!("made {age_s} s before{given_up}"));
        self.ignore(Reason::STALE)
    }

    /// Decides on a new command for `wish`. The caller adds the binding's note or the request's
    /// mark.
    fn new_command(self, wish: Wish) -> Decision {
        if self.is_stale(&wish) {
            return self.ignore_stale(&wish);
        }
        let (record, now) = (self.record, self.now);
        let action = action_of(wish.intent, record);
        let expires_at = wish.made_at.plus(self.limits.command_ttl_ms);
        let expires_at = (action == Action::Unlock).then_some(expires_at);
        let Some(version) = record.next_version(now) else {
            return self
                .ignore(Reason::NO_VERSION_LEFT)
                .alert(Alert::NoVersionLeft);
        };
        let command = Command::new(wish.id, action, wish.cause, now, expires_at);
        let guard = Guard {
            state: (wish.intent == Intent::Toggle).then_some(record.state),
            ..Guard::of(record)
        };
        let update = RecordUpdate {
            guard,
            ..RecordUpdate::new(record, record.due.clone()).with_command(version, command)
        };
        self.send(Verdict::Command, wish.reason, update)
    }
}

#[cfg(test)]
mod law;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
