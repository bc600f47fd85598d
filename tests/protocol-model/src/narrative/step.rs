//! The name of a step.

use lock_core::action::ClickType;
use lock_core::report::Door;

use super::{Narrative, latch};
use crate::configuration::OperatorAction;
use crate::state::{Job, LAST_PRESS, Memory, Stage, State, Task};
use crate::step::{Scenario, Step};

impl Narrative {
    pub(super) fn step(
        &mut self,
        scenario: &Scenario,
        before: &State,
        after: &State,
        step: Step,
    ) -> String {
        let run = |n: u8| job(scenario, &before.running[usize::from(n)].job);
        let waiting = |n: u8| job(scenario, &before.queue[usize::from(n)]);
        match step {
            Step::PassTime => "time passes".to_owned(),
            Step::Press => press(scenario, before.pressed.len()),
            Step::Arrive(wish) => {
                match usize::from(wish).checked_sub(Memory::index_of_request(0)) {
                    Some(_) => "the request arrives".to_owned(),
                    None => format!("press {} arrives", wish + 1),
                }
            }
            Step::Redeliver(press) => format!("the broker delivers press {} again", press + 1),
            Step::Request => "an operator sends a request".to_owned(),
            Step::Operate => act(scenario.config.actions[usize::from(before.actions_begun)]),
            Step::Sweep(stack, _) => format!("a sweep{} reads the record", of(stack)),
            Step::Begin(n) | Step::RepeatEvent(n) => format!("a function takes {}", waiting(n)),
            Step::Predict(n, _) => {
                format!("a function takes {} and predicts the record", waiting(n))
            }
            Step::Find(n, _) => {
                format!(
                    "a function takes {} and knows an earlier binding",
                    waiting(n)
                )
            }
            Step::Commit(n) => format!("the function for {} commits", run(n)),
            Step::Publish(n) => match &before.running[usize::from(n)].stage {
                Stage::Committed(publish) => {
                    let command = self.command(&publish.command);
                    format!("the function for {} publishes {command}", run(n))
                }
                _ => format!("the function for {} is done", run(n)),
            },
            Step::Crash(n) => {
                format!(
                    "the function for {} dies {}",
                    run(n),
                    crash_place(before, n)
                )
            }
            Step::LoseEvent(n) => format!("the event of {} is lost", waiting(n)),
            Step::Restore => "the table is restored to the beginning".to_owned(),
            Step::ClockBack => "the cloud's clock steps back 10 s".to_owned(),
            Step::Finish { .. } => String::new(),
            Step::Deliver(..)
            | Step::Repeat(..)
            | Step::Lose(..)
            | Step::Cut(..)
            | Step::Damage(..) => self.step_of_command(before, step),
            _ => self.step_of_lock(after, step),
        }
    }

    fn step_of_command(&mut self, before: &State, step: Step) -> String {
        let mut wire = |lock: u8, n: u8| {
            let network = &before.sites[usize::from(lock)].network;
            self.command(&network[usize::from(n)])
        };
        match step {
            Step::Deliver(lock, n) => format!("{} reaches the lock", wire(lock, n)),
            Step::Repeat(lock, n) => {
                let command = wire(lock, n);
                format!("{command} reaches the lock, a copy stays in transit")
            }
            Step::Lose(lock, n) => format!("{} is lost", wire(lock, n)),
            Step::Cut(lock, n) => {
                let command = wire(lock, n);
                format!("{command} reaches the lock, which loses power while it executes it")
            }
            Step::Damage(lock, n) => format!("{} loses its expiry in transit", wire(lock, n)),
            _ => unreachable!("{step:?} is not about a command in transit"),
        }
    }

