//! What may happen next, and what it does: one step of anyone, or one fault. It must not judge the whole run.

mod choice;
mod lock;
mod shadow;

use lock_core::record::Status;

use crate::begin;
use crate::cloud::{Cloud, is_retried};
use crate::configuration::{Act, Config, Fault};
use crate::invariant::Invariant;
use crate::rule::{Rule, Rules};
use crate::state::{Job, LAST_PRESS, Memory, Row, Run, START, STEP_BACK_MS, Stage, State, What};

/// One step. What it names by a number is in the state before it; a lock's own things come after the lock's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Time passes to the configuration's next instant.
    Pass,
    /// The next press is made.
    Press,
    /// This press, or request, is no longer held up, and reaches the rules.
    Arrive(u8),
    /// The broker delivers this press again.
    Redeliver(u8),
    /// The next request is sent.
    Ask,
    /// The operator's next act.
    Act,
    /// The sweeper's turn comes, of this stack about this lock.
    Sweep(u8, u8),
    /// A function takes this job.
    Begin(u8),
    /// This function commits.
    Commit(u8),
    /// This function publishes.
    Publish(u8),
    /// This function dies.
    Crash(u8),
    /// This event is lost.
    LoseEvent(u8),
    /// This event is taken, and stays in the queue.
    RepeatEvent(u8),
    /// The table is restored and recovered.
    Restore,
    /// The cloud's clock steps back.
    StepBack,
    /// This command reaches the device.
    Deliver(u8, u8),
    /// This command reaches the device, and stays on its way.
    Repeat(u8, u8),
    /// This command is lost.
    Lose(u8, u8),
    /// This command reaches the device, which loses power in the midst of it.
    Cut(u8, u8),
    /// This command is damaged on its way.
    Damage(u8, u8),
    /// A command of another program is on its way.
    Forge(u8),
    /// The device reports; the shadow takes it, and the device hears so.
    Report(u8),
    /// The device reports; the shadow never hears it.
    LoseReport(u8),
    /// The device reports; the report is held before the shadow.
    HoldReport(u8),
    /// The device reports, or its held report goes on; the shadow takes it, and its answer is held.
    HoldAnswer(u8),
    /// What is held on the wire of this device goes on, to its end.
    LetGo(u8),
    /// The device reports a version far ahead.
    Lie(u8),
    /// Somebody else tells the device the time, long past.
    TellTime(u8),
    /// The device's auto-relock.
    Relock(u8),
    /// A hand asks for the way out.
    Exit(u8),
    /// The door is opened, or closed.
    Swing(u8),
    /// The bolt jams.
    Jam(u8),
    /// The bolt comes free.
    Free(u8),
    /// The device loses power for a moment.
    Reboot(u8),
    /// So it does, and its journal with it.
    Erase(u8),
    /// The device's connection breaks.
    Disconnect(u8),
    /// It is back.
    Connect(u8),
    /// A person saves the shadow with the latch changed.
    Edit(u8),
    /// The shadow is deleted.
    DeleteShadow(u8),
    /// The shadow was deleted long ago.
    ForgetShadow(u8),
    /// No more faults: everything works from now on, or all but the devices.
    Finish {
        /// Whether the devices can be reached.
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
    pub(crate) fn cloud(&self) -> Cloud<'_> {
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
            Step::Press | Step::Ask | Step::Arrive(_) | Step::Redeliver(_) => {
                self.wish(state, step);
            }
            Step::Act => {
                let what = What::Act(state.acted);
                state.acted += 1;
                self.start(state, at_once(0, what));
                // What comes of an order is seen a millisecond later.
                state.now = state.now.plus(1);
            }
            Step::Sweep(stack, lock) => self.start(state, at_once(stack, What::Sweep(lock))),
            Step::Begin(n) => {
                let job = state.queue.remove(usize::from(n));
                self.start(state, job);
            }
            Step::RepeatEvent(n) => {
                state.spend(Fault::RepeatEvent);
                let job = state.queue[usize::from(n)].clone();
                self.start(state, job);
            }
            Step::LoseEvent(n) => {
                state.spend(Fault::LoseEvent);
                state.queue.remove(usize::from(n));
                state.memory.lost_event = true;
            }
            Step::Commit(n) => {
                let run = state.running.remove(usize::from(n));
                self.cloud().commit(state, run);
            }
            Step::Publish(n) => self.publish(state, n),
            Step::Crash(n) => {
                state.spend(Fault::Crash);
                let run = state.running.remove(usize::from(n));
                retry(state, run.job);
            }
            Step::Restore => self.restore(state),
            Step::StepBack => {
                state.spend(Fault::StepBack);
                state.behind_ms += STEP_BACK_MS;
                for watched in state.memory.watched.iter_mut().flatten() {
                    // What the system did before is then in the future, and is not waited for.
                    watched.row = Row::default();
                }
            }
            Step::Finish { reachable } => self.finish(state, reachable),
            _ => self.apply_to_lock(state, step),
        }
        state.normalise();
        self.watch(state);
    }

    /// A person presses or asks, or what was held up arrives.
    fn wish(&self, state: &mut State, step: Step) {
        match step {
            Step::Press => {
                let press = state.pressed.len() as u8;
                let made = self.config.presses[usize::from(press)];
                // Nobody presses twice in the same millisecond.
                if state.pressed.last() == Some(&state.now) {
                    state.now = state.now.plus(1);
                }
                self.note_press(state, press, made.button);
                state.pressed.push(state.now);
                match made.held {
                    true => state.held |= 1 << press,
                    false => self.deliver_press(state, press, 0),
                }
            }
            Step::Ask => {
                let request = state.requested.len() as u8;
                state.requested.push(state.now);
                match self.config.requests[usize::from(request)].held {
                    true => state.held |= 1 << Memory::of_request(request),
                    false => self.deliver_request(state, request),
                }
            }
            Step::Arrive(wish) => {
                state.held &= !(1 << wish);
                match usize::from(wish).checked_sub(Memory::of_request(0)) {
                    Some(request) => self.deliver_request(state, request as u8),
                    None => self.deliver_press(state, wish, 0),
                }
            }
            Step::Redeliver(press) => {
                state.spend(Fault::Redeliver);
                let delivery = 1 + state.faults[Fault::Redeliver as usize];
                self.deliver_press(state, press, delivery);
            }
            _ => unreachable!("{step:?} is nobody's wish"),
        }
    }

    /// For which locks a press is meant.
    fn note_press(&self, state: &mut State, press: u8, button: u8) {
        let lock = commanded_by(state, button);
        let binds = state.running.iter().filter_map(|run| match run.job.what {
            What::Act(act) => Some(self.config.acts[usize::from(act)]),
            _ => None,
        });
        let bound = binds.filter_map(|act| match act {
            Act::Bind(bound, lock) if bound == button => Some(usize::from(lock)),
            _ => None,
        });
        let locks = lock
            .into_iter()
            .chain(bound)
            .fold(0, |bits, lock| bits | 1 << lock);
        state.memory.meant_for[usize::from(press)] = locks;
    }

    pub(crate) fn deliver_press(&self, state: &mut State, press: u8, delivery: u8) {
        let what = What::Press {
            press,
            delivery,
            arrived_at: state.now,
            received_at: state.cloud_now(),
        };
        let tries = match press {
            LAST_PRESS => 0,
            _ => self.config.retries,
        };
        // Another stack does not know the button.
        let stack = 0;
        state.queue.push(Job { stack, what, tries });
    }

    fn deliver_request(&self, state: &mut State, request: u8) {
        let received_at = state.cloud_now();
        self.enqueue(
            state,
            &What::Request {
                request,
                received_at,
            },
        );
    }

    /// Every stack has a rule for it.
    fn enqueue(&self, state: &mut State, what: &What) {
        for stack in 0..self.config.stacks {
            let (what, tries) = (what.clone(), self.config.retries);
            state.queue.push(Job { stack, what, tries });
        }
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
        let Run { job, stage } = state.running.remove(usize::from(n));
        let Stage::Committed(publish) = &stage else {
            return;
        };
        let press = self.cloud().asks_once_more(&job.what);
        self.cloud().publish(state, job.stack, publish, press);
        if is_retried(&job) && state.allows(Fault::Crash) {
            let stage = Stage::Published;
            state.running.push(Run { job, stage });
        }
    }

    fn restore(&self, state: &mut State) {
        state.spend(Fault::Restore);
        // The rules are off for longer than an event is delivered again.
        if self.rules.without(Rule::C12ShortPause) {
            state.now = state.now.plus(41_000);
        } else {
            state.now = state.now.plus(181_000);
            state.queue.retain(|job| job.stack != 0);
        }
        let mut backup = begin::begin(&self.config, self.rules).tables.swap_remove(0);
        for lock in 0..backup.records.len() {
            if let Some(record) = &backup.records[lock] {
                let recovered = self.cloud().recover(state, record);
                backup.records[lock] = Some(recovered);
            }
            // The revocation is undone with the rest.
            state.memory.left[lock] = false;
        }
        for cached in &mut backup.cached {
            *cached = None;
        }
        state.tables[0] = backup;
    }

    /// What must hold in every state.
    fn watch(&self, state: &mut State) {
        let relock = state.sites.iter().any(|site| site.relock_due(state.now));
        if state.over || state.memory.lost_event || !state.drained() || relock {
            return;
        }
        for (record, site) in state.tables[0].records.iter().zip(&state.sites) {
            let Some(record) = record else { continue };
            let settled = record.status == Status::Settled;
            let equal = record.state == site.latch();
            state.broken.unless(!settled || equal, Invariant::S4);
        }
    }
}

/// The lock that a button may command now.
pub(crate) fn commanded_by(state: &State, button: u8) -> Option<usize> {
    let binding = state.tables[0].bindings[usize::from(button)].as_deref();
    let binding = binding.filter(|binding| binding.enabled)?;
    binding.lock.as_ref().map(begin::lock_index)
}

fn at_once(stack: u8, what: What) -> Job {
    let tries = 0;
    Job { stack, what, tries }
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
