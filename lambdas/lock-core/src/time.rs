//! Points in time, as numbers with a unit. Must not know how to read a clock:
//! time is an argument.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC, as the rules engine's `timestamp()` gives
/// them.
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

/// Seconds since 1970-01-01 UTC, as a command, a shadow and DynamoDB's TTL
/// carry them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixSeconds(pub u64);

impl UnixMillis {
    /// This instant, `ms` later; saturates, so outside numbers cannot wrap
    /// round to the past.
    pub const fn plus(self, ms: u64) -> UnixMillis {
        UnixMillis(self.0.saturating_add(ms))
    }

    /// This instant, `ms` earlier; saturates at the epoch.
    pub const fn minus(self, ms: u64) -> UnixMillis {
        UnixMillis(self.0.saturating_sub(ms))
    }

    /// Milliseconds passed from `earlier` to here; 0 when `earlier` is in fact
    /// later.
    pub const fn since(self, earlier: UnixMillis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The second this instant lies in (rounded down: an expiry never moves
    /// later by rounding).
    pub const fn seconds(self) -> UnixSeconds {
        UnixSeconds(self.0 / 1000)
    }
}
