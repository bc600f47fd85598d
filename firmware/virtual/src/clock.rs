//! The device's clock: time since boot. It runs in real time until the parent asks for manual time;
//! then only the parent advances it, so that a test does not depend on the load of the machine.
//!
//! Must not know: the time of day, which a device without a battery does not know either.

use std::time::{Duration, Instant};

/// Time since boot, as the firmware reads it.
pub struct Clock {
    /// Time since boot of a clock in manual mode.
    manual: Option<Duration>,
    /// An instant and the time since boot at that instant.
    reading: (Instant, Duration),
    /// Error of the rate in parts per million; positive is fast.
    drift_ppm: i32,
}

impl Clock {
    /// The clock of a device that has just booted.
    pub fn new() -> Self {
        Self {
            manual: None,
            reading: (Instant::now(), Duration::ZERO),
            drift_ppm: 0,
        }
    }

    /// The same in manual mode.
    pub fn manual() -> Self {
        Self {
            manual: Some(Duration::ZERO),
            ..Self::new()
        }
    }

    /// Time since boot, by this clock's own rate.
    pub fn uptime(&self) -> Duration {
        self.manual.unwrap_or_else(|| {
            let (at, uptime) = self.reading;
            uptime + at_rate(at.elapsed(), self.drift_ppm)
        })
    }

    pub fn uptime_s(&self) -> f64 {
        self.uptime().as_secs_f64()
    }

    pub fn uptime_ms(&self) -> u64 {
        u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX)
    }

    /// Sets the error of the rate in parts per million: positive is fast, negative is slow.
    pub fn set_drift_ppm(&mut self, drift_ppm: i32) {
        self.reading = (Instant::now(), self.uptime());
        self.drift_ppm = drift_ppm.clamp(-900_000, 1_000_000);
    }

    /// Stops the clock; from now on only [`Clock::advance_to`] moves it.
    pub fn stop(&mut self) {
        self.manual = Some(self.uptime());
    }

    /// Whether the clock is in manual mode.
    pub fn is_manual(&self) -> bool {
        self.manual.is_some()
    }

    /// Sets a manual clock forward. A time in the past, or a clock in real time, is left unchanged.
    pub fn advance_to(&mut self, uptime: Duration) {
        if let Some(now) = &mut self.manual {
            *now = uptime.max(*now);
        }
    }
}

/// The time that a clock with this error shows after `time`.
fn at_rate(time: Duration, drift_ppm: i32) -> Duration {
    time.mul_f64(1.0 + f64::from(drift_ppm) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_is_set_forward_and_never_back() {
        let mut clock = Clock::manual();
        clock.advance_to(Duration::from_secs(5));
        clock.advance_to(Duration::from_secs(3));
        assert_eq!((clock.uptime_ms(), clock.is_manual()), (5_000, true));
        clock.set_drift_ppm(500_000);
        assert_eq!(clock.uptime_ms(), 5_000);
    }

    #[test]
    fn a_fast_or_slow_clock_shows_more_or_less_time() {
        let day = Duration::from_secs(86_400);
        for (drift_ppm, expected_ms) in [(0, 86_400_000), (100, 86_408_640), (-100, 86_391_360)] {
            assert_eq!(at_rate(day, drift_ppm).as_millis(), expected_ms);
        }
    }
}
