//! The functions: the real decisions and conditions of `lock_core` on a table in memory.
//!
//! A rule of the cloud is removed here, at the boundary: in a decision's input, in its output, or
//! by skipping its conditions. Nothing here decides by itself.

mod decision;
mod message;
mod observation;
mod operator;
mod weakening;

use std::sync::Arc;

use lock_core::Decision;
use lock_core::decide::Publish;
use lock_core::limits::Limits;
use lock_core::predict::is_checked;
use lock_core::write::{OtherLock, RecordWrite, Written};

use crate::beginning::lock_index;
use crate::configuration::Configuration;
use crate::rule::{Rule, Rules};
use crate::state::{Invocation, Job, Stage, State, Table, Task};

pub use message::{button_index, press_of, request_of};

/// The cloud under a set of rules.
#[derive(Debug, Clone, Copy)]
pub struct Cloud<'a> {
    pub config: &'a Configuration,
    pub rules: Rules,
}

/// What a function decides about a press or a request on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Record and binding are read.
    Table,
    /// The record is read, the binding is in the cache of the process.
    Cache,
    /// The record is predicted by this process, which also knows the binding.
    Prediction(u8),
    /// The record is as the table has it, the binding as this process knows it.
    KnownBinding(u8),
}

/// The limits under these rules.
pub fn limits(rules: Rules) -> Limits {
    let mut limits = Limits::default();
    if rules.without(Rule::C2NoQuietWindow) {
        limits.quiet_window_ms = 0;
    }
    if rules.without(Rule::C6DoneReversed) {
        limits.same_wish_ms = 0;
    }
    limits
}

impl Cloud<'_> {
    /// A function starts `job`: it reads the table and decides. If there is nothing to decide (no
    /// overdue command, or the lock is not registered), the job is done.
    pub fn begin(&self, state: &mut State, job: Job, basis: Basis) {
        if self.rules.without(Rule::C1NewIdentity) {
            state.memory.invocations += 1;
        }
        let mut decision = self.decide(state, &job, basis);
        let is_final = self.rules.without(Rule::C3PredictionFinal);
        if basis != Basis::Table && !is_final && !decision.as_ref().is_some_and(is_checked) {
            // Only a commit checks what is not read: decide any other verdict again.
            decision = self.decide(state, &job, Basis::Table);
        }
        let Some(decision) = decision else { return };
        if self.rules.without(Rule::C13PublishFirst)
            && let Some(publish) = &decision.publish
        {
            self.publish(state, job.stack, publish, None);
        }
        let stage = Stage::Decided(Arc::new(decision));
        state.running.push(Invocation { job, stage });
    }

    /// Commits a decision if its conditions hold, else decides again.
    pub fn commit(&self, state: &mut State, Invocation { job, stage }: Invocation) {
        let Stage::Decided(decision) = &stage else {
            unreachable!("only a decision can be committed");
        };
        let stack = usize::from(job.stack);
        let Some(mut after) = self.apply_writes(&state.tables[stack], decision) else {
            if let Task::Press { press, .. } = job.task {
                let button = self.button_of(press);
                state.tables[stack].cached[button] = None;
            }
            self.begin(state, job, self.usual_basis());
            return;
        };
        self.watch_commit(state, &job, decision);
        if let (true, Task::Press { press, .. }) = (self.config.cache, &job.task) {
            let button = self.button_of(*press);
            after.cached[button].clone_from(&after.bindings[button]);
        }
        if self.config.predict && matches!(job.task, Task::Press { .. } | Task::Request { .. }) {
            let belief = after.to_belief();
            if !after.beliefs.contains(&belief) {
                after.beliefs.push(belief);
            }
        }
        state.tables[stack] = after;
        let stage = match &decision.publish {
            Some(publish) if !self.rules.without(Rule::C13PublishFirst) => {
                Stage::Committed(Arc::new(publish.clone()))
            }
            _ if is_retried(&job) => Stage::Published,
            _ => return,
        };
        state.running.push(Invocation { job, stage });
    }

    /// What functions decide on, unless a step says otherwise.
    pub fn usual_basis(&self) -> Basis {
        if self.config.cache {
            Basis::Cache
        } else {
            Basis::Table
        }
    }

    /// The table after these writes; `None` if a condition does not hold.
    fn apply_writes(&self, table: &Table, decision: &Decision) -> Option<Table> {
        let writes = &decision.writes;
        let mut after = table.clone();
        if let Some(write) = &writes.binding {
            let binding = &mut after.bindings[button_index(write.button())];
            let new = write.apply(binding.as_deref())?;
            *binding = Some(Arc::new(self.weaken_revision(write, new)));
        }
        if let Some(write) = &writes.record {
            let lock = match write {
                RecordWrite::Create(record) => &record.lock,
                RecordWrite::Update(update) => &update.lock,
                RecordWrite::Delete(delete) => &delete.lock,
            };
            let record = &mut after.records[lock_index(lock)];
            match (write, record.as_deref()) {
                (RecordWrite::Update(update), Some(old))
                    if self.rules.without(Rule::C3RecordOutside) =>
                {
                    *record = Some(Arc::new(update.apply(old)));
                }
                (write, old) => match write.apply(old) {
                    Written::Conflict => return None,
                    Written::Gone => *record = None,
                    Written::Record(new) => *record = Some(Arc::from(new)),
                },
            }
        }
        if let Some(OtherLock { record: update, .. }) = &writes.other {
            let record = &mut after.records[lock_index(&update.lock)];
            let write = RecordWrite::Update(update.clone());
            *record = Some(Arc::new(write.apply(record.as_deref()).record()?));
        }
        if let Some(mark) = &writes.request {
            let mark = self.mark_of(&mark.lock, &mark.request_id);
            if after.marks.contains(&mark) {
                return None;
            }
            after.marks.push(mark);
            after.marks.sort_unstable();
        }
        Some(after)
    }

    /// Publishes a command to the device if it is connected. `press` is the press whose binding
    /// must still be enabled, if that is to be checked.
    pub fn publish(&self, state: &mut State, stack: u8, publish: &Publish, press: Option<u8>) {
        self.watch_publish(state, stack, publish, press);
        let site = &mut state.sites[lock_index(&publish.lock)];
        let command = Arc::new(publish.command.clone());
        if self.rules.without(Rule::D6Retained) {
            site.kept = vec![Arc::clone(&command)];
        }
        if site.connected {
            site.network.push(command);
        } else if self.rules.without(Rule::D6Session) {
            site.kept.push(command);
        }
    }

    fn button_of(&self, press: u8) -> usize {
        let made = self.config.presses.get(usize::from(press));
        made.map_or(0, |made| usize::from(made.button))
    }
}

/// Whether the job is delivered again when its function dies after publishing.
pub fn is_retried(job: &Job) -> bool {
    job.tries > 0 && matches!(job.task, Task::Press { .. } | Task::Report(_))
}
