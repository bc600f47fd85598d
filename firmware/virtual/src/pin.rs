//! GPIO: modes and levels.
//!
//! Must not know: what is wired to a pin.

mod interrupt;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{Call, Context, PinCallback};
use crate::effect::Effect;
use crate::pin::interrupt::Handler;
use crate::timer::Task;

// Values of `enum mgos_gpio_pull_type`.
const PULL_UP: i32 = 1;
const PULL_DOWN: i32 = 2;
/// Wired to the real-time clock: it has neither pull-up nor interrupts.
const RTC_PIN: i32 = 16;

#[derive(Default)]
struct Pin {
    output: Option<bool>,
    pull_up: bool,
    driven: Option<bool>,
    handler: Option<Handler>,
}

impl Pin {
    fn level(&self) -> bool {
        self.output.or(self.driven).unwrap_or(self.pull_up)
    }
}

/// All pins that were ever used, by GPIO number.
#[derive(Default)]
pub struct Pins(BTreeMap<i32, Pin>);

/// Pins 6 to 11 belong to the flash chip; 16 is the last one.
fn is_usable(pin: i32) -> bool {
    (0..=16).contains(&pin) && !(6..=11).contains(&pin)
}

impl Pins {
    fn pin(&mut self, pin: i32) -> &mut Pin {
        self.0.entry(pin).or_default()
    }

    /// Makes a pin an output with this level. Returns whether the chip has that pin.
    pub fn set_output(&mut self, pin: i32, level: bool) -> bool {
        if is_usable(pin) {
            self.pin(pin).output = Some(level);
        }
        is_usable(pin)
    }

    /// Sets the level of an output. Returns whether that changed it.
    pub fn write(&mut self, pin: i32, level: bool) -> bool {
        let output = &mut self.pin(pin).output;
        let is_change = *output == Some(!level);
        if is_change {
            *output = Some(level);
        }
        is_change
    }

    /// The level that the pin has, as an input or an output.
    pub fn read(&self, pin: i32) -> bool {
        self.0.get(&pin).is_some_and(Pin::level)
    }

    /// `mgos_gpio_set_button_handler`. Returns whether the pin can have this handler.
    pub fn set_handler(
        &mut self,
        pin: i32,
        pull: i32,
        edge: i32,
        debounce_ms: i32,
        callback: PinCallback,
        context: Context,
    ) -> bool {
        // The ESP8266 has no pull-down at all.
        if !is_usable(pin) || pin == RTC_PIN || pull == PULL_DOWN || !interrupt::is_edge(edge) {
            return false;
        }
        let entry = self.pin(pin);
        entry.output = None;
        entry.pull_up = pull == PULL_UP;
        let call = Call::Pin(callback, pin, context);
        let handler = Handler::new(pin, edge, debounce_ms, call, entry.level());
        entry.handler = Some(handler);
        true
    }

    /// Drives an input from outside.
    pub fn drive(&mut self, pin: i32, level: bool) -> Option<Effect> {
        let entry = self.pin(pin);
        let before = entry.level();
        entry.driven = Some(level);
        let changed = entry.level() != before;
        let is_first = entry
            .handler
            .as_mut()
            .filter(|_| changed)?
            .count_edge(level);
        is_first.then_some(Effect::StartTimer(Duration::ZERO, Task::Interrupt(pin)))
    }

    /// Handles an edge of a pin in the main loop.
    pub fn look(&mut self, pin: i32) -> Option<Effect> {
        self.handler(pin)?.look()
    }

    /// Handles the end of a pin's debounce time.
    pub fn end_debounce(&mut self, pin: i32) -> Option<Effect> {
        let level = self.read(pin);
        self.handler(pin)?.end_debounce(level)
    }

    /// Handles the return of a pin's handler.
    pub fn end_call(&mut self, pin: i32) -> Option<Effect> {
        self.handler(pin)?.end_call()
    }

    fn handler(&mut self, pin: i32) -> Option<&mut Handler> {
        self.0.get_mut(&pin)?.handler.as_mut()
    }
}
