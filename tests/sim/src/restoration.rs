//! A restoration of the table to an earlier state, step by step as the RUNBOOK says (C12).
//!
//! The processes outlive it, with the bindings that they have cached and what they predict.

use std::collections::BTreeSet;

use lock_core::record::{Record, Status};

use crate::event::{Event, Operation, Task};
use crate::fate::Stream;
use crate::invariant::Invariant;
use crate::plant::Plant;
use crate::watch::Trace;
use crate::world::World;

/// How long the rules are off before the table is restored, in ms.
const PAUSE: u64 = 180_000;

/// The largest step back of the cloud's clock in a run, in ms.
const STEP_MAX: u64 = 11_500;

/// What happens next in a restoration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// What the backup does not have is deleted.
    Delete,
    /// What the backup has is written.
    Write,
    /// Every record is recovered, and later revocations are repeated, until all of that is done.
    Recover,
    /// The rules are enabled again.
    Resume,
}

/// A restoration that goes on.
#[derive(Debug, Default)]
pub struct Restoration {
    /// Locks whose records are not recovered yet.
    to_recover: BTreeSet<usize>,
    /// Buttons that were revoked after the backup.
    to_revoke: BTreeSet<usize>,
    /// When the table was written, by the cloud's clock.
    written_at: u64,
}

impl World {
    /// Whether the rules of the first stack are off.
    pub(crate) fn is_paused(&self) -> bool {
        self.restoration.is_some()
    }

    /// An operator pauses the stack, in order to restore its table.
    pub(crate) fn begin_restoration(&mut self) {
        if self.is_paused() {
            return;
        }
        self.restoration = Some(Restoration::default());
        let pause = match self.plant {
            Some(Plant::RestoredAtOnce) => 0,
            _ => PAUSE,
        };
        let at = self.now + pause + self.fate.between(Stream::Delay, 1_000, 60_000);
        self.queue.push(at, Event::Restore(Stage::Delete));
    }

    /// A restoration goes on.
    pub(crate) fn restore(&mut self, stage: Stage) {
        let (next, wait) = match stage {
            Stage::Delete => {
                self.delete_later_items();
                (Stage::Write, 3_000)
            }
            Stage::Write => {
                self.write_backup();
                (Stage::Recover, 30_000)
            }
            Stage::Recover if self.recover_all() => (Stage::Resume, 60_000),
            Stage::Recover => (Stage::Recover, 10_000),
            Stage::Resume => {
                self.resume();
                return;
            }
        };
        let at = self.now + self.fate.between(Stream::Delay, 500, wait);
        self.queue.push(at, Event::Restore(next));
    }

    fn delete_later_items(&mut self) {
        self.say(|| "the operator deletes what the backup does not have".into());
        let (table, backup) = (&mut self.tables[0], &self.backup);
        for (record, old) in table.records.iter_mut().zip(&backup.records) {
            record.take_if(|_| old.is_none());
        }
        for (binding, old) in table.bindings.iter_mut().zip(&backup.bindings) {
            binding.take_if(|_| old.is_none());
        }
        table.marks.retain(|mark| backup.marks.contains(mark));
    }

    fn write_backup(&mut self) {
        self.say(|| "the operator writes what the backup has".into());
        let is_enabled = |button: usize, world: &Self| {
            let binding = world.tables[0].bindings[button].as_ref();
            binding.is_some_and(|binding| binding.enabled)
        };
        let buttons = 0..self.sequences.len();
        let revoked: Vec<usize> = buttons.filter(|n| !is_enabled(*n, self)).collect();
        let backup = self.backup.clone();
        let table = &mut self.tables[0];
        for (record, old) in table.records.iter_mut().zip(backup.records) {
            *record = old.or(record.take());
        }
        for (binding, old) in table.bindings.iter_mut().zip(backup.bindings) {
            *binding = old.or(binding.take());
        }
        table.marks.extend(backup.marks);
        let locks = 0..self.sites.len();
        let to_recover = locks
            .filter(|lock| self.tables[0].records[*lock].is_some())
            .collect();
        let to_revoke = revoked.into_iter().filter(|n| is_enabled(*n, self));
        self.restoration = Some(Restoration {
            to_recover,
            to_revoke: to_revoke.collect(),
            written_at: self.cloud_now().0,
        });
        self.forget_later_writes();
    }

    /// What the invariants remember of the first stack is as the table is now. Versions and their
    /// commands stay, since they must grow across a restoration (C5). But those ahead of the clock,
    /// which another program's version has caused, may come again: the sweep may act before the
    /// recovery, and a lock that has lost its journal does not show them.
    fn forget_later_writes(&mut self) {
        for wish in &mut self.watch.wishes {
            wish.forgotten_at = Some(self.now);
        }
        let now = self.cloud_now().0;
        let records = &self.tables[0].records;
        for (trace, record) in self.watch.traces[0].iter_mut().zip(records) {
            trace.issued.retain(|version, _| *version <= now);
            *trace = Trace {
                registered: record.is_some(),
                version: trace.version.min(now),
                issued: std::mem::take(&mut trace.issued),
                streak: None,
                ..Trace::default()
            };
        }
    }

    /// Whether all records are recovered, and all later revocations repeated. What is not is done
    /// now.
    fn recover_all(&mut self) -> bool {
        let trusted = self.plant == Some(Plant::RestoredTrusted);
        let Some(restoration) = &mut self.restoration else {
            return true;
        };
        let table = &self.tables[0];
        let is_there = |lock: &usize| table.records[*lock].is_some() && !trusted;
        restoration.to_recover.retain(is_there);
        let is_enabled = |button: &usize| {
            let binding = table.bindings[*button].as_ref();
            binding.is_some_and(|binding| binding.enabled)
        };
        restoration.to_revoke.retain(is_enabled);
        let locks = restoration.to_recover.iter().copied();
        let mut operations: Vec<Operation> = locks.map(Operation::Recover).collect();
        if operations.is_empty() {
            // The answer of the recovery lists the buttons.
            let buttons = restoration.to_revoke.iter().copied();
            operations.extend(buttons.map(Operation::Revoke));
        }
        for operation in &operations {
            self.operate(*operation);
        }
        operations.is_empty()
    }

    /// An operation of the restoration is done.
    pub(crate) fn note_operation(&mut self, task: &Task) {
        let Some(restoration) = &mut self.restoration else {
            return;
        };
        match task {
            Task::Operate(Operation::Recover(lock)) => restoration.to_recover.remove(lock),
            Task::Operate(Operation::Revoke(button)) => restoration.to_revoke.remove(button),
            _ => false,
        };
    }

    /// The rules are enabled again. No record may be certain of a latch that is elsewhere because
    /// it was restored.
    fn resume(&mut self) {
        self.say(|| "the operator resumes".into());
        let Some(restoration) = self.restoration.take() else {
            return;
        };
        for lock in 0..self.sites.len() {
            let is_restored = |record: &&Record| {
                let used = record.reported.as_ref().map_or(0, |used| used.at.0);
                record.status == Status::Settled && used + STEP_MAX < restoration.written_at
            };
            let record = self.tables[0].records[lock].as_ref().filter(is_restored);
            let (state, latch) = (record.map(|record| record.state), self.sites[lock].latch());
            let holds = state.is_none_or(|state| state == latch);
            self.require(holds, Invariant::S4, || {
                let n = lock + 1;
                format!("the restored record says {state:?}, lock-{n} is {latch:?}")
            });
        }
    }
}
