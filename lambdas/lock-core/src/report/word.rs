//! The words of a report, as they are on the wire. Must not know what follows from
//! them.

use serde::{Deserialize, Serialize};

/// Where the latch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Latch {
    /// Locked.
    Locked,
    /// Unlocked.
    Unlocked,
    /// Neither could be reached; a bolt sensor says so.
    Jammed,
    /// Not known.
    Unknown,
}

/// What became of the journalled command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The latch was moved.
    Executed,
    /// An unlock came too late and only burned its version (D2).
    Expired,
    /// The journal is blank.
    None,
}

/// What last moved the latch (after Matter's `OperationSource`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A command.
    Remote,
    /// Auto-relock.
    Auto,
    /// A hand.
    Manual,
    /// Power-on.
    Boot,
}

/// Whether the device knows the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// Synced since boot, and not long ago.
    Synced,
    /// Not; the device refuses unlocks (D3).
    Unsynced,
}

/// The door leaf, where a sensor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Door {
    /// Open.
    Open,
    /// Closed.
    Closed,
}

/// Where the settings come from that a lock runs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Settings {
    /// The settings file of the board states them.
    Stated,
    /// That file was missing or damaged: these are the ones that the lock had kept
    /// in its flash.
    Kept,
    /// A word that this program does not know yet. It decides nothing, and is kept
    /// because the report's checksum covers it.
    Other(String),
}

impl From<String> for Settings {
    fn from(word: String) -> Settings {
        match word.as_str() {
            "stated" => Settings::Stated,
            "kept" => Settings::Kept,
            _ => Settings::Other(word),
        }
    }
}

impl From<Settings> for String {
    fn from(settings: Settings) -> String {
        match settings {
            Settings::Stated => "stated".to_owned(),
            Settings::Kept => "kept".to_owned(),
            Settings::Other(word) => word,
        }
    }
}
