//! The real decisions, with their input or output altered where a fault is planted.

use lock_core::action::Action;
use lock_core::command::Version;
use lock_core::decide::{BindWish, Origin, ReportDecision, decide_no_shadow};
use lock_core::press::Press;
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Record, Status};
use lock_core::report::{Latch, ReportEvent, ReportId};
use lock_core::time::UnixMillis;
use lock_core::write::{BindingChange, BindingWrite, RecordWrite};
use lock_core::{
    Decision, decide_bind, decide_forget, decide_press, decide_recover, decide_register_lock,
    decide_report, decide_request, decide_revoke, decide_sweep, decide_unbind,
};

use crate::event::{Job, Operation, Task};
use crate::memory::Read;
use crate::plant::Plant;
use crate::table::{lock_index, lock_name};
use crate::world::World;

impl World {
    /// Decides a job on what is known; `None` if there is nothing to decide. `now` is the time by
    /// the cloud's clock.
    pub(crate) fn decide(&self, job: &Job, read: &Read, now: UnixMillis) -> Option<Decision> {
        let limits = &self.limits;
        let (known, binding) = (read.record.value.as_ref(), &read.binding.value);
        let decision = match &job.task {
            Task::Press(press, _) => {
                let mut press = Press::clone(press);
                self.weaken_press(&mut press, job, now);
                let mut binding = binding.clone();
                if let (Some(Plant::BoundAtIgnored), Some(binding)) = (self.plant, &mut binding) {
                    binding.bound_at = None;
                }
                decide_press(known, binding.as_ref(), &press, now, limits)
            }
            Task::Request(request, _) => {
                decide_request(known, job.has_acted, request, now, limits)?
            }
            Task::Report(event, _) => self.decide_report(job, read, event, now)?,
            Task::Sweep(lock) => {
                let record = known?;
                if self.plant == Some(Plant::SettledNeverDue) && record.status == Status::Settled {
                    return None;
                }
                let shadow = self.sites[*lock].read_shadow();
                let (record, shadow) = self.weaken_report(Some(record), shadow, Origin::Shadow);
                let record = record?;
                let (shadow, binding) = (shadow.as_ref(), binding.as_ref());
                let mut decision = decide_sweep(&record, shadow, binding, now, limits)?;
                keep_version(&mut decision, known);
                decision
            }
            Task::Operate(operation) => self.decide_operation(*operation)?,
        };
        Some(self.weaken(job, read, decision, now))
    }

    fn decide_report(
        &self,
        job: &Job,
        read: &Read,
        event: &ReportEvent,
        now: UnixMillis,
    ) -> Option<Decision> {
        let (lock, limits) = (lock_index(&event.lock), &self.limits);
        let made = Record::created(lock_name(lock), now);
        let anything = (self.plant == Some(Plant::AnyThing)).then_some(&made);
        let known = read.record.value.as_ref();
        let decide = |record: Option<&Record>, event: ReportEvent, origin| {
            let (record, event) = self.weaken_report(record.or(anything), Some(event), origin);
            let event = event.expect("it was given");
            let binding = read.binding.value.as_ref();
            decide_report(record.as_ref(), &event, origin, binding, now, limits)
        };
        let mut decision = match decide(known, event.clone(), Origin::Event) {
            ReportDecision::NotRegistered => return None,
            ReportDecision::Act(decision) => *decision,
            ReportDecision::ReadShadow => {
                // The function reads the record again before it decides on the shadow.
                let record = self.tables[job.stack].records[lock].as_ref();
                match self.sites[lock].read_shadow() {
                    None => decide_no_shadow(event, None, now, limits),
                    Some(shadow) => match decide(record, shadow, Origin::Shadow) {
                        ReportDecision::Act(decision) => *decision,
                        _ => return None,
                    },
                }
            }
        };
        keep_version(&mut decision, known);
        if known.is_none()
            && let Some(write) = &mut decision.writes.record
            && let Some(record) = write.apply(Some(&made)).record()
        {
            *write = RecordWrite::Create(record);
        }
        Some(decision)
    }

