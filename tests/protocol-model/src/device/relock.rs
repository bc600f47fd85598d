//! Auto-relock and the exit button: D5 and D9, transcribed from the firmware's C (`lock.c`).

use lock_core::report::{Door, Latch, Source};

use super::{Device, Moment, RelockFrom};
use crate::rule::{Rule, Rules};

/// Timers of auto-relock. Times are uptimes in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Relock {
    /// When the latch was opened, while auto-relock is armed.
    unlocked_ms: Option<u64>,
    /// When the door last closed.
    closed_ms: u64,
}

impl Device {
    pub(super) fn move_latch(&mut self, latch: Latch, source: Source, now: &Moment) {
        let arms = latch == Latch::Unlocked && self.settings.relock_delay_ms() != 0;
        (self.latch, self.source) = (latch, source);
        self.relock.unlocked_ms = arms.then_some(now.uptime_ms);
    }

    /// Takes the door's state (D5). Returns whether the latch moved.
    pub fn door(&mut self, door: Option<Door>, now: &Moment) -> bool {
        if door == Some(Door::Closed) && self.door != door {
            self.relock.closed_ms = now.uptime_ms;
        }
        self.door = door;
        self.tick(now)
    }

    /// A person at the door presses the exit button (D9). Returns whether that unlocked.
    pub fn exit(&mut self, now: &Moment, rules: Rules) -> bool {
        if self.settings.relock_delay_ms() == 0 {
            return false;
        }
        self.move_latch(Latch::Unlocked, Source::Manual, now);
        if rules.without(Rule::D9ExitStays) {
            self.relock.unlocked_ms = None;
        }
        true
    }

    /// Lets time pass: auto-relock (D5). Returns whether the latch moved.
    pub fn tick(&mut self, now: &Moment) -> bool {
        if self.relock_at_ms().is_none_or(|at| now.uptime_ms < at) {
            return false;
        }
        self.move_latch(Latch::Locked, Source::Auto, now);
        true
    }

    /// Uptime at which [`Device::tick`] moves the latch; `None` if it waits for the door.
    pub fn relock_at_ms(&self) -> Option<u64> {
        let Relock {
            unlocked_ms,
            closed_ms,
        } = self.relock;
        let (unlocked_ms, delay_ms) = (unlocked_ms?, self.settings.relock_delay_ms());
        if self.settings.pulse_ms != 0 || self.door.is_none() {
            return Some(unlocked_ms + delay_ms);
        }
        if self.door == Some(Door::Open) {
            return None;
        }
        let from_closing = self.settings.relock_from == RelockFrom::Closing;
        let from_ms = if from_closing && closed_ms > unlocked_ms {
            closed_ms
        } else {
            unlocked_ms
        };
        Some((from_ms + delay_ms).max(closed_ms + self.settings.settle_ms))
    }
}
