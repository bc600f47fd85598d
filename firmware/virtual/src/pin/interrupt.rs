//! Button handlers with the debounce of Mongoose OS (`mgos_gpio.c`), its bad habits included: what happens to a pin while its
//! handler runs is forgotten. It must not know what is wired to a pin.

use std::time::Duration;

use crate::call::{Call, Context, PinCallback};
use crate::device::Device;
use crate::timer::Task;

/// `MGOS_GPIO_INT_EDGE_POS`
const EDGE_RISING: i32 = 1;
/// `MGOS_GPIO_INT_EDGE_NEG`
const EDGE_FALLING: i32 = 2;
/// `MGOS_GPIO_INT_EDGE_ANY`
const EDGE_ANY: i32 = 3;

/// What the firmware wants to hear of a pin.
pub struct Handler {
    edge: i32,
    debounce: Duration,
    callback: PinCallback,
    context: Context,
    /// The level that the firmware was called for last.
    known_level: bool,
    /// Edges since the last one that was dealt with: only the first of them asks the main loop to look.
    edges: u32,
    /// Whether the debounce time runs.
    debouncing: bool,
}

impl Handler {
    /// A handler of an edge that a button can have.
    pub fn new(
        edge: i32,
        debounce_ms: i32,
        callback: PinCallback,
        context: Context,
    ) -> Option<Self> {
        (EDGE_RISING..=EDGE_ANY).contains(&edge).then(|| Self {
            edge,
            debounce: Duration::from_millis(u64::try_from(debounce_ms).unwrap_or(0)),
            callback,
            context,
            known_level: false,
            edges: 0,
            debouncing: false,
        })
    }

    /// The same handler at a pin that has this level now.
    pub fn knowing(self, known_level: bool) -> Self {
        Self {
            known_level,
            ..self
        }
    }

    fn call(&self, pin: i32) -> Call {
        Call::Pin(self.callback, pin, self.context)
    }
}

impl Device {
    /// The interrupt: counts the edge, and asks the main loop to look if it has not been asked yet.
    pub(super) fn pin_edge(&mut self, pin: i32, level: bool) {
        let Some(handler) = self.pin_handler(pin) else {
            return;
        };
        let wanted = match handler.edge {
            EDGE_RISING => level,
            EDGE_FALLING => !level,
            _ => true,
        };
        if !wanted {
            return;
        }
        handler.edges += 1;
        if handler.edges == 1 {
            self.start_timer(Duration::ZERO, None, Task::Interrupt(pin));
        }
    }

    /// `mgos_gpio_int_cb`: the main loop looks at an edge, which may have been forgotten meanwhile. The debounce time starts now,
    /// however long ago the edge was.
    pub fn pin_interrupted(&mut self, pin: i32) {
        let Some(handler) = self.pin_handler(pin) else {
            return;
        };
        if handler.edges == 0 {
            return;
        }
        if handler.debounce.is_zero() {
            let call = handler.call(pin);
            self.calls.push_back(call);
        } else if !handler.debouncing {
            handler.debouncing = true;
            let after = handler.debounce;
            self.start_timer(after, None, Task::Debounce(pin));
        }
    }

    /// `mgos_gpio_dbnc_done_cb` up to its call of the handler: a level that does not hold, or is known, is no news.
    pub fn pin_debounced(&mut self, pin: i32) {
        let level = self.pin_read(pin);
        let Some(handler) = self.pin_handler(pin) else {
            return;
        };
        handler.debouncing = false;
        handler.edges = 0;
        let is_news = match handler.edge {
            EDGE_ANY => level != handler.known_level,
            edge => level == (edge == EDGE_RISING),
        };
        if is_news {
            handler.known_level = level;
            let call = handler.call(pin);
            self.calls.push_back(call);
        }
    }

    /// The handler has returned, or does so when its own slowness is over. What the pin did meanwhile is cleared as noise of the
    /// debounce time; without one, the handler is called once for each edge.
    pub fn pin_handled(&mut self, pin: i32) {
        self.be_busy(self.slowness.handler);
        let Some(handler) = self.pin_handler(pin) else {
            return;
        };
        if !handler.debounce.is_zero() {
            handler.edges = 0;
            return;
        }
        handler.edges = handler.edges.saturating_sub(1);
        if handler.edges > 0 {
            let call = handler.call(pin);
            self.calls.push_front(call);
        }
    }

    fn pin_handler(&mut self, pin: i32) -> Option<&mut Handler> {
        self.pins.0.get_mut(&pin)?.handler.as_mut()
    }
}
