//! The device's one clock: time since boot. It passes by itself, or, once the parent has asked for it, only as the parent says:
//! so that a test's verdict is not the machine's load. It must not know the time of day, as a device without a battery does not.

use std::time::{Duration, Instant};

/// A clock as the firmware sees it.
pub struct Clock {
    /// Since boot, where time stands still.
    by_hand: Option<Duration>,
    /// A moment, and the time since boot at it.
    reading: (Instant, Duration),
    /// How much too fast it runs, in parts per million.
    drift_ppm: i32,
}

impl Clock {
    /// The clock of a device that has just booted.
    pub fn new() -> Self {
        Self {
            by_hand: None,
            reading: (Instant::now(), Duration::ZERO),
            drift_ppm: 0,
        }
    }

    /// From boot on time stands still.
    pub fn still() -> Self {
        Self {
            by_hand: Some(Duration::ZERO),
            ..Self::new()
        }
    }

    /// Time since boot.
    pub fn uptime(&self) -> Duration {
        self.by_hand.unwrap_or_else(|| {
            let (at, uptime) = self.reading;
            uptime + at_rate(at.elapsed(), self.drift_ppm)
        })
    }

    /// Seconds since boot.
    pub fn uptime_s(&self) -> f64 {
        self.uptime().as_secs_f64()
    }

    /// Milliseconds since boot.
    pub fn uptime_ms(&self) -> u64 {
        u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX)
    }

    /// From now on it runs so much too fast, in parts per million; too slow where that is negative.
    pub fn set_drift_ppm(&mut self, drift_ppm: i32) {
        self.reading = (Instant::now(), self.uptime());
        self.drift_ppm = drift_ppm.clamp(-900_000, 1_000_000);
    }

    /// From now on time stands still, but for [`Clock::pass_to`].
    pub fn stop(&mut self) {
        self.by_hand = Some(self.uptime());
    }

    /// Whether time stands still.
    pub fn is_stopped(&self) -> bool {
        self.by_hand.is_some()
    }

    /// It is now so long since boot; does nothing while time passes by itself, and never goes back.
    pub fn pass_to(&mut self, uptime: Duration) {
        if let Some(now) = &mut self.by_hand {
            *now = uptime.max(*now);
        }
    }
}

/// What a clock shows of this time that runs so much too fast.
fn at_rate(time: Duration, drift_ppm: i32) -> Duration {
    time.mul_f64(1.0 + f64::from(drift_ppm) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_by_hand_passes_as_it_is_said_and_never_goes_back() {
        let mut clock = Clock::still();
        clock.pass_to(Duration::from_secs(5));
        clock.pass_to(Duration::from_secs(3));
        assert_eq!((clock.uptime_ms(), clock.is_stopped()), (5_000, true));
        clock.set_drift_ppm(500_000);
        assert_eq!(clock.uptime_ms(), 5_000);
    }

    #[test]
    fn a_clock_that_runs_fast_or_slow_shows_more_or_less_time() {
        let day = Duration::from_secs(86_400);
        for (drift_ppm, expected_ms) in [(0, 86_400_000), (100, 86_408_640), (-100, 86_391_360)] {
            assert_eq!(at_rate(day, drift_ppm).as_millis(), expected_ms);
        }
    }
}
