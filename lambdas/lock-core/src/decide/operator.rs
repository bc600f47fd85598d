//! What an operator does: registers, binds and removes locks and buttons (C3), revokes a button
//! (C11), distrusts a restored table (C12). The rights on the table have already checked the
//! operator's right.

mod bind;
mod forget;
mod register;

pub use bind::{BindWish, decide_bind, decide_unbind};
pub use forget::{ForgetRefusal, decide_forget};
pub use register::{decide_register_button, decide_register_lock};

use super::system::reported_version;
use super::{Case, Decision};
use crate::action::Action;
use crate::binding::Binding;
use crate::command::Version;
use crate::event::{Event, Kind};
use crate::limits::{Limits, VERSION_AHEAD_MAX_MS};
use crate::reason::{Reason, Verdict};
use crate::record::{Due, Record, Status};
use crate::report::{Latch, ReportEvent};
use crate::time::UnixMillis;
use crate::write::{BindingChange, BindingUpdate, BindingWrite, Guard, RecordUpdate, RecordWrite};

/// Decides that `binding` no longer commands anything. If its lock is open, or may be about to
/// open, the same transaction contains a system LOCK (C11).
///
/// `record` is that of the binding's lock. It is a condition of the writes even if nothing needs
/// locking, since a concurrent press may have unlocked. A binding that is already disabled stays
/// unchanged.
///
/// ```
/// use lock_core::binding::Binding;
/// use lock_core::limits::Limits;
/// use lock_core::name::{ButtonSerial, LockName};
/// use lock_core::record::{Record, Status};
/// use lock_core::report::Latch;
/// use lock_core::time::UnixMillis;
///
/// let (lock, now) = (LockName::new("lock-1")?, UnixMillis(1_000));
/// let binding = Binding {
///     lock: Some(lock.clone()),
///     ..Binding::new(ButtonSerial::new("button-1")?, 3)
/// };
/// let created = Record::created(lock, now);
/// let open = Record { state: Latch::Unlocked, status: Status::Settled, ..created };
/// let limits = Limits::default();
/// let decision = lock_core::decide_revoke(&binding, Some(&open), Some("alice"), now, &limits);
/// let write = decision.writes.binding.expect("a change");
/// assert!(!write.apply(Some(&binding)).expect("as read").enabled);
/// // The sweep sends the LOCK: an operator publishes no commands.
/// let write = decision.writes.record.expect("a system LOCK");
/// let command = write.apply(Some(&open)).record().and_then(|record| record.command);
/// assert_eq!(command.map(|command| command.attempts), Some(0));
/// assert_eq!(decision.publish, None);
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_revoke(
    binding: &Binding,
    record: Option<&Record>,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_binding(Kind::Revoke, binding, actor, now, limits);
    if !binding.enabled {
        return Decision::ignored(Reason::REVOKED, event);
    }
    let mut decision = match record {
        None => Decision::without_change(Verdict::Noted, Reason::REVOKED, event),
        Some(record) => Case::new(record, event, now, limits).secure(Reason::REVOKED),
    };
    let disable = BindingUpdate::new(binding, BindingChange::Disable(now));
    decision.writes.binding = Some(BindingWrite::Update(disable));
    decision
}

impl Case<'_> {
    /// Decides for a lock that a button may no longer command: if its door may be open, it is
    /// locked (C11); if not, its record must stay as read.
    fn secure(self, reason: Reason) -> Decision {
        let record = self.record;
        let update = RecordUpdate {
            guard: guard_as_read(record),
            ..RecordUpdate::new(record, record.due.clone())
        };
        if may_be_open(record) {
            self.operator_lock(reason, update)
        } else {
            self.update(Verdict::Noted, reason, update)
        }
    }
}

/// The guard of a change that depends on the due time and on the latch as read.
fn guard_as_read(record: &Record) -> Guard {
    Guard {
        state: Some(record.state),
        due_at: Some(record.due.due_at),
        ..Guard::of(record)
    }
}

