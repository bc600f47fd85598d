//! The protocol's numbers.
//!
//! Must not know: where a setting is read from.
//!
//! Each number is defined once, here, with its unit in its name. The compiler checks the relations
//! between them; settings of a deployment are checked when they are read.

use serde::{Deserialize, Serialize};

/// Life of an unlock command, counted from the press; an older one does not open the door (C4).
pub const COMMAND_TTL_MS: u64 = 30_000;
/// How long after a press of a button without a sequence its next press is ignored (C2).
pub const QUIET_WINDOW_MS: u64 = 1_500;
/// How long after the press that caused an executed unlock a toggle by the same button counts as
/// the same wish (C6).
pub const SAME_WISH_MS: u64 = 5_000;
/// Bounds of the setting `SAME_WISH_MS`; 0 switches the rule off.
pub const SAME_WISH_MS_MAX: u64 = 60_000;
/// Time that a press may take to reach the rules engine, after its button's own wait (C4).
pub const GOOD_FOR_GRACE_MS: u64 = 2_000;
/// How long an event is kept.
pub const EVENT_TTL_DAYS: u64 = 90;
/// How long a request's mark is kept: longer than the request can be redelivered.
pub const REQUEST_TTL_MS: u64 = DAY_MS;
/// Wait before the first re-send of a command; it doubles with each (C8).
pub const SEND_BACKOFF_FIRST_MS: u64 = 1_000;
/// Longest wait between two re-sends (C8).
pub const SEND_BACKOFF_MAX_MS: u64 = 300_000;
/// How often a device reports when nothing happens (D4).
pub const REPORT_INTERVAL_MS: u64 = 15 * 60_000;
/// Silence after which a settled lock is no longer trusted (C10).
pub const REPORT_OVERDUE_MS: u64 = 35 * 60_000;
/// Time after the expiry of an unlock in which its report may still come (C10).
pub const UNLOCK_GRACE_MS: u64 = 10_000;
/// How often the system locks a jammed latch after a person's last command, before it leaves the
/// latch to a person (C14).
pub const JAM_LOCKS_MAX: u32 = 3;
/// Number of system locks without a person's command in between that raises an alert (C15).
pub const SYSTEM_LOCKS_CONTESTED: u32 = 4;
/// An unlock answered as expired this soon after its issue means that the device's clock is fast
/// (C8).
pub const EXPIRED_TOO_SOON_MS: u64 = 10_000;
/// Ignored presses of one button for one reason share an event for this long.
pub const REPEAT_EVENT_MS: u64 = 60_000;
/// Oldest event that Lambda delivers to the press function (`MaximumEventAgeInSeconds` in the
/// template).
pub const PRESS_EVENT_AGE_MAX_MS: u64 = 180_000;
/// Largest version: the largest integer that every JSON reader represents exactly; the device
/// refuses larger ones (D6).
pub const VERSION_MAX: u64 = (1 << 53) - 1;
/// How far ahead of the clock a device's version is still adopted (C9).
pub const VERSION_AHEAD_MAX_MS: u64 = DAY_MS;
/// Shards of the due index. Each is one hot partition, so more shards carry more locks.
pub const DUE_SHARDS: u64 = 8;
/// Longest text accepted in a field of a message.
pub const TEXT_BYTES_MAX: usize = 128;
/// Longest command that is sent. A device takes longer ones (D6), up to the
/// `COMMAND_TAKEN_BYTES_MAX` of its firmware.
pub const COMMAND_SENT_BYTES_MAX: usize = 256;
/// Length of a command id that is sent. A device takes longer ones, up to the
/// `COMMAND_ID_TAKEN_CHARS_MAX` of its firmware.
pub const COMMAND_ID_SENT_CHARS: usize = 26;
/// Maximum attempts at a decision when concurrent writers win (C3).
pub const DECISIONS_MAX: u32 = 5;

/// How long a door may stay open before an alert.
pub const LEFT_OPEN_MINUTES: u64 = 10;
/// Bounds of the setting `LEFT_OPEN_MINUTES`; 0 switches the alert off.
pub const LEFT_OPEN_MINUTES_MAX: u64 = 1_440;
/// Whether a door that opens while the latch is locked raises an alert.
pub const FORCED_ALERT: bool = true;
/// Battery of a button below which an alert is raised: for one cell of 1.5 V, as in the AWS IoT
/// Button.
pub const BATTERY_LOW_MV: u64 = 1_200;
/// Bounds of the setting `BATTERY_LOW_MV`; 0 switches the alert off.
pub const BATTERY_LOW_MV_MAX: u64 = 20_000;

