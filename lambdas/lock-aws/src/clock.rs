//! The only place where time is read. Must not know what the time is for.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lock_core::time::UnixMillis;

/// The time now.
pub fn now() -> UnixMillis {
    from_system(SystemTime::now())
}

/// A point in the system's time, as milliseconds since the epoch; the epoch itself for anything earlier.
pub fn from_system(at: SystemTime) -> UnixMillis {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Measures how long a step takes, for the log.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Milliseconds since the start, in thousandths.
    pub fn elapsed_ms(&self) -> f64 {
        self.0.elapsed().as_micros() as f64 / 1000.0
    }
}