/// Whether the door may be open: last reported unlocked, or neither known to be locked nor being
/// locked, as before a lock's first report.
fn may_be_open(record: &Record) -> bool {
    let locking = record.status != Status::Settled
        && record
            .command
            .as_ref()
            .is_some_and(|command| command.action == Action::Lock);
    record.state == Latch::Unlocked || (!record.is_known_locked() && !locking)
}

/// Decides that `record`, from a restored table, is not trusted until the lock reports (C12).
///
/// It becomes unresponsive, with a system LOCK at a version past all earlier commands; the sweep
/// then reads the shadow, and C9 adopts what the device reports. So an old unlock is never sent
/// again, and an old report that fits the restored record settles nothing. A record whose version
/// is so far ahead of the clock that none would be left gets one that the clock allows.
///
/// `shadow` is the lock's shadow, read before the record: the table may have forgotten versions
/// ahead of the clock, and a plausible one in the shadow is passed, with all that may have followed
/// it. A version has one command.
///
/// ```
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::record::{Record, Status};
/// use lock_core::time::UnixMillis;
///
/// let now = UnixMillis(5_000);
/// let created = Record::created(LockName::new("lock-1")?, UnixMillis(0));
/// let record = Record { status: Status::Settled, ..created };
/// let decision = lock_core::decide_recover(&record, None, Some("alice"), now, &Limits::default());
/// let write = decision.writes.record.expect("a change");
/// let after = write.apply(Some(&record)).record().expect("as read");
/// assert_eq!((after.status, after.version.0), (Status::Unresponsive, 5_000));
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_recover(
    record: &Record,
    shadow: Option<&ReportEvent>,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_record(Kind::Recover, record, actor, now, limits);
    let mut repaired = to_repaired(record, now);
    let forgotten = shadow.and_then(|shadow| forgotten_version(record, shadow, now));
    repaired.version = repaired.version.max(forgotten.unwrap_or(Version::NONE));
    let case = Case::new(&repaired, event, now, limits);
    let update = RecordUpdate::new(record, Due::new(&record.lock, now));
    let mut decision = case.operator_lock(Reason::RECOVERED, update);
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
        update.status = Some(Status::Unresponsive);
    }
    decision
}

/// The largest version that may have been given to the lock, by its shadow: the reported one kept
/// its lead over the clock at most, as a command takes a version and longer than a millisecond.
/// `None` if the reported one is not plausible (C9).
fn forgotten_version(record: &Record, shadow: &ReportEvent, now: UnixMillis) -> Option<Version> {
    let reported = shadow.report.version;
    if !reported.is_plausible(record.version, now) {
        return None;
    }
    // The shadow's second is over at its end.
    let passed_ms = now.since(shadow.shadow_at.millis().plus(1_000));
    let kept = reported.0.saturating_add(passed_ms);
    let most = now.plus(VERSION_AHEAD_MAX_MS).0;
    Some(Version(kept.min(most).max(reported.0)))
}

/// The record with a version to continue from. A version far ahead of the clock is dropped, unless
/// the device has it too and versions are left after it (C9). If only the device has it, its flash
/// must be erased, see [`Record::holds_implausible_version`].
fn to_repaired(record: &Record, now: UnixMillis) -> Record {
    let theirs = reported_version(record);
    let is_far = |version: Version| version.0 > now.plus(VERSION_AHEAD_MAX_MS).0;
    let works = is_far(theirs) && record.next_version(now).is_some();
    let version = if !is_far(record.version) || works {
        record.version
    } else if is_far(theirs) {
        Version::NONE
    } else {
        theirs
    };
    Record {
        version,
        ..record.clone()
    }
}

impl Record {
    /// Whether the lock reports a version further ahead than any command of ours: it then refuses
    /// every command until its flash is erased (C9).
    pub fn holds_implausible_version(&self, now: UnixMillis) -> bool {
        !reported_version(self).is_plausible(self.version, now)
    }
}

#[cfg(test)]
mod tests;
