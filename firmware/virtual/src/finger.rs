//! The finger on the button: presses that look like a person's, and movements to the millisecond. It must not know what becomes of
//! a press.

use std::collections::VecDeque;
use std::time::Duration;

use crate::device::Device;
use crate::input::Press;
use crate::timer::Task;

/// The finger.
#[derive(Default)]
pub struct Finger {
    /// What it does next: after how long, which pin, which level.
    next: VecDeque<(Duration, i32, bool)>,
    /// When it moved last, since boot.
    moved: Option<Duration>,
}

impl Device {
    /// Presses the button: contacts bounce for some milliseconds at each edge, and a tap lasts an eighth of a second. Each
    /// edge waits for the one before it, so that a busy machine stretches a press rather than swallow it.
    pub fn press(&mut self, press: Press) {
        const TAP_MS: u64 = 125;
        let (pin, down) = self.button();
        let setting_ms = |key| u64::try_from(self.config.int(key)).unwrap_or(0);
        let (quiet_ms, long_ms) = (setting_ms("button.quiet_ms"), setting_ms("button.long_ms"));
        let gap_ms = TAP_MS
            .max(setting_ms("button.debounce_ms") + 20)
            .min(quiet_ms);
        let held_ms: &[u64] = match press {
            Press::Single => &[TAP_MS],
            Press::Double => &[TAP_MS, TAP_MS],
            Press::Long => &[long_ms + 300],
        };
        let idle = self.finger.next.is_empty();
        // Presses one after the other stay apart: the finger rests longer than a double press would.
        let rest_ms = quiet_ms + 200;
        let mut wait_ms = match self.finger.moved {
            _ if !idle => rest_ms,
            Some(moved) => {
                let rested = self.clock.uptime().saturating_sub(moved).as_millis();
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
        if idle {
            self.schedule_finger();
        }
    }

    /// Presses the button from now on as `times_ms` say: down so long, up so long, down so long, and so on. Nothing bounces.
    ///
    /// # Errors
    /// A sentence: the last time is not one down, or the finger has not ended what it does.
    pub fn tap(&mut self, times_ms: &[u64]) -> Result<(), String> {
        if times_ms.len().is_multiple_of(2) {
            return Err("finger: an even number of times would leave it on the button".into());
        }
        if !self.finger.next.is_empty() {
            return Err("finger: still busy with its last moves".into());
        }
        let (pin, down) = self.button();
        let mut level = down;
        for ms in [0].iter().chain(times_ms) {
            self.plan(*ms, pin, level);
            level = !level;
        }
        self.schedule_finger();
        Ok(())
    }

    /// The button's pin, and its level while it is pressed.
    fn button(&self) -> (i32, bool) {
        let pin = i32::try_from(self.config.int("pins.button")).unwrap_or(-1);
        (pin, self.config.flag("button.pressed_level"))
    }

    fn plan(&mut self, wait_ms: u64, pin: i32, level: bool) {
        let wait = Duration::from_millis(wait_ms);
        self.finger.next.push_back((wait, pin, level));
    }

    fn schedule_finger(&mut self) {
        if let Some((wait, _, _)) = self.finger.next.front() {
            self.start_timer(*wait, None, Task::Finger);
        }
    }

    /// The finger makes its next movement.
    pub fn move_finger(&mut self) {
        if let Some((_, pin, level)) = self.finger.next.pop_front() {
            self.pin_drive(pin, level);
            self.finger.moved = Some(self.clock.uptime());
            self.schedule_finger();
        }
    }
}
