//! What the invariants remember of a run.

use std::sync::Arc;

use lock_core::id::CommandId;
use lock_core::time::UnixMillis;

/// Number of wishes that are remembered. A wish is a press or a request; presses come first.
pub const WISHES: usize = 8;

/// Index of the press that ends every run.
pub const LAST_PRESS: u8 = 5;

/// Index of the first request among the wishes.
const FIRST_REQUEST: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LastSend {
    pub version: u64,
    pub at: UnixMillis,
    /// Number of sends at that time.
    pub times: u8,
}

/// System locks in a row, without a person's command between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LockStreak {
    pub locks: u32,
    /// How many of them followed a jam.
    pub jams: u32,
    pub since: UnixMillis,
    /// The last version counted.
    pub version: u64,
}

/// What one stack has done to one lock.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LockTrace {
    /// Whether the stack has registered the lock.
    pub registered: bool,
    /// Largest version committed.
    pub version: u64,
    /// Every command published, with its version.
    pub issued: Arc<Vec<(u64, CommandId)>>,
    pub last_send: LastSend,
    pub streak: LockStreak,
}

/// What the invariants remember of a run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Memory {
    /// Number of commands committed for each wish.
    pub commands: [u8; WISHES],
    /// When each wish expires, in ms since 1970, whatever its command says.
    pub lives: [u64; WISHES],
    /// Wishes whose command a device executed, by bit.
    pub executed: u8,
    /// The locks that each press may act on, by bit: the lock of its button when it was made, and
    /// one that the button was being bound to.
    pub meant_for: [u8; WISHES],
    /// By lock and stack: what the stack has done to it.
    pub traces: Vec<Vec<LockTrace>>,
    /// By lock: largest version that the device has acted on.
    pub newest_acted: Vec<u64>,
    /// By lock: versions that opened the latch.
    pub opened: Vec<Vec<u64>>,
    /// By lock: unlocks whose button lost the lock while no copy was in transit.
    pub recalled: Vec<Vec<u64>>,
    /// By lock: whether it must end up locked, since a button lost it and nobody opened it after.
    pub must_be_locked: Vec<bool>,
    /// Whether the shadow was edited or deleted.
    pub edited: bool,
    /// Whether a report event was lost.
    pub lost_event: bool,
    /// Number of invocations, counted only without C1.
    pub invocations: u8,
}

impl Memory {
    /// An empty memory for this many locks and stacks.
    pub fn new(locks: usize, stacks: usize) -> Self {
        Self {
            traces: vec![vec![LockTrace::default(); stacks]; locks],
            newest_acted: vec![0; locks],
            opened: vec![Vec::new(); locks],
            recalled: vec![Vec::new(); locks],
            must_be_locked: vec![false; locks],
            ..Self::default()
        }
    }

    /// The index of a request among the wishes.
    pub fn index_of_request(request: u8) -> usize {
        FIRST_REQUEST + usize::from(request)
    }

    /// Drops what no longer matters.
    pub fn normalize(&mut self, now: UnixMillis) {
        for trace in self.traces.iter_mut().flatten() {
            if trace.last_send.at != now {
                trace.last_send = LastSend::default();
            }
        }
    }
}
