//! The device's two clocks: time since boot, and the time of day, which starts at 1970 and is wrong until synced.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Clocks as the firmware sees them.
pub struct Clock {
    booted: Instant,
    offset_ms: i64,
    is_set: bool,
    synced_uptime_s: f64,
}

impl Clock {
    /// Clocks of a device that has just booted.
    pub fn new() -> Self {
        Self {
            booted: Instant::now(),
            offset_ms: 0,
            is_set: false,
            synced_uptime_s: 0.0,
        }
    }

    /// Seconds since boot.
    pub fn uptime_s(&self) -> f64 {
        self.booted.elapsed().as_secs_f64()
    }

    /// Milliseconds since boot.
    pub fn uptime_ms(&self) -> u64 {
        u64::try_from(self.booted.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Seconds since 1970, as far as the device knows.
    pub fn wall_s(&self) -> f64 {
        if !self.is_set {
            return self.uptime_s();
        }
        let real_s = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |d| d.as_secs_f64());
        real_s + self.offset_ms as f64 / 1000.0
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
