//! What may happen next, and what it does: one step of anyone, or one fault. It must not judge the whole run.

mod choice;
mod lock;

use lock_core::record::Status;

use crate::begin::{self, allowed};
use crate::cloud::Cloud;
use crate::config::{Config, Fault};
use crate::device::{Device, Moment};
use crate::invariant::Invariant;
use crate::rule::{Rule, Rules};
use crate::state::{Job, Run, START, Stage, State, What};

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Time passes to the configuration's next instant.
    Pass,
    /// The next press is made.
    Press,
    /// The broker delivers this press again.
    Redeliver(u8),
    /// The next request is sent.
    Ask,
    /// The operator revokes the button.
    Revoke,
    /// The sweeper's turn comes.
    Sweep,
    /// A function takes this job.
    Begin(u8),
    /// This function commits.
    Commit(u8),
    /// This function publishes.
    Publish(u8),
    /// This function dies.
    Crash(u8),
    /// This command reaches the device.
    Deliver(u8),
    /// This command reaches the device, and stays on its way.
    Repeat(u8),
    /// This command is lost.
    Lose(u8),
    /// This command reaches the device, which loses power in the midst of it.
    Cut(u8),
    /// The device reports; the shadow takes it.
    Report,
    /// The device reports; the shadow never hears it.
    LoseReport,
    /// This event is lost.
    LoseEvent(u8),
    /// This event is taken, and stays in the queue.
    RepeatEvent(u8),
    /// The device's auto-relock.
    Relock,
    /// The device loses power for a moment.
    Reboot,
    /// So it does, and its journal with it.
    Erase,
    /// The device's connection breaks.
    Disconnect,
    /// It is back.
    Connect,
    /// The device's clock is set, wrong by this. *Units*: ms.
    SetClock(i64),
    /// The device forgets the time.
    LoseClock,
    /// The table is restored and recovered.
    Restore,
    /// The shadow is deleted.
    DeleteShadow,
    /// No more faults: everything works from now on, or all but the device.
    Finish {
        /// Whether the device can be reached.
        reachable: bool,
    },
}

/// Everyone, under these rules.
#[derive(Debug, Clone)]
pub struct World {
    /// Who presses what, and what may go wrong.
    pub config: Config,
    /// The rules in force.
    pub rules: Rules,
}

