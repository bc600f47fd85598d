//! The finger on the button: presses that look like a person's, and movements to the millisecond.
//!
//! Must not know: what the firmware makes of a press.

use std::collections::VecDeque;
use std::time::Duration;

use crate::config::Config;
use crate::effect::Effect;
use crate::input::Press;
use crate::timer::Task;

/// A finger, with the movements that it must still make.
#[derive(Default)]
pub struct Finger {
    /// Delay after the movement before it, pin, level.
    next: VecDeque<(Duration, i32, bool)>,
    /// Time since boot of the last movement.
    moved: Option<Duration>,
}

impl Finger {
    /// Presses the button: contacts bounce for some milliseconds at each edge, and a tap lasts an
    /// eighth of a second. Each edge waits for the one before it, so that a busy machine stretches
    /// a press and does not swallow it.
    pub fn press(&mut self, press: Press, config: &Config, uptime: Duration) -> Option<Effect> {
        const TAP_MS: u64 = 125;
        let (pin, down) = button(config);
        let setting_ms = |key| u64::try_from(config.int(key)).unwrap_or(0);
        let (quiet_ms, long_ms) = (setting_ms("button.quiet_ms"), setting_ms("button.long_ms"));
        let gap_ms = TAP_MS
            .max(setting_ms("button.debounce_ms") + 20)
            .min(quiet_ms);
        let held_ms: &[u64] = match press {
            Press::Single => &[TAP_MS],
            Press::Double => &[TAP_MS, TAP_MS],
            Press::Long => &[long_ms + 300],
        };
        let was_idle = self.next.is_empty();
        // Longer than the gap in a double press, so that two presses remain two.
        let rest_ms = quiet_ms + 200;
        let mut wait_ms = match self.moved {
            _ if !was_idle => rest_ms,
            Some(moved) => {
                let rested = uptime.saturating_sub(moved).as_millis();
                rest_ms.saturating_sub(u64::try_from(rested).unwrap_or(rest_ms))
            }
            None => 0,
        };
        for held in held_ms {
            for (ms, level) in [(wait_ms, down), (*held, !down)] {
                for (ms, level) in [(ms, level), (2, !level), (3, level)] {
                    self.plan(ms, pin, level);
                }
            }
            wait_ms = gap_ms;
        }
        self.timer().filter(|_| was_idle)
    }

    /// Presses the button from now on: down for the first of `times_ms`, up for the second, and so
    /// on, without bounce.
    ///
    /// # Errors
    /// The number of times is even, or earlier movements are not over.
    pub fn tap(&mut self, times_ms: &[u64], config: &Config) -> Result<Option<Effect>, String> {
        if times_ms.len().is_multiple_of(2) {
            return Err("finger: an even number of times would leave it on the button".into());
        }
        if !self.next.is_empty() {
            return Err("finger: still busy with its last moves".into());
        }
        let (pin, down) = button(config);
        let mut level = down;
        for ms in [0].iter().chain(times_ms) {
            self.plan(*ms, pin, level);
            level = !level;
        }
        Ok(self.timer())
    }

    fn plan(&mut self, wait_ms: u64, pin: i32, level: bool) {
        let wait = Duration::from_millis(wait_ms);
        self.next.push_back((wait, pin, level));
    }

    /// Makes the next movement: pin, level.
    pub fn make_movement(&mut self, uptime: Duration) -> Option<(i32, bool)> {
        let (_, pin, level) = self.next.pop_front()?;
        self.moved = Some(uptime);
        Some((pin, level))
    }

    /// The timer of the next movement.
    pub fn timer(&self) -> Option<Effect> {
        let (wait, _, _) = self.next.front()?;
        Some(Effect::StartTimer(*wait, Task::Finger))
    }
}

/// The button's pin, and its level while it is pressed.
fn button(config: &Config) -> (i32, bool) {
    let pin = i32::try_from(config.int("pins.button")).unwrap_or(-1);
    (pin, config.flag("button.pressed_level"))
}
