//! The one place of this crate that reads the time.
//!
//! Everything else takes milliseconds as an argument or asks a [`Clock`]. Must not know who asks, nor why.

use std::time::{SystemTime, UNIX_EPOCH};

/// Wall clock of the local cloud: the system's, unless it is made to stand still.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    stopped_at_ms: Option<u64>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock::default()
    }

    /// A clock that stands still, for what must come out the same each time it is run.
    pub fn stopped_at(ms: u64) -> Clock {
        Clock {
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

/// `2026-03-01T12:00:00.000Z` from epoch milliseconds.
pub(crate) fn iso_8601(ms: u64) -> String {
    let (days, in_day) = (ms / 86_400_000, ms % 86_400_000);
    // Civil date from days, in years that begin in March (Howard Hinnant, "chrono-compatible date algorithms").
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (seconds, millis) = (in_day / 1000, in_day % 1000);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Seconds since the Unix epoch of a UTC date (year, month, day) and time (hour, minute, second); none where there is no
/// such moment, or it lies before the epoch.
pub(crate) fn epoch_s(
    (year, month, day): (u64, u64, u64),
    (hour, minute, second): (u64, u64, u64),
) -> Option<u64> {
    let in_range = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !in_range {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}
