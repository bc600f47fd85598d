//! A lock leaves the register. Must not forget one that somebody may still rely
//! on.

use super::super::Decision;
use super::guard_as_read;
use crate::binding::Binding;
use crate::event::Event;
use crate::limits::Limits;
use crate::name::ButtonSerial;
use crate::reason::{Reason, Verdict};
use crate::record::Record;
use crate::report::Latch;
use crate::time::UnixMillis;
use crate::write::{RecordDelete, RecordWrite};

/// Why a lock was not forgotten. Nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgetRefusal {
    /// Buttons are bound to it, revoked ones included.
    #[error("bound to it: {}", join_names(.0))]
    Bound(Vec<ButtonSerial>),
    /// Nobody can say that its door is shut.
    #[error("it may be open: it is not known to be locked")]
    MayBeOpen,
}

fn join_names(buttons: &[ButtonSerial]) -> String {
    let names: Vec<&str> = buttons.iter().map(ButtonSerial::as_str).collect();
    names.join(", ")
}

/// Decides that the lock of `record` is registered no more: its reports and
/// requests change nothing from then on, and nothing commands it.
///
/// `bindings` are those of every button, read **after** `record`: a button bound
/// to the lock since the record was read makes the deletion conflict. Refused
/// while a button is bound to it, and while it is not known to be locked, unless
/// it was never commanded nor heard, so that no one can have opened it through
/// us, or `gone` says that a person knows better: the lock was taken down, or is
/// dead.
///
/// *Errors*: [`ForgetRefusal`].
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
/// let forget = |record| lock_core::decide_forget(record, &[], false, None, now, &Limits::default());
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
    let event = Event::of_forget(record, actor, now, limits);
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
