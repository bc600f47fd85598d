//! What happened to each press, from the history in the table and from the latches that moved.
//!
//! A press is known by its button and sequence; both are in its history line, and its command's id
//! is made of them. Presses that are ignored for one reason share a line with a count, so those are
//! judged by number for each button.
//!
//! Must not know: sockets and processes.

use lock_core::action::Action;
use lock_core::event::{Event, Kind};
use lock_core::id::CommandId;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Record, Status};
use std::collections::{BTreeMap, HashMap, HashSet};
use tokio::time::Instant;

use crate::crowd::Watched;
use crate::latency::{Explained, Latencies, Latency, Times};

/// A press that was published.
#[derive(Debug, Clone)]
pub struct Press {
    /// Number of its button, from 0.
    pub button: usize,
    /// Number of that button's lock, from 0.
    pub lock: usize,
    /// Number of the press of this button, from 1.
    pub sequence: u64,
    /// When it was due: a press that waits in this program is a slow press.
    pub at: Instant,
}

/// What happened to all presses.
#[derive(Debug, Default)]
pub struct Judgement {
    pub sent: u64,
    /// Presses with a command in the history.
    pub effective: u64,
    /// Ignored presses by reason. Copies of a press have the reason `duplicate`.
    pub refused: BTreeMap<String, u64>,
    /// Presses without any line in the history.
    pub lost_presses: u64,
    /// Commands that a lock did not execute, though nothing newer was decided.
    pub lost_commands: u64,
    /// Presses with more than one command.
    pub doubled_presses: u64,
    /// Commands that a lock executed more than once.
    pub doubled_commands: u64,
    /// Movements of a latch without a reason.
    pub unexplained_moves: u64,
    /// Commands that were executed.
    pub executed: u64,
    /// Commands that were not executed, because a later press decided otherwise.
    pub overtaken: u64,
    /// Unlocks that did not reach their lock within their life.
    pub expired: u64,
    /// Records that are not settled.
    pub unsettled: u64,
    /// From press to movement.
    pub latencies: Latencies,
}

impl Judgement {
    /// Presses that had no effect and no answer.
    pub fn lost(&self) -> u64 {
        self.lost_presses + self.lost_commands
    }

    /// Effects that no press asked for.
    pub fn doubled(&self) -> u64 {
        self.doubled_presses + self.doubled_commands + self.unexplained_moves
    }

    /// Presses that were refused, since the system took too long to look at them.
    pub fn late(&self) -> u64 {
        let late = [Reason::EVENT_AGE, Reason::STALE];
        let counts = late.map(|reason| self.refused.get(&reason.to_string()).copied());
        counts.into_iter().flatten().sum()
    }
}

/// A moment on both clocks: the monotonic one of this program, and the wall clock in ms.
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    pub at: Instant,
    pub unix_ms: u64,
}

impl Anchor {
    /// A later moment in ms of the Unix epoch.
    fn ms_of(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.at).as_millis();
        self.unix_ms
            .saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

/// The evidence at the end of a run.
pub struct Evidence<'a> {
    pub presses: &'a [Press],
    pub buttons: &'a [ButtonSerial],
    pub locks: &'a [LockName],
    pub lines: &'a [Event],
    pub records: &'a [Record],
    pub watched: &'a [Watched],
    pub anchor: Anchor,
    pub explained: Explained,
}

/// A command as its line in the history has it.
#[derive(Clone, Copy)]
struct Decided {
    action: Option<Action>,
    /// When the press was received, in ms of the Unix epoch.
    received: u64,
}

/// The lines about presses, by button.
#[derive(Default)]
struct Lines<'a> {
    /// Commands of a press by sequence and version.
    commands: HashMap<(&'a ButtonSerial, u64), HashMap<u64, Decided>>,
    /// Ids of commands that were sent again.
    resent: HashSet<String>,
    /// Presses without effect, without copies.
    ignored: HashMap<&'a ButtonSerial, u64>,
    refused: BTreeMap<String, u64>,
    /// Versions of commands that presses caused, by lock.
    versions: HashMap<&'a str, HashSet<u64>>,
}

