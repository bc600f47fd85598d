//! Sending the current command once more (C7, C8). Must not make a new command.
//!
//! Whatever asks for it, each re-send first moves the next one by a conditional
//! write, so that however often something repeats, sends are bounded (S7).

use super::{Decision, Publish};
use crate::action::Action;
use crate::binding::Binding;
use crate::command::Version;
use crate::event::Event;
use crate::id::CommandId;
use crate::name::ButtonSerial;
use crate::reason::{Reason, Verdict};
use crate::record::{Cause, Command, Due, Record, Status};
use crate::time::UnixMillis;
use crate::write::{BindingWrite, Guard, RecordUpdate, RecordWrite, Writes};

impl Record {
    /// The button whose binding must still hold before the current command may
    /// be sent again (C8): that of an unlock which a press caused and which is
    /// still pending.
    pub fn resend_asks_for(&self) -> Option<&ButtonSerial> {
        let command = self
            .command
            .as_ref()
            .filter(|_| self.status != Status::Settled)?;
        match (&command.cause, command.action) {
            (Cause::Button { button }, Action::Unlock) => Some(button),
            _ => None,
        }
    }
}

/// The decision that sends the current command once more, its next send moved
/// first (C8).
pub(super) fn resend(
    update: RecordUpdate,
    record: &Record,
    command: &Command,
    reason: Reason,
    event: Event,
    now: UnixMillis,
) -> Decision {
    let again = command.sent_again(now);
    let reason = if command.attempts == 0 {
        Reason::IN_TURN
    } else {
        reason
    };
    let publish = Publish::of(&record.lock, record.version, &again);
    let event = Event {
        // A line of its own: the message's first line says what it did.
        key: format!("{}-{}", event.key, again.attempts),
        action: Some(again.action),
        version: Some(record.version),
        command_id: Some(again.id.clone()),
        ..event.decided(Verdict::Resend, reason.clone())
    };
    let guard = Guard {
        next_send_at: Some(command.next_send_at),
        ..update.guard.clone()
    };
    let due = Due::pending(&record.lock, &again);
    let update = RecordUpdate {
        guard,
        command: Some(again),
        due,
        ..update
    };
    Decision {
        verdict: Verdict::Resend,
        reason,
        writes: Writes {
            record: Some(RecordWrite::Update(update)),
            ..Writes::line(event)
        },
        publish: Some(publish),
        alerts: Vec::new(),
    }
}

/// A press or request that has already taken effect: its command goes out again
/// only if it is still to be executed (C7).
///
/// The first re-send does not wait for its turn: the crash it makes good may
/// have come before the first send, and left no trace. From then on the
/// back-off holds, so however often the message repeats, sends are bounded
/// (S7).
pub(super) fn repeated(record: &Record, id: &CommandId, event: Event, now: UnixMillis) -> Decision {
    let current = record.command.as_ref().filter(|command| {
        command.id == *id && record.status == Status::Pending && !command.expired(now)
    });
    match current {
        Some(command) if in_turn(command, now) => {
            let update = RecordUpdate::new(record, record.due.clone());
            resend(update, record, command, Reason::RETRY, event, now)
        }
        _ => Decision::ignored(Reason::DUPLICATE, event),
    }
}

/// A report already used, delivered again: perhaps because the first delivery
/// died between its commit and its publish. What it then committed goes out.
pub(super) fn repeated_report(
    record: &Record,
    seen: Version,
    binding: Option<&Binding>,
    event: Event,
    now: UnixMillis,
) -> Decision {
    let current = record.command.as_ref().filter(|command| {
        seen < record.version && record.status == Status::Pending && in_turn(command, now)
    });
    let holds = current.map(|command| may_resend(record, command, binding, now));
    match (current, holds) {
        (Some(command), Some(Ok(holds))) => {
            let update = RecordUpdate::new(record, record.due.clone());
            let mut decision = resend(update, record, command, Reason::RETRY, event, now);
            decision.writes.binding = holds;
            decision
        }
        _ => Decision::ignored(Reason::DUPLICATE, event),
    }
}

/// A retry's turn: at once for the first, within the back-off from then on. A
/// command that was never sent has no retry.
pub(super) fn in_turn(command: &Command, now: UnixMillis) -> bool {
    command.attempts == 1 || command.next_send_at <= now
}

/// That the current command may not be sent again.
pub(super) struct NotAllowed;

/// Whether the current command may be sent again at all (C8), and the binding
/// that must still hold when it is: a LOCK always, an UNLOCK only while it is
/// pending, unexpired, and its binding enabled.
pub(super) fn may_resend(
    record: &Record,
    command: &Command,
    binding: Option<&Binding>,
    now: UnixMillis,
) -> Result<Option<BindingWrite>, NotAllowed> {
    if command.action == Action::Lock {
        return Ok(None);
    }
    if record.status != Status::Pending || command.expired(now) {
        return Err(NotAllowed);
    }
    if record.resend_asks_for().is_none() {
        return Ok(None);
    }
    let holds = |binding: &&Binding| binding.enabled && binding.lock.as_ref() == Some(&record.lock);
    let binding = binding.filter(holds).ok_or(NotAllowed)?;
    Ok(Some(BindingWrite::holds(binding)))
}
