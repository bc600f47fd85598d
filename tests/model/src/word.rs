//! The steps of a run in words. Must not judge them.

use lock_core::action::{Action, ClickType};
use lock_core::command::WireCommand;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;

use crate::begin;
use crate::state::{START, Stage, State, What};
use crate::step::{Step, World};

/// Longest tale; what comes after it goes round in circles.
const LINES_MAX: usize = 24;

/// What has been told so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tale {
    lines: Vec<String>,
    /// Versions in the order in which they appeared: people count 1, 2, 3.
    versions: Vec<u64>,
}

/// A run in words, the fair way at its end included.
pub fn tell(world: &World, steps: &[Step]) -> Vec<String> {
    let mut state = begin::begin(&world.config, world.rules);
    let mut tale = Tale::default();
    if let Some(record) = &state.record {
        tale.version(record.version.0);
    }
    state.tale = Some(Box::new(tale));
    for step in steps {
        world.apply(&mut state, *step);
    }
    let mut lines = state.tale.map_or_else(Vec::new, |tale| tale.lines);
    lines.dedup();
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        lines.push("and so on".to_owned());
    }
    lines
}

impl Tale {
    /// Tells what came of a step.
    pub fn add(&mut self, world: &World, before: &State, after: &State, step: Step) {
        let mut line = match step {
            Step::Finish { reachable: true } => "from now on everything works".to_owned(),
            Step::Finish { reachable: false } => {
                "from now on everything works, but the lock cannot be reached".to_owned()
            }
            _ => self.step(world, before, after, step),
        };
        if !matches!(step, Step::Finish { .. }) {
            self.came_of(before, after, &mut line);
        }
        let seconds = after.now.since(START) / 1000;
        if before.now != after.now {
            line = format!("{line} (now {seconds} s)");
        }
        self.lines.push(line);
    }

    fn version(&mut self, version: u64) -> String {
        let place = self.versions.iter().position(|known| *known == version);
        let place = place.unwrap_or_else(|| {
            self.versions.push(version);
            self.versions.len() - 1
        });
        format!("v{}", place + 1)
    }

    fn command(&mut self, command: &WireCommand) -> String {
        let version = self.version(command.version.0);
        format!("{} {version}", command.action)
    }

    fn step(&mut self, world: &World, before: &State, after: &State, step: Step) -> String {
        let job = |n: u8| what(&before.queue[usize::from(n)].what);
        let run = |n: u8| what(&before.running[usize::from(n)].job.what);
        let wire = |n: u8| before.network[usize::from(n)].clone();
        match step {
            Step::Pass => "time passes".to_owned(),
            Step::Press => {
                let press = before.pressed.len();
                let click = match world.config.presses.get(press).map(|made| made.click) {
                    Some(ClickType::Single) => "toggle",
                    Some(ClickType::Double) => "lock",
                    _ => "unlock",
                };
                format!("press {} ({click}) is made", press + 1)
            }
            Step::Redeliver(press) => format!("the broker delivers press {} again", press + 1),
            Step::Ask => "an operator asks".to_owned(),
            Step::Revoke => "the operator revokes the button".to_owned(),
            Step::Sweep => "the sweeper looks at the record".to_owned(),
            Step::Begin(n) | Step::RepeatEvent(n) => format!("a function takes {}", job(n)),
            Step::Commit(n) => format!("the function for {} commits", run(n)),
            Step::Publish(n) => match &before.running[usize::from(n)].stage {
                Stage::Committed(publish) => {
                    format!(
                        "the function for {} publishes {}",
                        run(n),
                        self.command(&publish.command)
                    )
                }
                _ => format!("the function for {} is done", run(n)),
            },
            Step::Crash(n) => format!(
                "the function for {} dies {}",
                run(n),
                crash_place(before, n)
            ),
            Step::Deliver(n) => format!("{} reaches the lock", self.command(&wire(n))),
            Step::Repeat(n) => {
                format!(
                    "{} reaches the lock, a copy stays on its way",
                    self.command(&wire(n))
                )
            }
            Step::Lose(n) => format!("{} is lost", self.command(&wire(n))),
            Step::Cut(n) => {
                format!(
                    "{} reaches the lock, which loses power in the midst of it",
                    self.command(&wire(n))
                )
            }
            Step::Report => {
                let report = after.shadow.as_ref().map(|event| &event.report);
                let version = report.map_or(0, |report| report.version.0);
                let version = if version == 0 {
                    "no journal".to_owned()
                } else {
                    self.version(version)
                };
                format!("the lock reports {}, {version}", latch(after.device.latch))
            }
            Step::LoseReport => "a report is lost on its way to the shadow".to_owned(),
            Step::LoseEvent(n) => format!("the event of {} is lost", job(n)),
            Step::Relock => "auto-relock".to_owned(),
            Step::Reboot => "the lock loses power for a moment".to_owned(),
            Step::Erase => "the lock loses power, and its journal".to_owned(),
            Step::Disconnect => "the lock loses its connection".to_owned(),
            Step::Connect => "the lock is connected again".to_owned(),
            Step::SetClock(0) => "the lock's clock is set".to_owned(),
            Step::SetClock(skew) => format!("the lock's clock is set, wrong by {skew} ms"),
            Step::LoseClock => "the lock forgets the time".to_owned(),
            Step::Restore => "the table is restored to the beginning".to_owned(),
            Step::DeleteShadow => "the shadow is deleted".to_owned(),
            Step::Finish { .. } => String::new(),
        }
    }

