//! The only place in this crate that reads the time: everything else takes milliseconds as an
//! argument or asks a [`Clock`].

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Wall clock of the local cloud: the system's clock, or a stopped one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    stopped_at_ms: Option<u64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A stopped clock, for repeatable results.
    pub fn stopped_at(ms: u64) -> Self {
        Self {
            stopped_at_ms: Some(ms),
        }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now_ms(self) -> u64 {
        if let Some(ms) = self.stopped_at_ms {
            return ms;
        }
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

/// `2026-03-01T12:00:00.000Z` from milliseconds since the Unix epoch.
pub(crate) fn iso_8601(ms: u64) -> String {
    let moment = i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", moment.unwrap_or(Timestamp::MAX))
}
