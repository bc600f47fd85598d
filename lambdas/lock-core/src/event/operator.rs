//! The events of what an operator does.

use super::{Event, Kind, Subject};
use crate::binding::Binding;
use crate::limits::Limits;
use crate::name::{ButtonSerial, LockName};
use crate::record::Record;
use crate::time::UnixMillis;

impl Event {
    /// `actor` registers a lock or button.
    pub fn of_register(
        subject: Subject,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let button = match &subject {
            Subject::Button(button) => Some(button.clone()),
            Subject::Lock(_) => None,
        };
        let key = "register".to_owned();
        Self {
            button,
            actor: actor.map(str::to_owned),
            ..Self::new(subject, Kind::Register, now, key, limits)
        }
    }

    /// `actor` binds a button to `lock`; in that lock's history.
    pub fn of_bind(
        binding: &Binding,
        lock: &LockName,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let subject = Subject::Lock(lock.clone());
        of_binding(Kind::Bind, "bind", subject, binding, actor, now, limits)
    }

    /// `actor` takes a button off its lock; in that lock's history, or in the button's if it has
    /// none.
    pub fn of_unbind(
        binding: &Binding,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let subject = Subject::of_binding(binding);
        of_binding(Kind::Unbind, "unbind", subject, binding, actor, now, limits)
    }

    /// `actor` disables a binding (C11).
    pub fn of_revoke(
        binding: &Binding,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let subject = Subject::of_binding(binding);
        of_binding(Kind::Revoke, "revoke", subject, binding, actor, now, limits)
    }

    /// `actor` recovers a record (C12).
    pub fn of_recover(
        record: &Record,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let subject = Subject::Lock(record.lock.clone());
        let key = format!("recover-{}", record.version.0);
        Self {
            actor: actor.map(str::to_owned),
            version: Some(record.version),
            ..Self::new(subject, Kind::Recover, now, key, limits)
        }
    }

    /// `actor` removes a lock from the register.
    pub fn of_forget(
        record: &Record,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let subject = Subject::Lock(record.lock.clone());
        let key = format!("forget-{}", record.version.0);
        Self {
            actor: actor.map(str::to_owned),
            version: Some(record.version),
            ..Self::new(subject, Kind::Forget, now, key, limits)
        }
    }
}

fn of_binding(
    kind: Kind,
    verb: &str,
    subject: Subject,
    binding: &Binding,
    actor: Option<&str>,
    now: UnixMillis,
    limits: &Limits,
) -> Event {
    let button: &ButtonSerial = &binding.button;
    let key = format!("{verb}-{button}-{}", binding.revision);
    Event {
        button: Some(button.clone()),
        actor: actor.map(str::to_owned),
        ..Event::new(subject, kind, now, key, limits)
    }
}
