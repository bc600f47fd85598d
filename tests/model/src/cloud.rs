//! The functions at work: the real decisions of `lock_core` and their real conditions, on a table in memory, step by step.
//!
//! A rule of the cloud is taken away here, at the border: in what a decision is given, in what becomes of its answer, or
//! in whether its conditions are asked. It must not decide anything itself.

mod decision;

use std::sync::Arc;

use lock_core::Decision;
use lock_core::action::{Action, Intent};
use lock_core::binding::Binding;
use lock_core::decide::Publish;
use lock_core::limits::Limits;
use lock_core::press::Press;
use lock_core::reason::Verdict;
use lock_core::record::{Cause, Record};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use lock_core::write::RecordWrite;

use crate::config::Config;
use crate::invariant::Invariant;
use crate::rule::{Rule, Rules};
use crate::state::{Job, Run, Stage, State, What};

/// The cloud, under these rules.
#[derive(Debug, Clone, Copy)]
pub struct Cloud<'a> {
    /// Who presses what.
    pub config: &'a Config,
    /// The rules in force.
    pub rules: Rules,
}

/// The limits that the rules leave.
pub fn limits(rules: Rules) -> Limits {
    let quiet_window_ms = match rules.without(Rule::C2NoQuietWindow) {
        true => 0,
        false => Limits::default().quiet_window_ms,
    };
    Limits {
        quiet_window_ms,
        ..Limits::default()
    }
}

