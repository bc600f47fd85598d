//! The protocol's numbers, which check each other at compile time. Must not know where a setting
//! was read from.
//!
//! A number appears once, here, with its unit in its name. Those that make sense only beside
//! another one are held to it by an assertion that the compiler checks; those that a deployment may
//! set are checked when they are read.

use serde::{Deserialize, Serialize};

/// Life of an unlock command, from the press: after it the door stays shut (C4).
pub const COMMAND_TTL_MS: u64 = 30_000;
/// Quiet time after a press of a button that counts nothing (C2).
pub const QUIET_WINDOW_MS: u64 = 1_500;
/// Time after the press behind an executed unlock in which a toggle by the same button is the same
/// wish (C6).
pub const SAME_WISH_MS: u64 = 5_000;
/// Bounds of the setting `SAME_WISH_MS`; 0 switches the rule off.
pub const SAME_WISH_MS_MAX: u64 = 60_000;
/// Time that a press may take from its button to the rules engine, over what the button itself
/// waits for its answer (C4).
pub const GOOD_FOR_GRACE_MS: u64 = 2_000;
/// How long an event line is kept.
pub const EVENT_TTL_DAYS: u64 = 90;
/// How long a request's mark is kept: longer than anything can repeat the request.
pub const REQUEST_TTL_MS: u64 = DAY_MS;
/// Wait before the first re-send of a command; it doubles with each (C8).
pub const SEND_BACKOFF_FIRST_MS: u64 = 1_000;
/// Longest wait between two re-sends (C8).
pub const SEND_BACKOFF_MAX_MS: u64 = 300_000;
/// How often a device reports when nothing happens (D4).
pub const REPORT_INTERVAL_MS: u64 = 15 * 60_000;
/// Silence after which a settled lock is no longer believed (C10).
pub const REPORT_OVERDUE_MS: u64 = 35 * 60_000;
/// Time after the expiry of an unlock in which its report may still come (C10).
pub const UNLOCK_GRACE_MS: u64 = 10_000;
/// How often the system itself locks a jammed latch after a person's last command, before it leaves
/// the latch to a person (C14).
pub const JAM_LOCKS_MAX: u32 = 3;
/// System locks in a row, without a person's command in between, at which the system raises an
/// alert (C15).
pub const SYSTEM_LOCKS_CONTESTED: u32 = 4;
/// An unlock answered as expired this soon after it was issued was judged by a clock that runs
/// ahead (C8).
pub const EXPIRED_TOO_SOON_MS: u64 = 10_000;
/// Ignored presses of one button for one reason share a line for this long.
pub const REPEAT_EVENT_MS: u64 = 60_000;
/// Oldest event that Lambda still delivers to the press function (template's
/// `MaximumEventAgeInSeconds`).
pub const PRESS_EVENT_AGE_MAX_MS: u64 = 180_000;
/// Largest version: the largest integer every JSON reader keeps exact; the device refuses larger
/// ones (D6).
pub const VERSION_MAX: u64 = (1 << 53) - 1;
/// How far a device's version may lie ahead of the clock and still be adopted (C9).
pub const VERSION_AHEAD_MAX_MS: u64 = DAY_MS;
/// Shards of the due index: one hot partition per shard, so more of them carry more locks.
pub const DUE_SHARDS: u64 = 8;
/// Longest text taken in any field of a message.
pub const TEXT_BYTES_MAX: usize = 128;
/// Longest command that is sent. A device takes longer ones (D6), up to the
/// `COMMAND_TAKEN_BYTES_MAX` of its firmware.
pub const COMMAND_SENT_BYTES_MAX: usize = 256;
/// Length of a command id that is sent. A device takes longer ones, up to the
/// `COMMAND_ID_TAKEN_CHARS_MAX` of its firmware.
pub const COMMAND_ID_SENT_CHARS: usize = 26;
/// How often a decision is made again when another writer was first (C3).
pub const DECISIONS_MAX: u32 = 5;

const DAY_MS: u64 = 86_400_000;

/// Bounds of the setting `EVENT_TTL_DAYS`.
pub const EVENT_TTL_DAYS_RANGE: std::ops::RangeInclusive<u64> = 1..=3_650;

/// Bounds of the setting `COMMAND_TTL_MS`.
pub const COMMAND_TTL_MS_RANGE: std::ops::RangeInclusive<u64> = 5_000..=120_000;

