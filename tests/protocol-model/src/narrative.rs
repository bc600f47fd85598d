//! The steps of a run in words.

mod step;

use lock_core::action::Action;
use lock_core::command::WireCommand;
use lock_core::report::Latch;

use crate::beginning;
use crate::state::{START, Site, State, Table};
use crate::step::{Scenario, Step};

/// Longest narrative; later lines only repeat.
const LINES_MAX: usize = 24;

/// The narrative of a run so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Narrative {
    lines: Vec<String>,
    /// Versions in the order of their appearance, printed as v1, v2, v3.
    versions: Vec<u64>,
}

/// A run in words, including the fair path at its end.
pub fn narrate(scenario: &Scenario, steps: &[Step]) -> Vec<String> {
    let mut state = beginning::initial_state(&scenario.config, scenario.rules);
    let mut narrative = Narrative::default();
    if let Some(record) = &state.tables[0].records[0] {
        narrative.version(record.version.0);
    }
    state.narrative = Some(Box::new(narrative));
    for step in steps {
        scenario.apply(&mut state, *step);
    }
    let mut lines = state
        .narrative
        .map_or_else(Vec::new, |narrative| narrative.lines);
    lines.dedup();
    if lines.len() > LINES_MAX {
        lines.truncate(LINES_MAX);
        lines.push("and so on".to_owned());
    }
    lines
}

impl Narrative {
    /// Adds the line of a step.
    pub fn add(&mut self, scenario: &Scenario, before: &State, after: &State, step: Step) {
        let mut line = match step {
            Step::Finish { reachable: true } => "from now on everything works".to_owned(),
            Step::Finish { reachable: false } => {
                "from now on everything works, but the lock cannot be reached".to_owned()
            }
            _ => self.step(scenario, before, after, step),
        };
        if !matches!(step, Step::Finish { .. }) {
            self.add_consequences(before, after, &mut line);
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

    /// Adds what changed beyond the step itself.
    fn add_consequences(&mut self, before: &State, after: &State, line: &mut String) {
        for (stack, (old, new)) in before.tables.iter().zip(&after.tables).enumerate() {
            self.table(stack, old, new, line);
        }
        for (n, (old, new)) in before.sites.iter().zip(&after.sites).enumerate() {
            let opened = after.memory.opened[n].len() > before.memory.opened[n].len();
            site(lock_suffix(n), old, new, opened, line);
        }
    }

    fn table(&mut self, stack: usize, before: &Table, after: &Table, line: &mut String) {
        let owner = if stack == 0 {
            ""
        } else {
            " of the other stack"
        };
        for (n, (old, new)) in before.records.iter().zip(&after.records).enumerate() {
            let of = format!("the record{}{owner}", lock_suffix(n));
            match (old, new) {
                (Some(_), None) => line.push_str(&format!("; {of} is deleted")),
                (None, Some(_)) => line.push_str(&format!("; {of} is created")),
                _ => {}
            }
            let Some(new) = new else { continue };
            if old.as_ref().is_none_or(|old| old.version != new.version) && new.command.is_some() {
                let action = new.command.as_ref().map(|command| command.action);
                let action = action.map_or("nothing", Action::as_str);
                let version = self.version(new.version.0);
                let status = new.status.as_str();
                line.push_str(&format!("; {of} says {action} {version}, {status}"));
            } else if old
                .as_ref()
                .is_some_and(|old| (old.status, old.state) != (new.status, new.state))
            {
                let (latch, status) = (latch(new.state), new.status.as_str());
                line.push_str(&format!("; {of} says {latch}, {status}"));
            }
        }
        for (old, new) in before.bindings.iter().zip(&after.bindings) {
            let (Some(old), Some(new)) = (old, new) else {
                continue;
            };
            match (&new.lock, new.enabled) {
                _ if (&old.lock, old.enabled) == (&new.lock, new.enabled) => {}
                (_, false) => line.push_str("; the binding is disabled"),
                (None, true) => line.push_str("; the button is bound to no lock"),
                (Some(lock), true) => line.push_str(&format!("; the button is bound to {lock}")),
            }
        }
    }
}

fn site(lock: &str, before: &Site, after: &Site, opened: bool, line: &mut String) {
    if before.latch() != after.latch() {
        line.push_str(&format!("; the latch{lock} is {}", latch(after.latch())));
    } else if opened {
        line.push_str(&format!("; the latch{lock} is opened again"));
    } else if after.device.refusal() != before.device.refusal()
        && let Some(reason) = after.device.refusal()
    {
        line.push_str(&format!("; the lock refuses it ({reason})"));
    }
}

fn lock_suffix(n: usize) -> &'static str {
    if n == 0 { "" } else { " of lock 2" }
}

fn latch(latch: Latch) -> &'static str {
    match latch {
        Latch::Locked => "locked",
        Latch::Unlocked => "unlocked",
        Latch::Jammed => "jammed",
        Latch::Unknown => "unknown",
    }
}
