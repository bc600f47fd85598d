//! Auto-relock and the hand at the door: D5 and D9, transcribed from the firmware's C (`lock.c`). It must not know commands.

use lock_core::report::{Door, Latch, Source};

use super::{Device, Moment, RelockFrom};
use crate::rule::{Rule, Rules};

/// What auto-relock goes by. Times are uptimes in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Relock {
    /// When the latch was opened, while it is to lock again by itself.
    unlocked_ms: Option<u64>,
    /// When the door was last closed.
    closed_ms: u64,
}

impl Device {
    pub(super) fn move_latch(&mut self, latch: Latch, source: Source, now: &Moment) {
        let arms = latch == Latch::Unlocked && self.settings.relock_delay_ms() != 0;
        (self.latch, self.source) = (latch, source);
        self.relock.unlocked_ms = arms.then_some(now.uptime_ms);
    }

    /// The door moved (D5). Whether the latch did.
    pub fn door(&mut self, door: Option<Door>, now: &Moment) -> bool {
        if door == Some(Door::Closed) && self.door != door {
            self.relock.closed_ms = now.uptime_ms;
        }
        self.door = door;
        self.tick(now)
    }

    /// A hand asks for the way out (D9). Whether that unlocked.
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

    /// Time passed: auto-relock (D5). Whether the latch moved.
    pub fn tick(&mut self, now: &Moment) -> bool {
        if self.relocks_at_ms().is_none_or(|at| now.uptime_ms < at) {
            return false;
        }
        self.move_latch(Latch::Locked, Source::Auto, now);
        true
    }

    /// Uptime at which [`Device::tick`] has something to do; none while the door is waited for.
    pub fn relocks_at_ms(&self) -> Option<u64> {
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
        let from_ms = match from_closing && closed_ms > unlocked_ms {
            true => closed_ms,
            false => unlocked_ms,
        };
        Some((from_ms + delay_ms).max(closed_ms + self.settings.settle_ms))
    }
}
