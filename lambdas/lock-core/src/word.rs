//! Enums that are words on the wire, in the table and for people: one table for each.

/// A word that an enum does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} {word:?}: wanted {wanted}")]
pub struct UnknownWord {
    /// What the enum is: `action`, `click type`, …
    pub kind: &'static str,
    /// The word that was received.
    pub word: String,
    /// The words that the enum has: `lock, unlock`.
    pub wanted: String,
}

/// Defines an enum by the table of its words, and from it `ALL`, `as_str`, `Display`, `FromStr` and
/// serde's traits. The literal after the name says what the enum is. A word after `|` is an older
/// one, still read.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident($kind:literal) {
        $($(#[$doc:meta])* $variant:ident = $word:literal $(| $older:literal)?,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on the wire and in the table.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word $(| $older)? => Ok(Self::$variant),)*
                    _ => Err($crate::word::UnknownWord {
                        kind: $kind,
                        word: word.to_owned(),
                        wanted: [$($word),*].join(", "),
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                word.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::UnknownWord;
    use crate::action::{Action, ClickType, Intent};
    use crate::event::Kind;
    use crate::reason::{Alert, Verdict};
    use crate::record::Status;
    use crate::report::{Clock, Door, Latch, Outcome, Source};
    use crate::state::{Certainty, Moving};

    /// Each value has the same word for people, on the wire and in the table, and is read from it.
    fn check<T>(all: &[T], words: &str)
    where
        T: Copy + Debug + PartialEq + Display + Serialize + DeserializeOwned,
        T: FromStr<Err = UnknownWord>,
    {
        let said: Vec<String> = all.iter().map(T::to_string).collect();
        assert_eq!(said.join(" "), words);
        for (value, word) in all.iter().zip(said) {
            assert_eq!(word.parse::<T>().as_ref(), Ok(value));
            assert_eq!(serde_json::to_value(value).unwrap(), word);
            assert_eq!(serde_json::from_value::<T>(word.into()).unwrap(), *value);
        }
    }

    #[test]
    fn the_words_are_those_of_the_protocol() {
        check(Action::ALL, "lock unlock");
        check(Intent::ALL, "lock unlock toggle");
        check(ClickType::ALL, "SINGLE DOUBLE LONG");
        check(Latch::ALL, "locked unlocked jammed unknown");
        check(Outcome::ALL, "executed expired none");
        check(Source::ALL, "remote auto manual boot");
        check(Clock::ALL, "synced unsynced");
        check(Door::ALL, "open closed");
        check(Status::ALL, "settled pending unresponsive");
        check(Certainty::ALL, "sensed acknowledged assumed unknown");
        check(Moving::ALL, "locking unlocking");
        check(
            Verdict::ALL,
            "command resend settled noted unresponsive ignored refused given-up",
        );
        check(
            Kind::ALL,
            "press request report sweep revoke recover register bind unbind forget",
        );
        check(
            Alert::ALL,
            "implausible-version other-command unlocked-at-boot no-version-left \
             unlock-not-answered unresponsive jammed contested clock unlock-refused settings-kept \
             given-up not-published forced left-open battery-low",
        );
    }

    #[test]
    fn an_event_of_an_older_version_is_still_read() {
        assert_eq!("timeout".parse(), Ok(Kind::Sweep));
        assert_eq!(
            serde_json::from_str::<Kind>("\"timeout\"").unwrap(),
            Kind::Sweep
        );
    }

    #[test]
    fn an_unknown_word_is_refused_with_those_that_are_known() {
        let unknown = "open".parse::<Intent>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "unknown action \"open\": wanted lock, unlock, toggle"
        );
        let unknown = "single".parse::<ClickType>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "unknown click type \"single\": wanted SINGLE, DOUBLE, LONG"
        );
    }
}
