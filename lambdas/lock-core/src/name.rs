//! Names of locks and buttons, as topics carry them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name of a thing that AWS allows.
pub const NAME_BYTES_MAX: usize = 128;

/// Why a name was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// An empty name, or one longer than [`NAME_BYTES_MAX`].
    #[error("name of {0} bytes: wanted 1 to {NAME_BYTES_MAX}")]
    Length(usize),
    /// A character outside `a-z A-Z 0-9 : _ -`; a topic wildcard or a key separator, for instance.
    #[error("name with character {0:?}: wanted letters, digits, ':', '_' or '-'")]
    Character(char),
}

fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(NameError::Length(name.len()));
    }
    match name
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-')))
    {
        Some(c) => Err(NameError::Character(c)),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        ///
        /// It has 1 to 128 characters of `a-z A-Z 0-9 : _ -`, AWS's rule for names of things. It
        /// holds no `#`, so a key made of it cannot be read as another key.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Checks a name from a topic or a command line.
            ///
            /// # Errors
            ///
            /// [`NameError`] if the name breaks that rule.
            pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                check(&name)?;
                Ok(Self(name))
            }

            /// The name as in topics and keys.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(name: String) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;
            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
    };
}

name! {
    /// The thing name of a lock, and the last level of its command topic: `lock-1` in
    /// `remote-lock/lock-1`.
    LockName
}

name! {
    /// The serial of a button, from the press topic that its policy guards: `button-1`, or
    /// `G030JF055364XVRB` for AWS's own.
    ButtonSerial
}

impl LockName {
    /// The topic of this lock's commands.
    pub fn command_topic(&self) -> String {
        format!("remote-lock/{self}")
    }

    /// The topic of operators' requests to this lock.
    pub fn request_topic(&self) -> String {
        format!("remote-lock/{self}/request")
    }

    /// The topic of this lock's state, for readers. No device reads it.
    pub fn state_topic(&self) -> String {
        format!("remote-lock-state/{self}")
    }

    /// The topic of this lock's state for readers whose own broker would keep what it gets as kept.
    pub fn live_topic(&self) -> String {
        format!("remote-lock-live/{self}")
    }

    /// The topic of this lock's events, for readers. No device reads it.
    pub fn event_topic(&self) -> String {
        format!("remote-lock-event/{self}")
    }
}

impl ButtonSerial {
    /// The topic of this button's presses.
    pub fn press_topic(&self) -> String {
        format!("iotbutton/{self}")
    }
}

/// A lock or a button, such as the one whose history contains an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A lock.
    Lock(LockName),
    /// A button. Its history has the events that belong to no lock.
    Button(ButtonSerial),
}

impl Subject {
    /// The name of the lock or button.
    pub fn name(&self) -> &str {
        match self {
            Self::Lock(lock) => lock.as_str(),
            Self::Button(button) => button.as_str(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_become_a_wildcard_or_another_key_are_refused() {
        let cases = [
            ("lock-1", Ok(())),
            ("G030JF055364XVRB", Ok(())),
            ("", Err(NameError::Length(0))),
            ("+", Err(NameError::Character('+'))),
            ("a#record", Err(NameError::Character('#'))),
            ("a/b", Err(NameError::Character('/'))),
            ("türe", Err(NameError::Character('ü'))),
        ];
        for (name, wanted) in cases {
            assert_eq!(LockName::new(name).map(|_| ()), wanted, "{name}");
        }
        assert_eq!(
            ButtonSerial::new("x".repeat(129)),
            Err(NameError::Length(129))
        );
        assert!(ButtonSerial::new("x".repeat(128)).is_ok());
    }

    #[test]
    fn the_topics_of_a_name_are_those_of_the_rules_and_policies() {
        let lock = LockName::new("lock-1").unwrap();
        assert_eq!(lock.command_topic(), "remote-lock/lock-1");
        assert_eq!(lock.request_topic(), "remote-lock/lock-1/request");
        assert_eq!(lock.state_topic(), "remote-lock-state/lock-1");
        assert_eq!(lock.live_topic(), "remote-lock-live/lock-1");
        assert_eq!(lock.event_topic(), "remote-lock-event/lock-1");
        let button = ButtonSerial::new("button-1").unwrap();
        assert_eq!(button.press_topic(), "iotbutton/button-1");
        assert_eq!(button.to_string(), String::from(button.clone()));
    }

    #[test]
    fn a_stored_name_is_checked_when_it_is_read() {
        assert!(serde_json::from_str::<LockName>("\"lock-1\"").is_ok());
        assert!(serde_json::from_str::<LockName>("\"lock#1\"").is_err());
    }
}