impl<'a> Lines<'a> {
    fn read(lines: &'a [Event]) -> Self {
        let mut read = Self::default();
        for line in lines {
            if line.decision == Verdict::Resend
                && let Some(id) = &line.command_id
            {
                read.resent.insert(id.to_string());
            }
            if line.kind != Kind::Press {
                continue;
            }
            let Some(button) = &line.button else { continue };
            match (line.decision, line.sequence, line.version) {
                (Verdict::Command, Some(sequence), Some(version)) => {
                    let commands = read.commands.entry((button, sequence)).or_default();
                    let (action, received) = (line.action, line.at.0);
                    commands.insert(version.0, Decided { action, received });
                    let versions = read.versions.entry(line.subject.name()).or_default();
                    versions.insert(version.0);
                }
                (Verdict::Resend, ..) => {}
                _ => {
                    let count = u64::from(line.count.unwrap_or(1));
                    *read.refused.entry(line.reason.to_string()).or_default() += count;
                    if line.reason != Reason::DUPLICATE {
                        *read.ignored.entry(button).or_default() += count;
                    }
                }
            }
        }
        read
    }
}

/// Judges every press.
pub fn judge(evidence: &Evidence<'_>) -> Judgement {
    let lines = Lines::read(evidence.lines);
    let settled = evidence
        .records
        .iter()
        .filter(|record| record.status == Status::Settled);
    let mut judged = Judgement {
        sent: evidence.presses.len() as u64,
        unsettled: evidence.locks.len() as u64 - settled.count() as u64,
        ..Judgement::default()
    };
    let without = judge_commands(evidence, &lines, &mut judged);
    for (button, count) in without {
        let ignored = lines.ignored.get(button).copied().unwrap_or(0);
        judged.lost_presses += count.saturating_sub(ignored);
    }
    for watched in evidence.watched {
        judged.unexplained_moves += u64::from(watched.moves.saturating_sub(watched.explained));
    }
    judged.refused = lines.refused;
    judged
}

/// Judges the presses that have a command; returns the number of all others by button.
fn judge_commands<'a>(
    evidence: &Evidence<'a>,
    lines: &Lines<'_>,
    judged: &mut Judgement,
) -> HashMap<&'a ButtonSerial, u64> {
    let records: HashMap<&LockName, &Record> =
        evidence.records.iter().map(|r| (&r.lock, r)).collect();
    let mut without: HashMap<&ButtonSerial, u64> = HashMap::new();
    let mut latencies = Vec::new();
    for (number, press) in evidence.presses.iter().enumerate() {
        let button = &evidence.buttons[press.button];
        let Some(commands) = lines.commands.get(&(button, press.sequence)) else {
            *without.entry(button).or_default() += 1;
            continue;
        };
        judged.effective += 1;
        judged.doubled_presses += commands.len() as u64 - 1;
        let newest = commands.iter().max_by_key(|(version, _)| **version);
        let Some((version, decided)) = newest.map(|(version, decided)| (*version, *decided)) else {
            continue;
        };
        let id = CommandId::of_press(button, "", Some(press.sequence)).to_string();
        if let Some((times, first)) = evidence.watched[press.lock].executed.get(&id) {
            judged.executed += 1;
            judged.doubled_commands += u64::from(*times) - 1;
            // A version is the time of its decision.
            let times = Times {
                received: decided.received,
                decided: version,
                executed: evidence.anchor.ms_of(*first),
            };
            latencies.push(Latency {
                press: number,
                took: first.saturating_duration_since(press.at),
                way: evidence.explained.way(times, lines.resent.contains(&id)),
            });
            continue;
        }
        let lock = &evidence.locks[press.lock];
        let last = records.get(lock).map_or(0, |record| record.version.0);
        let by_press = lines.versions.get(lock.as_str());
        let is_overtaken = by_press.is_some_and(|all| all.iter().any(|v| *v > version));
        match (decided.action, is_overtaken) {
            (_, true) => judged.overtaken += 1,
            (Some(Action::Unlock), false) => judged.expired += 1,
            (_, false) if version < last => judged.overtaken += 1,
            _ => judged.lost_commands += 1,
        }
    }
    judged.latencies = Latencies::new(latencies);
    without
}

#[cfg(test)]
mod tests;
