//! Which steps may happen next.

use lock_core::record::Status;

use super::{Scenario, Step};
use crate::configuration::{Fault, Priority};
use crate::ending::{next_device_step, next_function_step};
use crate::rule::Rule;
use crate::state::{Job, Memory, START, Site, Stage, State, Task};

/// Largest number of running functions.
const RUNNING_MAX: usize = 2;

impl Scenario {
    /// All steps that may happen now.
    pub fn possible_steps(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        if state.over || !state.broken.is_empty() {
            return steps;
        }
        let first = match self.config.priority {
            Priority::Equal => None,
            Priority::Functions => next_function_step(state),
            Priority::Devices => next_device_step(state),
            Priority::Automatic => self.next_unforced_step(state),
        };
        if let Some(step) = first {
            return vec![step];
        }
        self.steps_of_people(state, &mut steps);
        self.steps_of_functions(state, &mut steps);
        for (lock, site) in state.sites.iter().enumerate() {
            let lock = lock as u8;
            steps_of_network(state, site, lock, &mut steps);
            self.steps_of_device(state, site, lock, &mut steps);
            steps_of_shadow(state, site, lock, &mut steps);
        }
        if state.is_quiet() {
            steps.push(Step::Finish { reachable: true });
            steps.push(Step::Finish { reachable: false });
        }
        steps
    }

    fn steps_of_people(&self, state: &State, steps: &mut Vec<Step>) {
        if state.running.is_empty() && usize::from(state.instants) < self.config.instants.len() {
            steps.push(Step::PassTime);
        }
        if let Some(next) = self.config.presses.get(state.pressed.len())
            && state.now >= START.plus(next.not_before_ms)
        {
            steps.push(Step::Press);
        }
        if state.requested.len() < self.config.requests.len() {
            steps.push(Step::Request);
        }
        let held = |wish: usize| state.held & (1 << wish) != 0;
        let (presses, requests) = (0..state.pressed.len(), 0..state.requested.len());
        let requests = requests.map(|n| Memory::index_of_request(n as u8));
        steps.extend(
            presses
                .clone()
                .chain(requests)
                .filter(|wish| held(*wish))
                .map(|wish| Step::Arrive(wish as u8)),
        );
        if state.can_strike(Fault::Redeliver) {
            let arrived = presses.filter(|press| !held(*press));
            steps.extend(arrived.map(|press| Step::Redeliver(press as u8)));
        }
        if usize::from(state.actions_begun) < self.config.actions.len() {
            steps.push(Step::Operate);
        }
        if state.can_strike(Fault::Restore) && state.running.is_empty() {
            steps.push(Step::Restore);
        }
        if state.can_strike(Fault::StepBack) {
            steps.push(Step::ClockBack);
        }
    }