const _: () = {
    // A press inside the quiet window is never also too old to judge.
    assert!(QUIET_WINDOW_MS < COMMAND_TTL_MS);
    // Two reports may be lost before a lock is called silent.
    assert!(REPORT_OVERDUE_MS > 2 * REPORT_INTERVAL_MS);
    // A request's mark outlives every delivery of that request.
    assert!(REQUEST_TTL_MS > PRESS_EVENT_AGE_MAX_MS);
    // The second system lock in a row is not the one that tells a person.
    assert!(SYSTEM_LOCKS_CONTESTED > JAM_LOCKS_MAX);
    // At least one re-send fits into the life of an unlock.
    assert!(SEND_BACKOFF_FIRST_MS < COMMAND_TTL_MS);
    assert!(SEND_BACKOFF_FIRST_MS < SEND_BACKOFF_MAX_MS);
    // MQTT's message expiry has whole seconds and at most a week.
    assert!(
        *COMMAND_TTL_MS_RANGE.start() >= 1_000 && *COMMAND_TTL_MS_RANGE.end() / 1_000 <= 604_800
    );
    assert!(
        *COMMAND_TTL_MS_RANGE.start() <= COMMAND_TTL_MS
            && COMMAND_TTL_MS <= *COMMAND_TTL_MS_RANGE.end()
    );
    // An unlock is over, grace included, before Lambda gives up on its press.
    assert!(*COMMAND_TTL_MS_RANGE.end() + UNLOCK_GRACE_MS < PRESS_EVENT_AGE_MAX_MS);
};

/// The numbers that a deployment may set.
///
/// Shape, where they are written down:
/// `{"commandTtlMs":30000,"quietWindowMs":1500,"sameWishMs":5000,"eventTtlMs":7776000000}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Life of an unlock, from the press. In ms.
    pub command_ttl_ms: u64,
    /// Quiet time after a press of a button without a sequence. In ms.
    pub quiet_window_ms: u64,
    /// Time after the press behind an executed unlock in which a toggle by the same button is the
    /// same wish; 0 switches the rule off. In ms.
    pub same_wish_ms: u64,
    /// Life of an event line. In ms.
    pub event_ttl_ms: u64,
}

/// Why a setting was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The command's life is outside [`COMMAND_TTL_MS_RANGE`].
    #[error("command life of {0} ms: wanted {min} to {max}", min = COMMAND_TTL_MS_RANGE.start(), max = COMMAND_TTL_MS_RANGE.end())]
    CommandTtl(u64),
    /// The quiet window is not shorter than the command's life.
    #[error("quiet window of {quiet_ms} ms: wanted less than the command's life of {ttl_ms} ms")]
    QuietWindow {
        /// The window asked for.
        quiet_ms: u64,
        /// The command's life beside it.
        ttl_ms: u64,
    },
    /// The same-wish time is longer than [`SAME_WISH_MS_MAX`].
    #[error("same-wish time of {0} ms: wanted at most {SAME_WISH_MS_MAX}")]
    SameWish(u64),
    /// Event lines would be kept for no time, or for longer than ten years.
    #[error("event lines kept for {0} days: wanted {min} to {max}", min = EVENT_TTL_DAYS_RANGE.start(), max = EVENT_TTL_DAYS_RANGE.end())]
    EventTtl(u64),
}

impl Limits {
    /// Takes a deployment's settings.
    ///
    /// # Errors
    ///
    /// [`LimitError`], naming the setting that breaks a rule.
    ///
    /// ```
    /// use lock_core::limits::Limits;
    ///
    /// assert_eq!(Limits::new(30_000, 1_500, 5_000, 90)?, Limits::default());
    /// assert_eq!(
    ///     Limits::new(30_000, 30_000, 5_000, 90).unwrap_err().to_string(),
    ///     "quiet window of 30000 ms: wanted less than the command's life of 30000 ms"
    /// );
    /// # Ok::<(), lock_core::limits::LimitError>(())
    /// ```
    pub fn new(
        command_ttl_ms: u64,
        quiet_window_ms: u64,
        same_wish_ms: u64,
        event_ttl_days: u64,
    ) -> Result<Self, LimitError> {
        if !COMMAND_TTL_MS_RANGE.contains(&command_ttl_ms) {
            return Err(LimitError::CommandTtl(command_ttl_ms));
        }
        if quiet_window_ms >= command_ttl_ms {
            return Err(LimitError::QuietWindow {
                quiet_ms: quiet_window_ms,
                ttl_ms: command_ttl_ms,
            });
        }
        if same_wish_ms > SAME_WISH_MS_MAX {
            return Err(LimitError::SameWish(same_wish_ms));
        }
        if !EVENT_TTL_DAYS_RANGE.contains(&event_ttl_days) {
            return Err(LimitError::EventTtl(event_ttl_days));
        }
        Ok(Self {
            command_ttl_ms,
            quiet_window_ms,
            same_wish_ms,
            event_ttl_ms: event_ttl_days * DAY_MS,
        })
    }

