//! The table of one stack: conditional writes on plain values.

use std::collections::BTreeSet;

use lock_core::binding::Binding;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::write::{BindingWrite, OtherLock, RecordWrite, Writes, Written};

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

/// The condition that did not hold, with the item as the transaction found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The request has already acted.
    Request,
    /// Of the binding.
    Binding(Option<Box<Binding>>),
    /// Of the record.
    Record(Option<Box<Record>>),
    /// Of the record of the lock that a button moves to.
    Other,
    /// Another transaction holds an item.
    Busy,
}

/// The conditions that a plant skips.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unchecked {
    /// Those on the binding.
    pub binding: bool,
    /// Those on the record.
    pub record: bool,
}

impl Table {
    /// Writes all of it, or nothing. The first condition that does not hold names the conflict.
    pub fn commit(&mut self, writes: &Writes, unchecked: Unchecked) -> Result<(), Conflict> {
        let mark = writes.request.as_ref();
        let mark = mark.map(|mark| (mark.lock.clone(), mark.request_id.clone()));
        if mark.as_ref().is_some_and(|mark| self.marks.contains(mark)) {
            return Err(Conflict::Request);
        }
        let mut binding = None;
        if let Some(write) = &writes.binding {
            let index = button_index(write.button());
            let old = self.bindings[index].as_ref();
            let new = match (write, old) {
                (BindingWrite::Update(update), Some(old)) if unchecked.binding => {
                    Some(update.apply(old))
                }
                _ => write.apply(old),
            };
            let found = || Conflict::Binding(old.cloned().map(Box::new));
            binding = Some((index, new.ok_or_else(found)?));
        }
        let mut record = None;
        if let Some(write) = &writes.record {
            let index = lock_index(name_of(write));
            let old = self.records[index].as_ref();
            let new = match (write, old) {
                (RecordWrite::Update(update), Some(old)) if unchecked.record => {
                    Some(update.apply(old))
                }
                _ => match write.apply(old) {
                    Written::Conflict => {
                        return Err(Conflict::Record(old.cloned().map(Box::new)));
                    }
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
            other = Some((index, new.ok_or(Conflict::Other)?));
        }
        self.marks.extend(mark);
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

    /// Lets a new revision that these writes gave a binding be the last one plus one.
    pub fn count_revision(&mut self, writes: &Writes) {
        if let Some(BindingWrite::Update(update)) = &writes.binding
            && let Some(binding) = &mut self.bindings[button_index(&update.button)]
            && binding.revision != update.revision
        {
            binding.revision = update.revision + 1;
        }
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
