//! The changes of a decision: conditional writes that happen all together or not at all (C3).
//!
//! Must not know: how a table expresses a condition.
//!
//! A [`Condition`] is data: a table renders it, and `admits` evaluates it over plain values, so a
//! model needs no table. A run without any one of the conditions ends badly, and a test fails
//! without it, as `cargo xtask mutants` shows; for a press, request, report or sweep that test is a
//! law in `decide/law.rs` or `decide/sweep/law.rs`. Each condition is on the parts that the
//! decision depends on, not on the whole item, so a battery reading or a re-send does not make an
//! unrelated decision start over.

mod binding;
mod condition;

pub use binding::{
    BatteryGuard, Bind, BindingChange, BindingUpdate, BindingWrite, LastGuard, Newer, PressNote,
};
pub use condition::{Condition, Operand};

use crate::command::Version;
use crate::event::Event;
use crate::name::LockName;
use crate::record::{Command, Due, Record, Reported, Status};
use crate::report::Latch;
use crate::time::{UnixMillis, UnixSeconds};

/// The changes of one decision, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writes {
    /// The change of the binding.
    pub binding: Option<BindingWrite>,
    /// The change of the lock's record.
    pub record: Option<RecordWrite>,
    /// The lock that a button moves to from another one.
    pub other: Option<OtherLock>,
    /// The mark that the request has acted.
    pub request: Option<RequestMark>,
    /// The event for the history. Alone, it never replaces one of the same key: a retry that
    /// changes nothing must not hide what the first attempt did.
    pub event: Event,
}

/// A change of a record, stored under `lock#<thing>` / `record`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordWrite {
    /// Creates it, unless it exists.
    Create(Record),
    /// Changes parts of it, if it is as read.
    Update(RecordUpdate),
    /// Deletes it, if it is as read.
    Delete(RecordDelete),
}

/// A change of parts of a record; `None` leaves a part unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordUpdate {
    /// The record's lock.
    pub lock: LockName,
    /// What the record must still be.
    pub guard: Guard,
    /// The new version, with a new command.
    pub version: Option<Version>,
    /// The new status of the record.
    pub status: Option<Status>,
    /// The new state of the latch.
    pub state: Option<Latch>,
    /// The new current command, or the old one after a re-send.
    pub command: Option<Command>,
    /// The report that is used.
    pub reported: Option<Reported>,
    /// When a button was last bound to it.
    pub bound_at: Option<UnixMillis>,
    /// When the door's new state began.
    pub door_since: Option<UnixMillis>,
    /// Which opening is alerted as left open.
    pub left_open_alerted: Option<UnixMillis>,
    /// The new due time, always written.
    pub due: Due,
}

/// The deletion of a record, if no button was bound to its lock since it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDelete {
    /// The record's lock.
    pub lock: LockName,
    /// What the record must still be.
    pub guard: Guard,
    /// When a button was last bound to it, as read.
    pub bound_at: Option<UnixMillis>,
}

/// The lock that a button moves to: it must be registered, and gets an event too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherLock {
    /// The change of its record.
    pub record: RecordUpdate,
    /// The event for its history.
    pub event: Event,
}

/// What a record must still be for a change to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Its version, as read (C3).
    pub version: Version,
    /// Its status, as read (C3).
    pub status: Status,
    /// Its latch, as read, if the decision depends on it (a toggle, C6).
    pub state: Option<Latch>,
    /// The last report used, if another one is used (C9).
    pub shadow: Option<ShadowGuard>,
    /// Its command's next send, as read, if the command is sent again (C8).
    pub next_send_at: Option<UnixMillis>,
    /// Its due time, as read, if the decision is about time (C10): every report used and every
    /// re-send moves it.
    pub due_at: Option<UnixMillis>,
}

/// What the last report used must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShadowGuard {
    /// None, or one with a smaller shadow version than this.
    Below(u64),
    /// Exactly this one: the shadow was deleted and its versions restarted, so a version alone
    /// could occur twice.
    Last(Box<Reported>),
}

/// The mark that a request has acted, stored under `request#<thing>#<requestId>` / `request`;
/// created only if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMark {
    /// The id that its sender gave the request.
    pub request_id: String,
    /// The request's lock: requests to two locks may have one id.
    pub lock: LockName,
    /// When the request was received.
    pub at: UnixMillis,
    /// When the table may drop the mark.
    pub ttl: UnixSeconds,
}

impl Guard {
    /// The guard of every change: version and status as read (C3).
    pub fn of(record: &Record) -> Self {
        Self {
            version: record.version,
            status: record.status,
            state: None,
            shadow: None,
            next_send_at: None,
            due_at: None,
        }
    }

