//! Times in words that a person reads and writes: time of day, date and age. The caller reads the
//! clock.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A time that a person gave: an age such as `2h`, or a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// This many ms ago.
    Ago(u64),
    /// This time, in ms since 1970.
    At(u64),
}

impl Moment {
    /// The time in ms since 1970.
    pub fn at(self, now_ms: u64) -> u64 {
        match self {
            Self::Ago(age_ms) => now_ms.saturating_sub(age_ms),
            Self::At(at_ms) => at_ms,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    /// Reads `90s`, `30m`, `2h`, `3d`, `2026-11-28`, `2026-11-28T18:00`, both in the local time
    /// zone, or `2026-11-28T18:00:00Z`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(age_ms) = age_ms(text) {
            return Ok(Self::Ago(age_ms));
        }
        let zoned = |text: &str| Timestamp::from_str(text).ok();
        let local = |text: &str| {
            let local: DateTime = text.parse().ok()?;
            local
                .to_zoned(TimeZone::system())
                .as_ref()
                .ok()
                .map(Zoned::timestamp)
        };
        let at_ms = zoned(text)
            .or_else(|| local(text))
            .and_then(|time| u64::try_from(time.as_millisecond()).ok());
        at_ms.map(Self::At).ok_or_else(|| {
            "not a time: give an age (90s, 30m, 2h, 3d), a date (2026-11-28), or a date and time \
             (2026-11-28T18:00)"
                .to_owned()
        })
    }
}

/// The age in `2h`.
fn age_ms(text: &str) -> Option<u64> {
    let unit_ms = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    number
        .parse::<u64>()
        .ok()
        .filter(|_| is_number)?
        .checked_mul(unit_ms)
}

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
    fn a_time_is_an_age_or_a_date() {
        let now_ms = 1_763_779_512_345;
        for (text, wanted) in [
            ("0s", Some(now_ms)),
            ("90s", Some(now_ms - 90_000)),
            ("30m", Some(now_ms - 1_800_000)),
            ("2h", Some(now_ms - 7_200_000)),
            ("3d", Some(now_ms - 259_200_000)),
            ("99999d", Some(0)),
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("2025-11-22T02:45:12+01:00", Some(1_763_775_912_000)),
            ("", None),
            ("h", None),
            ("+2h", None),
            ("2", None),
            ("2 h", None),
            ("yesterday", None),
            ("2026-13-01", None),
            ("1969-12-31T00:00:00Z", None),
        ] {
            let read = text.parse::<Moment>().ok().map(|moment| moment.at(now_ms));
            assert_eq!(read, wanted, "{text}");
        }
        let date = "2026-11-28".parse::<Moment>().expect("a date");
        let time = "2026-11-28T00:00".parse::<Moment>().expect("a time");
        assert_eq!(date, time);
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
