//! A command: its version, and its bytes on the wire.
//!
//! Must not know: why it was made.
//!
//! The wire carries `lock` and `unlock`, never `toggle`: the cloud decides what a toggle means,
//! because it knows whether the state is certain (C6). A device that toggled would do the opposite
//! of what was meant whenever one of two messages was lost.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::id::CommandId;
use crate::limits::{VERSION_AHEAD_MAX_MS, VERSION_MAX};
use crate::time::{UnixMillis, UnixSeconds};

/// The version of a lock's command. It grows with each command, so a device can refuse an older one
/// (D1, S3).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version before the first command.
    pub const NONE: Self = Self(0);

    /// The version after both `previous` and what the device has reported (C5).
    ///
    /// It is at least the clock's milliseconds, so neither a table restored from a backup nor a
    /// clock that steps back uses a version twice. A reported version that is not plausible is
    /// ignored (C9). `None` if no version below 2^53 is left.
    ///
    /// ```
    /// use lock_core::command::Version;
    /// use lock_core::time::UnixMillis;
    ///
    /// let now = UnixMillis(1_000);
    /// assert_eq!(Version::next(Version(7), None, now), Some(Version(1_000)));
    /// assert_eq!(Version::next(Version(7), Some(Version(2_000)), now), Some(Version(2_001)));
    /// ```
    pub fn next(previous: Self, reported: Option<Self>, now: UnixMillis) -> Option<Self> {
        let reported = reported
            .filter(|reported| reported.is_plausible(previous, now))
            .unwrap_or(Self::NONE);
        let next = (previous.0 + 1).max(reported.0 + 1).max(now.0);
        (next <= VERSION_MAX).then_some(Self(next))
    }
}

impl Version {
    /// Whether this version, reported by a device, may be that of one of our commands: not past the
    /// record's `own`, or at most [`VERSION_AHEAD_MAX_MS`] ahead of the clock (C9).
    ///
    /// ```
    /// use lock_core::command::Version;
    /// use lock_core::time::UnixMillis;
    ///
    /// let now = UnixMillis(1_763_779_512_345);
    /// assert!(Version(now.0 + 60_000).is_plausible(Version(7), now));
    /// assert!(!Version((1 << 53) - 2).is_plausible(Version(7), now));
    /// assert!(Version((1 << 53) - 2).is_plausible(Version((1 << 53) - 2), now));
    /// ```
    pub fn is_plausible(self, own: Self, now: UnixMillis) -> bool {
        self <= own || self.0 <= now.plus(VERSION_AHEAD_MAX_MS).0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A command as the device reads it.
///
/// ```json
/// {"v":1,"action":"unlock","version":1763779512345,"commandId":"01J…",
///  "issuedAt":1763779512,"expiresAt":1763779542}
/// ```
///
/// At most [`COMMAND_SENT_BYTES_MAX`](crate::limits::COMMAND_SENT_BYTES_MAX) bytes.
/// Source: PROTOCOL, Messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireCommand {
    /// The version of this format, 1.
    pub v: u8,
    /// What the device does when it takes the command.
    pub action: Action,
    /// The version that this command gives the lock.
    pub version: Version,
    /// The command's id, which the device reports back.
    pub command_id: CommandId,
    /// When it was decided; the device refuses an unlock from the future (D3).
    pub issued_at: UnixSeconds,
    /// When an unlock expires; `None` for a lock (C8).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<UnixSeconds>,
}

impl WireCommand {
    /// The JSON text to publish.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("a command has only numbers and strings, so it always becomes JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{COMMAND_ID_SENT_CHARS, COMMAND_SENT_BYTES_MAX};

    #[test]
    fn versions_grow_past_the_record_the_device_and_the_clock() {
        let cases = [
            // previous, reported, now => next
            (0, None, 1_000, Some(1_000)),
            (7, None, 1_000, Some(1_000)),
            (1_000, None, 1_000, Some(1_001)),
            (5_000, Some(3), 1_000, Some(5_001)), // the clock stepped back
            (3, Some(9_000), 1_000, Some(9_001)), // the table was restored
            (3, Some(86_401_000), 1_000, Some(86_401_001)), // a day ahead
            (3, Some(86_401_001), 1_000, Some(1_000)), // more is not believed
            (3, Some(VERSION_MAX), 1_000, Some(1_000)),
            (
                VERSION_MAX - 1,
                Some(VERSION_MAX - 1),
                1_000,
                Some(VERSION_MAX),
            ),
            (VERSION_MAX, None, 1_000, None),
        ];
        for (previous, reported, now, wanted) in cases {
            let next = Version::next(Version(previous), reported.map(Version), UnixMillis(now));
            assert_eq!(next, wanted.map(Version), "{previous} {reported:?} {now}");
        }
    }

    #[test]
    fn the_bytes_of_a_command_are_those_of_the_protocol() {
        let unlock = WireCommand {
            v: 1,
            action: Action::Unlock,
            version: Version(1_763_779_512_345),
            command_id: CommandId::from_text("01J"),
            issued_at: UnixSeconds(1_763_779_512),
            expires_at: Some(UnixSeconds(1_763_779_542)),
        };
        assert_eq!(
            unlock.to_json(),
            r#"{"v":1,"action":"unlock","version":1763779512345,"commandId":"01J","issuedAt":1763779512,"expiresAt":1763779542}"#
        );
        let lock = WireCommand {
            action: Action::Lock,
            expires_at: None,
            ..unlock.clone()
        };
        assert_eq!(
            lock.to_json(),
            r#"{"v":1,"action":"lock","version":1763779512345,"commandId":"01J","issuedAt":1763779512}"#
        );
        assert_eq!(
            serde_json::from_str::<WireCommand>(&unlock.to_json()).unwrap(),
            unlock
        );
        let largest = WireCommand {
            version: Version(VERSION_MAX),
            command_id: CommandId::from_text("0".repeat(COMMAND_ID_SENT_CHARS)),
            issued_at: UnixSeconds(VERSION_MAX / 1000),
            expires_at: Some(UnixSeconds(VERSION_MAX / 1000)),
            ..unlock
        };
        assert!(
            largest.to_json().len() <= COMMAND_SENT_BYTES_MAX,
            "{}",
            largest.to_json().len()
        );
    }
}
