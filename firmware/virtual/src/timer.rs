//! Timers of the device, the firmware's and the shim's own. It must not know what a task does.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::call::{Context, TimerCallback};

/// What to do when a timer runs out.
#[derive(Clone, Debug)]
pub enum Task {
    /// Call the firmware.
    App(TimerCallback, Context),
    /// Look at a pin that had an edge.
    Interrupt(i32),
    /// Look at a button's pin after its debounce time.
    Debounce(i32),
    /// Move the finger on the button.
    Finger,
    /// Drive an input.
    Drive(i32, bool),
    /// Try to connect again.
    Reconnect,
    /// Start again.
    Restart,
}

impl Task {
    /// Whether it happens outside the device, which need not be idle for it.
    fn is_outside(&self) -> bool {
        matches!(self, Self::Finger | Self::Drive(..))
    }
}

struct Timer {
    /// Since boot.
    due: Duration,
    repeat: Option<Duration>,
    task: Task,
}

/// All timers that run, by their id.
#[derive(Default)]
pub struct Timers {
    timers: BTreeMap<usize, Timer>,
    last_id: usize,
}

impl Timers {
    /// Starts a timer that runs out at `due`, a time since boot; returns its id, never 0.
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

    /// When the next timer runs out, since boot.
    pub fn next_due(&self) -> Option<Duration> {
        self.timers.values().map(|t| t.due).min()
    }

    /// When the next thing happens outside, since boot.
    pub fn next_outside(&self) -> Option<Duration> {
        let outside = self.timers.values().filter(|t| t.task.is_outside());
        outside.map(|t| t.due).min()
    }

    /// Takes the task that is due the longest, and starts its timer again if it repeats.
    pub fn take_due(&mut self, now: Duration) -> Option<Task> {
        self.take(now, |_| true)
    }

    /// Takes the task outside that is due the longest.
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
            // Late timers do not catch up: they would only pile up on a busy machine.
            Some(interval) => timer.due = now + interval,
            None => self.stop(id),
        }
        Some(task)
    }
}
