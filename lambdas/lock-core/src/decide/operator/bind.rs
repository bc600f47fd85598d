//! Which lock a button commands (C3).
//!
//! Must not decide what a press does.
//!
//! A button's presses are ordered for the life of the button: binding keeps the last press, or a
//! press delivered again would act twice. Every press made before the binding is superseded,
//! including one that was ignored while the button was revoked. The lock that a button leaves ends
//! as after a revocation: known to be locked, or being locked (C11).

use super::super::{Case, Decision};
use super::guard_as_read;
use crate::binding::{Actions, Binding};
use crate::event::{Event, Kind, Subject};
use crate::limits::Limits;
use crate::reason::{Reason, Verdict};
use crate::record::Record;
use crate::time::UnixMillis;
use crate::write::{
    Bind, BindingChange, BindingUpdate, BindingWrite, OtherLock, RecordUpdate, RecordWrite,
};

/// What an operator asks of a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindWish {
    /// What each click asks for.
    pub actions: Actions,
    /// Whether to forget the last press: only for a board that lost its flash and, with it, its
    /// sequence. A press made before the binding has no effect either way.
    pub forget_last_press: bool,
}

/// Decides that the button of `binding` commands `to`, the record of a registered lock.
///
/// `from` is the record of the lock that the button is bound to now, if that is another registered
/// one. The decision is then about that lock; the event for `to` is in
/// [`Writes::other`](crate::write::Writes::other). A revoked button has already left its lock
/// locked.
///
/// ```
/// use lock_core::BindWish;
/// use lock_core::binding::{Actions, Binding};
/// use lock_core::limits::Limits;
/// use lock_core::name::{ButtonSerial, LockName};
/// use lock_core::record::{Record, Status};
/// use lock_core::report::Latch;
/// use lock_core::time::UnixMillis;
///
/// let (near, far, now) = (LockName::new("lock-1")?, LockName::new("lock-2")?, UnixMillis(1_000));
/// let binding = Binding {
///     lock: Some(near.clone()),
///     ..Binding::new(ButtonSerial::new("button-1")?, 3)
/// };
/// let created = Record::created(near, now);
/// let open = Record { state: Latch::Unlocked, status: Status::Settled, ..created };
/// let to = Record::created(far.clone(), now);
/// let wish = BindWish { actions: Actions::default(), forget_last_press: false };
/// let limits = Limits::default();
/// let decision = lock_core::decide_bind(&binding, Some(&open), &to, wish, None, now, &limits);
/// let bound = decision.writes.binding.expect("a change").apply(Some(&binding)).expect("as read");
/// assert_eq!((bound.lock, bound.bound_at), (Some(far), Some(now)));
/// // The lock it leaves gets a lock command, which the sweep sends.
/// let left = decision.writes.record.expect("a change").apply(Some(&open)).record();
/// let left = left.expect("as read");
/// assert_eq!((left.lock.as_str(), left.status), ("lock-1", Status::Pending));
/// assert_eq!(decision.publish, None);
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_bind(
    binding: &Binding,
    from: Option<&Record>,
    to: &Record,
    wish: BindWish,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let left = binding.lock.as_ref().filter(|lock| **lock != to.lock);
    let mut said: Vec<String> = Vec::new();
    said.extend(left.map(|lock| format!("was bound to {lock}")));
    said.extend(
        wish.forget_last_press
            .then(|| "last press forgotten".to_owned()),
    );
    let event = Event {
        detail: (!said.is_empty()).then(|| said.join(", ")),
        subject: Subject::Lock(to.lock.clone()),
        ..Event::of_binding(Kind::Bind, binding, actor, now, limits)
    };
    let bound = note_binding(Case::new(to, event, now, limits));
    let mut decision = match from.filter(|from| Some(&from.lock) == left) {
        None => bound,
        Some(from) => {
            let event = Event {
                detail: Some(format!("bound to {} now", to.lock)),
                ..Event::of_binding(Kind::Unbind, binding, actor, now, limits)
            };
            let case = Case::new(from, event, now, limits);
            let mut decision = leave(binding, case);
            decision.writes.other = into_other_lock(bound);
            decision
        }
    };
    let change = Bind {
        lock: Some(to.lock.clone()),
        actions: wish.actions,
        at: now,
        forget_last_press: wish.forget_last_press,
    };
    decision.writes.binding = Some(rebind(binding, change));
    decision
}

/// Decides that the button of `binding` commands no lock; it stays registered. `record` is that of
/// its lock. A button that is not bound stays unchanged.
pub fn decide_unbind(
    binding: &Binding,
    record: Option<&Record>,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_binding(Kind::Unbind, binding, actor, now, limits);
    let Some(lock) = &binding.lock else {
        return Decision::ignored(Reason::NOT_BOUND, event);
    };
    let mut decision = match record.filter(|record| record.lock == *lock) {
        None => Decision::without_change(Verdict::Noted, Reason::UNBOUND, event),
        Some(record) => leave(binding, Case::new(record, event, now, limits)),
    };
    let change = Bind {
        lock: None,
        actions: binding.actions.clone(),
        at: now,
        forget_last_press: false,
    };
    decision.writes.binding = Some(rebind(binding, change));
    decision
}

/// Decides for the lock that a button leaves. If the button was revoked, the lock is secured
/// already.
fn leave(binding: &Binding, case: Case<'_>) -> Decision {
    if binding.enabled {
        return case.secure(Reason::UNBOUND);
    }
    Decision::without_change(Verdict::Noted, Reason::UNBOUND, case.event)
}

/// Decides that a lock's record notes a new button: it must exist, and a concurrent deletion of it
/// must conflict.
fn note_binding(case: Case<'_>) -> Decision {
    let (record, now) = (case.record, case.now);
    // Later than the last one, whatever the clock says: only the change counts.
    let moved = record.bound_at.map_or(now, |at| at.plus(1).max(now));
    let update = RecordUpdate {
        guard: guard_as_read(record),
        bound_at: Some(moved),
        ..RecordUpdate::new(record, record.due.clone())
    };
    case.update(Verdict::Noted, Reason::BOUND, update)
}

fn into_other_lock(bound: Decision) -> Option<OtherLock> {
    match bound.writes.record {
        Some(RecordWrite::Update(record)) => Some(OtherLock {
            record,
            event: bound.writes.event,
        }),
        _ => None,
    }
}

fn rebind(binding: &Binding, change: Bind) -> BindingWrite {
    BindingWrite::Update(BindingUpdate::new(binding, BindingChange::Bind(change)))
}

#[cfg(test)]
mod tests;
