//! What a decision changes, as conditional writes that happen all together or
//! not at all (C3).
//!
//! Says under which conditions each write holds, and applies them to values, so
//! that a model or a simulator needs no table. Must not know how a table
//! expresses a condition.
//!
//! Each condition is here because a run without it ended badly: `decide/law.rs`
//! fails when one of them is taken away. They are on the parts that a decision
//! hangs on and not on the whole item, so that a battery reading or a re-send does
//! not make an unrelated decision start again.

use crate::binding::{Binding, LastPress};
use crate::command::Version;
use crate::event::Event;
use crate::name::{ButtonSerial, LockName};
use crate::record::{Command, Due, Record, Reported, Status};
use crate::report::Latch;
use crate::time::{UnixMillis, UnixSeconds};

/// All that one decision changes, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writes {
    /// The binding must hold, and may take note of the press.
    pub binding: Option<BindingUpdate>,
    /// The record changes.
    pub record: Option<RecordWrite>,
    /// The request is marked as having acted.
    pub request: Option<RequestMark>,
    /// The line in the history. Alone, it never replaces a line of the same
    /// key: a retry that changes nothing must not hide what the first attempt
    /// did.
    pub event: Event,
}

/// What a decision wants of the binding behind it. Key `button#<serial>` /
/// `binding`.
///
/// Holds only if the binding is enabled and its revision is `revision` (C3): a
/// button revoked since it was read commands nothing, by a new command or by an
/// old one sent again (C8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingUpdate {
    /// The button.
    pub button: ButtonSerial,
    /// The binding's revision when the decision was made.
    pub revision: u64,
    /// The press to take note of; none where the binding must merely still
    /// hold.
    pub note: Option<PressNote>,
    /// Whether the binding is disabled from now on, its revision one higher
    /// (C11).
    pub disable: bool,
}

/// Note of a press that takes effect; holds only if the press is `newer` (C3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PressNote {
    /// What makes this press newer than the last.
    pub newer: Newer,
    /// The last press from now on.
    pub last_press: LastPress,
    /// Battery at this press, where known.
    pub battery_mv: Option<u64>,
}

/// What makes a press newer than the last one that took effect (C2, C3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    /// No last sequence, or a smaller one.
    Sequence(u64),
    /// No last press, or one at or before this instant: the quiet window is
    /// part of the condition, so that a cached binding cannot hide a press
    /// inside it. And the largest sequence is still the one that the note
    /// keeps: else a cached binding could make the button forget a press it has
    /// counted.
    LastAtMost(UnixMillis),
}

/// A change of a record. Key `lock#<thing>` / `record`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordWrite {
    /// A record where there is none.
    Create(Record),
    /// Parts of a record that is as it was read.
    Update(RecordUpdate),
}

/// A change of parts of a record; what is `None` stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordUpdate {
    /// The lock.
    pub lock: LockName,
    /// What the record must still be.
    pub guard: Guard,
    /// Its version from now on.
    pub version: Option<Version>,
    /// Its status from now on.
    pub status: Option<Status>,
    /// Its latch from now on.
    pub state: Option<Latch>,
    /// Its command from now on.
    pub command: Option<Command>,
    /// The report used.
    pub reported: Option<Reported>,
    /// When it is due from now on.
    pub due: Due,
}

/// What a record must still be for a change to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Its version, as read (C3).
    pub version: Version,
    /// Its status, as read (C3).
    pub status: Status,
    /// Its latch, as read, where the decision hangs on it (a toggle, C6).
    pub state: Option<Latch>,
    /// The last shadow version used, where a report is used (C9).
    pub shadow: Option<ShadowGuard>,
    /// Its command's next send, as read, where the command is sent again (C8).
    pub next_send_at: Option<UnixMillis>,
    /// When it is due, as read, where the decision is that its time is over
    /// (C10): every report used and every re-send moves it.
    pub due_at: Option<UnixMillis>,
}

/// What the last report used must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShadowGuard {
    /// None, or one of a smaller shadow version than this.
    Below(u64),
    /// Exactly this one: the shadow was deleted and counts anew, so that a
    /// version alone could come a second time.
    Last(Box<Reported>),
}

/// The mark that a request has acted. Key `request#<requestId>` / `request`;
/// holds only if there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMark {
    /// The request.
    pub request_id: String,
    /// The lock it was for.
    pub lock: LockName,
    /// When it was received.
    pub at: UnixMillis,
    /// When the mark may be dropped.
    /// *Units*: seconds.
    pub ttl: UnixSeconds,
}