    /// What must hold, as data.
    pub fn conditions(&self) -> impl Iterator<Item = Condition<'_>> {
        use Condition::{Below, Equal};
        use Operand::{Latch, Number, Reported, Status};
        let conditions = [
            Some(Equal("version", Some(Number(self.version.0)))),
            Some(Equal("status", Some(Status(self.status)))),
            self.state.map(|state| Equal("state", Some(Latch(state)))),
            self.next_send_at
                .map(|at| Equal("command.nextSendAt", Some(Number(at.0)))),
            self.due_at.map(|at| Equal("dueAt", Some(Number(at.0)))),
            self.shadow.as_ref().map(|shadow| match shadow {
                ShadowGuard::Below(version) => Below("reported.shadowVersion", *version),
                ShadowGuard::Last(last) => Equal("reported", Some(Reported(last))),
            }),
        ];
        conditions.into_iter().flatten()
    }

    /// Whether the conditions hold.
    pub fn admits(&self, record: &Record) -> bool {
        self.conditions()
            .all(|condition| condition.holds(|path| attribute(record, path)))
    }
}

/// The value that a condition on a record compares.
fn attribute<'a>(record: &'a Record, path: &str) -> Option<Operand<'a>> {
    let reported = record.reported.as_ref();
    Some(match path {
        "version" => Operand::Number(record.version.0),
        "status" => Operand::Status(record.status),
        "state" => Operand::Latch(record.state),
        "command.nextSendAt" => Operand::Number(record.command.as_ref()?.next_send_at.0),
        "dueAt" => Operand::Number(record.due.due_at.0),
        "reported.shadowVersion" => Operand::Number(reported?.shadow_version),
        "reported" => Operand::Reported(reported?),
        "boundAt" => Operand::Number(record.bound_at?.0),
        _ => return None,
    })
}

impl RecordUpdate {
    /// A change of the due time alone.
    pub fn new(record: &Record, due: Due) -> Self {
        Self {
            lock: record.lock.clone(),
            guard: Guard::of(record),
            version: None,
            status: None,
            state: None,
            command: None,
            reported: None,
            bound_at: None,
            door_since: None,
            left_open_alerted: None,
            due,
        }
    }

    /// The change that makes `command` the record's own, at `version`.
    pub fn with_command(self, version: Version, command: Command) -> Self {
        Self {
            version: Some(version),
            status: Some(Status::Pending),
            due: Due::pending(&self.lock, &command),
            command: Some(command),
            ..self
        }
    }

    /// The record after this change.
    pub fn apply(&self, record: &Record) -> Record {
        Record {
            lock: record.lock.clone(),
            version: self.version.unwrap_or(record.version),
            state: self.state.unwrap_or(record.state),
            status: self.status.unwrap_or(record.status),
            command: self.command.clone().or_else(|| record.command.clone()),
            reported: self.reported.clone().or_else(|| record.reported.clone()),
            bound_at: self.bound_at.or(record.bound_at),
            door_since: self.door_since.or(record.door_since),
            left_open_alerted: self.left_open_alerted.or(record.left_open_alerted),
            due: self.due.clone(),
        }
    }
}

impl RecordDelete {
    /// What must hold, as data.
    pub fn conditions(&self) -> impl Iterator<Item = Condition<'_>> {
        let bound_at = self.bound_at.map(|at| Operand::Number(at.0));
        self.guard
            .conditions()
            .chain([Condition::Equal("boundAt", bound_at)])
    }

    /// Whether the conditions hold.
    pub fn admits(&self, record: &Record) -> bool {
        self.conditions()
            .all(|condition| condition.holds(|path| attribute(record, path)))
    }
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Nothing changes: the condition does not hold.
    Conflict,
    /// The record is now this.
    Record(Box<Record>),
    /// The record no longer exists.
    Gone,
}

impl RecordWrite {
    /// The record after this write.
    ///
    /// ```
    /// use lock_core::name::LockName;
    /// use lock_core::record::Record;
    /// use lock_core::time::UnixMillis;
    /// use lock_core::write::{RecordWrite, Written};
    ///
    /// let record = Record::created(LockName::new("lock-1")?, UnixMillis(0));
    /// let create = RecordWrite::Create(record.clone());
    /// assert_eq!(create.apply(None), Written::Record(Box::new(record.clone())));
    /// assert_eq!(create.apply(Some(&record)), Written::Conflict, "there is one already");
    /// # Ok::<(), lock_core::name::NameError>(())
    /// ```
    pub fn apply(&self, record: Option<&Record>) -> Written {
        match (self, record) {
            (Self::Create(new), None) => Written::Record(Box::new(new.clone())),
            (Self::Update(update), Some(record)) if update.guard.admits(record) => {
                Written::Record(Box::new(update.apply(record)))
            }
            (Self::Delete(delete), Some(record)) if delete.admits(record) => Written::Gone,
            _ => Written::Conflict,
        }
    }
}

impl Written {
    /// The record, if there is one.
    pub fn record(self) -> Option<Record> {
        match self {
            Self::Record(record) => Some(*record),
            Self::Conflict | Self::Gone => None,
        }
    }
}

impl Writes {
    /// Writes the event and nothing else.
    pub fn event_only(event: Event) -> Self {
        Self {
            binding: None,
            record: None,
            other: None,
            request: None,
            event,
        }
    }

    /// Whether only the event is written.
    pub fn is_event_only(&self) -> bool {
        self.binding.is_none()
            && self.record.is_none()
            && self.other.is_none()
            && self.request.is_none()
    }
}

#[cfg(test)]
mod tests;
