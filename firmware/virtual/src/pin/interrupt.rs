//! Button handlers with the debounce of Mongoose OS (`mgos_gpio.c`), including its bad habit: it
//! forgets what happens to a pin while the handler runs.
//!
//! Must not know: what is wired to a pin.

use std::time::Duration;

use crate::call::Call;
use crate::effect::Effect;
use crate::timer::Task;

// Values of `enum mgos_gpio_int_mode`.
const EDGE_RISING: i32 = 1;
const EDGE_FALLING: i32 = 2;
const EDGE_ANY: i32 = 3;

/// Whether a button handler can wait for this edge.
pub fn is_edge(edge: i32) -> bool {
    (EDGE_RISING..=EDGE_ANY).contains(&edge)
}

/// The firmware's handler of a pin.
pub struct Handler {
    pin: i32,
    edge: i32,
    debounce: Duration,
    call: Call,
    /// The level at the last call.
    known_level: bool,
    /// Edges since the last one that was handled; only the first wakes the main loop.
    edges: u32,
    is_debouncing: bool,
}

impl Handler {
    /// A handler of a pin that has this level now.
    pub fn new(pin: i32, edge: i32, debounce_ms: i32, call: Call, known_level: bool) -> Self {
        Self {
            pin,
            edge,
            debounce: Duration::from_millis(u64::try_from(debounce_ms).unwrap_or(0)),
            call,
            known_level,
            edges: 0,
            is_debouncing: false,
        }
    }

    /// The interrupt. Returns whether the main loop must [`Handler::look`].
    pub fn count_edge(&mut self, level: bool) -> bool {
        let is_wanted = match self.edge {
            EDGE_RISING => level,
            EDGE_FALLING => !level,
            _ => true,
        };
        self.edges += u32::from(is_wanted);
        is_wanted && self.edges == 1
    }

    /// `mgos_gpio_int_cb`: handles an edge in the main loop, unless it was forgotten meanwhile. The
    /// debounce time starts now, however long ago the edge was.
    pub fn look(&mut self) -> Option<Effect> {
        if self.edges == 0 {
            return None;
        }
        if self.debounce.is_zero() {
            return Some(Effect::Call(self.call.clone()));
        }
        let was_debouncing = std::mem::replace(&mut self.is_debouncing, true);
        (!was_debouncing).then_some(Effect::StartTimer(self.debounce, Task::Debounce(self.pin)))
    }

    /// `mgos_gpio_dbnc_done_cb` up to its call of the handler: calls it only if `level` is the
    /// wanted one, or for both edges a new one.
    pub fn end_debounce(&mut self, level: bool) -> Option<Effect> {
        self.is_debouncing = false;
        self.edges = 0;
        let is_wanted = match self.edge {
            EDGE_ANY => level != self.known_level,
            edge => level == (edge == EDGE_RISING),
        };
        if is_wanted {
            self.known_level = level;
        }
        is_wanted.then(|| Effect::Call(self.call.clone()))
    }

    /// Edges during the call are cleared as bounce; without a debounce time, each leads to a call.
    pub fn end_call(&mut self) -> Option<Effect> {
        if self.debounce.is_zero() {
            self.edges = self.edges.saturating_sub(1);
        } else {
            self.edges = 0;
        }
        (self.edges > 0).then(|| Effect::CallNext(self.call.clone()))
    }
}
