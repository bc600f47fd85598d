//! What a device is given and what it answers: settings, time, flash, power. It must not act.

use lock_core::action::Action;
use lock_core::id::CommandId;
use lock_core::report::{Latch, Outcome};

/// A clock that was not set for longer than this is not believed (D3). *Units*: ms.
pub const CLOCK_STALE_MS: u64 = 12 * 60 * 60 * 1000;

/// How the lock is declared to behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// State after power-on (D4).
    pub power_on: Latch,
    /// Auto-relock; 0 is off (D5). *Units*: ms.
    pub relock_ms: u64,
    /// Length of a pulse, which wins over auto-relock; 0 is none. *Units*: ms.
    pub pulse_ms: u64,
    /// How far the clock may be wrong (D3). *Units*: ms.
    pub tolerance_ms: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            power_on: Latch::Locked,
            relock_ms: 0,
            pulse_ms: 0,
            tolerance_ms: 2_000,
        }
    }
}

/// A point in time, as the device knows it. *Units*: ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since power-on.
    pub uptime_ms: u64,
    /// Since 1970; without meaning while unsynced.
    pub wall_ms: u64,
    /// Uptime of the last clock sync since boot, if any.
    pub synced_at_ms: Option<u64>,
}

impl Moment {
    /// Whether the clock may judge the age of a command (D3).
    pub fn clock_is_good(&self) -> bool {
        self.synced_at_ms
            .is_some_and(|at| self.uptime_ms - at <= CLOCK_STALE_MS)
    }
}

/// A journalled command.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its version.
    pub version: u64,
    /// What it told the lock.
    pub action: Action,
    /// Its id.
    pub id: CommandId,
    /// What became of it.
    pub result: Outcome,
}

/// Two slots of flash, each with the generation that tells which is newer.
pub type Flash = [Option<(u32, Entry)>; 2];

/// What the flash does to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Power {
    /// It holds what is written.
    #[default]
    Holds,
    /// It is broken: every write fails, power stays.
    Broken,
    /// Power fails before the first byte.
    FailsBefore,
    /// Power fails within the write.
    FailsWithin,
    /// Power fails when all is written and nothing else is done.
    FailsAfter,
    /// Power fails between the journal and the latch, whichever comes first.
    FailsBetween,
}

/// What became of a command that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fate {
    /// The latch was moved.
    Executed,
    /// Newer, and too late: burned (D2).
    Expired,
    /// Journalled already: nothing but a report (D1).
    Repeated,
    /// Refused, for this reason.
    Refused(&'static str),
    /// Power failed before anything was decided about it.
    PowerLost,
}
