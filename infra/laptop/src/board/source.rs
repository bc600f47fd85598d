//! What the board has read: by part, so that one part is read again alone, and everything is shown
//! without a read.
//!
//! Must not know: who looks.

mod table;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use lock_aws::Cloud;
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use serde_json::{Value, json};

use super::frame::Fields;
use super::part::Part;
use crate::device::DeviceState;
use crate::view;

pub use self::table::Listed;

/// Number of events shown for each lock.
const EVENTS_SHOWN: usize = 12;

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Source {
    limits: Option<Limits>,
    names: Names,
    locks: BTreeMap<LockName, Lock>,
    bindings: BTreeMap<ButtonSerial, Binding>,
    /// The parts whose last read failed, and why.
    failed: BTreeMap<Part, String>,
}

#[derive(Debug, Default)]
struct Lock {
    record: Option<Record>,
    shadow: Option<Value>,
    /// Newest first.
    history: Vec<Event>,
}

impl Source {
    /// Reads these parts, the labels among them in one call. If a read fails, what was read before
    /// stays, with the error.
    pub async fn read(&mut self, cloud: &Cloud, parts: &BTreeSet<Part>) {
        let (labels, others): (Vec<&Part>, Vec<&Part>) =
            parts.iter().partition(|part| part.label_of().is_some());
        if !labels.is_empty() {
            let outcome = self.read_labels(cloud, &labels).await;
            for part in labels {
                self.note(part, outcome.as_ref().map(drop));
            }
        }
        for part in others {
            let outcome = self.read_part(cloud, part).await;
            self.note(part, outcome.as_ref().map(drop));
        }
    }

    fn note(&mut self, part: &Part, outcome: Result<(), &anyhow::Error>) {
        match outcome {
            Ok(()) => {
                self.failed.remove(part);
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!("{error}");
                self.failed.insert(part.clone(), error);
            }
        }
    }

    async fn read_part(&mut self, cloud: &Cloud, part: &Part) -> Result<()> {
        let store = &cloud.store;
        match part {
            Part::Limits => self.limits = store.read_limits().await?,
            Part::Record(lock) => {
                let record = store.read_record(lock).await?;
                self.lock(lock).record = record;
            }
            Part::Shadow(lock) => {
                let shadow = cloud.publisher.get_shadow(lock).await?;
                self.lock(lock).shadow = shadow;
            }
            Part::History(lock) => {
                let (subject, now) = (Subject::Lock(lock.clone()), cloud.clock.now());
                let history = store.read_history(&subject, EVENTS_SHOWN, now).await?;
                self.lock(lock).history = history;
            }
            Part::Binding(button) => {
                let binding = store.read_binding(button).await?;
                match binding {
                    Some(binding) => self.bindings.insert(button.clone(), binding),
                    None => self.bindings.remove(button),
                };
            }
            // The labels are read together, and a device is asked when it is shown.
            Part::LockLabel(_) | Part::ButtonLabel(_) | Part::Device(_) => {}
        }
        Ok(())
    }

    async fn read_labels(&mut self, cloud: &Cloud, parts: &[&Part]) -> Result<()> {
        let subjects = parts.iter().filter_map(|part| part.label_of());
        let subjects: Vec<Subject> = subjects.collect();
        let read = cloud.store.read_labels(&subjects).await?;
        for subject in subjects {
            let labels = match &subject {
                Subject::Lock(lock) => read.of_lock(lock),
                Subject::Button(button) => read.of_button(button),
            };
            self.names.insert(subject, labels.clone());
        }
        Ok(())
    }

    fn lock(&mut self, lock: &LockName) -> &mut Lock {
        self.locks.entry(lock.clone()).or_default()
    }

    /// The parts to read again because their last read failed.
    pub fn failed_parts(&self) -> impl Iterator<Item = &Part> {
        self.failed.keys()
    }

    /// The locks whose certainty has changed after `from` and up to `to` by time alone.
    pub fn overdue(&self, from: UnixMillis, to: UnixMillis) -> impl Iterator<Item = &LockName> {
        let overdue = self.waits().filter(move |(at, _)| from < *at && *at <= to);
        overdue.map(|(_, lock)| lock)
    }

    /// The next time after `now` at which that happens.
    pub fn next_overdue(&self, now: UnixMillis) -> Option<UnixMillis> {
        let times = self.waits().map(|(at, _)| at);
        times.filter(|at| *at > now).min()
    }

    fn waits(&self) -> impl Iterator<Item = (UnixMillis, &LockName)> {
        let records = self.locks.values().filter_map(|lock| lock.record.as_ref());
        records.filter_map(|record| {
            let at = view::overdue_at(record, self.limits.as_ref())?;
            Some((at, &record.lock))
        })
    }

    /// What is shown of a lock.
    pub fn show_lock(
        &self,
        name: &LockName,
        device: Option<DeviceState>,
        now: UnixMillis,
    ) -> Fields {
        let (names, limits) = (&self.names, self.limits.as_ref());
        let nothing = Lock::default();
        let lock = self.locks.get(name).unwrap_or(&nothing);
        let record = lock.record.as_ref();
        let history = lock.history.iter().map(|event| view::event(event, names));
        let fields = json!({
            "thing": name,
            "device": device,
            "record": record.map(|record| view::record(record, names, now, limits)),
            "shadow": lock.shadow.as_ref().map(shadow_summary),
            "history": history.collect::<Vec<_>>(),
            "error": self.error_of(name.as_str()),
        });
        into_fields(view::lock(fields, names, name))
    }

    /// What is shown of a button.
    pub fn show_button(&self, name: &ButtonSerial, device: Option<DeviceState>) -> Fields {
        let binding = self.bindings.get(name);
        let fields = json!({
            "thing": name,
            "lock": binding.and_then(|binding| binding.lock.as_ref()),
            "revoked": binding.is_some_and(|binding| !binding.enabled),
            "device": device,
            "error": self.error_of(name.as_str()),
        });
        into_fields(view::button(fields, &self.names, name))
    }

    fn error_of(&self, thing: &str) -> Option<&String> {
        let mut failed = self.failed.iter();
        let found = failed.find(|(part, _)| part.thing() == Some(thing));
        found.map(|(_, error)| error)
    }
}

fn into_fields(value: Value) -> Fields {
    let Value::Object(fields) = value else {
        unreachable!("a thing is shown as an object")
    };
    fields
}

/// The parts of a shadow document that the console shows. Its own timestamp is the time of the
/// read, so the time of the report is that of its newest value.
fn shadow_summary(document: &Value) -> Value {
    json!({
        "reported": document["state"]["reported"],
        "version": document["version"],
        "at": newest(&document["metadata"]["reported"]).map(|seconds| seconds * 1000),
    })
}

/// The latest timestamp in a shadow's metadata, in seconds.
fn newest(metadata: &Value) -> Option<u64> {
    let of_field = |(name, value): (&String, &Value)| match value.as_u64() {
        Some(seconds) => (name == "timestamp").then_some(seconds),
        None => newest(value),
    };
    match metadata {
        Value::Object(fields) => fields.iter().filter_map(of_field).max(),
        Value::Array(items) => items.iter().filter_map(newest).max(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
