//! The steps: what may happen next, and its effect.

mod choice;
mod lock;
mod shadow;

use lock_core::record::Status;

use crate::beginning;
use crate::cloud::{Basis, Cloud, is_retried};
use crate::configuration::{Configuration, Fault, OperatorAction};
use crate::invariant::Invariant;
use crate::rule::{Rule, Rules};
use crate::state::{
    Invocation, Job, LAST_PRESS, LockStreak, Memory, START, STEP_BACK_MS, Stage, State, Task,
};

/// One step or fault. A number is an index in the state before it; a lock comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Time passes to the configuration's next instant.
    PassTime,
    /// The next press is made.
    Press,
    /// This delayed press or request reaches the rules engine.
    Arrive(u8),
    /// The broker delivers this press again.
    Redeliver(u8),
    /// The next request is sent.
    Request,
    /// The operator's next action.
    Operate,
    /// A sweep of this stack over this lock.
    Sweep(u8, u8),
    /// A function takes this job.
    Begin(u8),
    /// A function takes this job and decides on the prediction of this process.
    Predict(u8, u8),
    /// The same, after a miss: on the record as found and the binding that this process knows.
    Find(u8, u8),
    Commit(u8),
    Publish(u8),
    Crash(u8),
    LoseEvent(u8),
    /// This event is delivered and stays in the queue.
    RepeatEvent(u8),
    /// The table is restored and recovered.
    Restore,
    /// The cloud's clock steps back.
    ClockBack,
    Deliver(u8, u8),
    /// This command reaches the device, and a copy stays in transit.
    Repeat(u8, u8),
    Lose(u8, u8),
    /// This command reaches the device, which loses power while it executes it.
    Cut(u8, u8),
    /// This command is damaged in transit.
    Damage(u8, u8),
    Forge(u8),
    /// Another program's newer lock command reaches the device.
    Overtake(u8),
    /// The same, and the device's flash refuses the write.
    Rival(u8),
    /// The device reports; the shadow accepts and answers.
    Report(u8),
    /// The device reports; the report is lost.
    LoseReport(u8),
    /// The device reports; the report is held before the shadow.
    HoldReport(u8),
    /// The device's report, new or held, reaches the shadow; the answer is held.
    HoldAnswer(u8),
    /// The report or answer held on this device's connection is released.
    Release(u8),
    /// The device reports a version far ahead.
    Lie(u8),
    /// Another client sends the device a time long past.
    FakeTime(u8),
    /// The device relocks by itself.
    Relock(u8),
    /// A person presses the exit button.
    Exit(u8),
    /// The door is opened, or closed.
    Swing(u8),
    Jam(u8),
    Free(u8),
    Reboot(u8),
    /// The device loses power and its journal.
    Erase(u8),
    /// The device's connection breaks.
    Disconnect(u8),
    Connect(u8),
    /// A person saves the shadow with the latch changed.
    Edit(u8),
    DeleteShadow(u8),
    /// The shadow was deleted long ago.
    ForgetShadow(u8),
    /// The run ends: no more faults; everything works, or everything but the devices.
    Finish {
        /// Whether the devices can be reached.
        reachable: bool,
    },
}

/// A configuration under a set of rules.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub config: Configuration,
    pub rules: Rules,
}

