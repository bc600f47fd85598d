//! The table of one stack: conditional writes on plain values.

use std::collections::BTreeSet;

use lock_core::binding::Binding;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::write::{BindingWrite, OtherLock, RecordWrite, Writes, Written};

use crate::plant::Plant;

/// The name of the lock with this index.
pub fn lock_name(index: usize) -> LockName {
    LockName::new(format!("lock-{}", index + 1)).expect("the name is valid")
}

/// The serial number of the button with this index.
pub fn button_serial(index: usize) -> ButtonSerial {
    ButtonSerial::new(format!("button-{}", index + 1)).expect("the serial is valid")
}

/// The index of the lock with this name.
pub fn lock_index(name: &LockName) -> usize {
    index_of(name.as_str())
}

/// The index of the button with this serial number.
pub fn button_index(serial: &ButtonSerial) -> usize {
    index_of(serial.as_str())
}

fn index_of(name: &str) -> usize {
    let number = name.rsplit('-').next();
    let number = number.and_then(|number| number.parse::<usize>().ok());
    number.expect("the simulator names its things with a number") - 1
}

/// Records, bindings and marks of one stack.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Record of each lock; `None` if it is not registered.
    pub records: Vec<Option<Record>>,
    /// Binding of each button.
    pub bindings: Vec<Option<Binding>>,
    /// Requests that have acted.
    pub marks: BTreeSet<(LockName, String)>,
}

/// Why a transaction did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Of a record or a binding.
    Item,
    /// Of the request's mark.
    Request,
}

impl Table {
    /// Writes all of it, or nothing.
    pub fn commit(&mut self, writes: &Writes, plant: Option<Plant>) -> Result<(), Conflict> {
        let mut binding = None;
        if let Some(write) = &writes.binding {
            let index = button_index(write.button());
            let old = self.bindings[index].as_ref();
            let new = match (write, old) {
                (BindingWrite::Update(update), Some(old))
                    if plant == Some(Plant::BindingUnchecked) =>
                {
                    Some(update.apply(old))
                }
                _ => write.apply(old),
            };
            binding = Some((index, new.ok_or(Conflict::Item)?));
        }
        let mut record = None;
        if let Some(write) = &writes.record {
            let index = lock_index(name_of(write));
            let old = self.records[index].as_ref();
            let new = match (write, old) {
                (RecordWrite::Update(update), Some(old))
                    if plant == Some(Plant::RecordUnchecked) =>
                {
                    Some(update.apply(old))
                }
                _ => match write.apply(old) {
                    Written::Conflict => return Err(Conflict::Item),
                    Written::Gone => None,
                    Written::Record(new) => Some(*new),
                },
            };
            record = Some((index, new));
        }
        let mut other = None;
        if let Some(OtherLock { record: update, .. }) = &writes.other {
            let index = lock_index(&update.lock);
            let write = RecordWrite::Update(update.clone());
            let new = write.apply(self.records[index].as_ref()).record();
            other = Some((index, new.ok_or(Conflict::Item)?));
        }
        if let Some(mark) = &writes.request {
            let mark = (mark.lock.clone(), mark.request_id.clone());
            if !self.marks.insert(mark) {
                return Err(Conflict::Request);
            }
        }
        if let Some((index, new)) = binding {
            self.bindings[index] = Some(new);
        }
        if let Some((index, new)) = record {
            self.records[index] = new;
        }
        if let Some((index, new)) = other {
            self.records[index] = Some(new);
        }
        Ok(())
    }
}

/// The lock whose record is written.
pub fn name_of(write: &RecordWrite) -> &LockName {
    match write {
        RecordWrite::Create(record) => &record.lock,
        RecordWrite::Update(update) => &update.lock,
        RecordWrite::Delete(delete) => &delete.lock,
    }
}
