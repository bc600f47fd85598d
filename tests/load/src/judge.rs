//! What happened to each press, from the history in the table and from the latches that moved.
//!
//! A press is known by its button and sequence; both are in its history line, and its command's id
//! is made of them. Presses that are ignored for one reason share a line with a count, so those are
//! judged by number for each button.
//!
//! Must not know: sockets and processes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use lock_core::action::Action;
use lock_core::event::{Event, Kind};
use lock_core::id::CommandId;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Record, Status};
use tokio::time::Instant;

use crate::crowd::Watched;

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
    /// From press to movement, sorted.
    pub latencies: Vec<Duration>,
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

    /// Whether nothing can change any more: every press is found and every record is settled.
    pub fn is_final(&self) -> bool {
        self.lost() == 0 && self.unsettled == 0
    }

    /// The latency that `part` of all executed presses, from 0 to 1, do not exceed.
    pub fn percentile(&self, part: f64) -> Option<Duration> {
        let last = self.latencies.len().checked_sub(1)?;
        #[expect(clippy::cast_precision_loss, reason = "numbers of presses are small")]
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index within the list"
        )]
        let index = (last as f64 * part).round() as usize;
        self.latencies.get(index).copied()
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
}

/// The lines about presses, by button.
#[derive(Default)]
struct Lines<'a> {
    /// Commands of a press by sequence: version and action.
    commands: HashMap<(&'a ButtonSerial, u64), HashMap<u64, Option<Action>>>,
    /// Presses without effect, without copies.
    ignored: HashMap<&'a ButtonSerial, u64>,
    refused: BTreeMap<String, u64>,
    /// Versions of commands that presses caused, by lock.
    versions: HashMap<&'a str, HashSet<u64>>,
}

impl<'a> Lines<'a> {
    fn read(lines: &'a [Event]) -> Self {
        let mut read = Self::default();
        for line in lines.iter().filter(|line| line.kind == Kind::Press) {
            let Some(button) = &line.button else { continue };
            match (line.decision, line.sequence, line.version) {
                (Verdict::Command, Some(sequence), Some(version)) => {
                    let commands = read.commands.entry((button, sequence)).or_default();
                    commands.insert(version.0, line.action);
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
    let records: HashMap<&LockName, &Record> =
        evidence.records.iter().map(|r| (&r.lock, r)).collect();
    let settled = evidence
        .records
        .iter()
        .filter(|record| record.status == Status::Settled);
    let mut judged = Judgement {
        sent: evidence.presses.len() as u64,
        unsettled: evidence.locks.len() as u64 - settled.count() as u64,
        ..Judgement::default()
    };
    let mut without: HashMap<&ButtonSerial, u64> = HashMap::new();
    for press in evidence.presses {
        let button = &evidence.buttons[press.button];
        let Some(commands) = lines.commands.get(&(button, press.sequence)) else {
            *without.entry(button).or_default() += 1;
            continue;
        };
        judged.effective += 1;
        judged.doubled_presses += commands.len() as u64 - 1;
        let newest = commands.iter().max_by_key(|(version, _)| **version);
        let (version, action) = newest.map_or((0, None), |(version, action)| (*version, *action));
        let id = CommandId::of_press(button, "", Some(press.sequence)).to_string();
        let watched = &evidence.watched[press.lock];
        if let Some((times, first)) = watched.executed.get(&id) {
            judged.executed += 1;
            judged.doubled_commands += u64::from(*times) - 1;
            judged
                .latencies
                .push(first.saturating_duration_since(press.at));
            continue;
        }
        let lock = &evidence.locks[press.lock];
        let last = records.get(lock).map_or(0, |record| record.version.0);
        let by_press = lines.versions.get(lock.as_str());
        let is_overtaken = by_press.is_some_and(|all| all.iter().any(|v| *v > version));
        match (action, is_overtaken) {
            (_, true) => judged.overtaken += 1,
            (Some(Action::Unlock), false) => judged.expired += 1,
            (_, false) if version < last => judged.overtaken += 1,
            _ => judged.lost_commands += 1,
        }
    }
    for (button, count) in without {
        let ignored = lines.ignored.get(button).copied().unwrap_or(0);
        judged.lost_presses += count.saturating_sub(ignored);
    }
    for watched in evidence.watched {
        judged.unexplained_moves += u64::from(watched.moves.saturating_sub(watched.explained));
    }
    judged.refused = lines.refused;
    judged.latencies.sort_unstable();
    judged
}

#[cfg(test)]
mod tests;