impl BindingUpdate {
    /// Wants `binding` to be enabled and unchanged, and no more.
    pub fn holds(binding: &Binding) -> BindingUpdate {
        BindingUpdate {
            button: binding.button.clone(),
            revision: binding.revision,
            note: None,
            disable: false,
        }
    }

    /// Disables `binding`, which must be enabled and unchanged (C11).
    pub fn disables(binding: &Binding) -> BindingUpdate {
        BindingUpdate {
            disable: true,
            ..BindingUpdate::holds(binding)
        }
    }

    /// Whether the condition holds.
    pub fn admits(&self, binding: &Binding) -> bool {
        let last = binding.last_press.as_ref();
        let newer = |note: &PressNote| match note.newer {
            Newer::Sequence(n) => last
                .and_then(|last| last.sequence)
                .is_none_or(|last| last < n),
            Newer::LastAtMost(at) => {
                last.is_none_or(|last| last.at <= at)
                    && last.and_then(|last| last.sequence) == note.last_press.sequence
            }
        };
        binding.enabled && binding.revision == self.revision && self.note.as_ref().is_none_or(newer)
    }

    /// The binding after this write.
    pub fn apply(&self, binding: &Binding) -> Binding {
        let mut binding = binding.clone();
        if let Some(note) = &self.note {
            binding.last_press = Some(note.last_press.clone());
            binding.battery_mv = note.battery_mv.or(binding.battery_mv);
        }
        if self.disable {
            binding.enabled = false;
            binding.revision += 1;
        }
        binding
    }
}

impl Guard {
    /// The guard of every change: version and status as read (C3).
    pub fn of(record: &Record) -> Guard {
        Guard {
            version: record.version,
            status: record.status,
            state: None,
            shadow: None,
            next_send_at: None,
            due_at: None,
        }
    }

    /// Whether the condition holds.
    pub fn admits(&self, record: &Record) -> bool {
        let shadow = record
            .reported
            .as_ref()
            .map(|reported| reported.shadow_version);
        let next_send_at = record.command.as_ref().map(|command| command.next_send_at);
        self.version == record.version
            && self.status == record.status
            && self.state.is_none_or(|state| state == record.state)
            && self.next_send_at.is_none_or(|at| next_send_at == Some(at))
            && self.due_at.is_none_or(|at| record.due.due_at == at)
            && match &self.shadow {
                None => true,
                Some(ShadowGuard::Below(version)) => shadow.is_none_or(|last| last < *version),
                Some(ShadowGuard::Last(last)) => record.reported.as_ref() == Some(&**last),
            }
    }
}

impl RecordUpdate {
    /// A change of nothing but the due time, to be completed.
    pub fn new(record: &Record, due: Due) -> RecordUpdate {
        RecordUpdate {
            lock: record.lock.clone(),
            guard: Guard::of(record),
            version: None,
            status: None,
            state: None,
            command: None,
            reported: None,
            due,
        }
    }

    /// The record after this write.
    pub fn apply(&self, record: &Record) -> Record {
        Record {
            lock: record.lock.clone(),
            version: self.version.unwrap_or(record.version),
            state: self.state.unwrap_or(record.state),
            status: self.status.unwrap_or(record.status),
            command: self.command.clone().or_else(|| record.command.clone()),
            reported: self.reported.clone().or_else(|| record.reported.clone()),
            due: self.due.clone(),
        }
    }
}

impl RecordWrite {
    /// The record after this write; `None` if the condition does not hold.
    ///
    /// ```
    /// use lock_core::name::LockName;
    /// use lock_core::record::Record;
    /// use lock_core::time::UnixMillis;
    /// use lock_core::write::RecordWrite;
    ///
    /// let record = Record::created(LockName::new("lock-1")?, UnixMillis(0));
    /// let create = RecordWrite::Create(record.clone());
    /// assert_eq!(create.apply(None), Some(record.clone()));
    /// assert_eq!(create.apply(Some(&record)), None, "there is one already");
    /// # Ok::<(), lock_core::name::NameError>(())
    /// ```
    pub fn apply(&self, record: Option<&Record>) -> Option<Record> {
        match (self, record) {
            (RecordWrite::Create(new), None) => Some(new.clone()),
            (RecordWrite::Update(update), Some(record)) if update.guard.admits(record) => {
                Some(update.apply(record))
            }
            _ => None,
        }
    }
}
