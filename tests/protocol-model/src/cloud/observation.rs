//! What the invariants observe of the functions: each commit and each publish.

use std::sync::Arc;

use lock_core::Decision;
use lock_core::action::Action;
use lock_core::decide::Publish;
use lock_core::id::CommandId;
use lock_core::limits::{JAM_LOCKS_MAX, send_backoff_ms};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Cause, Command};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use lock_core::write::{BindingChange, BindingUpdate, BindingWrite, RecordUpdate, RecordWrite};

use super::decision::is_toggle;
use super::{Cloud, button_index, limits, press_of};
use crate::beginning::lock_index;
use crate::configuration::counted_press;
use crate::invariant::Invariant;
use crate::rule::{Rule, Rules};
use crate::state::{Job, LastSend, LockStreak, Memory, Stage, State, Task};

impl Cloud<'_> {
    /// Observes the commit of a decision.
    pub(super) fn watch_commit(&self, state: &mut State, job: &Job, decision: &Decision) {
        if let Some(BindingWrite::Update(update)) = &decision.writes.binding {
            self.watch_loss_of_lock(state, update);
        }
        let stack = usize::from(job.stack);
        match &decision.writes.record {
            Some(RecordWrite::Create(record)) => {
                let lock = lock_index(&record.lock);
                let registers = matches!(job.task, Task::Operate(_));
                state.memory.traces[lock][stack].registered |= registers;
                let commanded = decision.publish.is_some() && !registers;
                state.broken.require(!commanded, Invariant::S8);
            }
            Some(RecordWrite::Delete(delete)) => {
                let lock = lock_index(&delete.lock);
                state.memory.traces[lock][stack].registered = false;
            }
            Some(RecordWrite::Update(update)) => self.watch_update(state, job, decision, update),
            None => {}
        }
    }

    /// A button loses its lock, which must end up locked; its commands not in transit must never
    /// act.
    fn watch_loss_of_lock(&self, state: &mut State, update: &BindingUpdate) {
        let button = button_index(&update.button);
        let Some(binding) = state.tables[0].bindings[button].clone() else {
            return;
        };
        let loses = match &update.change {
            BindingChange::Disable(_) => true,
            BindingChange::Bind(bind) => binding.enabled && bind.lock != binding.lock,
            BindingChange::Nothing | BindingChange::Note(_) => false,
        };
        let (Some(lock), true) = (&binding.lock, loses) else {
            return;
        };
        let lock = lock_index(lock);
        state.memory.must_be_locked[lock] = true;
        let sends = |version: u64| {
            state.running.iter().any(
                |run| matches!(&run.stage, Stage::Committed(p) if p.command.version.0 == version),
            )
        };
        let network = &state.sites[lock].network;
        let mut recalled = Vec::new();
        for (version, id) in state.memory.traces[lock][0].issued.iter() {
            let by_it = self.wish_behind(state, id).is_some_and(|wish| {
                wish < state.pressed.len() && self.button_of(wish as u8) == button
            });
            let in_transit = network.iter().any(|command| command.version.0 == *version);
            if by_it && !in_transit && !sends(*version) {
                recalled.push(*version);
            }
        }
        state.memory.recalled[lock].extend(recalled);
    }

    fn watch_update(
        &self,
        state: &mut State,
        job: &Job,
        decision: &Decision,
        update: &RecordUpdate,
    ) {
        let (lock, stack) = (lock_index(&update.lock), usize::from(job.stack));
        if let Some(version) = update.version {
            let trace = &mut state.memory.traces[lock][stack];
            state
                .broken
                .require(version.0 > trace.version, Invariant::S3);
            trace.version = trace.version.max(version.0);
        }
        let commands = decision.verdict == Verdict::Command;
        let sends = commands || decision.verdict == Verdict::Resend;
        let (Some(command), true) = (&update.command, sends) else {
            return;
        };
        let registered = state.memory.traces[lock][stack].registered;
        state.broken.require(registered, Invariant::S8);
        if let Cause::Button { button } = &command.cause
            && (commands || command.action == Action::Unlock)
        {
            let binding = state.tables[stack].bindings[button_index(button)].as_deref();
            let holds = binding.is_some_and(|b| b.enabled && b.lock.as_ref() == Some(&update.lock));
            state.broken.require(holds, Invariant::S5);
        }
        if commands {
            self.watch_command(state, job, decision, (lock, command));
        }
    }

    /// Observes the commit of a new command.
    fn watch_command(
        &self,
        state: &mut State,
        job: &Job,
        decision: &Decision,
        (lock, command): (usize, &Command),
    ) {
        let by_person = !matches!(job.task, Task::Report(_) | Task::Sweep(_));
        if by_person {
            let version = decision.publish.as_ref().map_or(0, |p| p.command.version.0);
            state.memory.traces[lock][usize::from(job.stack)].streak = LockStreak {
                version,
                ..LockStreak::default()
            };
            state.memory.must_be_locked[lock] &= command.action == Action::Lock;
        }
        let counts = |state: &mut State, wish: usize, life: UnixMillis, repeats: bool| {
            state.memory.lives[wish] = life.0;
            let count = &mut state.memory.commands[wish];
            *count += 1;
            state.broken.require(*count <= 1 || repeats, Invariant::S2);
        };
        match job.task {
            Task::Press {
                press, arrived_at, ..
            } => {
                let wish = usize::from(press);
                let made = self.config.presses.get(wish).copied();
                let made = made.unwrap_or(counted_press(lock_core::action::ClickType::Long));
                let repeats = !made.counted && command.action == Action::Lock;
                counts(
                    state,
                    wish,
                    self.expiry_of(state, press, arrived_at),
                    repeats,
                );
                let meant = state.memory.meant_for[wish] & (1 << lock) != 0;
                state.broken.require(meant, Invariant::S5);
                let locks = command.action == Action::Lock;
                state
                    .broken
                    .require(!(self.config.impatient && locks), Invariant::L4);
            }
            Task::Request { request, .. } if job.stack == 0 => {
                let requested = state.requested[usize::from(request)];
                let life = requested.plus(limits(Rules::ALL).command_ttl_ms);
                counts(state, Memory::index_of_request(request), life, false);
            }
            _ => {}
        }
        if job.stack == 0 && is_toggle(decision) && command.action == Action::Unlock {
            // Unless it repeats a wish, the record was certain that the door was locked.
            let locked = state.sites[lock].latch() == Latch::Locked;
            let repeats = decision.reason == Reason::SAME_WISH;
            state.broken.require(locked || repeats, Invariant::S4);
        }
    }

    /// When a press expires: counted from the press if its button knows the time, else from its
    /// arrival; earlier if its button gave up first.
    fn expiry_of(&self, state: &State, press: u8, arrived_at: UnixMillis) -> UnixMillis {
        let ttl_ms = limits(Rules::ALL).command_ttl_ms;
        let pressed = state.pressed.get(usize::from(press));
        let made = self.config.presses.get(usize::from(press));
        let (Some(pressed), Some(made)) = (pressed, made.filter(|made| made.timed)) else {
            return arrived_at.plus(ttl_ms);
        };
        let given_up_at = made
            .good_for_ms
            .map(|ms| pressed.plus(ms + lock_core::limits::GOOD_FOR_GRACE_MS));
        match given_up_at {
            Some(at) if at < arrived_at => at,
            _ => pressed.plus(ttl_ms),
        }
    }

    /// Observes the publishing of a command.
    pub(super) fn watch_publish(
        &self,
        state: &mut State,
        stack: u8,
        publish: &Publish,
        press: Option<u8>,
    ) {
        let (lock, stack) = (lock_index(&publish.lock), usize::from(stack));
        let version = publish.command.version.0;
        let id = &publish.command.command_id;
        let trace = &mut state.memory.traces[lock][stack];
        let other = |(known, known_id): &(u64, CommandId)| *known == version && known_id != id;
        state
            .broken
            .require(!trace.issued.iter().any(other), Invariant::S3);
        if !trace.issued.iter().any(|(known, _)| *known == version) {
            Arc::make_mut(&mut trace.issued).push((version, id.clone()));
        }
        let last = trace.last_send;
        let before = if last.version == version && last.at == state.now {
            last.times
        } else {
            0
        };
        trace.last_send = LastSend {
            version,
            at: state.now,
            times: before + 1,
        };
        // The first send, and the first of a retry, which does not wait for the back-off.
        state.broken.require(before < 2, Invariant::S7);
        let holds = press.is_none_or(|press| {
            let binding = state.tables[0].bindings[self.button_of(press)].as_deref();
            binding.is_some_and(|binding| binding.enabled)
        });
        state.broken.require(holds, Invariant::S5);
        if CommandId::of_system(&publish.lock, version) == *id {
            self.watch_streak(state, (lock, stack), version);
        }
    }

    /// Observes a system lock: it continues the streak, unless it was counted before.
    fn watch_streak(&self, state: &mut State, (lock, stack): (usize, usize), version: u64) {
        let now = state.now;
        let record = state.tables[stack].records[lock].as_deref();
        let command = record
            .filter(|record| record.version.0 == version)
            .and_then(|record| record.command.as_ref());
        let jammed = command.is_some_and(|command| {
            matches!(&command.cause, Cause::System { reason } if reason == Reason::JAMMED.code())
        });
        let streak = &mut state.memory.traces[lock][stack].streak;
        if version <= streak.version {
            return;
        }
        *streak = LockStreak {
            locks: streak.locks + 1,
            jams: streak.jams + u32::from(jammed),
            since: if streak.locks == 0 { now } else { streak.since },
            version,
        };
        let waits_ms: u64 = (1..streak.locks).map(send_backoff_ms).sum();
        let in_turn = now.since(streak.since) >= waits_ms;
        let bounded = in_turn && streak.jams <= JAM_LOCKS_MAX;
        state.broken.require(bounded, Invariant::S7);
    }

    /// The wish (press or request) behind a command.
    pub fn wish_behind(&self, state: &State, id: &CommandId) -> Option<usize> {
        let press = |press: u8, delivery| {
            press_of(self.config, press, delivery, None, state.now).command_id() == *id
        };
        let pressed =
            (0..state.pressed.len()).find(|n| (0..3).any(|delivery| press(*n as u8, delivery)));
        pressed.or_else(|| {
            let asked = (0..state.requested.len() as u8).find(|n| {
                let asked = super::request_of(self.config, *n, state.now, state.now);
                asked.command_id() == *id
            });
            asked.map(Memory::index_of_request)
        })
    }

    /// The press whose binding must be enabled when its command is published.
    pub fn asks_once_more(&self, task: &Task) -> Option<u8> {
        match task {
            Task::Press { press, .. } if self.rules.without(Rule::C7RepublishAlways) => {
                Some(*press)
            }
            _ => None,
        }
    }
}
