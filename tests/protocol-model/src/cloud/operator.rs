//! What `lockctl` does: the real decisions of an operator's acts. It must not commit.

use std::sync::Arc;

use lock_core::binding::{Actions, Binding};
use lock_core::reason::Verdict;
use lock_core::record::Record;
use lock_core::{
    BindWish, Decision, decide_bind, decide_forget, decide_recover, decide_register_lock,
    decide_revoke, decide_unbind,
};

use super::{Cloud, limits};
use crate::begin::lock;
use crate::configuration::Act;
use crate::rule::Rule;
use crate::state::{Job, State, Table, What};

impl Cloud<'_> {
    /// What comes of the configuration's act of this number; none where `lockctl` refuses it.
    pub(super) fn act(&self, state: &State, act: u8) -> Option<Decision> {
        let (table, now) = (&state.tables[0], state.cloud_now());
        let limits = limits(self.rules);
        match self.config.acts[usize::from(act)] {
            Act::Revoke(button) => {
                let (binding, record) = bound(table, button)?;
                let decision = decide_revoke(binding, record, None, now, &limits);
                Some(self.left(decision, Rule::C11NoSystemLock))
            }
            Act::Bind(button, to) => {
                let (binding, from) = bound(table, button)?;
                let to = table.records[usize::from(to)].as_deref()?;
                let wish = BindWish {
                    actions: Actions::default(),
                    forget_last_press: self.rules.without(Rule::C3LastPressForgotten),
                };
                let moves = binding.lock.as_ref() != Some(&to.lock);
                let decision = decide_bind(binding, from, to, wish, None, now, &limits);
                Some(match moves {
                    true => self.left(decision, Rule::C3LockLeftOpen),
                    false => decision,
                })
            }
            Act::Unbind(button) => {
                let (binding, record) = bound(table, button)?;
                Some(decide_unbind(binding, record, None, now, &limits))
            }
            Act::Register(n) => {
                let known = table.records[usize::from(n)].as_deref();
                decide_register_lock(&lock(n), known, None, now, &limits)
            }
            Act::Forget(n) => {
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

    /// The decision, without what is done for the lock that a button leaves where `rule` is taken away.
    fn left(&self, mut decision: Decision, rule: Rule) -> Decision {
        if self.rules.without(rule) && decision.verdict == Verdict::Command {
            (decision.writes.record, decision.publish) = (None, None);
            decision.verdict = Verdict::Noted;
        }
        decision
    }

    /// The record of a restored table, no longer believed (C12).
    pub fn recover(&self, state: &mut State, record: &Arc<Record>) -> Arc<Record> {
        if self.rules.without(Rule::C12RestoredTrusted) {
            return Arc::clone(record);
        }
        let now = state.cloud_now();
        let mut decision = decide_recover(record, None, now, &limits(self.rules));
        if self.rules.without(Rule::C5PreviousPlusOne) {
            super::weaken::set_version(&mut decision, record.version.0 + 1);
        }
        let job = Job {
            stack: 0,
            what: What::Recover,
            tries: 0,
        };
        self.watch_commit(state, &job, &decision);
        let write = decision
            .writes
            .record
            .expect("a recovery changes the record");
        let after = write.apply(Some(record)).record();
        Arc::new(after.expect("it holds on what was read"))
    }
}

/// A button's binding, and the record of the lock it is bound to.
fn bound(table: &Table, button: u8) -> Option<(&Binding, Option<&Record>)> {
    let binding = table.bindings[usize::from(button)].as_deref()?;
    let record = binding.lock.as_ref().and_then(|lock| table.record(lock));
    Some((binding, record))
}