    /// The longest that a deployment can have: for whoever does not know this one's, and must
    /// neither let a line go nor stop waiting too early.
    ///
    /// ```
    /// use lock_core::limits::Limits;
    ///
    /// let longest = Limits::longest();
    /// assert_eq!(longest.event_ttl_ms, 3_650 * 86_400_000);
    /// assert!(longest.command_ttl_ms > Limits::default().command_ttl_ms);
    /// ```
    pub const fn longest() -> Self {
        let command_ttl_ms = *COMMAND_TTL_MS_RANGE.end();
        Self {
            command_ttl_ms,
            quiet_window_ms: command_ttl_ms - 1,
            same_wish_ms: SAME_WISH_MS_MAX,
            event_ttl_ms: *EVENT_TTL_DAYS_RANGE.end() * DAY_MS,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_ttl_ms: COMMAND_TTL_MS,
            quiet_window_ms: QUIET_WINDOW_MS,
            same_wish_ms: SAME_WISH_MS,
            event_ttl_ms: EVENT_TTL_DAYS * DAY_MS,
        }
    }
}

/// Wait after the `attempts`-th send of a command before the next one: 1, 2, 4 s … 5 min (C8).
///
/// ```
/// use lock_core::limits::send_backoff_ms;
///
/// assert_eq!([1, 2, 3].map(send_backoff_ms), [1_000, 2_000, 4_000]);
/// assert_eq!(send_backoff_ms(99), 300_000);
/// ```
pub const fn send_backoff_ms(attempts: u32) -> u64 {
    match attempts {
        0 => SEND_BACKOFF_FIRST_MS,
        1..=9 => SEND_BACKOFF_FIRST_MS << (attempts - 1),
        _ => SEND_BACKOFF_MAX_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_between_sends_doubles_up_to_five_minutes() {
        assert_eq!(
            [0, 1, 2, 3, 9, 10, 40, u32::MAX].map(send_backoff_ms),
            [
                1_000, 1_000, 2_000, 4_000, 256_000, 300_000, 300_000, 300_000
            ]
        );
    }

    #[test]
    fn no_deployment_has_longer_limits_than_the_longest() {
        let longest = Limits::longest();
        assert_eq!(Limits::new(120_000, 119_999, 60_000, 3_650), Ok(longest));
        assert!(Limits::new(120_000, 120_000, 60_000, 3_650).is_err());
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        assert_eq!(Limits::new(30_000, 1_500, 5_000, 90), Ok(Limits::default()));
        assert_eq!(
            Limits::new(4_999, 1_500, 5_000, 90),
            Err(LimitError::CommandTtl(4_999))
        );
        assert_eq!(
            Limits::new(9_000, 9_000, 5_000, 90),
            Err(LimitError::QuietWindow {
                quiet_ms: 9_000,
                ttl_ms: 9_000
            })
        );
        assert_eq!(
            Limits::new(30_000, 1_500, 60_001, 90),
            Err(LimitError::SameWish(60_001))
        );
        assert_eq!(
            Limits::new(120_001, 1_500, 5_000, 90),
            Err(LimitError::CommandTtl(120_001))
        );
        for days in [0, 3_651] {
            assert_eq!(
                Limits::new(30_000, 0, 0, days),
                Err(LimitError::EventTtl(days))
            );
        }
        let least = Limits::new(5_000, 4_999, 0, 1).unwrap();
        let most = Limits::new(120_000, 0, 60_000, 3_650).unwrap();
        assert_eq!(least.event_ttl_ms, 86_400_000);
        assert_eq!(
            (most.command_ttl_ms, most.event_ttl_ms),
            (120_000, 315_360_000_000)
        );
    }
}
