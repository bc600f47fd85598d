//! Alters a decision where a rule is removed.

use lock_core::Decision;
use lock_core::action::Action;
use lock_core::binding::Binding;
use lock_core::command::Version;
use lock_core::decide::Publish;
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Cause, Command, Status};
use lock_core::report::Latch;
use lock_core::write::{BindingWrite, RecordUpdate, RecordWrite};

use super::{Cloud, limits, press_of};
use crate::beginning::lock_index;
use crate::rule::Rule;
use crate::state::{Job, State, Task};

impl Cloud<'_> {
    /// The decision without the removed rules.
    pub(super) fn weaken(&self, state: &State, job: &Job, mut decision: Decision) -> Decision {
        let rules = self.rules;
        let (verdict, reason) = (decision.verdict, decision.reason.clone());
        if rules.without(Rule::C3BindingOutside) && verdict == Verdict::Command {
            decision.writes.binding = None;
        }
        self.weaken_version(state, job, &mut decision);
        let action = decision.publish.as_ref().map(|p| p.command.action);
        let is_quiet = rules.without(Rule::C7NoRepublish)
            && verdict == Verdict::Resend
            && reason == Reason::RETRY
            || rules.without(Rule::C8LockOnce)
                && verdict == Verdict::Resend
                && action == Some(Action::Lock)
            || rules.without(Rule::C9LostJournal) && reason == Reason::VERSION_BEHIND;
        if is_quiet {
            remove_command(&mut decision);
        }
        if rules.without(Rule::C7RepublishAlways) && decision.publish.is_none() {
            decision.publish = self.unchecked_republish(state, job);
        }
        if rules.without(Rule::C8LifeRenewed)
            && verdict == Verdict::Resend
            && let Some(publish) = &mut decision.publish
            && let Some(expires_at) = &mut publish.command.expires_at
        {
            let ttl_ms = limits(rules).command_ttl_ms;
            *expires_at = state.cloud_now().plus(ttl_ms).seconds();
        }
        if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
            self.weaken_update(state, job, (verdict, &reason), update);
        }
        if rules.without(Rule::C10NoAnswerIsNo) && reason == Reason::UNLOCK_NOT_ANSWERED {
            (decision.publish, decision.verdict) = (None, Verdict::Settled);
        }
        decision
    }

    fn weaken_update(
        &self,
        state: &State,
        job: &Job,
        (verdict, reason): (Verdict, &Reason),
        update: &mut RecordUpdate,
    ) {
        let rules = self.rules;
        let table = &state.tables[usize::from(job.stack)];
        let record = table.record(&update.lock);
        if rules.without(Rule::C8NextSendNotMoved) && verdict == Verdict::Resend {
            update.command = None;
            if let Some(record) = record {
                update.due = record.due.clone();
            }
        }
        if rules.without(Rule::C9AnyOrder) {
            update.guard.shadow = None;
        }
        if rules.without(Rule::C15TurnUnchecked) && verdict != Verdict::Resend {
            update.guard.next_send_at = None;
        }
        if rules.without(Rule::C10NoAnswerIsNo) && *reason == Reason::UNLOCK_NOT_ANSWERED {
            (update.version, update.command) = (None, None);
            (update.status, update.state) = (Some(Status::Settled), Some(Latch::Locked));
        }
        if rules.without(Rule::C10AlertedAgain) {
            update.left_open_alerted = None;
        }
        if rules.without(Rule::C14InARow)
            && verdict == Verdict::Settled
            && update.state == Some(Latch::Locked)
        {
            update.command = record.and_then(|record| record.command.clone());
            if let Some(command) = &mut update.command {
                command.jams = 0;
            }
        }
    }

    /// The binding after `write`, with a counted revision if that rule is removed.
    pub(super) fn weaken_revision(&self, write: &BindingWrite, mut binding: Binding) -> Binding {
        if let BindingWrite::Update(update) = write
            && self.rules.without(Rule::C3RevisionCounted)
            && binding.revision != update.revision
        {
            binding.revision = update.revision + 1;
        }
        binding
    }

    fn weaken_version(&self, state: &State, job: &Job, decision: &mut Decision) {
        if decision.verdict != Verdict::Command {
            return;
        }
        let Some(publish) = &decision.publish else {
            return;
        };
        let table = &state.tables[usize::from(job.stack)];
        let record = table.records[lock_index(&publish.lock)].as_deref();
        let previous = record.map_or(0, |record| record.version.0);
        if self.rules.without(Rule::C5PreviousPlusOne) {
            set_version(decision, previous + 1);
        }
        if self.rules.without(Rule::C5ClockOnly) {
            set_version(decision, state.cloud_now().0);
        }
    }

    /// Without C7: what a retry publishes unchecked, the command that its press once caused.
    fn unchecked_republish(&self, state: &State, job: &Job) -> Option<Publish> {
        let Task::Press {
            press, received_at, ..
        } = job.task
        else {
            return None;
        };
        let id = press_of(self.config, press, 0, None, received_at).command_id();
        let issued = &state.memory.traces[0][0].issued;
        let known = issued.iter().find(|(_, known)| *known == id)?;
        let record = state.tables[0].records[0].as_deref()?;
        let mut command = Command::new(
            id,
            Action::Unlock,
            Cause::Request { actor: None },
            received_at,
            Some(received_at.plus(limits(self.rules).command_ttl_ms)),
        );
        command.attempts = 2;
        Some(Publish::of(&record.lock, Version(known.0), &command))
    }
}

/// Removes the command from a decision; the report is still noted.
fn remove_command(decision: &mut Decision) {
    decision.publish = None;
    decision.verdict = Verdict::Noted;
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
        (update.version, update.status, update.command) = (None, None, None);
        update.guard.next_send_at = None;
    }
}

/// Gives the decision's command another version, also if the sweep is to send it.
pub(super) fn set_version(decision: &mut Decision, version: u64) {
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
        update.version = Some(Version(version));
    }
    if let Some(publish) = &mut decision.publish {
        publish.command.version = Version(version);
    }
}