    /// What changed, besides what the step's name says.
    fn came_of(&mut self, before: &State, after: &State, line: &mut String) {
        if let Some(record) = &after.record {
            let old = before.record.as_deref();
            if old.is_none_or(|old| old.version != record.version) {
                let action = record.command.as_ref().map(|command| command.action);
                let action = action.map_or("nothing", Action::as_str);
                let version = self.version(record.version.0);
                line.push_str(&format!(
                    "; the record says {action} {version}, {}",
                    status(record)
                ));
            } else if old
                .is_some_and(|old| (old.status, old.state) != (record.status, record.state))
            {
                line.push_str(&format!(
                    "; the record says {}, {}",
                    latch(record.state),
                    status(record)
                ));
            }
        }
        if before.binding.enabled != after.binding.enabled {
            let binding = match after.binding.enabled {
                true => "; the binding is enabled",
                false => "; the binding is disabled",
            };
            line.push_str(binding);
        }
        if before.device.latch != after.device.latch {
            line.push_str(&format!("; the latch is {}", latch(after.device.latch)));
        } else if after.memory.opened.len() > before.memory.opened.len() {
            line.push_str("; the latch is opened again");
        } else if after.device.refusal() != before.device.refusal()
            && let Some(reason) = after.device.refusal()
        {
            line.push_str(&format!("; the lock refuses it ({reason})"));
        }
    }
}

fn crash_place(state: &State, n: u8) -> &'static str {
    match state.running[usize::from(n)].stage {
        Stage::Decided { .. } => "before its commit",
        Stage::Committed(_) => "after its commit",
        Stage::Published => "after its publish",
    }
}

fn what(what: &What) -> String {
    match what {
        What::Press { press: 3, .. } => "the last press".to_owned(),
        What::Press {
            press, delivery: 0, ..
        } => format!("press {}", press + 1),
        What::Press { press, .. } => format!("press {}, delivered again", press + 1),
        What::Request { .. } => "the request".to_owned(),
        What::Report(event) => format!("report {}", event.shadow_version),
        What::Sweep => "the sweep".to_owned(),
        What::Revoke => "the revocation".to_owned(),
        What::Recover => "the recovery".to_owned(),
    }
}

fn latch(latch: Latch) -> &'static str {
    match latch {
        Latch::Locked => "locked",
        Latch::Unlocked => "unlocked",
        Latch::Jammed => "jammed",
        Latch::Unknown => "unknown",
    }
}

fn status(record: &Record) -> &'static str {
    match record.status {
        Status::Settled => "settled",
        Status::Pending => "pending",
        Status::Unresponsive => "unresponsive",
    }
}
