//! What a run will meet: its house, and what people, attackers and accidents do at which time.
//!
//! A plan is a list, so that a run can leave lines out: that is how a failing run is shrunk.

use std::fmt;

use lock_core::action::ClickType;

use crate::episode::{add_episode, add_last_words};
use crate::event::{Ask, Operation};
use crate::house::House;
use crate::random::{Random, mix};
use crate::world::{MINUTE, START, Trouble};

/// A day, in ms.
pub const DAY: u64 = 24 * 60 * MINUTE;
/// Time in which nothing is planned at the beginning of a run, in ms.
const QUIET_START: u64 = 3 * MINUTE;
/// Episodes on a day.
const EPISODES: u64 = 8;

/// One line of a plan.
#[derive(Debug, Clone)]
pub struct Act {
    /// When it happens.
    pub at: u64,
    /// What happens.
    pub kind: Kind,
}

/// What happens to the world from outside. Times are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody presses a button.
    Press(usize, ClickType),
    /// An operator's app asks.
    Request(Ask),
    /// Faults strike for a time.
    Trouble(Trouble, u64),
    /// An attacker holds what goes to (0) or comes from (1) a lock.
    Hold(usize, usize, u64),
    /// A lock's line is dead, and its watchdog notices after a time.
    HalfOpen(usize, u64),
    /// A lock's line is cut for a time.
    Offline(usize, u64),
    /// A lock loses power for a time.
    PowerCut(usize, u64),
    /// A lock loses power at one of three moments of its next save.
    CutSave(usize, usize),
    /// A lock loses power and its journal.
    Erase(usize),
    /// A lock's flash refuses writes until it works again.
    FlashBroken(usize, bool),
    /// A hand presses the exit button.
    Exit(usize),
    /// The door moves; `true` opens it.
    Door(usize, bool),
    /// The bolt jams for a time.
    Jam(usize, u64),
    /// The cloud's clock is set this far ahead of the true time.
    Skew(i64),
    /// Somebody saves the shadow with the latch changed.
    Edit(usize),
    /// Somebody deletes the shadow.
    DeleteShadow(usize),
    /// Another program sends a lock command with a version this far ahead.
    Forge(usize, u64),
    /// An operator acts.
    Operate(Operation),
    /// A second stack commands the same locks for a time.
    SecondStack(u64),
    /// The press function's processes end.
    NewProcesses,
    /// The table is backed up.
    Backup,
    /// The table is restored to its last backup, as the RUNBOOK says.
    Restore,
}

/// A house, and what happens there.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The house.
    pub house: House,
    /// What happens, in order of time.
    pub acts: Vec<Act>,
    /// When the last planned thing is over and faults stop.
    pub ends: u64,
}

impl Plan {
    /// The plan of a seed for a number of days.
    pub fn new(seed: u64, days: u64) -> Self {
        let mut random = Random::new(mix(seed) ^ 0x51a7);
        let house = House::new(&mut random);
        let mut acts = Vec::new();
        let episodes = days * EPISODES;
        for episode in 0..episodes {
            let span = (days * DAY - QUIET_START) / episodes;
            let from = START + QUIET_START + episode * span + random.below(span / 4);
            add_episode(&mut random, &house, from, span / 2, &mut acts);
        }
        add_last_words(&mut random, &house, START + days * DAY, &mut acts);
        acts.sort_by_key(|act| act.at);
        Self {
            house,
            acts,
            ends: START + days * DAY,
        }
    }

    /// The same plan with only these lines.
    pub fn keep(mut self, kept: &[usize]) -> Self {
        let acts = std::mem::take(&mut self.acts);
        let acts = acts.into_iter().enumerate();
        self.acts = acts
            .filter(|(n, _)| kept.contains(n))
            .map(|(_, act)| act)
            .collect();
        self
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |ms: &u64| ms / 1_000;
        match self {
            Self::Press(button, click) => write!(f, "button-{} is pressed: {click:?}", button + 1),
            Self::Request(ask) => {
                write!(f, "an app asks lock-{}: {:?}", ask.lock + 1, ask.intent)
            }
            Self::Trouble(trouble, ms) => write!(f, "trouble for {} s: {trouble:?}", s(ms)),
            Self::Hold(lock, 0, ms) => {
                write!(f, "what goes to lock-{} is held for {} s", lock + 1, s(ms))
            }
            Self::Hold(lock, _, ms) => {
                write!(
                    f,
                    "what comes from lock-{} is held for {} s",
                    lock + 1,
                    s(ms)
                )
            }
            Self::HalfOpen(lock, ms) => write!(f, "lock-{}: dead line, {} s", lock + 1, s(ms)),
            Self::Offline(lock, ms) => write!(f, "lock-{}: offline, {} s", lock + 1, s(ms)),
            Self::PowerCut(lock, ms) => write!(f, "lock-{}: no power, {} s", lock + 1, s(ms)),
            Self::CutSave(lock, when) => {
                write!(f, "lock-{}: the next save is cut ({when})", lock + 1)
            }
            Self::Erase(lock) => write!(f, "lock-{}: loses power and its journal", lock + 1),
            Self::FlashBroken(lock, broken) => {
                let word = if *broken { "refuses writes" } else { "works" };
                write!(f, "lock-{}: its flash {word}", lock + 1)
            }
            Self::Exit(lock) => write!(f, "lock-{}: the exit button is pressed", lock + 1),
            Self::Door(lock, open) => {
                let word = if *open { "opens" } else { "closes" };
                write!(f, "lock-{}: the door {word}", lock + 1)
            }
            Self::Jam(lock, ms) => write!(f, "lock-{}: jammed, {} s", lock + 1, s(ms)),
            Self::Skew(ms) => write!(f, "the cloud's clock is {ms} ms ahead"),
            Self::Edit(lock) => write!(f, "somebody edits the shadow of lock-{}", lock + 1),
            Self::DeleteShadow(lock) => {
                write!(f, "somebody deletes the shadow of lock-{}", lock + 1)
            }
            Self::Forge(lock, ms) => {
                write!(
                    f,
                    "a program locks lock-{} with a version {ms} ms ahead",
                    lock + 1
                )
            }
            Self::Operate(operation) => write!(f, "an operator does: {operation:?}"),
            Self::SecondStack(ms) => write!(f, "a second stack works for {} s", s(ms)),
            Self::NewProcesses => write!(f, "the press function's processes end"),
            Self::Backup => write!(f, "the table is backed up"),
            Self::Restore => write!(f, "an operator restores the table to its last backup"),
        }
    }
}