const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: u64 = 60_000;

/// Bounds of the setting `EVENT_TTL_DAYS`.
pub const EVENT_TTL_DAYS_RANGE: std::ops::RangeInclusive<u64> = 1..=3_650;

/// Bounds of the setting `COMMAND_TTL_MS`.
pub const COMMAND_TTL_MS_RANGE: std::ops::RangeInclusive<u64> = 5_000..=120_000;

const _: () = {
    // A press inside the quiet window is never stale.
    assert!(QUIET_WINDOW_MS < COMMAND_TTL_MS);
    // Two reports may be lost before a lock is called silent.
    assert!(REPORT_OVERDUE_MS > 2 * REPORT_INTERVAL_MS);
    // A request's mark outlives every delivery of that request.
    assert!(REQUEST_TTL_MS > PRESS_EVENT_AGE_MAX_MS);
    // Locking a jammed latch alone does not raise the alert.
    assert!(SYSTEM_LOCKS_CONTESTED > JAM_LOCKS_MAX);
    // At least one re-send fits into the life of an unlock.
    assert!(SEND_BACKOFF_FIRST_MS < COMMAND_TTL_MS);
    assert!(SEND_BACKOFF_FIRST_MS < SEND_BACKOFF_MAX_MS);
    // MQTT's message expiry is in whole seconds, at most a week.
    assert!(
        *COMMAND_TTL_MS_RANGE.start() >= 1_000 && *COMMAND_TTL_MS_RANGE.end() / 1_000 <= 604_800
    );
    assert!(
        *COMMAND_TTL_MS_RANGE.start() <= COMMAND_TTL_MS
            && COMMAND_TTL_MS <= *COMMAND_TTL_MS_RANGE.end()
    );
    // An unlock has expired, grace included, before Lambda gives up its press.
    assert!(*COMMAND_TTL_MS_RANGE.end() + UNLOCK_GRACE_MS < PRESS_EVENT_AGE_MAX_MS);
    assert!(LEFT_OPEN_MINUTES <= LEFT_OPEN_MINUTES_MAX);
    // An open door is alerted before its lock can be called silent.
    assert!(LEFT_OPEN_MINUTES * MINUTE_MS < REPORT_OVERDUE_MS);
    // An alert about a door names an event that is still in the history.
    assert!(LEFT_OPEN_MINUTES_MAX * MINUTE_MS <= *EVENT_TTL_DAYS_RANGE.start() * DAY_MS);
    assert!(BATTERY_LOW_MV <= BATTERY_LOW_MV_MAX);
};

/// What a deployment may set, before it is checked. The default is the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// Life of an unlock, from the press, in ms.
    pub command_ttl_ms: u64,
    /// How long after a press of a button without a sequence its next press is ignored, in ms.
    pub quiet_window_ms: u64,
    /// Time for which a toggle counts as the same wish, in ms.
    pub same_wish_ms: u64,
    /// How long an event is kept, in days.
    pub event_ttl_days: u64,
    /// How long a door may stay open, in minutes; 0 switches the alert off.
    pub left_open_minutes: u64,
    /// Whether a door that opens while the latch is locked raises an alert.
    pub forced_alert: bool,
    /// Battery of a button below which an alert is raised, in mV; 0 switches it off.
    pub battery_low_mv: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            command_ttl_ms: COMMAND_TTL_MS,
            quiet_window_ms: QUIET_WINDOW_MS,
            same_wish_ms: SAME_WISH_MS,
            event_ttl_days: EVENT_TTL_DAYS,
            left_open_minutes: LEFT_OPEN_MINUTES,
            forced_alert: FORCED_ALERT,
            battery_low_mv: BATTERY_LOW_MV,
        }
    }
}

/// The numbers that a deployment has set, checked.
///
/// Stored as
/// `{"commandTtlMs":30000,"quietWindowMs":1500,"sameWishMs":5000,"eventTtlMs":7776000000,
/// "leftOpenMs":600000,"forcedAlert":true,"batteryLowMv":1200}`. Rows of functions that know no
/// alerts of the door or battery lack the last three, and say by it that these are off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Life of an unlock, from the press, in ms.
    pub command_ttl_ms: u64,
    /// How long after a press of a button without a sequence its next press is ignored, in ms.
    pub quiet_window_ms: u64,
    /// How long after the press that caused an executed unlock a toggle by the same button counts
    /// as the same wish, in ms; 0 switches the rule off.
    pub same_wish_ms: u64,
    /// Life of an event, in ms.
    pub event_ttl_ms: u64,
    /// How long a door may stay open before an alert, in ms; 0 switches it off.
    #[serde(default)]
    pub left_open_ms: u64,
    /// Whether a door that opens while the latch is locked raises an alert.
    #[serde(default)]
    pub forced_alert: bool,
    /// Battery of a button below which an alert is raised, in mV; 0 switches it off.
    #[serde(default)]
    pub battery_low_mv: u64,
}

