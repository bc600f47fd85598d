//! The record under decision, and the decisions that change it.

use super::{Decision, Publish};
use crate::event::Event;
use crate::limits::Limits;
use crate::reason::{Reason, Verdict};
use crate::record::Record;
use crate::time::UnixMillis;
use crate::write::{RecordUpdate, RecordWrite};

/// All that a decision about one record depends on.
pub(super) struct Case<'a> {
    /// The record, as read.
    pub record: &'a Record,
    /// The event, without a verdict yet.
    pub event: Event,
    /// The time of the decision.
    pub now: UnixMillis,
    /// The deployment's numbers.
    pub limits: &'a Limits,
}

impl<'a> Case<'a> {
    /// The case of `record`.
    pub fn new(record: &'a Record, event: Event, now: UnixMillis, limits: &'a Limits) -> Self {
        Self {
            record,
            event,
            now,
            limits,
        }
    }

    /// Decides that nothing changes.
    pub fn ignore(self, reason: Reason) -> Decision {
        Decision::ignored(reason, self.event)
    }

    /// Decides on `update`, which an open door may make due earlier. The event names the command
    /// that the record then has.
    pub fn update(self, verdict: Verdict, reason: Reason, update: RecordUpdate) -> Decision {
        let due = self.due_with_door(&update);
        let update = RecordUpdate { due, ..update };
        let (old, new) = (self.record.command.as_ref(), update.command.as_ref());
        let event = Event {
            action: new.map(|command| command.action),
            version: Some(update.version.unwrap_or(self.record.version)),
            command_id: new.or(old).map(|command| command.id.clone()),
            ..self.event
        };
        let mut decision = Decision::without_change(verdict, reason, event);
        decision.writes.record = Some(RecordWrite::Update(update));
        decision
    }

    /// Decides on `update` and sends its command.
    pub fn send(self, verdict: Verdict, reason: Reason, update: RecordUpdate) -> Decision {
        let version = update.version.unwrap_or(self.record.version);
        let command = update.command.as_ref();
        let publish = command.map(|command| Publish::of(&update.lock, version, command));
        Decision {
            publish,
            ..self.update(verdict, reason, update)
        }
    }
}
