//! GPIO: modes and levels. It must not know what is wired to a pin.

mod interrupt;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::call::{Context, PinCallback};
use crate::device::Device;
use crate::output::{Output, emit};
use crate::pin::interrupt::Handler;
use crate::power::Point;

/// `MGOS_GPIO_PULL_UP`
const PULL_UP: i32 = 1;
/// `MGOS_GPIO_PULL_DOWN`
const PULL_DOWN: i32 = 2;
/// Hangs off the real-time clock: neither pull-up nor interrupts.
const RTC_PIN: i32 = 16;

/// One pin.
#[derive(Default)]
struct Pin {
    output: Option<bool>,
    /// Level that was written last: the chip's output register keeps it whatever the mode.
    latched: bool,
    pull_up: bool,
    driven: Option<bool>,
    handler: Option<Handler>,
}

impl Pin {
    fn level(&self) -> bool {
        self.output.or(self.driven).unwrap_or(self.pull_up)
    }
}

/// All pins.
#[derive(Default)]
pub struct Pins(BTreeMap<i32, Pin>);

/// Pins 6 to 11 belong to the flash chip; 16 is the last one.
fn is_usable(pin: i32) -> bool {
    (0..=16).contains(&pin) && !(6..=11).contains(&pin)
}

impl Device {
    /// `mgos_gpio_set_mode`: an output starts at the level written last, low where there was none.
    pub fn pin_set_mode(&mut self, pin: i32, mode: i32) -> bool {
        const INPUT: i32 = 0;
        if !is_usable(pin) {
            return false;
        }
        let entry = self.pins.0.entry(pin).or_default();
        if mode == INPUT {
            entry.output = None;
            return true;
        }
        let level = entry.latched;
        self.pin_setup_output(pin, level)
    }

    /// `mgos_gpio_read_out`: the level written last, whatever the mode.
    pub fn pin_read_out(&self, pin: i32) -> bool {
        self.pins.0.get(&pin).is_some_and(|p| p.latched)
    }

    /// `mgos_gpio_setup_output`: the level first, then the mode.
    pub fn pin_setup_output(&mut self, pin: i32, level: bool) -> bool {
        if !is_usable(pin) {
            return false;
        }
        self.set_output(pin, level);
        true
    }

    /// `mgos_gpio_write`; says so only when the level changes.
    pub fn pin_write(&mut self, pin: i32, level: bool) {
        let entry = self.pins.0.entry(pin).or_default();
        entry.latched = level;
        if entry.output.is_some() && entry.output != Some(level) {
            self.set_output(pin, level);
        }
    }

    fn set_output(&mut self, pin: i32, level: bool) {
        let is_latch = self.is_lock && i64::from(pin) == self.config.int("pins.relay");
        if is_latch {
            self.power.reach(Point::BeforeMove);
        }
        let entry = self.pins.0.entry(pin).or_default();
        entry.output = Some(level);
        entry.latched = level;
        self.announce_pin(pin, level);
        if is_latch {
            self.power.reach(Point::AfterMove);
        }
    }

    fn announce_pin(&self, pin: i32, level: bool) {
        let uptime_ms = self.clock.uptime_ms();
        emit(&Output::Pin {
            pin,
            level,
            uptime_ms,
        });
        if self.is_lock && i64::from(pin) == self.config.int("pins.relay") {
            let unlocked = level == self.config.flag("lock.unlocked_level");
            let latch = if unlocked { "unlocked" } else { "locked" };
            emit(&Output::Latch { latch });
        }
    }

    /// `mgos_gpio_read`.
    pub fn pin_read(&self, pin: i32) -> bool {
        self.pins.0.get(&pin).is_some_and(Pin::level)
    }

    /// `mgos_gpio_set_button_handler`.
    pub fn pin_handle(
        &mut self,
        pin: i32,
        pull: i32,
        edge: i32,
        debounce_ms: i32,
        callback: PinCallback,
        context: Context,
    ) -> bool {
        let Some(handler) = Handler::new(edge, debounce_ms, callback, context) else {
            return false;
        };
        // The ESP8266 has no pull-down at all.
        if !is_usable(pin) || pin == RTC_PIN || pull == PULL_DOWN {
            return false;
        }
        let entry = self.pins.0.entry(pin).or_default();
        entry.output = None;
        entry.pull_up = pull == PULL_UP;
        entry.handler = Some(handler.knowing(entry.level()));
        true
    }

    /// Drives an input from outside.
    pub fn pin_drive(&mut self, pin: i32, level: bool) {
        let entry = self.pins.0.entry(pin).or_default();
        let before = entry.level();
        entry.driven = Some(level);
        if entry.level() != before {
            self.pin_edge(pin, level);
        }
    }
}
