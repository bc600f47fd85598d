//! What may happen next. It must not know what comes of it.

use lock_core::record::Status;

use super::{Step, World, relock_due};
use crate::begin::allowed;
use crate::config::Fault;
use crate::rule::Rule;
use crate::state::{Stage, State, What};

/// Functions at work at once, at most.
const RUNNING_MAX: usize = 2;

impl World {
    /// Everything that may happen now.
    pub fn steps(&self, state: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        if state.over || !state.broken.is_empty() {
            return steps;
        }
        self.steps_of_people(state, &mut steps);
        self.steps_of_functions(state, &mut steps);
        steps_of_network(state, &mut steps);
        self.steps_of_device(state, &mut steps);
        if state.quiet() {
            steps.push(Step::Finish { reachable: true });
            steps.push(Step::Finish { reachable: false });
        }
        steps
    }

    fn steps_of_people(&self, state: &State, steps: &mut Vec<Step>) {
        if state.running.is_empty() && usize::from(state.instants) < self.config.instants.len() {
            steps.push(Step::Pass);
        }
        if state.pressed.len() < self.config.presses.len() {
            steps.push(Step::Press);
        }
        if allowed(state, Fault::Redeliver) {
            steps.extend((0..state.pressed.len()).map(|n| Step::Redeliver(n as u8)));
        }
        if usize::from(state.requested) < self.config.requests.len() {
            steps.push(Step::Ask);
        }
        if self.config.revoke && !state.revoking {
            steps.push(Step::Revoke);
        }
        if allowed(state, Fault::Restore) && state.running.is_empty() {
            steps.push(Step::Restore);
        }
        if allowed(state, Fault::DeleteShadow) && state.quiet() && state.queue.is_empty() {
            steps.push(Step::DeleteShadow);
        }
    }

    fn steps_of_functions(&self, state: &State, steps: &mut Vec<Step>) {
        if state.running.len() < RUNNING_MAX {
            if self.sweeps(state) {
                steps.push(Step::Sweep);
            }
            for (n, job) in state.queue.iter().enumerate() {
                if n > 0 && state.queue[n - 1] == *job {
                    continue;
                }
                steps.push(Step::Begin(n as u8));
                if matches!(job.what, What::Report(_)) {
                    if allowed(state, Fault::LoseEvent) {
                        steps.push(Step::LoseEvent(n as u8));
                    }
                    if allowed(state, Fault::RepeatEvent) {
                        steps.push(Step::RepeatEvent(n as u8));
                    }
                }
            }
        }
        for (n, run) in state.running.iter().enumerate() {
            let n = n as u8;
            match &run.stage {
                Stage::Decided { .. } => steps.push(Step::Commit(n)),
                Stage::Committed(_) | Stage::Published => steps.push(Step::Publish(n)),
            }
            if allowed(state, Fault::Crash) {
                steps.push(Step::Crash(n));
            }
        }
    }

    fn steps_of_device(&self, state: &State, steps: &mut Vec<Step>) {
        if state.report_due && state.connected {
            steps.push(Step::Report);
            if allowed(state, Fault::LoseReport) {
                steps.push(Step::LoseReport);
            }
        }
        if relock_due(state) {
            steps.push(Step::Relock);
        }
        let faults = [
            (Fault::Reboot, Step::Reboot),
            (Fault::Erase, Step::Erase),
            (Fault::LoseClock, Step::LoseClock),
        ];
        steps.extend(
            faults
                .iter()
                .filter(|(fault, _)| allowed(state, *fault))
                .map(|(_, step)| *step),
        );
        if !state.connected {
            steps.push(Step::Connect);
        } else if allowed(state, Fault::Disconnect) {
            steps.push(Step::Disconnect);
        }
        if state.clock.is_none() {
            steps.extend(self.config.skews.iter().map(|skew| Step::SetClock(*skew)));
        }
    }

    /// Whether the sweeper has something to do.
    pub fn sweeps(&self, state: &State) -> bool {
        let due = state.record.as_ref().is_some_and(|record| {
            record.due.due_at <= state.now
                && !(self.rules.without(Rule::C10SettledNeverDue)
                    && record.status == Status::Settled)
        });
        let at_work = state.running.iter().any(|run| run.job.what == What::Sweep);
        due && !at_work && !self.rules.without(Rule::C10NoSweeper)
    }
}

fn steps_of_network(state: &State, steps: &mut Vec<Step>) {
    for n in 0..state.network.len() {
        if n > 0 && state.network[n - 1] == state.network[n] {
            continue;
        }
        let n = n as u8;
        if state.connected {
            steps.push(Step::Deliver(n));
            if allowed(state, Fault::RepeatCommand) {
                steps.push(Step::Repeat(n));
            }
            if allowed(state, Fault::Cut) {
                steps.push(Step::Cut(n));
            }
        }
        if allowed(state, Fault::LoseCommand) {
            steps.push(Step::Lose(n));
        }
    }
}
