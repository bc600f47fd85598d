//! Timers of the device: those of the firmware and those of the shim.
//!
//! Must not know: what a task does.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{Context, TimerCallback};

/// What to do when a timer runs out. Pins are GPIO numbers.
#[derive(Clone, Debug)]
pub enum Task {
    App(TimerCallback, Context),
    /// Look at a pin that had an edge.
    Interrupt(i32),
    /// Look at a button's pin after its debounce time.
    Debounce(i32),
    Finger,
    Drive(i32, bool),
    /// The travel of the bolt is over.
    Bolt,
    /// Try to connect to the broker again.
    Reconnect,
    /// Restart the program, as a reboot does.
    Restart,
}

impl Task {
    /// Whether it happens outside the device, and therefore also while the device is busy.
    fn is_outside(&self) -> bool {
        matches!(self, Self::Finger | Self::Drive(..) | Self::Bolt)
    }
}

struct Timer {
    /// Time since boot.
    due: Duration,
    repeat: Option<Duration>,
    task: Task,
}

/// The running timers by their id.
#[derive(Default)]
pub struct Timers {
    timers: BTreeMap<usize, Timer>,
    last_id: usize,
}

impl Timers {
    /// Starts a timer that runs out at `due`, a time since boot. Returns its id, never 0.
    pub fn start(&mut self, due: Duration, repeat: Option<Duration>, task: Task) -> usize {
        self.last_id += 1;
        self.timers
            .insert(self.last_id, Timer { due, repeat, task });
        self.last_id
    }

    /// Stops a timer; an unknown id is ignored.
    pub fn stop(&mut self, id: usize) {
        self.timers.remove(&id);
    }

    /// Time since boot at which the next timer runs out.
    pub fn next_due(&self) -> Option<Duration> {
        self.timers.values().map(|t| t.due).min()
    }

    /// Time since boot of the next task outside the device.
    pub fn next_outside(&self) -> Option<Duration> {
        let outside = self.timers.values().filter(|t| t.task.is_outside());
        outside.map(|t| t.due).min()
    }

    /// Takes the task that has been due for longest, and restarts its timer if it repeats.
    pub fn take_due(&mut self, now: Duration) -> Option<Task> {
        self.take(now, |_| true)
    }

    /// [`Timers::take_due`] for tasks outside the device.
    pub fn take_outside(&mut self, now: Duration) -> Option<Task> {
        self.take(now, Task::is_outside)
    }

    fn take(&mut self, now: Duration, wanted: impl Fn(&Task) -> bool) -> Option<Task> {
        let (&id, timer) = self
            .timers
            .iter_mut()
            .filter(|(_, t)| t.due <= now && wanted(&t.task))
            .min_by_key(|(_, t)| t.due)?;
        let task = timer.task.clone();
        match timer.repeat {
            // A late timer does not catch up: on a busy machine its runs would pile up.
            Some(interval) => timer.due = now + interval,
            None => self.stop(id),
        }
        Some(task)
    }
}
