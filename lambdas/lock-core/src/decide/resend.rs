//! Sending the current command again (C7, C8).
//!
//! Must not make a new command.
//!
//! Each re-send first moves the next one by a conditional write, so the number of sends is bounded
//! whatever repeats (S7).

use super::{Case, Decision};
use crate::action::Action;
use crate::binding::Binding;
use crate::command::Version;
use crate::id::CommandId;
use crate::name::ButtonSerial;
use crate::reason::{Reason, Verdict};
use crate::record::{Cause, Command, Due, Record, Status};
use crate::time::UnixMillis;
use crate::write::{BindingWrite, Guard, RecordUpdate};

impl Record {
    /// The button whose binding must still hold before the current command may be sent again (C8):
    /// that of a pending unlock which a press caused.
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

/// The current command may not be sent again.
pub(super) struct NotAllowed;

impl Case<'_> {
    /// Decides to send `command`, the record's own, again, and moves its next send (C8). `holds` is
    /// the condition on its binding.
    pub(super) fn resend(
        mut self,
        reason: Reason,
        update: RecordUpdate,
        command: &Command,
        holds: Option<BindingWrite>,
    ) -> Decision {
        let next = command.with_next_send(self.now);
        let reason = if command.attempts == 0 {
            Reason::IN_TURN
        } else {
            reason
        };
        // A key of its own: the message's first event records what the first send did.
        self.event.key = format!("{}-{}", self.event.key, next.attempts);
        let update = RecordUpdate {
            guard: Guard {
                next_send_at: Some(command.next_send_at),
                ..update.guard
            },
            due: Due::pending(&self.record.lock, &next),
            command: Some(next),
            ..update
        };
        let mut decision = self.send(Verdict::Resend, reason, update);
        decision.writes.binding = holds;
        decision
    }

    /// Decides about a press or request that has already taken effect: its command `id` is sent
    /// again only if it is still to be executed (C7).
    ///
    /// The first re-send is immediate: the crash that it repairs may have come before the first
    /// send. From then on the back-off holds, so the number of sends is bounded (S7).
    pub(super) fn repeat(self, id: &CommandId, holds: Option<BindingWrite>) -> Decision {
        let (record, now) = (self.record, self.now);
        let current = record.command.as_ref().filter(|command| {
            command.id == *id && record.status == Status::Pending && !command.is_expired(now)
        });
        match current {
            Some(command) if is_in_turn(command, now) => {
                let update = RecordUpdate::new(record, record.due.clone());
                self.resend(Reason::RETRY, update, command, holds)
            }
            _ => self.ignore(Reason::DUPLICATE),
        }
    }

    /// Decides about a report already used that is delivered again. Its first delivery may have
    /// died between its commit and its publish, so what it committed is sent.
    pub(super) fn repeat_report(self, seen: Version, binding: Option<&Binding>) -> Decision {
        let (record, now) = (self.record, self.now);
        let current = record.command.as_ref().filter(|command| {
            seen < record.version && record.status == Status::Pending && is_in_turn(command, now)
        });
        let holds = current.map(|command| self.may_resend(command, binding));
        match (current, holds) {
            (Some(command), Some(Ok(holds))) => {
                let update = RecordUpdate::new(record, record.due.clone());
                self.resend(Reason::RETRY, update, command, holds)
            }
            _ => self.ignore(Reason::DUPLICATE),
        }
    }

    /// The condition on the binding under which `command`, the record's own, may be sent again
    /// (C8): none for a LOCK; an UNLOCK only while it is pending, unexpired, and its binding is
    /// enabled.
    pub(super) fn may_resend(
        &self,
        command: &Command,
        binding: Option<&Binding>,
    ) -> Result<Option<BindingWrite>, NotAllowed> {
        let record = self.record;
        if command.action == Action::Lock {
            return Ok(None);
        }
        if record.status != Status::Pending || command.is_expired(self.now) {
            return Err(NotAllowed);
        }
        if record.resend_asks_for().is_none() {
            return Ok(None);
        }
        let holds =
            |binding: &&Binding| binding.enabled && binding.lock.as_ref() == Some(&record.lock);
        let binding = binding.filter(holds).ok_or(NotAllowed)?;
        Ok(Some(BindingWrite::unchanged(binding)))
    }
}

/// Whether a retry may send `command` now: the first at once, later ones after the back-off. A
/// command that was never sent has no retry.
pub(super) fn is_in_turn(command: &Command, now: UnixMillis) -> bool {
    command.attempts == 1 || command.next_send_at <= now
}
