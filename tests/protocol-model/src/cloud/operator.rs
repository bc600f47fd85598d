//! What `lockctl` does: the real decisions on an operator's actions.

use std::sync::Arc;

use lock_core::binding::{Actions, Binding};
use lock_core::reason::Verdict;
use lock_core::record::Record;
use lock_core::{
    BindWish, Decision, decide_bind, decide_forget, decide_recover, decide_register_lock,
    decide_revoke, decide_unbind,
};

use super::{Cloud, limits};
use crate::beginning::{lock_index, lock_name};
use crate::configuration::OperatorAction;
use crate::rule::Rule;
use crate::state::{Job, State, Table, Task};

impl Cloud<'_> {
    /// Decides about an operator's action, by its number; `None` if `lockctl` refuses it.
    pub(super) fn decide_action(&self, state: &State, action: u8) -> Option<Decision> {
        let (table, now) = (&state.tables[0], state.cloud_now());
        let limits = limits(self.rules);
        match self.config.actions[usize::from(action)] {
            OperatorAction::Revoke(button) => {
                let (binding, record) = binding_and_record(table, button)?;
                let decision = decide_revoke(binding, record, None, now, &limits);
                Some(self.weaken_leaving(decision, Rule::C11NoSystemLock))
            }
            OperatorAction::Bind(button, to) => {
                let (binding, from) = binding_and_record(table, button)?;
                let to = table.records[usize::from(to)].as_deref()?;
                let wish = BindWish {
                    actions: Actions::default(),
                    forget_last_press: self.rules.without(Rule::C3LastPressForgotten),
                };
                let moves = binding.lock.as_ref() != Some(&to.lock);
                let decision = decide_bind(binding, from, to, wish, None, now, &limits);
                Some(if moves {
                    self.weaken_leaving(decision, Rule::C3LockLeftOpen)
                } else {
                    decision
                })
            }
            OperatorAction::Unbind(button) => {
                let (binding, record) = binding_and_record(table, button)?;
                Some(decide_unbind(binding, record, None, now, &limits))
            }
            OperatorAction::Register(n) => {
                let known = table.records[usize::from(n)].as_deref();
                decide_register_lock(&lock_name(n), known, None, now, &limits)
            }
            OperatorAction::Forget(n) => {
                let record = table.records[usize::from(n)].as_deref()?;
                let bindings: Vec<Binding> = table
                    .bindings
                    .iter()
                    .flatten()
                    .map(|b| (**b).clone())
                    .collect();
                decide_forget(record, &bindings, false, None, now, &limits).ok()
            }
        }
    }

    /// If `rule` is removed, the decision does not lock the lock that the button leaves.
    fn weaken_leaving(&self, mut decision: Decision, rule: Rule) -> Decision {
        if self.rules.without(rule) && decision.verdict == Verdict::Command {
            (decision.writes.record, decision.publish) = (None, None);
            decision.verdict = Verdict::Noted;
        }
        decision
    }

    /// Decides about a record of a restored table, which is no longer trusted (C12).
    pub fn recover(&self, state: &mut State, record: &Arc<Record>) -> Arc<Record> {
        if self.rules.without(Rule::C12RestoredTrusted) {
            return Arc::clone(record);
        }
        let now = state.cloud_now();
        let shadow = state.sites[lock_index(&record.lock)].shadow.clone();
        let mut decision =
            decide_recover(record, shadow.as_deref(), None, now, &limits(self.rules));
        if self.rules.without(Rule::C5PreviousPlusOne) {
            super::weakening::set_version(&mut decision, record.version.0 + 1);
        }
        let job = Job {
            stack: 0,
            task: Task::Recover,
            tries: 0,
        };
        self.watch_commit(state, &job, &decision);
        let write = decision
            .writes
            .record
            .expect("a recovery changes the record");
        let after = write.apply(Some(record)).record();
        Arc::new(after.expect("the conditions hold on the record that was read"))
    }
}

/// A button's binding, and the record of its lock.
fn binding_and_record(table: &Table, button: u8) -> Option<(&Binding, Option<&Record>)> {
    let binding = table.bindings[usize::from(button)].as_deref()?;
    let record = binding.lock.as_ref().and_then(|lock| table.record(lock));
    Some((binding, record))
}
