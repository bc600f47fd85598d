//! Points in time, as numbers with a unit.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC, as the rules engine's `timestamp()` gives them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
///
/// ```
/// use lock_core::time::{UnixMillis, UnixSeconds};
///
/// let pressed = UnixMillis(1_763_779_512_345);
/// assert_eq!(pressed.plus(30_000).since(pressed), 30_000);
/// assert_eq!(pressed.since(pressed.plus(1)), 0, "never negative");
/// assert_eq!(pressed.seconds(), UnixSeconds(1_763_779_512));
/// ```
#[serde(transparent)]
pub struct UnixMillis(pub u64);

/// Seconds since 1970-01-01 UTC, as a command, a shadow and the table's TTL carry them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixSeconds(pub u64);

impl UnixMillis {
    /// This instant, `ms` later; saturates, so no input wraps round to the past.
    pub const fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This instant, `ms` earlier; saturates at the epoch.
    pub const fn minus(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Milliseconds from `earlier` to this instant; 0 if `earlier` is in fact later.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The second of this instant, rounded down, so that rounding never moves an expiry later.
    pub const fn seconds(self) -> UnixSeconds {
        UnixSeconds(self.0 / 1000)
    }
}

impl UnixSeconds {
    /// The first millisecond of this second.
    pub const fn millis(self) -> UnixMillis {
        UnixMillis(self.0.saturating_mul(1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_numbers_never_wrap_round() {
        let (first, last) = (UnixMillis(0), UnixMillis(u64::MAX));
        assert_eq!(last.plus(1), last);
        assert_eq!(first.minus(1), first);
        assert_eq!(first.since(last), 0);
        let at = UnixMillis(1_500);
        assert_eq!(
            (at.plus(2), at.minus(2)),
            (UnixMillis(1_502), UnixMillis(1_498))
        );
        assert_eq!((at.since(UnixMillis(1_000)), at.since(at)), (500, 0));
    }

    #[test]
    fn a_second_begins_with_its_first_millisecond() {
        let seconds = [999, 1_000, 1_999, 2_000].map(|ms| UnixMillis(ms).seconds().0);
        assert_eq!(seconds, [0, 1, 1, 2]);
        assert_eq!(UnixSeconds(2).millis(), UnixMillis(2_000));
        assert_eq!(UnixSeconds(u64::MAX).millis(), UnixMillis(u64::MAX));
    }
}
