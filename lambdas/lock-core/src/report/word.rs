//! The words of a report.

use serde::{Deserialize, Serialize};

use crate::word::words;

words! {
    /// The position of a latch.
    pub enum Latch("latch") {
        /// The latch holds the door.
        Locked = "locked",
        /// The latch releases the door.
        Unlocked = "unlocked",
        /// At neither end, by a bolt sensor.
        Jammed = "jammed",
        /// Not known to the device.
        Unknown = "unknown",
    }
}

words! {
    /// The result of the journalled command.
    pub enum Outcome("result") {
        /// The latch was moved as commanded.
        Executed = "executed",
        /// An unlock came too late and only used up its version (D2).
        Expired = "expired",
        /// The journal holds no command.
        None = "none",
    }
}

words! {
    /// What last moved the latch (after Matter's `OperationSource`).
    pub enum Source("source") {
        /// A command from the cloud.
        Remote = "remote",
        /// The lock's own timer (D5).
        Auto = "auto",
        /// A person at the door.
        Manual = "manual",
        /// Power-on, before any command.
        Boot = "boot",
    }
}

words! {
    /// Whether the device knows the time.
    pub enum Clock("clock") {
        /// Synced since boot, and recently.
        Synced = "synced",
        /// Not synced; the device refuses unlocks (D3).
        Unsynced = "unsynced",
    }
}

words! {
    /// The door leaf, if a sensor sees it.
    pub enum Door("door") {
        /// The leaf is away from its frame.
        Open = "open",
        /// The leaf is in its frame.
        Closed = "closed",
    }
}

/// Where a lock's settings come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Settings {
    /// From the settings file of its board.
    Stated,
    /// From its flash, because that file is missing or damaged.
    Kept,
    /// A word of newer firmware. It decides nothing; it is kept because the checksum covers it.
    Other(String),
}

impl From<String> for Settings {
    fn from(word: String) -> Self {
        match word.as_str() {
            "stated" => Self::Stated,
            "kept" => Self::Kept,
            _ => Self::Other(word),
        }
    }
}

impl From<Settings> for String {
    fn from(settings: Settings) -> Self {
        match settings {
            Settings::Stated => "stated".to_owned(),
            Settings::Kept => "kept".to_owned(),
            Settings::Other(word) => word,
        }
    }
}
