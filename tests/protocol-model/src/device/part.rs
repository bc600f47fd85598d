//! Input and output of the device: settings, time, flash, power, results.

use lock_core::action::Action;
use lock_core::id::CommandId;
use lock_core::report::{Latch, Outcome};

/// The settings of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LockSettings {
    /// State of the latch after power-on (D4).
    pub power_on: Latch,
    /// Delay of auto-relock in ms; 0 is off (D5).
    pub relock_ms: u64,
    /// Length of a pulse in ms, which overrides auto-relock; 0 is off.
    pub pulse_ms: u64,
    /// How far the cloud's clock may be ahead, in ms (D3).
    pub tolerance_ms: u64,
    /// How long the door must be closed before auto-relock, in ms (D5).
    pub settle_ms: u64,
    /// When the delay of auto-relock begins (D5).
    pub relock_from: RelockFrom,
}

/// When the delay of auto-relock begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RelockFrom {
    /// At the unlock.
    #[default]
    Unlock,
    /// When the door closes; at the unlock if it was not opened since.
    Closing,
}

impl LockSettings {
    /// Delay in ms after which an open latch locks by itself; 0 is never.
    pub fn relock_delay_ms(&self) -> u64 {
        match self.pulse_ms {
            0 => self.relock_ms,
            pulse_ms => pulse_ms,
        }
    }
}

impl Default for LockSettings {
    fn default() -> Self {
        Self {
            power_on: Latch::Locked,
            relock_ms: 0,
            pulse_ms: 0,
            tolerance_ms: 2_000,
            settle_ms: 0,
            relock_from: RelockFrom::Unlock,
        }
    }
}

/// A moment as the device knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Time since power-on, in ms.
    pub uptime_ms: u64,
    /// Bounds of the time; `None` while it is unknown (D3).
    pub time: Option<TimeBounds>,
}

/// Bounds of the true time, in ms since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeBounds {
    /// The earliest time possible.
    pub earliest_ms: u64,
    /// The latest time possible.
    pub latest_ms: u64,
}

impl TimeBounds {
    /// Distance between the bounds, in ms.
    pub fn width_ms(&self) -> u64 {
        self.latest_ms - self.earliest_ms
    }
}

/// A command in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JournalEntry {
    /// Version of the command.
    pub version: u64,
    /// Action of the command.
    pub action: Action,
    /// Id of the command.
    pub id: CommandId,
    /// Outcome of the command.
    pub result: Outcome,
    /// Whether a journal lost before it may have held a newer command (D1).
    pub after_loss: bool,
}

/// Two slots of flash, each with its generation: the higher one is newer.
pub type Flash = [Option<(u32, JournalEntry)>; 2];

/// What happens to flash and power during a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Power {
    /// The write succeeds.
    #[default]
    Holds,
    /// The flash is broken: every write fails, power stays on.
    Broken,
    /// Power fails before the first byte.
    FailsBefore,
    /// Power fails during the write.
    FailsWithin,
    /// Power fails right after the write.
    FailsAfter,
    /// Power fails between the journal and the latch, whichever is first.
    FailsBetween,
}

/// What the device did with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommandResult {
    /// It moved the latch.
    Executed,
    /// The command was newer but too late, and is used up (D2).
    Expired,
    /// The command is in the journal already: only a report follows (D1).
    Repeated,
    /// It refused the command, for this reason.
    Refused(&'static str),
    /// Power failed before it decided.
    PowerLost,
}
