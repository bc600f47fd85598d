//! What an operator does to a lock's trust: a button's right taken away (C11), a
//! restored table no longer believed (C12). Must not ask whether the operator
//! may: the rights on the table did.

use super::Decision;
use super::system::{changed, reported_version, system_lock};
use crate::action::Action;
use crate::binding::Binding;
use crate::event::Event;
use crate::limits::Limits;
use crate::reason::{Reason, Verdict};
use crate::record::{Due, Record, Status};
use crate::report::Latch;
use crate::time::UnixMillis;
use crate::write::{BindingUpdate, Guard, RecordUpdate, RecordWrite};

/// Decides that `binding` commands nothing any more. Where its lock is open, or
/// may be about to open, a system LOCK is part of the same transaction (C11).
///
/// `record` is that of the binding's lock; even where nothing is to be locked it
/// is a condition of the writes, since a press may have unlocked meanwhile.
/// A binding that is disabled already is left as it is.
///
/// ```
/// use lock_core::binding::{Actions, Binding};
/// use lock_core::limits::Limits;
/// use lock_core::name::{ButtonSerial, LockName};
/// use lock_core::record::{Record, Status};
/// use lock_core::report::Latch;
/// use lock_core::time::UnixMillis;
///
/// let (lock, now) = (LockName::new("lock-1")?, UnixMillis(1_000));
/// let binding = Binding {
///     button: ButtonSerial::new("button-1")?,
///     lock: lock.clone(),
///     actions: Actions::default(),
///     enabled: true,
///     revision: 3,
///     last_press: None,
///     battery_mv: None,
/// };
/// let open = Record { state: Latch::Unlocked, status: Status::Settled, ..Record::created(lock, now) };
/// let decision = lock_core::decide_revoke(&binding, Some(&open), Some("alice"), now, &Limits::default());
/// assert!(!decision.writes.binding.expect("disabled").apply(&binding).enabled);
/// assert_eq!(decision.publish.expect("a system LOCK").command.action.as_str(), "lock");
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_revoke(
    binding: &Binding,
    record: Option<&Record>,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_revoke(binding, actor, now, limits);
    if !binding.enabled {
        return Decision::ignored(Reason::REVOKED, event);
    }
    let mut decision = match record {
        None => Decision::line(Verdict::Noted, Reason::REVOKED, event),
        Some(record) => {
            let update = RecordUpdate {
                guard: Guard {
                    state: Some(record.state),
                    due_at: Some(record.due.due_at),
                    ..Guard::of(record)
                },
                ..RecordUpdate::new(record, record.due.clone())
            };
            if may_be_open(record) {
                let theirs = reported_version(record);
                system_lock(record, update, theirs, Reason::REVOKED, 0, event, now)
            } else {
                changed(Verdict::Noted, Reason::REVOKED, record, update, event)
            }
        }
    };
    decision.writes.binding = Some(BindingUpdate::disables(binding));
    decision
}

/// Whether the record says unlocked, or an unlock has not been answered.
fn may_be_open(record: &Record) -> bool {
    let unlocking = record
        .command
        .as_ref()
        .is_some_and(|command| command.action == Action::Unlock);
    record.state == Latch::Unlocked || (record.status != Status::Settled && unlocking)
}

/// Decides that `record`, from a restored table, is not believed until the lock
/// is heard (C12): unresponsive, with a system LOCK at a version past all that was
/// commanded before, so that the sweeper reads the shadow and C9 adopts what the
/// device reports. An old unlock is thereby never sent again, and an old report,
/// which fits the restored record, settles nothing.
///
/// ```
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::record::{Record, Status};
/// use lock_core::time::UnixMillis;
///
/// let now = UnixMillis(5_000);
/// let record = Record { status: Status::Settled, ..Record::created(LockName::new("lock-1")?, UnixMillis(0)) };
/// let decision = lock_core::decide_recover(&record, Some("alice"), now, &Limits::default());
/// let after = decision.writes.record.expect("a change").apply(Some(&record)).expect("as read");
/// assert_eq!((after.status, after.version.0), (Status::Unresponsive, 5_000));
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_recover(
    record: &Record,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_recover(record, actor, now, limits);
    let update = RecordUpdate::new(record, Due::new(&record.lock, now));
    let theirs = reported_version(record);
    let mut decision = system_lock(record, update, theirs, Reason::RECOVERED, 0, event, now);
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
        update.status = Some(Status::Unresponsive);
    }
    decision
}

#[cfg(test)]
mod tests;
