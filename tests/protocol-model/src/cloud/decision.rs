//! The real decisions, with their input altered where a rule is removed.

use std::sync::Arc;

use lock_core::action::{Action, Intent};
use lock_core::binding::Binding;
use lock_core::decide::{Origin, ReportDecision, decide_no_shadow};
use lock_core::name::LockName;
use lock_core::predict::Prediction;
use lock_core::press::Press;
use lock_core::reason::Reason;
use lock_core::record::{Cause, Record, Status};
use lock_core::report::{Clock, ReportEvent, ReportId};
use lock_core::time::UnixMillis;
use lock_core::write::{BindingChange, BindingWrite, RecordWrite};
use lock_core::{Decision, decide_press, decide_report, decide_request, decide_sweep};

use super::{Basis, Cloud, button_index, limits, press_of, request_of};
use crate::beginning::lock_index;
use crate::rule::Rule;
use crate::state::{Job, State, Table, Task};

impl Cloud<'_> {
    /// Decides about `job` on this basis. `None` if there is nothing to decide.
    pub(super) fn decide(&self, state: &State, job: &Job, basis: Basis) -> Option<Decision> {
        let table = &state.tables[usize::from(job.stack)];
        let decision = match &job.task {
            Task::Press {
                press,
                delivery,
                received_at,
                ..
            } => self.decide_press(state, (*press, *delivery), *received_at, basis),
            Task::Request {
                request,
                received_at,
            } => self.decide_request(state, table, (*request, *received_at), basis)?,
            Task::Report(event) => self.decide_report(state, table, event)?,
            Task::Sweep(lock) => self.decide_sweep(state, table, usize::from(*lock))?,
            Task::Operate(act) => self.decide_action(state, *act)?,
            Task::Recover => unreachable!("a recovery is part of the restore step"),
        };
        Some(self.weaken(state, job, decision))
    }

    fn decide_press(
        &self,
        state: &State,
        (press, delivery): (u8, u8),
        received_at: UnixMillis,
        basis: Basis,
    ) -> Decision {
        let (table, now) = (&state.tables[0], state.cloud_now());
        let pressed = state.pressed.get(usize::from(press)).copied();
        let made = press_of(self.config, press, delivery, pressed, received_at);
        let made = self.weaken_press(state, made);
        let button = self.button_of(press);
        let mut binding = binding_on(table, button, basis);
        if self.rules.without(Rule::C3NoBoundAt)
            && let Some(binding) = &mut binding
        {
            Arc::make_mut(binding).bound_at = None;
        }
        let binding = binding.as_deref();
        let lock = binding.and_then(|binding| binding.lock.as_ref());
        let known = lock.and_then(|lock| record_on(table, lock, basis));
        let known = known.as_ref();
        let record = known.map(|record| self.weaken_pressed_record(record));
        let limits = limits(self.rules);
        let decide = |made: &Press| decide_press(record.as_ref(), binding, made, now, &limits);
        if self.rules.without(Rule::C2LockSwallowed) {
            let toggle = Press {
                click: lock_core::action::ClickType::Single,
                ..made.clone()
            };
            let swallowed = decide(&toggle);
            if swallowed.reason == Reason::QUIET_WINDOW {
                return swallowed;
            }
        }
        let mut decision = decide(&made);
        if let (Some(RecordWrite::Update(update)), Some(record)) =
            (&mut decision.writes.record, known)
        {
            update.guard.status = record.status;
        }
        self.weaken_prediction(table, basis, &mut decision);
        decision
    }

    /// The decision without the conditions on what was not read.
    fn weaken_prediction(&self, table: &Table, basis: Basis, decision: &mut Decision) {
        if let Some(RecordWrite::Update(update)) = &mut decision.writes.record
            && let Some(record) = table.record(&update.lock)
            && self.rules.without(Rule::C3PredictionTrusted)
            && matches!(basis, Basis::Prediction(_))
        {
            (update.guard.version, update.guard.status) = (record.version, record.status);
            update.guard.state = None;
        }
        if let Some(BindingWrite::Update(update)) = &mut decision.writes.binding
            && let BindingChange::Note(note) = &mut update.change
            && self.rules.without(Rule::C6LastPressUnchecked)
        {
            note.last_guard = None;
        }
    }

    /// The press as a function reads it without C1 or C4.
    fn weaken_press(&self, state: &State, made: Press) -> Press {
        match self.rules {
            rules if rules.without(Rule::C1NewIdentity) => Press {
                press_id: format!("invocation-{}", state.memory.invocations),
                sequence: None,
                received_at: state.cloud_now(),
                ..made
            },
            rules if rules.without(Rule::C4FromCommit) => Press {
                received_at: state.cloud_now(),
                pressed_at: None,
                ..made
            },
            rules if rules.without(Rule::C4FromArrival) => Press {
                pressed_at: None,
                ..made
            },
            rules if rules.without(Rule::C4GivenUpActs) => Press {
                good_for_ms: None,
                ..made
            },
            _ => made,
        }
    }

    /// The record as a press function reads it without C6.
    fn weaken_pressed_record(&self, record: &Record) -> Record {
        let mut record = record.clone();
        if self.rules.without(Rule::C6ToggleUnsettled) {
            record.status = Status::Settled;
        }
        if self.rules.without(Rule::C6PendingReversed)
            && record.status == Status::Pending
            && let Some(command) = &mut record.command
        {
            command.cause = Cause::Request { actor: None };
        }
        record
    }

    fn decide_request(
        &self,
        state: &State,
        table: &Table,
        (request, received_at): (u8, UnixMillis),
        basis: Basis,
    ) -> Option<Decision> {
        let requested = state.requested[usize::from(request)];
        let mut asked = request_of(self.config, request, requested, received_at);
        if self.rules.without(Rule::C4RequestFromArrival) {
            asked.requested_at = None;
        }
        let mark = self.mark_of(&asked.lock, &asked.request_id);
        let seen = basis == Basis::Table && table.marks.contains(&mark);
        let (record, now) = (record_on(table, &asked.lock, basis), state.cloud_now());
        let limits = limits(self.rules);
        let mut decision = decide_request(record.as_ref(), seen, &asked, now, &limits)?;
        self.weaken_prediction(table, basis, &mut decision);
        Some(decision)
    }

    fn decide_report(&self, state: &State, table: &Table, event: &ReportEvent) -> Option<Decision> {
        let (limits, now) = (limits(self.rules), state.cloud_now());
        let known = table.record(&event.lock);
        let made = Record::created(event.lock.clone(), now);
        let anything = self.rules.without(Rule::C9AnyThing).then_some(&made);
        let decide = |event: &ReportEvent, origin| {
            let (record, event) = self.weaken_report(known.or(anything), event, origin, now);
            let binding = command_binding(table, record.as_ref());
            decide_report(record.as_ref(), &event, origin, binding, now, &limits)
        };
        let mut decision = match decide(event, Origin::Event) {
            ReportDecision::NotRegistered => return None,
            ReportDecision::Act(decision) => *decision,
            ReportDecision::ReadShadow => {
                let shadow = state.sites[lock_index(&event.lock)].read_shadow();
                match shadow.map(|present| decide(&present, Origin::Shadow)) {
                    None => decide_no_shadow(event, None, now, &limits),
                    Some(ReportDecision::Act(decision)) => *decision,
                    Some(_) => unreachable!("a registered lock with a shadow is decided at once"),
                }
            }
        };
        match (&mut decision.writes.record, known) {
            (Some(RecordWrite::Update(update)), Some(known)) => {
                update.guard.version = known.version;
            }
            (Some(write), None) => {
                let made = write.apply(Some(&made)).record();
                *write = RecordWrite::Create(
                    made.expect("the conditions hold on the record that was read"),
                );
            }
            _ => {}
        }
        Some(decision)
    }

    fn decide_sweep(&self, state: &State, table: &Table, lock: usize) -> Option<Decision> {
        let known = table.records[lock].as_deref()?;
        let (limits, now) = (limits(self.rules), state.cloud_now());
        let shadow = state.sites[lock].read_shadow();
        let (record, shadow) = match shadow {
            None => (self.weaken_counts(known), None),
            Some(shadow) => {
                let (record, shadow) =
                    self.weaken_report(Some(known), &shadow, Origin::Shadow, now);
                (record?, Some(shadow))
            }
        };
        let binding = command_binding(table, Some(&record));
        let mut decision = decide_sweep(&record, shadow.as_ref(), binding, now, &limits)?;
        if let Some(RecordWrite::Update(update)) = &mut decision.writes.record {
            update.guard.version = known.version;
        }
        Some(decision)
    }

    /// Record and report as a function compares them without C8, C9, C14 or C15.
    fn weaken_report(
        &self,
        record: Option<&Record>,
        event: &ReportEvent,
        origin: Origin,
        now: UnixMillis,
    ) -> (Option<Record>, ReportEvent) {
        let (mut record, mut event) = (record.map(|r| self.weaken_counts(r)), event.clone());
        let rules = self.rules;
        let id = event.report.report_id;
        if rules.without(Rule::C9AnyAuthor) && origin == Origin::Event {
            event.token = id;
        }
        if rules.without(Rule::C9UsedReport) && origin == Origin::Shadow {
            rename_report(&mut event, 1_000);
        }
        if rules.without(Rule::C9EditedReport) && origin == Origin::Shadow {
            rename_report(&mut event, 0);
        }
        if rules.without(Rule::C8SentWithoutTime) {
            event.report.clock = Clock::Synced;
            rename_report(&mut event, 0);
        }
        let Some(record) = &mut record else {
            return (None, event);
        };
        if rules.without(Rule::C9OldLockSentAgain)
            && let Some(command) = &record.command
            && command.action == Action::Lock
            && event.report.refused.take().is_some()
        {
            rename_report(&mut event, 0);
        }
        if rules.without(Rule::C8FirstWaits)
            && let Some(command) = &mut record.command
        {
            // As if it had been sent twice, so that the back-off applies.
            command.attempts = command.attempts.max(2);
        }
        if rules.without(Rule::C9AnyVersionSettles) {
            event.report.version = record.version;
            event.report.command_id = record.command.as_ref().map(|command| command.id.clone());
        }
        if rules.without(Rule::C9AnyVersionAdopted)
            && !event.report.version.is_plausible(record.version, now)
        {
            record.version = event.report.version;
        }
        if rules.without(Rule::C9AnyOrder)
            && let Some(reported) = &mut record.reported
        {
            reported.shadow_version = 0;
            reported.report.report_id = None;
        }
        (Some(record.clone()), event)
    }

    /// The record with its counts of system locks reset, without C14 or C15.
    fn weaken_counts(&self, record: &Record) -> Record {
        let mut record = record.clone();
        if let Some(command) = &mut record.command {
            if self.rules.without(Rule::C14Endless) {
                command.jams = 0;
            }
            if self.rules.without(Rule::C15SentAtOnce) {
                command.system_locks = 0;
            }
        }
        record
    }
}