    fn steps_of_functions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.running.len() < RUNNING_MAX {
            for stack in 0..self.config.stacks {
                for lock in 0..self.config.locks {
                    if self.has_sweep_due(state, stack, lock) {
                        steps.push(Step::Sweep(stack, lock));
                    }
                }
            }
            for (n, job) in state.queue.iter().enumerate() {
                if n > 0 && state.queue[n - 1] == *job {
                    continue;
                }
                steps.push(Step::Begin(n as u8));
                steps_on_belief(state, job, n as u8, steps);
                if matches!(job.task, Task::Report(_)) {
                    if state.can_strike(Fault::LoseEvent) {
                        steps.push(Step::LoseEvent(n as u8));
                    }
                    if state.can_strike(Fault::RepeatEvent) {
                        steps.push(Step::RepeatEvent(n as u8));
                    }
                }
            }
        }
        for (n, run) in state.running.iter().enumerate() {
            let n = n as u8;
            match &run.stage {
                Stage::Decided(_) => steps.push(Step::Commit(n)),
                Stage::Committed(_) | Stage::Published => steps.push(Step::Publish(n)),
            }
            if state.can_strike(Fault::Crash) {
                steps.push(Step::Crash(n));
            }
        }
    }

    fn steps_of_device(&self, state: &State, site: &Site, lock: u8, steps: &mut Vec<Step>) {
        if site.is_report_due(state.now) {
            steps.push(Step::Report(lock));
            let faults = [
                (Fault::LoseReport, Step::LoseReport(lock)),
                (Fault::Hold, Step::HoldReport(lock)),
                (Fault::Hold, Step::HoldAnswer(lock)),
                (Fault::Lie, Step::Lie(lock)),
            ];
            push_allowed(state, &faults, steps);
        }
        if site.update.is_some() || site.answer.is_some() {
            steps.push(Step::Release(lock));
        }
        if site.update.is_some() {
            push_allowed(state, &[(Fault::Hold, Step::HoldAnswer(lock))], steps);
        }
        if site.is_relock_due(state.now) {
            steps.push(Step::Relock(lock));
        }
        let faults = [
            (Fault::Reboot, Step::Reboot(lock)),
            (Fault::Erase, Step::Erase(lock)),
            (Fault::Exit, Step::Exit(lock)),
            (Fault::Swing, Step::Swing(lock)),
        ];
        push_allowed(state, &faults, steps);
        if site.jammed {
            steps.push(Step::Free(lock));
        } else {
            push_allowed(state, &[(Fault::Jam, Step::Jam(lock))], steps);
        }
        if !site.connected {
            steps.push(Step::Connect(lock));
        } else {
            push_allowed(state, &[(Fault::Disconnect, Step::Disconnect(lock))], steps);
        }
        if self.rules.without(Rule::D3AnyTime) {
            push_allowed(state, &[(Fault::Hold, Step::FakeTime(lock))], steps);
        }
    }

    /// Whether a stack's sweep has something to do for a lock.
    pub fn has_sweep_due(&self, state: &State, stack: u8, lock: u8) -> bool {
        let record = &state.tables[usize::from(stack)].records[usize::from(lock)];
        let due = record.as_ref().is_some_and(|record| {
            record.due.due_at <= state.cloud_now()
                && !(self.rules.without(Rule::C10SettledNeverDue)
                    && record.status == Status::Settled)
        });
        let at_work = state
            .running
            .iter()
            .any(|run| run.job.stack == stack && run.job.task == Task::Sweep(lock));
        due && !at_work && !self.rules.without(Rule::C10NoSweep)
    }
}

fn push_allowed(state: &State, faults: &[(Fault, Step)], steps: &mut Vec<Step>) {
    let allowed = faults.iter().filter(|(fault, _)| state.can_strike(*fault));
    steps.extend(allowed.map(|(_, step)| *step));
}

fn steps_of_network(state: &State, site: &Site, lock: u8, steps: &mut Vec<Step>) {
    for n in 0..site.network.len() {
        if n > 0 && site.network[n - 1] == site.network[n] {
            continue;
        }
        let unlocks = site.network[n].expires_at.is_some();
        let n = n as u8;
        if site.connected {
            steps.push(Step::Deliver(lock, n));
            let faults = [
                (Fault::RepeatCommand, Step::Repeat(lock, n)),
                (Fault::Cut, Step::Cut(lock, n)),
            ];
            push_allowed(state, &faults, steps);
        }
        push_allowed(state, &[(Fault::LoseCommand, Step::Lose(lock, n))], steps);
        if unlocks {
            push_allowed(state, &[(Fault::Damage, Step::Damage(lock, n))], steps);
        }
    }
    push_allowed(state, &[(Fault::Forge, Step::Forge(lock))], steps);
    if site.connected {
        let faults = [
            (Fault::Overtake, Step::Overtake(lock)),
            (Fault::Rival, Step::Rival(lock)),
        ];
        push_allowed(state, &faults, steps);
    }
}

fn steps_of_shadow(state: &State, site: &Site, lock: u8, steps: &mut Vec<Step>) {
    if site.shadow.is_some() {
        let faults = [
            (Fault::Edit, Step::Edit(lock)),
            (Fault::DeleteShadow, Step::DeleteShadow(lock)),
        ];
        push_allowed(state, &faults, steps);
    }
    if state.is_quiet() && state.queue.is_empty() {
        push_allowed(
            state,
            &[(Fault::ForgetShadow, Step::ForgetShadow(lock))],
            steps,
        );
    }
}

/// A process decides on what it knows: on its prediction, or, after a miss, with its binding.
fn steps_on_belief(state: &State, job: &Job, n: u8, steps: &mut Vec<Step>) {
    let is_press = matches!(job.task, Task::Press { .. });
    if job.stack != 0 || !(is_press || matches!(job.task, Task::Request { .. })) {
        return;
    }
    for process in 0..state.tables[0].beliefs.len() as u8 {
        steps.push(Step::Predict(n, process));
        if is_press {
            steps.push(Step::Find(n, process));
        }
    }
}