impl Cloud<'_> {
    /// A function takes `job`: it reads, and decides on what it read. A sweeper that finds nothing due is done.
    pub fn begin(&self, state: &mut State, job: Job) {
        if self.rules.without(Rule::C1NewIdentity) {
            state.memory.invocations += 1;
        }
        let table = Arc::clone(&state.binding);
        let cached = state.cached.clone().filter(|_| self.config.cache);
        let binding = cached.unwrap_or_else(|| Arc::clone(&table));
        let mut read = (binding, self.decide(state, &job, state.cached.as_deref()));
        if read
            .1
            .as_ref()
            .is_some_and(|d| d.verdict != Verdict::Command)
            || !self.config.cache
        {
            // Only a commit checks the revision: whatever else an old binding says is asked again.
            read = (table, self.decide(state, &job, None));
        }
        let Some(decision) = read.1 else { return };
        if self.rules.without(Rule::C13PublishFirst)
            && let Some(publish) = &decision.publish
        {
            self.publish(state, publish, None);
        }
        let stage = Stage::Decided {
            record: state.record.clone(),
            binding: read.0,
            decision: Arc::new(decision),
        };
        state.running.push(Run { job, stage });
    }

    /// Commits what a function decided, if the conditions hold; else it decides again on what is then in the table. `true`
    /// when it committed.
    pub fn commit(&self, state: &mut State, run: Run) -> bool {
        let Stage::Decided { decision, .. } = &run.stage else {
            unreachable!("only what is decided can be committed");
        };
        let Some((record, binding)) = self.held(state, decision) else {
            if matches!(run.job.what, What::Press { .. }) {
                state.cached = None;
            }
            self.begin(state, run.job);
            return false;
        };
        self.watch_commit(state, &run.job, decision);
        (state.record, state.binding) = (record, Arc::new(binding));
        if let What::Request { request, .. } = run.job.what
            && decision.writes.request.is_some()
        {
            state.marks |= 1 << request;
        }
        if self.config.cache && matches!(run.job.what, What::Press { .. }) {
            state.cached = Some(Arc::clone(&state.binding));
        }
        let stage = match &decision.publish {
            Some(publish) if !self.rules.without(Rule::C13PublishFirst) => {
                Stage::Committed(Arc::new(publish.clone()))
            }
            _ if matches!(run.job.what, What::Press { .. } | What::Report(_))
                && run.job.tries > 0 =>
            {
                Stage::Published
            }
            _ => return true,
        };
        state.running.push(Run {
            job: run.job,
            stage,
        });
        true
    }

    /// Record and binding after these writes; `None` if a condition does not hold.
    fn held(&self, state: &State, decision: &Decision) -> Option<(Option<Arc<Record>>, Binding)> {
        let writes = &decision.writes;
        let binding = match &writes.binding {
            Some(update) if !update.admits(&state.binding) => return None,
            Some(update) => update.apply(&state.binding),
            None => (*state.binding).clone(),
        };
        let record = match &writes.record {
            None => state.record.clone(),
            Some(RecordWrite::Update(update)) if self.rules.without(Rule::C3RecordOutside) => state
                .record
                .as_ref()
                .map(|record| Arc::new(update.apply(record))),
            Some(write) => Some(Arc::new(write.apply(state.record.as_deref())?)),
        };
        let marked = |id: &str| (0..8).any(|n| state.marks & (1 << n) != 0 && id == request_id(n));
        if writes
            .request
            .as_ref()
            .is_some_and(|mark| marked(&mark.request_id))
        {
            return None;
        }
        Some((record, binding))
    }

    /// Publishes: to a device that is connected.
    pub fn publish(&self, state: &mut State, publish: &Publish, press: Option<u8>) {
        let command = &publish.command;
        let version = command.version.0;
        let memory = &mut state.memory;
        let other = |(known, id): &(u64, _)| *known == version && *id != command.command_id;
        state
            .broken
            .unless(!memory.issued.iter().any(other), Invariant::S3);
        if !memory.issued.iter().any(|(known, _)| *known == version) {
            Arc::make_mut(&mut memory.issued).push((version, command.command_id.clone()));
        }
        let before = match memory.sends {
            (last, at, n) if last == version && at == state.now.0 => n,
            _ => 0,
        };
        memory.sends = (version, state.now.0, before + 1);
        // The first send, and the first of a retry, which does not wait for its turn.
        state.broken.unless(before < 2, Invariant::S7);
        let revoked = press.is_some() && !state.binding.enabled;
        state.broken.unless(!revoked, Invariant::S5);
        if state.connected {
            state.network.push(Arc::new(command.clone()));
        }
    }

    pub(crate) fn watch_commit(&self, state: &mut State, job: &Job, decision: &Decision) {
        let Some(RecordWrite::Update(update)) = &decision.writes.record else {
            return;
        };
        let commands = decision.verdict == Verdict::Command;
        let sends = commands || decision.verdict == Verdict::Resend;
        let (Some(command), true) = (&update.command, sends) else {
            return;
        };
        let by_button = matches!(command.cause, Cause::Button { .. });
        if by_button && (commands || command.action == Action::Unlock) {
            state.broken.unless(state.binding.enabled, Invariant::S5);
        }
        let (true, Some(version)) = (commands, update.version) else {
            return;
        };
        let grows = version.0 > state.memory.version;
        state.broken.unless(grows, Invariant::S3);
        state.memory.version = state.memory.version.max(version.0);
        if let What::Press {
            press, received_at, ..
        } = job.what
        {
            let life_ms = limits(Rules::ALL).command_ttl_ms;
            state.memory.lives[usize::from(press)] = received_at.plus(life_ms).0;
            let count = &mut state.memory.commands[usize::from(press)];
            *count += 1;
            state.broken.unless(*count <= 1, Invariant::S2);
        }
        let toggled = decision.writes.event.intent == Some(Intent::Toggle);
        if toggled && command.action == Action::Unlock {
            // The record was sure that the door was locked.
            let locked = state.device.latch == Latch::Locked;
            state.broken.unless(locked, Invariant::S4);
        }
    }
}

/// A press, as the rule hands it over.
pub fn press_of(config: &Config, press: u8, delivery: u8, received_at: UnixMillis) -> Press {
    let made = config
        .presses
        .get(usize::from(press))
        .copied()
        .unwrap_or(crate::config::counted(lock_core::action::ClickType::Long));
    Press {
        button: crate::begin::button(),
        click: made.click,
        sequence: made.counted.then_some(100 + u64::from(press)),
        pressed_at: None,
        received_at,
        press_id: format!("press-{press}-{delivery}"),
        principal: None,
        battery_mv: None,
    }
}

fn request_id(request: u8) -> String {
    format!("request-{request}")
}
