//! The state of a device as seen from outside: its switches, and what it says in its lines.
//!
//! Must not know: how a line reaches the device.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Wiring;

/// The state of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceState {
    pub powered: bool,
    /// Whether its network is plugged in.
    pub network: bool,
    /// Whether its network looks up and carries nothing.
    pub half_open: bool,
    /// Whether it says that it is connected to the broker.
    pub connected: bool,
    /// Where its relay holds the latch: `locked` or `unlocked`; `None` for a button.
    pub latch: Option<String>,
    /// Whether its door is open; `None` without a door contact.
    pub door_open: Option<bool>,
    /// Whether its exit button is held; `None` without one.
    pub exit_pressed: Option<bool>,
    /// Whether its bolt is stuck; `None` without a bolt contact.
    pub bolt_jammed: Option<bool>,
    /// Where its bolt is: `out` or `in`; `None` until it has said so.
    pub bolt: Option<String>,
    pub clock: Clock,
    /// Its process, while it has power.
    pub pid: Option<u32>,
    /// How often the latch has moved since the stack started.
    pub movements: u64,
}

/// What is wrong with its idea of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Clock {
    /// Whether it hears the time.
    pub hears: bool,
    /// By how many seconds it is ahead; negative is behind.
    pub ahead_s: i64,
    /// Error of its rate in parts per million; positive is fast.
    pub drift_ppm: i32,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            hears: true,
            ahead_s: 0,
            drift_ppm: 0,
        }
    }
}

impl Clock {
    /// The line that makes it so in a device that has just started; none if nothing is wrong.
    fn line(self) -> Option<Value> {
        let right = Self::default();
        let mut wrong = Map::new();
        if self.hears != right.hears {
            wrong.insert("hears_time".to_owned(), json!(self.hears));
        }
        if self.ahead_s != right.ahead_s {
            wrong.insert("ahead_s".to_owned(), json!(self.ahead_s));
        }
        if self.drift_ppm != right.drift_ppm {
            wrong.insert("drift_ppm".to_owned(), json!(self.drift_ppm));
        }
        (!wrong.is_empty()).then(|| json!({ "clock": wrong }))
    }
}

impl DeviceState {
    /// The lines that make a device that has just started find the world as it is.
    pub fn world(&self, wiring: &Wiring) -> Vec<Value> {
        let mut lines = Vec::from_iter(self.clock.line());
        if let (Some(contact), Some(open)) = (wiring.door, self.door_open) {
            lines.push(contact.line(!open));
        }
        // Without a line, the button is not pressed and the bolt free.
        if let (Some(contact), Some(true)) = (wiring.exit, self.exit_pressed) {
            lines.push(contact.line(true));
        }
        if self.bolt_jammed == Some(true) {
            let place = self.bolt.as_deref().unwrap_or("held");
            lines.push(json!({ "bolt": place }));
        }
        if !self.network {
            lines.push(json!({ "network": false }));
        } else if self.half_open {
            lines.push(json!({ "network": "half_open" }));
        }
        lines
    }

    /// Takes in what the device says.
    pub fn take(&mut self, line: &Value) {
        match line["event"].as_str() {
            Some("connected") => self.connected = true,
            Some("disconnected" | "reboot") => self.connected = false,
            Some("latch") => {
                let latch = line["latch"].as_str().map(str::to_owned);
                if self.latch.is_some() && self.latch != latch {
                    self.movements += 1;
                }
                self.latch = latch;
            }
            // One that is stuck stays where it was, whatever a new process thinks at first.
            Some("bolt") if self.bolt_jammed != Some(true) => {
                self.bolt = line["bolt"].as_str().map(str::to_owned);
            }
            _ => {}
        }
    }
}

/// Where the latch is, if a line says that it has moved.
pub fn latch_of(line: &Value) -> Option<&str> {
    line["latch"].as_str().filter(|_| line["event"] == "latch")
}
