//! What a device is given and what it answers: settings, time, flash, power. It must not act.

use lock_core::action::Action;
use lock_core::id::CommandId;
use lock_core::report::{Latch, Outcome};

/// How the lock is declared to behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Settings {
    /// State after power-on (D4).
    pub power_on: Latch,
    /// Auto-relock; 0 is off (D5). *Units*: ms.
    pub relock_ms: u64,
    /// Length of a pulse, which wins over auto-relock; 0 is none. *Units*: ms.
    pub pulse_ms: u64,
    /// How far the clock of the cloud may run ahead (D3). *Units*: ms.
    pub tolerance_ms: u64,
    /// The door must rest closed for this long before auto-relock (D5). *Units*: ms.
    pub settle_ms: u64,
    /// Where the time of auto-relock begins (D5).
    pub relock_from: RelockFrom,
}

/// Where the time of auto-relock begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RelockFrom {
    /// At the unlock.
    #[default]
    Unlock,
    /// When the door is closed; at the unlock where it was not opened since.
    Closing,
}

impl Settings {
    /// After this an open latch locks by itself; 0 is never. *Units*: ms.
    pub fn relock_delay_ms(&self) -> u64 {
        match self.pulse_ms {
            0 => self.relock_ms,
            pulse_ms => pulse_ms,
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            power_on: Latch::Locked,
            relock_ms: 0,
            pulse_ms: 0,
            tolerance_ms: 2_000,
            settle_ms: 0,
            relock_from: RelockFrom::Unlock,
        }
    }
}

/// A point in time, as the device knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since power-on. *Units*: ms.
    pub uptime_ms: u64,
    /// What the time may be; none while it is not known (D3).
    pub time: Option<Span>,
}

/// The true time lies in here. *Units*: ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The earliest that it can be.
    pub earliest_ms: u64,
    /// The latest that it can be.
    pub latest_ms: u64,
}

impl Span {
    /// How little is known. *Units*: ms.
    pub fn width_ms(&self) -> u64 {
        self.latest_ms - self.earliest_ms
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
    /// Whether the journal before it was lost, and it may be older than what was lost (D1).
    pub after_loss: bool,
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