    fn step_of_lock(&mut self, after: &State, step: Step) -> String {
        let text = match step {
            Step::Report(lock) | Step::Lie(lock) => {
                let site = &after.sites[usize::from(lock)];
                let version = site.shadow.as_ref().map_or(0, |e| e.report.version.0);
                let version = match version {
                    0 => "no journal".to_owned(),
                    version => self.version(version),
                };
                return format!("the lock reports {}, {version}", latch(site.latch()));
            }
            Step::LoseReport(_) => "a report is lost before the shadow",
            Step::HoldReport(_) => "a report is held before the shadow",
            Step::HoldAnswer(_) => "a report reaches the shadow, whose answer is held",
            Step::Release(_) => "the held message is released",
            Step::Exit(_) => "a person presses the exit button",
            Step::Swing(lock) => match after.sites[usize::from(lock)].door {
                Some(Door::Open) => "the door is opened",
                _ => "the door is closed",
            },
            Step::FakeTime(_) => "another client sends the lock a time 40 s old",
            Step::Forge(_) => "another program sends a lock command of a version far ahead",
            Step::Overtake(_) => "another program's newer lock command acts",
            Step::Rival(_) => "another program's newer lock command acts, and is not journalled",
            Step::Relock(_) => "the lock relocks by itself",
            Step::Jam(_) => "the bolt jams",
            Step::Free(_) => "the bolt comes free",
            Step::Reboot(_) => "the lock loses power for a moment",
            Step::Erase(_) => "the lock loses power and its journal",
            Step::Disconnect(_) => "the lock loses its connection",
            Step::Connect(_) => "the lock is connected again",
            Step::Edit(_) => "a person saves the shadow with the latch changed",
            Step::DeleteShadow(_) => "the shadow is deleted",
            Step::ForgetShadow(_) => "the shadow was deleted long ago",
            _ => unreachable!("{step:?} is not a step of a lock"),
        };
        text.to_owned()
    }
}

fn press(scenario: &Scenario, n: usize) -> String {
    let made = scenario.config.presses.get(n);
    let click = match made.map(|made| made.click) {
        Some(ClickType::Single) => "toggle",
        Some(ClickType::Double) => "lock",
        _ => "unlock",
    };
    let button = made.map_or(0, |made| made.button);
    let of = if button == 0 { "" } else { " of button 2" };
    format!("press {}{of} ({click}) is made", n + 1)
}

fn act(act: OperatorAction) -> String {
    match act {
        OperatorAction::Revoke(_) => "the operator revokes the button".to_owned(),
        OperatorAction::Bind(_, lock) => {
            format!("the operator binds the button to lock {}", lock + 1)
        }
        OperatorAction::Unbind(_) => "the operator unbinds the button".to_owned(),
        OperatorAction::Register(_) => "the operator registers the lock".to_owned(),
        OperatorAction::Forget(_) => "the operator forgets the lock".to_owned(),
    }
}

fn of(stack: u8) -> &'static str {
    if stack == 0 {
        ""
    } else {
        " of the other stack"
    }
}

fn job(scenario: &Scenario, job: &Job) -> String {
    let text = match &job.task {
        Task::Press { press, .. } if *press == LAST_PRESS => "the last press".to_owned(),
        Task::Press {
            press, delivery: 0, ..
        } => format!("press {}", press + 1),
        Task::Press { press, .. } => format!("press {}, delivered again", press + 1),
        Task::Request { request, .. } if scenario.config.requests.len() > 1 => {
            format!("request {}", request + 1)
        }
        Task::Request { .. } => "the request".to_owned(),
        Task::Report(event) => format!("report {}", event.shadow_version),
        Task::Sweep(_) => "the sweep".to_owned(),
        Task::Operate(_) => "the operator".to_owned(),
        Task::Recover => "the recovery".to_owned(),
    };
    format!("{text}{}", of(job.stack))
}

fn crash_place(state: &State, n: u8) -> &'static str {
    match state.running[usize::from(n)].stage {
        Stage::Decided(_) => "before its commit",
        Stage::Committed(_) => "after its commit",
        Stage::Published => "after its publish",
    }
}
