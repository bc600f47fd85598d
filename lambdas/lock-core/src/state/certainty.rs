//! How certain the state of a lock is.
//!
//! Must not know: who shows it.

use crate::limits::Limits;
use crate::reason::Reason;
use crate::record::{Cause, Command, Record, Status};
use crate::report::Latch;
use crate::time::UnixMillis;
use crate::word::words;

words! {
    /// How certain the state of a lock is.
    pub enum Certainty("certainty") {
        /// The lock has answered the current command, and its door sensor confirms it.
        Sensed = "sensed",
        /// The lock has answered the current command.
        Acknowledged = "acknowledged",
        /// A command is under way; the state is the one before it.
        Assumed = "assumed",
        /// The lock does not answer, has never reported, or does not know its own state.
        Unknown = "unknown",
    }
}

impl Certainty {
    /// The certainty of `record` at `now`. A pending command that has outlived its answer makes the
    /// state unknown; without `limits`, a pending lock command is never judged overdue.
    pub fn of(record: &Record, now: UnixMillis, limits: Option<&Limits>) -> Self {
        let overdue = overdue_at(record, limits).is_some_and(|at| at <= now);
        let reported = record.reported.as_ref();
        match record.status {
            Status::Unresponsive => Self::Unknown,
            Status::Pending if overdue => Self::Unknown,
            Status::Pending => Self::Assumed,
            Status::Settled if record.state == Latch::Unknown => Self::Unknown,
            Status::Settled if reported.is_some_and(|reported| reported.report.door.is_some()) => {
                Self::Sensed
            }
            Status::Settled => Self::Acknowledged,
        }
    }
}

/// When the answer to `command` is overdue: an unlock carries the time itself, a lock has the life
/// of an unlock. `None` for a lock command if the limits are unknown.
fn wait_ends(command: &Command, limits: Option<&Limits>) -> Option<UnixMillis> {
    let lock = limits.map(|limits| command.created_at.plus(limits.command_ttl_ms));
    command.given_up_at().or(lock)
}

/// When the state of a pending lock becomes unknown, unless the lock answers. `None` if it waits
/// for nothing, or if the limits are unknown.
pub fn overdue_at(record: &Record, limits: Option<&Limits>) -> Option<UnixMillis> {
    let command = record.command.as_ref();
    let command = command.filter(|_| record.status == Status::Pending);
    command.and_then(|command| wait_ends(command, limits))
}

/// The device's word for why it refused the current command, or the unlock that the current system
/// lock follows.
pub fn refusal(record: &Record) -> Option<&str> {
    let command = record.command.as_ref()?;
    let refused_unlock = || {
        let Cause::System { reason } = &command.cause else {
            return None;
        };
        let follows = *reason == Reason::UNLOCK_REFUSED.code();
        let reported = record.reported.as_ref().filter(|_| follows)?;
        reported.report.refused.as_ref()
    };
    let refused = record.refusal_of(command).or_else(refused_unlock)?;
    Some(&refused.reason)
}