impl World {
    fn cloud(&self) -> Cloud<'_> {
        Cloud {
            config: &self.config,
            rules: self.rules,
        }
    }

    /// What becomes of `state` by `step`.
    pub fn apply(&self, state: &mut State, step: Step) {
        if state.tale.is_none() {
            self.perform(state, step);
            return;
        }
        let before = state.clone();
        if matches!(step, Step::Finish { .. }) {
            self.tell(state, &before, step);
            self.perform(state, step);
        } else {
            self.perform(state, step);
            self.tell(state, &before, step);
        }
    }

    fn tell(&self, state: &mut State, before: &State, step: Step) {
        if !before.broken.is_empty() {
            return;
        }
        if let Some(mut tale) = state.tale.take() {
            tale.add(self, before, state, step);
            state.tale = Some(tale);
        }
    }

    fn perform(&self, state: &mut State, step: Step) {
        match step {
            Step::Pass => {
                let at = self.config.instants[usize::from(state.instants)];
                state.now = state.now.max(START.plus(at));
                state.instants += 1;
            }
            Step::Press => {
                self.deliver_press(state, state.pressed.len() as u8, 0);
                state.pressed.push(state.now);
            }
            Step::Redeliver(press) => {
                spend(state, Fault::Redeliver);
                self.deliver_press(state, press, 1 + state.faults[Fault::Redeliver as usize]);
            }
            Step::Ask => {
                let what = What::Request {
                    request: state.requested,
                    received_at: state.now,
                };
                state.requested += 1;
                self.enqueue(state, what);
            }
            Step::Revoke => {
                state.revoking = true;
                let what = What::Revoke;
                self.start(state, Job { what, tries: 0 });
            }
            Step::Sweep => {
                let what = What::Sweep;
                self.start(state, Job { what, tries: 0 });
            }
            Step::Begin(n) => {
                let job = state.queue.remove(usize::from(n));
                self.start(state, job);
            }
            Step::RepeatEvent(n) => {
                spend(state, Fault::RepeatEvent);
                let job = state.queue[usize::from(n)].clone();
                self.start(state, job);
            }
            Step::LoseEvent(n) => {
                spend(state, Fault::LoseEvent);
                state.queue.remove(usize::from(n));
                state.memory.lost_event = true;
            }
            Step::Commit(n) => {
                let run = state.running.remove(usize::from(n));
                self.cloud().commit(state, run);
            }
            Step::Publish(n) => self.publish(state, n),
            Step::Crash(n) => {
                spend(state, Fault::Crash);
                let run = state.running.remove(usize::from(n));
                retry(state, run.job);
            }
            Step::Restore => self.restore(state),
            Step::DeleteShadow => {
                spend(state, Fault::DeleteShadow);
                // Its versions begin anew only after 48 h; by then no event of the old one is delivered any more.
                state.now = state.now.plus(49 * 3_600_000);
                (state.shadow, state.shadow_version) = (None, 0);
            }
            Step::Finish { reachable } => self.finish(state, reachable),
            _ => self.apply_to_device(state, step),
        }
        state.normalise();
        self.watch(state);
    }

    fn deliver_press(&self, state: &mut State, press: u8, delivery: u8) {
        let received_at = state.now;
        let what = What::Press {
            press,
            delivery,
            received_at,
        };
        self.enqueue(state, what);
    }

    fn enqueue(&self, state: &mut State, what: What) {
        let tries = self.config.retries;
        state.queue.push(Job { what, tries });
    }

    /// A function takes a job; where nothing may happen in between, it commits at once.
    fn start(&self, state: &mut State, job: Job) {
        let before = state.running.len();
        self.cloud().begin(state, job);
        if !self.config.interleave && state.running.len() > before {
            let run = state.running.pop().expect("it was pushed");
            self.cloud().commit(state, run);
        }
    }

    fn publish(&self, state: &mut State, n: u8) {
        let run = state.running.remove(usize::from(n));
        let Stage::Committed(publish) = &run.stage else {
            return;
        };
        let press = match run.job.what {
            // Sent again for a press that is known: its right is asked for anew (C7).
            What::Press { press, .. } if self.rules.without(Rule::C7RepublishAlways) => Some(press),
            _ => None,
        };
        self.cloud().publish(state, publish, press);
        let again = run.job.tries > 0 && allowed(state, Fault::Crash);
        if again && matches!(run.job.what, What::Press { .. } | What::Report(_)) {
            let (job, stage) = (run.job, Stage::Published);
            state.running.push(Run { job, stage });
        }
    }

    fn restore(&self, state: &mut State) {
        spend(state, Fault::Restore);
        // The rules are off for longer than an event is delivered again.
        if self.rules.without(Rule::C12ShortPause) {
            state.now = state.now.plus(41_000);
        } else {
            state.now = state.now.plus(181_000);
            state.queue.clear();
        }
        let backup = begin::begin(&self.config, self.rules);
        state.binding = backup.binding;
        let recovered = backup
            .record
            .map(|record| self.cloud().recover(state, &record));
        state.record = recovered;
        (state.marks, state.cached) = (0, None);
    }

    /// What must hold in every state.
    fn watch(&self, state: &mut State) {
        if state.over || state.memory.lost_event || !state.drained() || relock_due(state) {
            return;
        }
        let Some(record) = &state.record else { return };
        let settled = record.status == Status::Settled;
        let equal = record.state == state.device.latch;
        state.broken.unless(!settled || equal, Invariant::S4);
    }
}

/// The time, as the device knows it.
pub fn moment(state: &State) -> Moment {
    let uptime_ms = state.now.since(state.booted_at);
    match state.clock {
        Some(skew) => Moment {
            uptime_ms,
            wall_ms: state.now.0.saturating_add_signed(skew),
            synced_at_ms: Some(uptime_ms),
        },
        None => Moment {
            uptime_ms,
            wall_ms: uptime_ms,
            synced_at_ms: None,
        },
    }
}

/// Whether auto-relock is due.
pub fn relock_due(state: &State) -> bool {
    let uptime_ms = state.now.since(state.booted_at);
    Device::relocks_at_ms(&state.device).is_some_and(|at| at <= uptime_ms)
}

/// A failed event goes back to the queue while it has retries left.
fn retry(state: &mut State, job: Job) {
    if job.tries > 0 {
        let tries = job.tries - 1;
        state.queue.push(Job { tries, ..job });
    } else {
        state.memory.lost_event |= matches!(job.what, What::Report(_));
    }
}

fn spend(state: &mut State, fault: Fault) {
    state.faults[fault as usize] -= 1;
}
