//! Times in words that a person reads: time of day, date and age. The caller reads the clock.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Local time of day: `14:03:21.042`.
pub fn clock(at_ms: u64) -> String {
    local(at_ms, "%H:%M:%S%.3f")
}

/// Local date and time: `2026-11-22 14:03:21`.
pub fn date(at_ms: u64) -> String {
    local(at_ms, "%Y-%m-%d %H:%M:%S")
}

fn local(at_ms: u64, format: &str) -> String {
    let time = i64::try_from(at_ms)
        .ok()
        .and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok());
    time.map_or_else(
        || format!("{at_ms} ms"),
        |time| {
            time.to_zoned(TimeZone::system())
                .strftime(format)
                .to_string()
        },
    )
}

/// An age: `3 s ago`, `4 min ago`.
pub fn ago(at_ms: u64, now_ms: u64) -> String {
    format!("{} ago", span(at_ms, now_ms))
}

/// A span of time: `3 s`, `4 min`, `2 h`, `4 days`.
pub fn span(from_ms: u64, now_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(from_ms) / 1000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_beyond_the_calendar_is_shown_in_milliseconds() {
        assert_eq!(date(u64::MAX), format!("{} ms", u64::MAX));
    }

    #[test]
    fn an_age_is_given_in_the_unit_a_person_would_use() {
        for (seconds, text) in [
            (3, "3 s ago"),
            (240, "4 min ago"),
            (7300, "2 h ago"),
            (400_000, "4 days ago"),
        ] {
            assert_eq!(ago(0, seconds * 1000), text);
        }
    }
}
