//! What a process of the press function remembers between two events, and what a function is given
//! for its next decision: as in the real function, but on plain values.
//!
//! Must not know: how an event is decided.

use std::collections::BTreeMap;

use lock_core::binding::Binding;
use lock_core::predict::{Prediction, predict_from_binding};
use lock_core::record::Record;

use crate::event::{Decided, Job, Task};
use crate::table::{Conflict, button_index, lock_index};
use crate::world::World;

/// Bindings and predictions of one process, by index. A crash loses them.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    bindings: BTreeMap<usize, Binding>,
    predictions: BTreeMap<usize, Prediction>,
}

impl Memory {
    /// The binding of a button as last read, found or committed.
    pub fn binding(&self, button: usize) -> Option<Binding> {
        self.bindings.get(&button).cloned()
    }

    /// Keeps a binding as read, found or committed.
    pub fn keep_binding(&mut self, button: usize, binding: Option<&Binding>) {
        match binding {
            Some(binding) => self.bindings.insert(button, binding.clone()),
            None => self.bindings.remove(&button),
        };
    }

    /// The record of a lock as predicted.
    pub fn predict(&self, lock: usize, binding: Option<&Binding>) -> Option<Record> {
        match self.predictions.get(&lock) {
            Some(prediction) => prediction.predict(),
            None => binding.and_then(predict_from_binding),
        }
    }

    /// Keeps a record as read, found or committed; `None` if the lock is not registered.
    pub fn keep_record(&mut self, lock: usize, record: Option<&Record>) {
        let Some(record) = record.cloned() else {
            self.predictions.remove(&lock);
            return;
        };
        match self.predictions.get_mut(&lock) {
            Some(known) => known.note(record),
            None => {
                self.predictions.insert(lock, Prediction::of(record));
            }
        }
    }

    /// Forgets everything: the process has ended, and the next one is new.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps the item that a transaction found.
    pub fn keep_found(&mut self, conflict: &Conflict) {
        match conflict {
            Conflict::Record(Some(found)) => {
                self.keep_record(lock_index(&found.lock), Some(found));
            }
            Conflict::Binding(Some(found)) => {
                self.keep_binding(button_index(&found.button), Some(found));
            }
            _ => {}
        }
    }
}

/// A record or a binding; `None` if there is none.
#[derive(Debug, Clone)]
pub struct Known<T> {
    /// The record or binding.
    pub value: Option<T>,
    /// Whether it is from the table, not from the memory.
    pub is_read: bool,
}

impl<T> Known<T> {
    /// From the table.
    pub fn read(value: Option<T>) -> Self {
        let is_read = true;
        Self { value, is_read }
    }

    /// From the memory.
    pub fn recalled(value: T) -> Self {
        let (value, is_read) = (Some(value), false);
        Self { value, is_read }
    }
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self::read(None)
    }
}

/// What a decision is made on.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The record.
    pub record: Known<Record>,
    /// The binding.
    pub binding: Known<Binding>,
}

impl Read {
    /// Whether all of it is from the table.
    pub fn is_read(&self) -> bool {
        self.record.is_read && self.binding.is_read
    }

    /// What the next decision is given if this one may not be made on a memory: what was read.
    pub fn only_read(self) -> Given {
        Given {
            record: Some(self.record).filter(|record| record.is_read),
            binding: Some(self.binding).filter(|binding| binding.is_read),
            must_read: true,
        }
    }

    /// What the next decision is given after a conflict: the item that the transaction found, and
    /// what the decision before had.
    pub fn after(self, conflict: Conflict) -> Given {
        let (record, binding) = match conflict {
            Conflict::Record(Some(found)) => (Known::read(Some(*found)), self.binding),
            Conflict::Binding(Some(found)) => (self.record, Known::read(Some(*found))),
            _ => return Given::nothing(),
        };
        Given {
            record: Some(record),
            binding: Some(binding),
            must_read: false,
        }
    }
}

/// What a decision need not load.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The record that is known already.
    pub record: Option<Known<Record>>,
    /// The binding that is known already.
    pub binding: Option<Known<Binding>>,
    /// Whether the rest is read, not recalled.
    pub must_read: bool,
}

impl Given {
    /// All is read.
    pub fn nothing() -> Self {
        Self {
            must_read: true,
            ..Self::default()
        }
    }
}

impl World {
    pub(crate) fn load_binding(&mut self, job: &Job, button: usize) -> Known<Binding> {
        if let Some(given) = &job.given.binding {
            return given.clone();
        }
        let memory = &mut self.memories[job.process];
        match memory.binding(button) {
            Some(binding) if !job.given.must_read => Known::recalled(binding),
            _ => {
                let read = self.tables[job.stack].bindings[button].clone();
                memory.keep_binding(button, read.as_ref());
                Known::read(read)
            }
        }
    }

    pub(crate) fn load_record(
        &mut self,
        job: &Job,
        lock: usize,
        by: Option<&Binding>,
    ) -> Known<Record> {
        let is_its = |known: &&Known<Record>| {
            let record = known.value.as_ref();
            record.is_some_and(|record| lock_index(&record.lock) == lock)
        };
        if let Some(given) = job.given.record.as_ref().filter(is_its) {
            return given.clone();
        }
        let memory = &mut self.memories[job.process];
        match memory.predict(lock, by) {
            Some(record) if !job.given.must_read => Known::recalled(record),
            _ => {
                let read = self.tables[job.stack].records[lock].clone();
                memory.keep_record(lock, read.as_ref());
                Known::read(read)
            }
        }
    }

    /// A process keeps binding and record as the commit left them.
    pub(crate) fn remember(&mut self, job: &Job, decided: &Decided) {
        if !matches!(job.task, Task::Press(..) | Task::Request(..)) {
            return;
        }
        let (memory, read) = (&mut self.memories[job.process], &decided.read);
        if let Some(write) = &decided.decision.writes.binding
            && let Some(binding) = write.apply(read.binding.value.as_ref())
        {
            memory.keep_binding(button_index(&binding.button), Some(&binding));
        }
        if let Some(write) = &decided.decision.writes.record
            && let Some(record) = write.apply(read.record.value.as_ref()).record()
        {
            memory.keep_record(lock_index(&record.lock), Some(&record));
        }
    }
}
