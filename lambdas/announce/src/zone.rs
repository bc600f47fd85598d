//! Times as the readers of announcements write them. Must not know: what happened then.
//!
//! The time zone database is part of the program, so that a name means the same on every machine.

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use lock_aws::SettingsError;
use lock_core::time::UnixMillis;

/// The default of `TIME_ZONE`. Its times have its name, since hardly a reader lives by it.
const UTC: &str = "UTC";

/// A time zone.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
    suffix: &'static str,
}

impl Zone {
    /// The zone of the setting `TIME_ZONE`.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if the database does not have it.
    pub fn new(name: &str) -> Result<Self, SettingsError> {
        let zone = TimeZoneDatabase::bundled().get(name);
        let zone = zone.map_err(|_| SettingsError::Wrong {
            name: "TIME_ZONE",
            value: name.to_owned(),
            wanted: "the name of an IANA time zone, for example Europe/Berlin",
        })?;
        let suffix = if name == UTC { " UTC" } else { "" };
        Ok(Self { zone, suffix })
    }

    /// `18:04`, with the date if it is not that of `now`: `18:04 on 21 November`.
    pub fn write(&self, at: UnixMillis, now: UnixMillis) -> String {
        let (at, now) = (self.local(at), self.local(now));
        let time = format!("{}{}", at.strftime("%H:%M"), self.suffix);
        if at.date() == now.date() {
            return time;
        }
        format!("{time} on {}", at.strftime("%-d %B"))
    }

    /// A time beyond the calendar becomes its end.
    fn local(&self, at: UnixMillis) -> jiff::Zoned {
        let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
        let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
        at.to_zoned(self.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-11-22 02:45:12 UTC.
    const NOW: UnixMillis = UnixMillis(1_763_779_512_345);
    const HOUR_MS: u64 = 3_600_000;

    #[test]
    fn a_time_is_local_and_has_a_date_unless_it_is_today() {
        // zone, hours before now => text
        for (name, hours, wanted) in [
            ("UTC", 0, "02:45 UTC"),
            ("UTC", 3, "23:45 UTC on 21 November"),
            ("Europe/Berlin", 0, "03:45"),
            ("Europe/Berlin", 3, "00:45"),
            ("Europe/Berlin", 4, "23:45 on 21 November"),
            ("America/New_York", 2, "19:45"),
            ("Asia/Kolkata", 0, "08:15"),
            // Before the end of summer time.
            ("Europe/Berlin", 24 * 31, "04:45 on 22 October"),
        ] {
            let zone = Zone::new(name).expect(name);
            let at = NOW.minus(hours * HOUR_MS);
            assert_eq!(zone.write(at, NOW), wanted, "{name} {hours}");
        }
        let zone = Zone::new(UTC).expect(UTC);
        let last = zone.write(UnixMillis(u64::MAX), NOW);
        assert!(last.ends_with(" UTC on 30 December"), "{last}");
    }

    #[test]
    fn an_unknown_zone_is_named_with_its_variable() {
        for name in ["", "Berlin", "Europe/Bielefeld", "CEST"] {
            let error = Zone::new(name).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "environment variable TIME_ZONE is {name:?}: wanted the name of an IANA time \
                     zone, for example Europe/Berlin"
                )
            );
        }
    }
}
