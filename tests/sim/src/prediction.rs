//! Decisions on predicted records and on cached bindings: how many there were, and whether each is
//! what the table itself would have given (C3).
//!
//! Must not change anything but what the invariants remember.

use std::ops::AddAssign;

use lock_core::Decision;

use crate::cloud::name;
use crate::event::{Decided, Job, Task};
use crate::invariant::Invariant;
use crate::memory::{Known, Read};
use crate::table::{Conflict, button_index, lock_index};
use crate::world::World;

/// How many decisions were made on predicted records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Predictions {
    /// Those that were committed.
    pub committed: u64,
    /// Those that the record's condition refused.
    pub missed: u64,
}

impl AddAssign for Predictions {
    fn add_assign(&mut self, other: Self) {
        self.committed += other.committed;
        self.missed += other.missed;
    }
}

impl World {
    /// The decision that the table itself gives; `None` if all of this one was read.
    pub(crate) fn decide_on_table(&self, job: &Job, decided: &Decided) -> Option<Decision> {
        if decided.read.is_read() {
            return None;
        }
        let table = &self.tables[job.stack];
        let binding = match &job.task {
            Task::Press(press, _) => table.bindings[button_index(&press.button)].as_ref(),
            _ => None,
        };
        let lock = match &job.task {
            Task::Request(request, _) => Some(&request.lock),
            _ => binding.and_then(|binding| binding.lock.as_ref()),
        };
        let record = lock.and_then(|lock| table.records[lock_index(lock)].clone());
        let read = Read {
            record: Known::read(record),
            binding: Known::read(binding.cloned()),
        };
        self.decide(job, &read, decided.now)
    }

    /// Counts a prediction that did not come true.
    pub(crate) fn watch_miss(&mut self, decided: &Decided, conflict: &Conflict) {
        let missed = !decided.read.record.is_read && matches!(conflict, Conflict::Record(_));
        self.predictions.missed += u64::from(missed);
    }

    /// A decision on memories that was committed is what the table itself gave: `wanted`.
    pub(crate) fn watch_prediction(
        &mut self,
        job: &Job,
        decided: &Decided,
        wanted: Option<&Decision>,
    ) {
        let (read, made) = (&decided.read, &decided.decision);
        if read.is_read() {
            return;
        }
        self.predictions.committed += u64::from(!read.record.is_read);
        let same = wanted.is_some_and(|wanted| {
            (wanted.verdict, &wanted.publish) == (made.verdict, &made.publish)
        });
        // Of a plant that a person would notice, that is what must be found.
        let is_checked = self
            .plant
            .is_none_or(|plant| plant.breaks().contains(&Invariant::C3));
        self.require(same || !is_checked, Invariant::C3, || {
            let wanted = wanted.map_or("nothing", |wanted| wanted.reason.code());
            let made = made.reason.code();
            format!("{}: {made}, and the table says {wanted}", name(job))
        });
    }
}
