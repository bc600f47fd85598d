//! Work that takes time: meanwhile the main loop stands, and the world outside goes on. It must not know what the work is for.

use std::time::Duration;

use crate::device::Device;
use crate::timer::Task;

/// How long the device's work takes; nothing at first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slowness {
    /// To save a file in the flash.
    pub save: Duration,
    /// More than it takes by itself, for the handler of a pin.
    pub handler: Duration,
}

impl Slowness {
    /// Changes what is given.
    pub fn set(&mut self, save_ms: Option<u64>, handler_ms: Option<u64>) {
        if let Some(ms) = save_ms {
            self.save = Duration::from_millis(ms);
        }
        if let Some(ms) = handler_ms {
            self.handler = Duration::from_millis(ms);
        }
    }
}

impl Device {
    /// The device is busy for so long: its time passes, no timer of its own runs, and inputs move when it is their time.
    pub fn be_busy(&mut self, time: Duration) {
        let end = self.clock.uptime() + time;
        while self.clock.uptime() < end {
            let next = self.timers.next_outside().filter(|due| *due <= end);
            self.wait_until(next.unwrap_or(end));
            while let Some(task) = self.timers.take_outside(self.clock.uptime()) {
                match task {
                    Task::Finger => self.move_finger(),
                    Task::Drive(pin, level) => self.pin_drive(pin, level),
                    inside => unreachable!("{inside:?} does not happen outside"),
                }
            }
        }
    }

    /// By hand, time moves there; otherwise it is waited for, and what the parent does to the device meanwhile happens to it.
    fn wait_until(&mut self, uptime: Duration) {
        if self.clock.is_stopped() {
            self.clock.pass_to(uptime);
            return;
        }
        let left = uptime.saturating_sub(self.clock.uptime());
        if let Some(input) = self.inbox.while_busy(left) {
            self.input(&input);
        }
    }
}