/// The binding of a button on this basis.
fn binding_on(table: &Table, button: usize, basis: Basis) -> Option<Arc<Binding>> {
    let current = &table.bindings[button];
    match basis {
        Basis::Table => current.clone(),
        Basis::Cache => table.cached[button].as_ref().or(current.as_ref()).cloned(),
        Basis::Prediction(process) | Basis::KnownBinding(process) => {
            table.beliefs[usize::from(process)].bindings[button].clone()
        }
    }
}

/// The record of a lock on this basis; a process that cannot predict it reads it.
fn record_on(table: &Table, lock: &LockName, basis: Basis) -> Option<Record> {
    let predicted = match basis {
        Basis::Prediction(process) => {
            let known = &table.beliefs[usize::from(process)].records[lock_index(lock)];
            let known = known.as_deref().cloned().map(Prediction::of);
            known.and_then(|known| known.predict())
        }
        Basis::Table | Basis::Cache | Basis::KnownBinding(_) => None,
    };
    predicted.or_else(|| table.record(lock).cloned())
}

/// Gives the report a later name, with a checksum that fits its content.
fn rename_report(event: &mut ReportEvent, later: u64) {
    if let Some(id) = event.report.report_id {
        let counter = id.counter + later;
        event.report = event.report.clone().with_id(ReportId { counter, ..id });
    }
}

/// The binding of the button behind the current command, if a re-send needs it.
fn command_binding<'a>(table: &'a Table, record: Option<&Record>) -> Option<&'a Binding> {
    let button = record.and_then(Record::resend_asks_for)?;
    table.bindings[button_index(button)].as_deref()
}

/// Whether the decision is about a toggle.
pub(super) fn is_toggle(decision: &Decision) -> bool {
    decision.writes.event.intent == Some(Intent::Toggle)
}
