//! What can be asked of a lock and by which click. Must not know the state of
//! any lock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a command tells a lock to do; never a toggle, which would depend on
/// what the device believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Close the latch. Safe at any time, so it never expires.
    Lock,
    /// Open the latch. Only within the command's life.
    Unlock,
}

/// What a person asks for: an action, or the other one (C6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// Lock, from every state.
    Lock,
    /// Unlock, from every state.
    Unlock,
    /// Unlock when the door is known to be locked, else lock.
    Toggle,
}

/// How the button was pressed, in AWS's vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ClickType {
    /// One short press.
    Single,
    /// Two short presses.
    Double,
    /// One long press.
    Long,
}

/// A word that is none of those expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {word:?}")]
pub struct UnknownWord {
    /// What was looked for: `action` or `click type`.
    pub what: &'static str,
    /// The word that stood there.
    pub word: String,
}

impl Action {
    /// The word on the wire: `lock` or `unlock`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Lock => "lock",
            Action::Unlock => "unlock",
        }
    }
}

impl Intent {
    /// The word on the wire: `lock`, `unlock` or `toggle`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Intent::Lock => "lock",
            Intent::Unlock => "unlock",
            Intent::Toggle => "toggle",
        }
    }
}

impl ClickType {
    /// The word on the wire: `SINGLE`, `DOUBLE` or `LONG`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ClickType::Single => "SINGLE",
            ClickType::Double => "DOUBLE",
            ClickType::Long => "LONG",
        }
    }
}

impl FromStr for Intent {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Intent, UnknownWord> {
        match word {
            "lock" => Ok(Intent::Lock),
            "unlock" => Ok(Intent::Unlock),
            "toggle" => Ok(Intent::Toggle),
            _ => Err(UnknownWord {
                what: "action",
                word: word.to_owned(),
            }),
        }
    }
}

impl FromStr for ClickType {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<ClickType, UnknownWord> {
        match word {
            "SINGLE" => Ok(ClickType::Single),
            "DOUBLE" => Ok(ClickType::Double),
            "LONG" => Ok(ClickType::Long),
            _ => Err(UnknownWord {
                what: "click type",
                word: word.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Intent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ClickType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};

    use serde::de::DeserializeOwned;

    use super::*;

    /// The word of a value is the same wherever it is written or read.
    fn check<T: Copy + Debug + PartialEq + Display + Serialize + DeserializeOwned>(
        rows: &[(T, &str)],
        as_str: fn(T) -> &'static str,
    ) {
        for (value, word) in rows {
            assert_eq!(as_str(*value), *word);
            assert_eq!(value.to_string(), *word);
            assert_eq!(serde_json::to_value(value).unwrap(), *word);
            assert_eq!(serde_json::from_value::<T>((*word).into()).unwrap(), *value);
        }
    }

    #[test]
    fn a_word_is_the_same_on_the_wire_in_the_table_and_for_a_person() {
        check(
            &[(Action::Lock, "lock"), (Action::Unlock, "unlock")],
            Action::as_str,
        );
        let intents = [
            (Intent::Lock, "lock"),
            (Intent::Unlock, "unlock"),
            (Intent::Toggle, "toggle"),
        ];
        let clicks = [
            (ClickType::Single, "SINGLE"),
            (ClickType::Double, "DOUBLE"),
            (ClickType::Long, "LONG"),
        ];
        check(&intents, Intent::as_str);
        check(&clicks, ClickType::as_str);
        for (intent, word) in intents {
            assert_eq!(word.parse(), Ok(intent));
        }
        for (click, word) in clicks {
            assert_eq!(word.parse(), Ok(click));
        }
        let unknown = "open".parse::<Intent>().unwrap_err();
        assert_eq!(unknown.to_string(), "unknown action \"open\"");
        let unknown = "single".parse::<ClickType>().unwrap_err();
        assert_eq!(unknown.to_string(), "unknown click type \"single\"");
    }
}
