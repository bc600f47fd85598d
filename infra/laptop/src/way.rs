//! The ways of presses: each press from its button to the settled record, step by step, put
//! together from the events of the local cloud and the movements of the latches.
//!
//! A message, a transaction, a line of a log and a report are of one press if they name it: by the
//! button, its sequence or the time of receipt, the invocation, the command's id, the version of
//! the shadow. Nothing is guessed from the order alone where a name exists.
//!
//! Must not know: the clock, who looks, or the reason for a decision.

mod cloud;
mod lock;
mod sign;
mod trace;

use std::collections::VecDeque;

use serde::Serialize;

use self::trace::Trace;

/// Ways that are kept.
pub const WAYS_MAX: usize = 20;
/// A way that nothing moves for this long is lost.
pub const LOST_AFTER_MS: u64 = 60_000;
/// Invocations, shared events and movements kept until the way that they belong to is known.
const KEPT_MAX: usize = 64;
/// A latch that moved without a report within this time is shown without one.
const REPORT_WITHIN_MS: u64 = 3_000;

/// A part of the system that a press passes, in the order of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The button was pressed.
    Button,
    /// The broker took the message.
    Broker,
    /// The rule of presses matched it.
    Rule,
    /// A process took the invocation.
    Function,
    /// The decision was written.
    Transaction,
    /// The command was published.
    Command,
    /// The latch moved.
    Latch,
    /// The shadow took the lock's report.
    Shadow,
    /// The rule of reports matched it.
    ReportRule,
    /// The record was written with the report.
    Record,
}

/// A step that has happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Where.
    pub name: Place,
    /// When first, in ms since 1970.
    pub at: u64,
    /// More about it, short.
    pub detail: String,
}

/// How a way ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndKind {
    /// The lock obeyed, and the record knows it.
    Done,
    /// The function ignored the press.
    Ignored,
    /// The function or the lock refused it.
    Refused,
    /// It went no further.
    Lost,
}

/// The end of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct End {
    /// How.
    pub kind: EndKind,
    /// Where.
    #[serde(rename = "where")]
    pub place: Place,
    /// Why, in one sentence.
    pub why: String,
}

/// The way of one press.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    /// The same as long as it grows.
    pub id: String,
    /// The button's serial.
    pub button: String,
    /// The lock, once it is known.
    pub lock: Option<String>,
    /// When it began.
    pub at: u64,
    /// What has happened, in the order of the way.
    pub steps: Vec<Step>,
    /// `None` while it is on its way.
    pub end: Option<End>,
}

/// An invocation that a process has taken.
#[derive(Debug)]
struct Invocation {
    request_id: String,
    at: u64,
    detail: String,
}

/// An event that ignored presses of one button share.
#[derive(Debug)]
struct Shared {
    /// `ignored-button-1-stale`
    key: String,
    at: u64,
}

/// A movement whose command is not known yet.
#[derive(Debug)]
struct Movement {
    lock: String,
    latch: String,
    at: u64,
}

/// The newest ways, oldest first.
#[derive(Debug)]
pub struct Ways {
    /// Name of the table.
    table: String,
    traces: VecDeque<Trace>,
    /// Number of ways that have begun.
    begun: u64,
    invocations: VecDeque<Invocation>,
    shared: VecDeque<Shared>,
    movements: VecDeque<Movement>,
}

impl Ways {
    /// No ways yet, of presses that are written to this table.
    pub fn new(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            traces: VecDeque::new(),
            begun: 0,
            invocations: VecDeque::new(),
            shared: VecDeque::new(),
            movements: VecDeque::new(),
        }
    }

    /// The ways, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Way> {
        self.traces.iter().map(|trace| &trace.way)
    }

    /// The ways that have grown since the last call, oldest first.
    pub fn take_grown(&mut self) -> Vec<Way> {
        let grown = self.traces.iter_mut().filter_map(|trace| {
            let has_grown = std::mem::take(&mut trace.has_grown);
            has_grown.then(|| trace.way.clone())
        });
        grown.collect()
    }

    /// Ends what has not moved for too long.
    pub fn pass_time(&mut self, now: u64) {
        self.show_old_movements(now);
        for trace in &mut self.traces {
            let is_old = now.saturating_sub(trace.moved_at) >= LOST_AFTER_MS;
            if is_old && trace.is_open() {
                trace.give_up();
            }
        }
    }

    fn begin(&mut self, trace: impl FnOnce(String) -> Trace) {
        self.begun += 1;
        let id = format!("way-{}", self.begun);
        keep(&mut self.traces, trace(id), WAYS_MAX);
    }

    /// The ways of a button's presses, oldest first.
    fn of_button<'a>(&'a mut self, button: &'a str) -> impl Iterator<Item = &'a mut Trace> {
        let traces = self.traces.iter_mut();
        traces.filter(move |trace| trace.way.button == button)
    }

    /// The ways to a lock, oldest first.
    fn of_lock<'a>(&'a mut self, lock: &'a str) -> impl Iterator<Item = &'a mut Trace> {
        let traces = self.traces.iter_mut();
        traces.filter(move |trace| trace.way.lock.as_deref() == Some(lock))
    }
}

/// Adds to the newest, and drops the oldest beyond `max`.
fn keep<T>(all: &mut VecDeque<T>, item: T, max: usize) {
    all.push_back(item);
    if all.len() > max {
        all.pop_front();
    }
}

#[cfg(test)]
mod tests;
