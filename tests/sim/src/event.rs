//! What can happen, and what a function works on.

use std::rc::Rc;

use lock_core::Decision;
use lock_core::action::Intent;
use lock_core::command::WireCommand;
use lock_core::press::Press;
use lock_core::report::{Report, ReportEvent, ReportId};
use lock_core::request::Request;
use lock_core::time::UnixMillis;

use crate::memory::{Given, Read};
use crate::reporter::Answer;
use crate::restoration::Stage;

/// Something that happens at one moment. Numbers of locks and buttons are indices.
#[derive(Debug, Clone)]
pub enum Event {
    /// A line of the plan.
    Act(usize),
    /// A lock looks at its timers and reports if that is due.
    Poll(usize),
    /// A command reaches a lock on this connection.
    Command(usize, u64, Rc<WireCommand>),
    /// A lock's report reaches the shadow.
    Update(usize, Rc<Update>),
    /// The shadow's answer reaches the lock on this connection.
    Answer(usize, u64, Answer),
    /// A press reaches the rules engine.
    Press(usize),
    /// A request reaches the rules engine.
    Request(usize),
    /// A function begins.
    Begin(Box<Job>),
    /// A function has read the first item and reads the others.
    Decide(Box<Job>, Box<Read>),
    /// A function commits.
    Commit(Box<Job>, Box<Decided>),
    /// A function publishes.
    Publish(Box<Job>, Box<Decided>),
    /// The minute's sweep of a stack.
    Sweep(usize),
    /// A lock gets power.
    PowerOn(usize),
    /// A lock's connection opens.
    Connect(usize),
    /// A lock's half-open connection is noticed, if it is still this one.
    Watchdog(usize, u64),
    /// The latch that was opened by a hand, as the n-th time, must be locked.
    ExitOver(usize, u64),
    /// A jammed latch is free.
    Free(usize),
    /// A second stack ends.
    StackEnds,
    /// A restoration of the table goes on.
    Restore(Stage),
}

impl Event {
    /// What must have happened before the world is quiet: `Some(None)` for any lock.
    pub fn concerns(&self) -> Option<Option<usize>> {
        match self {
            Self::Command(lock, ..) | Self::Update(lock, _) | Self::Answer(lock, ..) => {
                Some(Some(*lock))
            }
            Self::Press(_) | Self::Request(_) => Some(None),
            Self::Begin(job)
            | Self::Decide(job, _)
            | Self::Commit(job, _)
            | Self::Publish(job, _) => Some(job.task.lock()),
            _ => None,
        }
    }
}

/// A lock's report on its way to the shadow.
#[derive(Debug)]
pub struct Update {
    /// The token.
    pub id: ReportId,
    /// The connection that it was sent on.
    pub epoch: u64,
    /// What it says.
    pub report: Report,
}

/// What a function is for.
#[derive(Debug, Clone)]
pub enum Task {
    /// A press, and its wish.
    Press(Rc<Press>, usize),
    /// A request, and its wish.
    Request(Rc<Request>, usize),
    /// A report, and the lock.
    Report(Rc<ReportEvent>, usize),
    /// A sweep over one lock.
    Sweep(usize),
    /// What an operator does.
    Operate(Operation),
}

impl Task {
    /// The lock that it concerns, if that is known.
    fn lock(&self) -> Option<usize> {
        match self {
            Self::Report(_, lock) | Self::Sweep(lock) => Some(*lock),
            _ => None,
        }
    }
}

/// What an operator does with lockctl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Revokes a button.
    Revoke(usize),
    /// Binds a button to a lock.
    Bind(usize, usize),
    /// Unbinds a button.
    Unbind(usize),
    /// Registers a lock.
    Register(usize),
    /// Forgets a lock; `true` if it is gone.
    Forget(usize, bool),
    /// Distrusts a record.
    Recover(usize),
}

/// One delivery of a task to a stack's function.
#[derive(Debug, Clone)]
pub struct Job {
    /// The stack.
    pub stack: usize,
    /// What it is for.
    pub task: Task,
    /// Retries left after a failure.
    pub tries: u8,
    /// When its event was made, in true time.
    pub born: u64,
    /// Decisions so far that were to be committed.
    pub decisions: u32,
    /// What it need not load for its next decision.
    pub given: Given,
    /// Whether the request's mark was found.
    pub has_acted: bool,
    /// The process of the function.
    pub process: usize,
}

/// A decision and what it was made on.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// What it was made on.
    pub read: Read,
    /// When it was made, in true time.
    pub at: u64,
    /// When it was made, by the cloud's clock.
    pub now: UnixMillis,
}

/// What a person wants of a button or an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The lock.
    pub lock: usize,
    /// What it should do.
    pub intent: Intent,
}