/// Why a setting was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// The command's life is outside [`COMMAND_TTL_MS_RANGE`].
    #[error(
        "command life of {0} ms: wanted {min} to {max}",
        min = COMMAND_TTL_MS_RANGE.start(), max = COMMAND_TTL_MS_RANGE.end()
    )]
    CommandTtl(u64),
    /// The quiet window is not shorter than the command's life.
    #[error("quiet window of {quiet_ms} ms: wanted less than the command's life of {ttl_ms} ms")]
    QuietWindow {
        /// The rejected window, in ms.
        quiet_ms: u64,
        /// The command's life, in ms.
        ttl_ms: u64,
    },
    /// The same-wish time is longer than [`SAME_WISH_MS_MAX`].
    #[error("same-wish time of {0} ms: wanted at most {SAME_WISH_MS_MAX}")]
    SameWish(u64),
    /// The time to keep events is outside [`EVENT_TTL_DAYS_RANGE`].
    #[error(
        "events kept for {0} days: wanted {min} to {max}",
        min = EVENT_TTL_DAYS_RANGE.start(), max = EVENT_TTL_DAYS_RANGE.end()
    )]
    EventTtl(u64),
    /// The time that a door may stay open is longer than [`LEFT_OPEN_MINUTES_MAX`].
    #[error("door left open after {0} minutes: wanted at most {LEFT_OPEN_MINUTES_MAX}, or 0: off")]
    LeftOpen(u64),
    /// The battery's threshold is higher than [`BATTERY_LOW_MV_MAX`].
    #[error("battery low below {0} mV: wanted at most {BATTERY_LOW_MV_MAX}, or 0: off")]
    BatteryLow(u64),
}

impl Limits {
    /// Checks a deployment's settings.
    ///
    /// # Errors
    ///
    /// [`LimitError`] names the setting that breaks a rule.
    ///
    /// ```
    /// use lock_core::limits::{LimitSettings, Limits};
    ///
    /// assert_eq!(Limits::new(LimitSettings::default())?, Limits::default());
    /// let settings = LimitSettings { quiet_window_ms: 30_000, ..LimitSettings::default() };
    /// assert_eq!(
    ///     Limits::new(settings).unwrap_err().to_string(),
    ///     "quiet window of 30000 ms: wanted less than the command's life of 30000 ms"
    /// );
    /// # Ok::<(), lock_core::limits::LimitError>(())
    /// ```
    pub fn new(settings: LimitSettings) -> Result<Self, LimitError> {
        let LimitSettings {
            command_ttl_ms,
            quiet_window_ms,
            same_wish_ms,
            event_ttl_days,
            left_open_minutes,
            forced_alert,
            battery_low_mv,
        } = settings;
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
        if left_open_minutes > LEFT_OPEN_MINUTES_MAX {
            return Err(LimitError::LeftOpen(left_open_minutes));
        }
        if battery_low_mv > BATTERY_LOW_MV_MAX {
            return Err(LimitError::BatteryLow(battery_low_mv));
        }
        Ok(Self {
            command_ttl_ms,
            quiet_window_ms,
            same_wish_ms,
            event_ttl_ms: event_ttl_days * DAY_MS,
            left_open_ms: left_open_minutes * MINUTE_MS,
            forced_alert,
            battery_low_mv,
        })
    }

    /// The longest limits of any deployment, for a caller that does not know its own deployment's
    /// and must neither drop an event nor stop waiting too early.
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
            left_open_ms: LEFT_OPEN_MINUTES_MAX * MINUTE_MS,
            forced_alert: true,
            battery_low_mv: BATTERY_LOW_MV_MAX,
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
            left_open_ms: LEFT_OPEN_MINUTES * MINUTE_MS,
            forced_alert: FORCED_ALERT,
            battery_low_mv: BATTERY_LOW_MV,
        }
    }
}

/// Wait after the given number of sends of a command, in ms: 1, 2, 4 s … 5 min (C8).
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
mod tests;
