//! The end of a run: one path with no more faults, a fair network and a sweep every minute.

mod verdict;

use lock_core::time::UnixMillis;

use crate::invariant::Invariant;
use crate::state::{Memory, Stage, State};
use crate::step::{Scenario, Step};

/// How long the fair path is followed, in ms.
const PATIENCE_MS: u64 = 3 * 60 * 60_000;
/// How often a device reports when nothing changed (D4), in ms.
const REPORT_MS: u64 = lock_core::limits::REPORT_INTERVAL_MS;
/// How often a sweep runs, and how soon a shadow must be right again, in ms.
const MINUTE_MS: u64 = 60_000;

impl Scenario {
    /// Follows the fair path to its end and checks the result.
    pub fn finish(&self, state: &mut State, reachable: bool) {
        state.over = true;
        state.faults = [0; crate::configuration::FAULTS];
        for lock in 0..self.config.locks {
            let site = &mut state.sites[usize::from(lock)];
            if !reachable {
                site.connected = false;
                site.network.clear();
                (site.update, site.answer) = (None, None);
            } else if !site.connected {
                self.apply(state, Step::Connect(lock));
            }
            let site = &state.sites[usize::from(lock)];
            if site.update.is_some() || site.answer.is_some() {
                self.apply(state, Step::Release(lock));
            }
        }
        for wish in 0..state
            .pressed
            .len()
            .max(Memory::index_of_request(state.requested.len() as u8))
        {
            if state.held & (1 << wish) != 0 {
                self.apply(state, Step::Arrive(wish as u8));
            }
        }
        self.drain(state);
        self.judge_wishes(state);
        let started = state.now;
        let end = started.plus(PATIENCE_MS);
        let mut shadows_judged = false;
        while state.now < end && state.broken.is_empty() {
            let minute_over = state.now >= started.plus(MINUTE_MS);
            if minute_over && !shadows_judged {
                shadows_judged = true;
                self.judge_shadows(state, reachable);
            }
            let minute_matters = state.memory.edited && !shadows_judged;
            if self.converged(state, reachable) && !minute_matters {
                break;
            }
            let limit = if minute_over {
                end
            } else {
                started.plus(MINUTE_MS)
            };
            self.pass_time(state, reachable, limit);
            self.drain(state);
        }
        if state.broken.is_empty() {
            self.judge(state, reachable);
        }
        if state.broken.is_empty() {
            self.judge_exits(state);
        }
        if reachable && state.broken.is_empty() {
            self.press_once_more(state);
        }
    }

    /// Lets time pass to the next step that needs no person, or to `limit`.
    fn pass_time(&self, state: &mut State, reachable: bool, limit: UnixMillis) {
        let soon = state.now.plus(1);
        let minute = |at: UnixMillis| UnixMillis(at.0.div_ceil(MINUTE_MS) * MINUTE_MS);
        let behind_ms = state.behind_ms;
        let records = state
            .tables
            .iter()
            .flat_map(|table| table.records.iter().flatten());
        let sweeps = records.map(|record| minute(record.due.due_at.plus(behind_ms).max(soon)));
        let mut next = sweeps.min().unwrap_or(limit).min(limit);
        if reachable {
            for site in &state.sites {
                let report = site.reported_at.plus(REPORT_MS);
                let repeat = site.exchange.repeat_at_ms();
                let repeat = repeat.map_or(report, |ms| site.booted_at.plus(ms));
                next = next.min(report.min(repeat).max(soon));
            }
        }
        state.now = next;
        for site in &mut state.sites {
            site.exchange.due |= reachable && site.reported_at.plus(REPORT_MS) <= next;
        }
        // A sweep runs at whole minutes, and again while its answer leaves a record overdue.
        if next != minute(next) {
            return;
        }
        for _ in 0..4 {
            for stack in 0..self.config.stacks {
                for lock in 0..self.config.locks {
                    if self.has_sweep_due(state, stack, lock) {
                        self.apply(state, Step::Sweep(stack, lock));
                        self.drain(state);
                    }
                }
            }
        }
    }

    /// Delivers all messages in transit, in order.
    pub(crate) fn drain(&self, state: &mut State) {
        for _ in 0..200 {
            match self.next_unforced_step(state) {
                Some(step) => self.apply(state, step),
                None => return,
            }
        }
        // The messages never end.
        state.broken.require(false, Invariant::S7);
    }

    /// The next step that needs no person and no fault, if any.
    pub(crate) fn next_unforced_step(&self, state: &State) -> Option<Step> {
        next_function_step(state).or_else(|| next_device_step(state))
    }
}

/// The next step of the devices, if any.
pub(crate) fn next_device_step(state: &State) -> Option<Step> {
    let locks = || {
        let sites = state.sites.iter().enumerate();
        sites.map(|(n, site)| (n as u8, site))
    };
    let deliver = locks().find(|(_, site)| site.connected && !site.network.is_empty());
    let relock = locks().find(|(_, site)| site.is_relock_due(state.now));
    let report = locks().find(|(_, site)| site.is_report_due(state.now));
    deliver
        .map(|(lock, _)| Step::Deliver(lock, 0))
        .or(relock.map(|(lock, _)| Step::Relock(lock)))
        .or(report.map(|(lock, _)| Step::Report(lock)))
}

/// The next step of the functions, if any.
pub(crate) fn next_function_step(state: &State) -> Option<Step> {
    let begin = (!state.queue.is_empty()).then_some(Step::Begin(0));
    let finish = state.running.first().map(|run| match run.stage {
        Stage::Decided(_) => Step::Commit(0),
        Stage::Committed(_) | Stage::Published => Step::Publish(0),
    });
    finish.or(begin)
}
