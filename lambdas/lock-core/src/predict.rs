//! Predictions: a record as the next decision will probably find it.
//!
//! Must not know: whether a prediction came true. The conditions of the writes find that out.
//!
//! After a command is committed, its record is known up to the device's answer, and the answer is
//! nearly always the same: the command was executed. So a process need not read a record that it
//! wrote itself. It decides on a prediction, and the transaction checks it. A prediction is never
//! older than what the condition checks: whatever changed in the table since, a command is
//! committed only if a decision on the table itself would be the same.
//!
//! What a command ([`Verdict::Command`]) of a press or a request depends on, and what checks it:
//!
//! - The record's version: the next one is larger (C5). The guard checks it.
//! - The record's command, its id, action, cause and end: a press already recorded (C7), the same
//!   wish (C6). The version checks them, since a version has one command (S3).
//! - The record's status and state: a toggle, the same wish (C6). The guard checks the status, and
//!   for a toggle the state.
//! - The reported version: the next one is larger (C5). Status and version check it: a settled
//!   record was last reported at its own version (C9), and each prediction is settled.
//! - The binding's lock, actions and time of binding (C3): its revision checks them. That it is
//!   enabled is a condition of its own.
//! - The binding's last press: the order of presses (C2, C3), checked by [`Newer`]; how long ago
//!   the same wish was (C6), checked by [`LastGuard`].
//! - The binding's battery: its alert, which [`BatteryGuard`] keeps from being raised twice. A
//!   cached battery may hide one.
//! - The request's mark (C7): a condition of its own.
//!
//! Not read: the command's attempts, next send, system locks and jams, which a person's command
//! does not take over, and when a button was bound to the lock. Read, but not checked: the door,
//! which only moves the due time. A prediction does not know the door. So a record with an open
//! door may be due at its command's next send, a second later than for its door. The next write of
//! the record corrects that, and nothing that is commanded depends on it.
//!
//! Any other verdict writes its event alone, or repeats a command. Nothing checks what it depends
//! on, so it must be decided again on the record and the binding themselves, see [`is_checked`].

use crate::action::Action;
use crate::binding::Binding;
use crate::decide::Decision;
use crate::id::CommandId;
use crate::reason::Verdict;
use crate::record::{Cause, Command, Due, Record, Status};
use crate::report::Latch;
#[cfg(doc)]
use crate::write::{BatteryGuard, LastGuard, Newer};

/// Whether the conditions of `decision`'s writes check all that it depends on: only then may it be
/// made on a prediction or on a cached binding.
pub fn is_checked(decision: &Decision) -> bool {
    decision.verdict == Verdict::Command
}

/// What a process knows of a lock: its record as last read or written there, and where the latch
/// was found after an unlock.
///
/// ```
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::predict::Prediction;
/// use lock_core::record::{Record, Status};
/// use lock_core::report::Latch;
/// use lock_core::request::Request;
/// use lock_core::time::UnixMillis;
///
/// let request = Request::parse(&serde_json::json!({
///     "thing": "lock-1", "action": "unlock", "requestId": "r1", "requestedAt": 900,
///     "receivedAt": 1_000
/// }))?;
/// let (now, limits) = (UnixMillis(1_500), Limits::default());
/// let created = Record::created(request.lock.clone(), now);
/// let decision = lock_core::decide_request(Some(&created), false, &request, now, &limits);
/// let write = decision.and_then(|decision| decision.writes.record).expect("a change");
/// let mut committed = write.apply(Some(&created)).record().expect("as read");
/// assert_eq!(committed.status, Status::Pending);
///
/// let mut prediction = Prediction::of(committed.clone());
/// let predicted = prediction.predict().expect("a command is pending");
/// assert_eq!((predicted.status, predicted.state), (Status::Settled, Latch::Unlocked));
/// assert_eq!(predicted.version, committed.version);
///
/// // This door locks again by itself, and the next prediction knows that.
/// (committed.status, committed.state) = (Status::Settled, Latch::Locked);
/// prediction.note(committed.clone());
/// committed.status = Status::Pending;
/// prediction.note(committed);
/// assert_eq!(prediction.predict().map(|predicted| predicted.state), Some(Latch::Locked));
/// # Ok::<(), lock_core::field::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    record: Record,
    /// Where the latch is some time after an unlock: a door may lock by itself.
    after_unlock: Latch,
}

impl Prediction {
    /// A prediction from a record as read, found or committed.
    pub fn of(record: Record) -> Self {
        let mut prediction = Self {
            record: record.clone(),
            after_unlock: Latch::Unlocked,
        };
        prediction.note(record);
        prediction
    }

    /// Replaces the record by one that was read, found or committed later.
    pub fn note(&mut self, record: Record) {
        let action = record.command.as_ref().map(|command| command.action);
        let is_end = matches!(record.state, Latch::Locked | Latch::Unlocked);
        if record.status == Status::Settled && action == Some(Action::Unlock) && is_end {
            self.after_unlock = record.state;
        }
        self.record = record;
    }

    /// The record as the next decision will probably find it: settled, and if it was pending, with
    /// its command executed. `None` if the lock did not answer, or never had a command: its record
    /// must be read.
    pub fn predict(&self) -> Option<Record> {
        let record = &self.record;
        let command = record.command.as_ref()?;
        match (record.status, command.action) {
            (Status::Settled, _) => Some(record.clone()),
            (Status::Pending, Action::Lock) => Some(settle(record, Latch::Locked)),
            (Status::Pending, Action::Unlock) => Some(settle(record, self.after_unlock)),
            (Status::Unresponsive, _) => None,
        }
    }
}

/// The record after a report that the latch is at `state`; the report itself is not known.
fn settle(record: &Record, state: Latch) -> Record {
    Record {
        state,
        status: Status::Settled,
        reported: None,
        ..record.clone()
    }
}

/// The record of the lock that `binding` commands, as far as its button's last press tells it: for
/// a process that has not read it. `None` if the note does not tell, or if the button was bound
/// since.
///
/// Another button, a request or the system may have commanded the lock since; the version then
/// differs, and the conditions fail. The command's end and its attempts are not known.
pub fn predict_from_binding(binding: &Binding) -> Option<Record> {
    let (lock, last) = (binding.lock.as_ref()?, binding.last_press.as_ref()?);
    let caused = last.command?;
    if binding.bound_at.is_some_and(|at| at >= last.at) {
        return None;
    }
    // A later press differs from the last one, so its id differs from whatever the command's is.
    let id = CommandId::of_press(&binding.button, &last.press_id, last.sequence);
    let button = binding.button.clone();
    let cause = Cause::Button { button };
    let state = match caused.action {
        Action::Lock => Latch::Locked,
        Action::Unlock => Latch::Unlocked,
    };
    Some(Record {
        version: caused.version,
        state,
        status: Status::Settled,
        command: Some(Command::new(id, caused.action, cause, last.at, None)),
        due: Due::settled(lock, last.at),
        ..Record::created(lock.clone(), last.at)
    })
}

#[cfg(test)]
mod tests;
