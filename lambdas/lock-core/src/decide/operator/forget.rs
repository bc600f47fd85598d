//! Removes a lock from the register.
//!
//! Must not forget a lock that somebody may still rely on.

use super::super::Decision;
use super::guard_as_read;
use crate::binding::Binding;
use crate::event::{Event, Kind};
use crate::limits::Limits;
use crate::name::ButtonSerial;
use crate::reason::{Reason, Verdict};
use crate::record::Record;
use crate::report::Latch;
use crate::time::UnixMillis;
use crate::write::{RecordDelete, RecordWrite};

/// Why a lock was not forgotten; nothing is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgetRefusal {
    /// Buttons are bound to the lock, some perhaps revoked.
    #[error("bound to it: {}", join_names(.0))]
    Bound(Vec<ButtonSerial>),
    /// The lock is not known to be locked.
    #[error("it may be open: it is not known to be locked")]
    MayBeOpen,
}

fn join_names(buttons: &[ButtonSerial]) -> String {
    let names: Vec<&str> = buttons.iter().map(ButtonSerial::as_str).collect();
    names.join(", ")
}

/// Decides that the lock of `record` is no longer registered: its reports and requests then change
/// nothing, and nothing commands it.
///
/// `bindings` are those of every button, read **after** `record`: the deletion conflicts if a
/// button was bound to the lock since the record was read. `gone` means that the lock was taken
/// down or is dead; it is then forgotten even if it is not known to be locked, as is a lock that
/// was never commanded and never reported.
///
/// # Errors
///
/// [`ForgetRefusal::Bound`] while a button is bound to the lock, [`ForgetRefusal::MayBeOpen`] while
/// it is not known to be locked.
///
/// ```
/// use lock_core::ForgetRefusal;
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::record::{Record, Status};
/// use lock_core::report::Latch;
/// use lock_core::time::UnixMillis;
///
/// let now = UnixMillis(1_000);
/// let typed_wrongly = Record::created(LockName::new("lokc-1")?, now);
/// let open = Record { state: Latch::Unlocked, status: Status::Settled, ..typed_wrongly.clone() };
/// let limits = Limits::default();
/// let forget = |record| lock_core::decide_forget(record, &[], false, None, now, &limits);
/// assert_eq!(forget(&open), Err(ForgetRefusal::MayBeOpen));
/// assert!(forget(&typed_wrongly).is_ok());
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_forget(
    record: &Record,
    bindings: &[Binding],
    gone: bool,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Result<Decision, ForgetRefusal> {
    let bound: Vec<ButtonSerial> = bindings
        .iter()
        .filter(|binding| binding.lock.as_ref() == Some(&record.lock))
        .map(|binding| binding.button.clone())
        .collect();
    if !bound.is_empty() {
        return Err(ForgetRefusal::Bound(bound));
    }
    let untouched =
        record.command.is_none() && record.reported.is_none() && record.state == Latch::Unknown;
    if !record.is_known_locked() && !untouched && !gone {
        return Err(ForgetRefusal::MayBeOpen);
    }
    let event = Event::of_record(Kind::Forget, record, actor, now, limits);
    let mut decision = Decision::without_change(Verdict::Noted, Reason::FORGOTTEN, event);
    decision.writes.record = Some(RecordWrite::Delete(RecordDelete {
        lock: record.lock.clone(),
        guard: guard_as_read(record),
        bound_at: record.bound_at,
    }));
    Ok(decision)
}

#[cfg(test)]
mod tests;
