//! The one place of this crate that reads the time.
//!
//! Everything else takes milliseconds as an argument or asks a [`Clock`]. Must not know who asks, nor why.

use std::time::{SystemTime, UNIX_EPOCH};

/// Wall clock of the local cloud.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// Milliseconds since the Unix epoch.
    pub fn now_ms(self) -> u64 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
    }

    /// Seconds since the Unix epoch, as shadow documents carry them.
    pub fn now_s(self) -> u64 {
        self.now_ms() / 1000
    }
}