    fn decide_operation(&self, operation: Operation) -> Option<Decision> {
        let (now, limits, table) = (self.cloud_now(), &self.limits, &self.tables[0]);
        let record_of = |lock: &lock_core::name::LockName| table.records[lock_index(lock)].as_ref();
        match operation {
            Operation::Revoke(button) => {
                let binding = table.bindings[button].as_ref()?;
                let record = binding.lock.as_ref().and_then(record_of);
                Some(decide_revoke(binding, record, None, now, limits))
            }
            Operation::Bind(button, lock) => {
                let binding = table.bindings[button].as_ref()?;
                let from = binding.lock.as_ref().and_then(record_of);
                let to = table.records[lock].as_ref()?;
                let from = from.filter(|from| from.lock != to.lock);
                let wish = BindWish {
                    actions: binding.actions.clone(),
                    forget_last_press: self.plant == Some(Plant::LastPressForgotten),
                };
                Some(decide_bind(binding, from, to, wish, None, now, limits))
            }
            Operation::Unbind(button) => {
                let binding = table.bindings[button].as_ref()?;
                let record = binding.lock.as_ref().and_then(record_of);
                Some(decide_unbind(binding, record, None, now, limits))
            }
            Operation::Register(lock) => {
                let known = table.records[lock].as_ref();
                decide_register_lock(&lock_name(lock), known, None, now, limits)
            }
            Operation::Forget(lock, gone) => {
                let record = table.records[lock].as_ref()?;
                let bindings: Vec<_> = table.bindings.iter().flatten().cloned().collect();
                decide_forget(record, &bindings, gone, None, now, limits).ok()
            }
            Operation::Recover(lock) => Some(decide_recover(
                table.records[lock].as_ref()?,
                self.sites[lock].read_shadow().as_ref(),
                None,
                now,
                limits,
            )),
        }
    }

    fn weaken_press(&self, press: &mut Press, job: &Job, now: UnixMillis) {
        match self.plant {
            Some(Plant::NewIdentity) => {
                press.press_id = format!("{}-{}-{}", press.press_id, job.tries, job.decisions);
                (press.sequence, press.received_at) = (None, now);
            }
            Some(Plant::LifeFromCommit) => {
                (press.received_at, press.pressed_at) = (now, None);
            }
            Some(Plant::LifeFromArrival) => press.pressed_at = None,
            _ => {}
        }
    }

    /// Record and report as a function without a rule compares them.
    fn weaken_report(
        &self,
        record: Option<&Record>,
        event: Option<ReportEvent>,
        origin: Origin,
    ) -> (Option<Record>, Option<ReportEvent>) {
        let (mut record, mut event) = (record.cloned(), event);
        if let Some(command) = record.as_mut().and_then(|record| record.command.as_mut()) {
            match self.plant {
                Some(Plant::JamsEndless) => command.jams = 0,
                Some(Plant::ContestedAtOnce) => command.system_locks = 0,
                _ => {}
            }
        }
        let Some(event) = &mut event else {
            return (record, None);
        };
        match self.plant {
            Some(Plant::AnyAuthor) if origin == Origin::Event => {
                event.token = event.report.report_id;
            }
            Some(Plant::UsedReport) if origin == Origin::Shadow => rename(event),
            Some(Plant::AnyVersionSettles) => {
                if let Some(record) = &record {
                    event.report.version = record.version;
                    let command = record.command.as_ref();
                    event.report.command_id = command.map(|command| command.id.clone());
                }
            }
            Some(Plant::AnyOrder) => {
                if let Some(reported) = record.as_mut().and_then(|r| r.reported.as_mut()) {
                    reported.shadow_version = 0;
                    reported.report.report_id = None;
                }
            }
            _ => {}
        }
        (record, Some(event.clone()))
    }

