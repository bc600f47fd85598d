//! The events of an operator's acts.

use super::{Event, Kind, Subject};
use crate::binding::Binding;
use crate::limits::Limits;
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
        Self {
            button,
            actor: actor.map(str::to_owned),
            ..Self::new(subject, Kind::Register, now, "register".to_owned(), limits)
        }
    }

    /// `actor` changes `binding`; the event is in the history of its lock, or of its button if it
    /// has none.
    pub fn of_binding(
        kind: Kind,
        binding: &Binding,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let key = format!("{kind}-{}-{}", binding.button, binding.revision);
        Self {
            button: Some(binding.button.clone()),
            actor: actor.map(str::to_owned),
            ..Self::new(Subject::of_binding(binding), kind, now, key, limits)
        }
    }

    /// `actor` changes or removes `record`.
    pub fn of_record(
        kind: Kind,
        record: &Record,
        actor: Option<&str>,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let subject = Subject::Lock(record.lock.clone());
        let key = format!("{kind}-{}", record.version.0);
        Self {
            actor: actor.map(str::to_owned),
            version: Some(record.version),
            ..Self::new(subject, kind, now, key, limits)
        }
    }
}