impl Scenario {
    pub(crate) fn cloud(&self) -> Cloud<'_> {
        Cloud {
            config: &self.config,
            rules: self.rules,
        }
    }

    /// Applies `step` to `state`.
    pub fn apply(&self, state: &mut State, step: Step) {
        if state.narrative.is_none() {
            self.perform(state, step);
            return;
        }
        let before = state.clone();
        if matches!(step, Step::Finish { .. }) {
            self.narrate(state, &before, step);
            self.perform(state, step);
        } else {
            self.perform(state, step);
            self.narrate(state, &before, step);
        }
    }

    fn narrate(&self, state: &mut State, before: &State, step: Step) {
        if !before.broken.is_empty() {
            return;
        }
        if let Some(mut narrative) = state.narrative.take() {
            narrative.add(self, before, state, step);
            state.narrative = Some(narrative);
        }
    }

    fn perform(&self, state: &mut State, step: Step) {
        match step {
            Step::PassTime => {
                let at = self.config.instants[usize::from(state.instants)];
                state.now = state.now.max(START.plus(at));
                state.instants += 1;
            }
            Step::Press | Step::Request | Step::Arrive(_) | Step::Redeliver(_) => {
                self.perform_wish(state, step);
            }
            Step::Operate => {
                let task = Task::Operate(state.actions_begun);
                state.actions_begun += 1;
                self.start(state, without_retry(0, task));
                // The effect of an action is observed a millisecond later.
                state.now = state.now.plus(1);
            }
            Step::Sweep(stack, lock) => self.start(state, without_retry(stack, Task::Sweep(lock))),
            Step::Begin(n) => {
                let job = state.queue.remove(usize::from(n));
                self.start(state, job);
            }
            Step::Predict(n, process) => {
                let job = state.queue.remove(usize::from(n));
                self.start_on(state, job, Basis::Prediction(process));
            }
            Step::Find(n, process) => {
                let job = state.queue.remove(usize::from(n));
                self.start_on(state, job, Basis::KnownBinding(process));
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
                retry_or_drop(state, run.job);
            }
            Step::Restore => self.restore(state),
            Step::ClockBack => {
                state.spend(Fault::StepBack);
                state.behind_ms += STEP_BACK_MS;
                for trace in state.memory.traces.iter_mut().flatten() {
                    // Earlier system locks are then in the future and are not waited for.
                    trace.streak = LockStreak::default();
                }
            }
            Step::Finish { reachable } => self.finish(state, reachable),
            _ => self.apply_to_lock(state, step),
        }
        state.normalize();
        self.check_invariants(state);
    }

    /// A person presses or requests, or a delayed wish arrives.
    fn perform_wish(&self, state: &mut State, step: Step) {
        match step {
            Step::Press => {
                let press = state.pressed.len() as u8;
                let made = self.config.presses[usize::from(press)];
                // Nobody presses twice in the same millisecond.
                if state.pressed.last() == Some(&state.now) {
                    state.now = state.now.plus(1);
                }
                self.note_meant_locks(state, press, made.button);
                state.pressed.push(state.now);
                if made.held {
                    state.held |= 1 << press
                } else {
                    self.deliver_press(state, press, 0)
                }
            }
            Step::Request => {
                let request = state.requested.len() as u8;
                state.requested.push(state.now);
                if self.config.requests[usize::from(request)].held {
                    state.held |= 1 << Memory::index_of_request(request)
                } else {
                    self.deliver_request(state, request)
                }
            }
            Step::Arrive(wish) => {
                state.held &= !(1 << wish);
                match usize::from(wish).checked_sub(Memory::index_of_request(0)) {
                    Some(request) => self.deliver_request(state, request as u8),
                    None => self.deliver_press(state, wish, 0),
                }
            }
            Step::Redeliver(press) => {
                state.spend(Fault::Redeliver);
                let delivery = 1 + state.faults[Fault::Redeliver as usize];
                self.deliver_press(state, press, delivery);
            }
            _ => unreachable!("{step:?} is not a wish"),
        }
    }

    /// Notes the locks that a press may act on.
    fn note_meant_locks(&self, state: &mut State, press: u8, button: u8) {
        let lock = lock_of_button(state, button);
        let binds = state.running.iter().filter_map(|run| match run.job.task {
            Task::Operate(act) => Some(self.config.actions[usize::from(act)]),
            _ => None,
        });
        let bound = binds.filter_map(|act| match act {
            OperatorAction::Bind(bound, lock) if bound == button => Some(usize::from(lock)),
            _ => None,
        });
        let locks = lock
            .into_iter()
            .chain(bound)
            .fold(0, |bits, lock| bits | 1 << lock);
        state.memory.meant_for[usize::from(press)] = locks;
    }

    pub(crate) fn deliver_press(&self, state: &mut State, press: u8, delivery: u8) {
        let task = Task::Press {
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
        state.queue.push(Job { stack, task, tries });
    }

    fn deliver_request(&self, state: &mut State, request: u8) {
        let received_at = state.cloud_now();
        self.enqueue(
            state,
            &Task::Request {
                request,
                received_at,
            },
        );
    }

    /// Queues the task in every stack: each has a rule for it.
    fn enqueue(&self, state: &mut State, task: &Task) {
        for stack in 0..self.config.stacks {
            let (task, tries) = (task.clone(), self.config.retries);
            state.queue.push(Job { stack, task, tries });
        }
    }

    /// A function takes a job; without interleaving it commits at once.
    fn start(&self, state: &mut State, job: Job) {
        let basis = self.cloud().usual_basis();
        self.start_on(state, job, basis);
    }

    fn start_on(&self, state: &mut State, job: Job, basis: Basis) {
        let before = state.running.len();
        self.cloud().begin(state, job, basis);
        if !self.config.interleave && state.running.len() > before {
            let run = state.running.pop().expect("it was pushed");
            self.cloud().commit(state, run);
        }
    }

    fn publish(&self, state: &mut State, n: u8) {
        let Invocation { job, stage } = state.running.remove(usize::from(n));
        let Stage::Committed(publish) = &stage else {
            return;
        };
        let press = self.cloud().asks_once_more(&job.task);
        self.cloud().publish(state, job.stack, publish, press);
        if is_retried(&job) && state.can_strike(Fault::Crash) {
            let stage = Stage::Published;
            state.running.push(Invocation { job, stage });
        }
    }

    fn restore(&self, state: &mut State) {
        state.spend(Fault::Restore);
        // The rules stay off until no event is delivered again.
        if self.rules.without(Rule::C12ShortPause) {
            state.now = state.now.plus(41_000);
        } else {
            state.now = state.now.plus(181_000);
            state.queue.retain(|job| job.stack != 0);
        }
        let mut backup = beginning::initial_state(&self.config, self.rules)
            .tables
            .swap_remove(0);
        for lock in 0..backup.records.len() {
            if let Some(record) = &backup.records[lock] {
                let recovered = self.cloud().recover(state, record);
                backup.records[lock] = Some(recovered);
            }
            // The revocation is undone with the rest.
            state.memory.must_be_locked[lock] = false;
        }
        // A process outlives the restore, with what it knows.
        backup.cached = std::mem::take(&mut state.tables[0].cached);
        backup.beliefs = std::mem::take(&mut state.tables[0].beliefs);
        state.tables[0] = backup;
    }

    /// Checks what must hold in every state.
    fn check_invariants(&self, state: &mut State) {
        let relock = state.sites.iter().any(|site| site.is_relock_due(state.now));
        if state.over || state.memory.lost_event || !state.is_drained() || relock {
            return;
        }
        for (record, site) in state.tables[0].records.iter().zip(&state.sites) {
            let Some(record) = record else { continue };
            let settled = record.status == Status::Settled;
            let equal = record.state == site.latch();
            state.broken.require(!settled || equal, Invariant::S4);
        }
    }
}

/// The lock that a button may command now.
pub(crate) fn lock_of_button(state: &State, button: u8) -> Option<usize> {
    let binding = state.tables[0].bindings[usize::from(button)].as_deref();
    let binding = binding.filter(|binding| binding.enabled)?;
    binding.lock.as_ref().map(beginning::lock_index)
}

fn without_retry(stack: u8, task: Task) -> Job {
    let tries = 0;
    Job { stack, task, tries }
}

/// Puts a failed event back into the queue while it has retries left.
fn retry_or_drop(state: &mut State, job: Job) {
    if job.tries > 0 {
        let tries = job.tries - 1;
        state.queue.push(Job { tries, ..job });
    } else {
        state.memory.lost_event |= matches!(job.task, Task::Report(_));
    }
}
