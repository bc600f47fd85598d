//! What the invariants remember.
//!
//! Must not know: how they are checked.

use std::collections::{BTreeMap, BTreeSet};

use lock_core::action::{Action, ClickType};
use lock_core::command::WireCommand;
use lock_core::id::CommandId;
use lock_core::limits::{COMMAND_TTL_MS, GOOD_FOR_GRACE_MS};

use crate::event::Ask;
use crate::invariant::Invariant;

/// The largest error of the cloud's clock in a run, behind and ahead, in ms.
const BEHIND_MS: u64 = 10_000;
const AHEAD_MS: u64 = 1_500;

/// The id of another program's commands.
pub const FORGED: &str = "forged";

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WishKind {
    /// A press of a button.
    Press {
        /// The button.
        button: usize,
        /// How it was pressed.
        click: ClickType,
    },
    /// A request.
    Request(Ask),
}

/// A press or request, from making to effect. Times are true times in ms.
#[derive(Debug, Clone)]
pub struct Wish {
    pub kind: WishKind,
    pub counted: bool,
    pub timed: bool,
    pub good_for: Option<u64>,
    pub sequence: u64,
    pub made: u64,
    /// When it was made by the clock of its sender, which is never ahead.
    pub pressed_at: u64,
    /// When it first reached the rules engine; 0 before that.
    pub arrived_first: u64,
    /// When it last reached the rules engine.
    pub arrived: u64,
    pub deliveries: u32,
    /// When the deliveries that became commands were received, by the cloud's clock.
    pub commands: Vec<u64>,
    /// Whether it has opened a door.
    pub opened: bool,
    /// When a restored table last forgot it.
    pub forgotten_at: Option<u64>,
}

impl Wish {
    /// Whether nothing tells a delivery of it from a new press. A restored table has forgotten it,
    /// and it arrived after that, at `arrived`: then a lock may repeat, and a press without a time
    /// counts as new. The time of a press keeps its unlock from being repeated (C4).
    pub fn is_like_new(&self, arrived: u64, action: Action) -> bool {
        let is_later = self.forgotten_at.is_some_and(|at| arrived >= at);
        is_later && (action == Action::Lock || !self.timed)
    }

    /// The last moment at which it may open a door.
    pub fn ends(&self) -> u64 {
        if !self.timed {
            return self.arrived + COMMAND_TTL_MS + AHEAD_MS;
        }
        let given_up = self.good_for.map(|ms| self.made + ms + GOOD_FOR_GRACE_MS);
        match given_up {
            Some(at) if at + BEHIND_MS < self.arrived_first => at,
            _ => self.made + COMMAND_TTL_MS,
        }
    }
}

/// What one stack has done to one lock.
#[derive(Debug, Clone)]
pub struct Trace {
    pub registered: bool,
    pub(crate) version: u64,
    pub(crate) issued: BTreeMap<u64, CommandId>,
    /// Jams answered by a lock since a person's last command, and the last one's version.
    pub(crate) jams: (u32, u64),
    /// The version sent last, how often, and when it was last decided to send it.
    pub(crate) sent: (u64, u32, u64),
    /// The system locks in a row, since when, and the last one's version. `None` after the clock
    /// was set: a wait that it cuts short is allowed until a person's next command.
    pub(crate) streak: Option<(u32, u64, u64)>,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            registered: false,
            version: 0,
            issued: BTreeMap::new(),
            jams: (0, 0),
            sent: (0, 0, 0),
            streak: Some((0, 0, 0)),
        }
    }
}

/// What one lock has done.
#[derive(Debug, Clone, Default)]
pub struct LockTrace {
    pub(crate) newest_acted: u64,
    pub(crate) opened: BTreeSet<u64>,
    pub(crate) recalled: BTreeSet<u64>,
    /// A button lost it: it must end locked.
    pub must_lock: bool,
}

/// All that the invariants remember.
#[derive(Debug, Default)]
pub struct Watch {
    /// The first broken invariant, and why.
    pub broken: Option<(Invariant, String)>,
    pub wishes: Vec<Wish>,
    pub causes: BTreeMap<CommandId, usize>,
    /// By stack and lock.
    pub traces: Vec<Vec<Trace>>,
    pub locks: Vec<LockTrace>,
}

impl Watch {
    /// Nothing remembered yet.
    pub fn new(locks: usize) -> Self {
        Self {
            traces: vec![vec![Trace::default(); locks]; 2],
            locks: vec![LockTrace::default(); locks],
            ..Self::default()
        }
    }

    /// The clock was set: waits that it measures begin again.
    pub fn forget_turns(&mut self) {
        for trace in self.traces.iter_mut().flatten() {
            trace.sent.2 = 0;
            trace.streak = None;
        }
    }

    /// A lock has put this command into its journal. A forged one with a version from the future is
    /// not newer than what follows: if the journal is lost with it, nobody knows of it.
    pub fn note_acted(&mut self, lock: usize, command: &WireCommand) {
        if command.command_id.as_str() == FORGED {
            return;
        }
        let newest = &mut self.locks[lock].newest_acted;
        *newest = (*newest).max(command.version.0);
    }

    /// How many unlocks have opened a lock.
    pub fn opened(&self, lock: usize) -> usize {
        self.locks[lock].opened.len()
    }
}