    fn weaken(&self, job: &Job, read: &Read, mut decision: Decision, now: UnixMillis) -> Decision {
        let (verdict, reason) = (decision.verdict, decision.reason.clone());
        let action = decision.publish.as_ref().map(|p| p.command.action);
        let resends = verdict == Verdict::Resend;
        let locks = action == Some(Action::Lock);
        match self.plant {
            Some(Plant::RecordedIgnored) if resends && matches!(job.task, Task::Press(..)) => {
                drop_command(&mut decision);
            }
            Some(Plant::SentOnce) if resends && locks => drop_command(&mut decision),
            Some(Plant::LostJournalIgnored) if reason == Reason::VERSION_BEHIND => {
                drop_command(&mut decision);
            }
            Some(Plant::VersionFromClock) if verdict == Verdict::Command => {
                set_version(&mut decision, now.0);
            }
            Some(Plant::LifeRenewed) if resends => {
                let until = now.plus(self.limits.command_ttl_ms);
                if let Some(publish) = &mut decision.publish
                    && publish.command.expires_at.is_some()
                {
                    publish.command.expires_at = Some(until.seconds());
                    publish.expires_at = Some(until);
                }
            }
            Some(Plant::RevokedLeftOpen)
                if is_operation(job, |o| matches!(o, Operation::Revoke(_))) =>
            {
                drop_command(&mut decision);
            }
            Some(Plant::BoundLeftOpen)
                if is_operation(job, |o| {
                    matches!(o, Operation::Bind(..) | Operation::Unbind(_))
                }) =>
            {
                drop_command(&mut decision);
            }
            _ => {}
        }
        if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
            match self.plant {
                Some(Plant::NextSendNotMoved) if resends => {
                    update.command = None;
                    if let Some(record) = &read.record.value {
                        update.due = record.due.clone();
                    }
                }
                Some(Plant::AnyOrder) => update.guard.shadow = None,
                Some(Plant::PredictedLatchUnchecked) if !read.record.is_read => {
                    update.guard.state = None;
                }
                Some(Plant::NoAnswerIsNo) if reason == Reason::UNLOCK_NOT_ANSWERED => {
                    (update.version, update.command) = (None, None);
                    (update.status, update.state) = (Some(Status::Settled), Some(Latch::Locked));
                    (decision.publish, decision.verdict) = (None, Verdict::Settled);
                }
                _ => {}
            }
        }
        if self.plant == Some(Plant::LastPressUnchecked) {
            forget_last_guard(&mut decision);
        }
        decision
    }
}

/// Removes the condition on when the last press was.
fn forget_last_guard(decision: &mut Decision) {
    if let Some(BindingWrite::Update(update)) = &mut decision.writes.binding
        && let BindingChange::Note(note) = &mut update.change
    {
        note.last_guard = None;
    }
}

fn is_operation(job: &Job, matches: impl Fn(Operation) -> bool) -> bool {
    matches!(job.task, Task::Operate(operation) if matches(operation))
}

/// Lets the guard be of the record as read, whatever the decision was given.
fn keep_version(decision: &mut Decision, known: Option<&Record>) {
    if let (Some(RecordWrite::Update(update)), Some(known)) = (&mut decision.writes.record, known) {
        update.guard.version = known.version;
    }
}

/// Gives a report a later name, with a checksum that fits.
fn rename(event: &mut ReportEvent) {
    if let Some(id) = event.report.report_id {
        let counter = id.counter + 1_000;
        event.report = event.report.clone().with_id(ReportId { counter, ..id });
    }
}

/// Removes the command from a decision; the rest is written.
fn drop_command(decision: &mut Decision) {
    decision.publish = None;
    decision.verdict = Verdict::Noted;
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
        (update.version, update.status, update.command) = (None, None, None);
        update.guard.next_send_at = None;
    }
}

fn set_version(decision: &mut Decision, version: u64) {
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
        update.version = Some(Version(version));
    }
    if let Some(publish) = &mut decision.publish {
        publish.command.version = Version(version);
    }
}
