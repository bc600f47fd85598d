//! What the invariants must remember of a run. It must not judge.

use std::sync::Arc;

use lock_core::id::CommandId;
use lock_core::time::UnixMillis;

/// Wishes of people that are remembered: presses, then requests.
pub const WISHES: usize = 8;

/// The press made at the very end.
pub const LAST_PRESS: u8 = 5;

/// The first request among the wishes.
const FIRST_REQUEST: usize = 6;

/// The version last sent, when, and how often then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sends {
    /// The version.
    pub version: u64,
    /// When.
    pub at: UnixMillis,
    /// How often at that time.
    pub times: u8,
}

/// System locks in a row, without a person's command in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Row {
    /// How many have been sent.
    pub locks: u32,
    /// How many of those answered a jammed latch.
    pub jams: u32,
    /// When the first was sent.
    pub since: UnixMillis,
    /// The last version counted.
    pub version: u64,
}

/// What one stack has done to one lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Watched {
    /// Whether the lock is registered there.
    pub registered: bool,
    /// Largest version ever committed.
    pub version: u64,
    /// Every command ever published, with its version.
    pub issued: Arc<Vec<(u64, CommandId)>>,
    /// The version last sent.
    pub sends: Sends,
    /// System locks in a row.
    pub row: Row,
}

/// What the invariants must remember.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Memory {
    /// Commands committed for each wish.
    pub commands: [u8; WISHES],
    /// When the life of each wish's command is over, counted from the wish itself. *Units*: ms.
    pub lives: [u64; WISHES],
    /// Wishes whose command a device executed, by bit.
    pub executed: u8,
    /// The locks that each press may act on, by bit: the one that its button could command when it was made, and one that
    /// it was being bound to.
    pub meant_for: [u8; WISHES],
    /// By lock: what each stack has done to it.
    pub watched: Vec<Vec<Watched>>,
    /// By lock: largest version that the device ever acted on.
    pub acted: Vec<u64>,
    /// By lock: versions by which the latch was opened.
    pub opened: Vec<Vec<u64>>,
    /// By lock: unlocks whose button lost its right while no copy was on its way.
    pub recalled: Vec<Vec<u64>>,
    /// By lock: whether a button has left it, and nobody opened it since.
    pub left: Vec<bool>,
    /// Whether the shadow was edited or deleted.
    pub edited: bool,
    /// Whether a report event was lost.
    pub lost_event: bool,
    /// Function invocations, counted only where one gives a press its identity.
    pub invocations: u8,
}

impl Memory {
    /// Nothing yet, of so many locks and stacks.
    pub fn new(locks: usize, stacks: usize) -> Memory {
        Memory {
            watched: vec![vec![Watched::default(); stacks]; locks],
            acted: vec![0; locks],
            opened: vec![Vec::new(); locks],
            recalled: vec![Vec::new(); locks],
            left: vec![false; locks],
            ..Memory::default()
        }
    }

    /// Where a request is among the wishes.
    pub fn of_request(request: u8) -> usize {
        FIRST_REQUEST + usize::from(request)
    }

    /// Forgets what says nothing any more.
    pub fn normalise(&mut self, now: UnixMillis) {
        for watched in self.watched.iter_mut().flatten() {
            if watched.sends.at != now {
                watched.sends = Sends::default();
            }
        }
    }
}
