//! Adds a lock or a button to the register (C9).
//!
//! Must not replace one that is registered.

use super::super::Decision;
use crate::binding::Binding;
use crate::event::{Event, Subject};
use crate::limits::Limits;
use crate::name::{ButtonSerial, LockName};
use crate::reason::{Reason, Verdict};
use crate::record::Record;
use crate::time::UnixMillis;
use crate::write::{BindingWrite, RecordWrite};

/// Decides that `lock` gets a record: only then is it ever commanded, and its reports and requests
/// are used (C9). `None` if it has one, `known`.
///
/// ```
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::time::UnixMillis;
///
/// let (lock, now) = (LockName::new("lock-1")?, UnixMillis(1_000));
/// let limits = Limits::default();
/// let decision = lock_core::decide_register_lock(&lock, None, Some("alice"), now, &limits);
/// let writes = decision.expect("it had no record").writes;
/// let record = writes.record.expect("a record").apply(None).record().expect("there was none");
/// assert_eq!(record.version.0, 0);
/// assert_eq!(writes.event.to_string(), "alice registers lock-1: noted: registered");
/// let again = lock_core::decide_register_lock(&lock, Some(&record), None, now, &limits);
/// assert_eq!(again, None);
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_register_lock(
    lock: &LockName,
    known: Option<&Record>,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Option<Decision> {
    if known.is_some() {
        return None;
    }
    let mut decision = decide_registration(Subject::Lock(lock.clone()), actor, now, limits);
    decision.writes.record = Some(RecordWrite::Create(Record::created(lock.clone(), now)));
    Some(decision)
}

/// Decides that `button` gets a binding, to no lock yet: its presses are `ignored: not bound`.
/// `None` if it has one, `known`.
pub fn decide_register_button(
    button: &ButtonSerial,
    known: Option<&Binding>,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Option<Decision> {
    if known.is_some() {
        return None;
    }
    let mut decision = decide_registration(Subject::Button(button.clone()), actor, now, limits);
    // From the clock, like every new revision: a binding that was deleted by hand and created again
    // must not repeat one that some process still has cached.
    let binding = Binding::new(button.clone(), now.0);
    decision.writes.binding = Some(BindingWrite::Create(binding));
    Some(decision)
}

fn decide_registration(
    subject: Subject,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_register(subject, actor, now, limits);
    Decision::without_change(Verdict::Noted, Reason::REGISTERED, event)
}

#[cfg(test)]
mod tests;
