//! The device's two clocks: time since boot, and the time of day, which starts at 1970 and is wrong until synced. Time passes by
//! itself, or, once the parent has asked for it, only as the parent says: so that a test's verdict is not the machine's load.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Clocks as the firmware sees them.
pub struct Clock {
    booted: Instant,
    /// Time since boot and real time of day, where time stands still.
    by_hand: Option<(Duration, Duration)>,
    offset_ms: i64,
    is_set: bool,
    synced_uptime_s: f64,
}

impl Clock {
    /// Clocks of a device that has just booted.
    pub fn new() -> Self {
        Self {
            booted: Instant::now(),
            by_hand: None,
            offset_ms: 0,
            is_set: false,
            synced_uptime_s: 0.0,
        }
    }

    /// From boot on time stands still.
    pub fn still() -> Self {
        Self {
            by_hand: Some((Duration::ZERO, real_time())),
            ..Self::new()
        }
    }

    /// Time since boot.
    pub fn uptime(&self) -> Duration {
        self.by_hand
            .map_or_else(|| self.booted.elapsed(), |(uptime, _)| uptime)
    }

    /// Seconds since boot.
    pub fn uptime_s(&self) -> f64 {
        self.uptime().as_secs_f64()
    }

    /// Milliseconds since boot.
    pub fn uptime_ms(&self) -> u64 {
        u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX)
    }

    /// From now on time stands still, but for [`Clock::pass_to`].
    pub fn stop(&mut self) {
        if self.by_hand.is_none() {
            self.by_hand = Some((self.booted.elapsed(), real_time()));
        }
    }

    /// Whether time stands still.
    pub fn is_stopped(&self) -> bool {
        self.by_hand.is_some()
    }

    /// It is now so long since boot; does nothing while time passes by itself, and never goes back.
    pub fn pass_to(&mut self, uptime: Duration) {
        if let Some((now, time_of_day)) = &mut self.by_hand {
            *time_of_day += uptime.saturating_sub(*now);
            *now = uptime.max(*now);
        }
    }

    /// Seconds since 1970, as far as the device knows.
    pub fn wall_s(&self) -> f64 {
        if !self.is_set {
            return self.uptime_s();
        }
        let real = self.by_hand.map_or_else(real_time, |(_, time)| time);
        real.as_secs_f64() + self.offset_ms as f64 / 1000.0
    }

    /// Uptime of the last sync in seconds; 0 = never.
    pub fn synced_uptime_s(&self) -> f64 {
        self.synced_uptime_s
    }

    /// How far the time of day is off, from now on.
    pub fn set_offset_ms(&mut self, offset_ms: i64) {
        self.offset_ms = offset_ms;
    }

    /// The time server answered.
    pub fn sync(&mut self) {
        self.is_set = true;
        self.synced_uptime_s = self.uptime_s().max(0.001);
    }

    /// As if the time server had never answered since boot.
    pub fn forget(&mut self) {
        self.is_set = false;
        self.synced_uptime_s = 0.0;
    }
}

/// Since 1970.
fn real_time() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
