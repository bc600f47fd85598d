//! Ids of commands. Nothing is random: an id is made from the identity of what caused the command.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::hash::fnv1a_128;
use crate::limits::COMMAND_ID_SENT_CHARS;
use crate::name::{ButtonSerial, LockName};

/// The id of one command. An id made here has [`COMMAND_ID_SENT_CHARS`] characters; a device may
/// report a longer one, made by another writer.
///
/// It is made from the identity of its cause (C1), so that a retry of a press makes the same id and
/// differs from a new press (C7). It is not a secret and may be guessed: a report must match id
/// *and* version (C9).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(String);

impl CommandId {
    /// The id of the command that a press causes: from the button's sequence, or from the press id
    /// if there is none.
    ///
    /// ```
    /// use lock_core::id::CommandId;
    /// use lock_core::name::ButtonSerial;
    ///
    /// let button = ButtonSerial::new("button-1")?;
    /// let first = CommandId::of_press(&button, "delivery-1", Some(412));
    /// assert_eq!(first, CommandId::of_press(&button, "delivery-2", Some(412)));
    /// assert_ne!(first, CommandId::of_press(&button, "delivery-1", None));
    /// # Ok::<(), lock_core::name::NameError>(())
    /// ```
    pub fn of_press(button: &ButtonSerial, press_id: &str, sequence: Option<u64>) -> Self {
        match sequence {
            Some(n) => Self::digest(&["press", button.as_str(), "sequence", &n.to_string()]),
            None => Self::digest(&["press", button.as_str(), "id", press_id]),
        }
    }

    /// The id of the command that a request causes.
    pub fn of_request(lock: &LockName, request_id: &str) -> Self {
        Self::digest(&["request", lock.as_str(), request_id])
    }

    /// The id of the system's command at `version` of a lock; a version has one command (S3).
    pub fn of_system(lock: &LockName, version: u64) -> Self {
        Self::digest(&["system", lock.as_str(), &version.to_string()])
    }

    /// An id as read from a device's report or from the table; any text is accepted.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as on the wire and in the table.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 128 bits of FNV-1a over the parts, in Crockford's base 32. Each part ends with a NUL byte,
    /// which no part contains.
    fn digest(parts: &[&str]) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let hash = fnv1a_128(parts.iter().flat_map(|part| part.bytes().chain([0])));
        let text = (0..COMMAND_ID_SENT_CHARS)
            .rev()
            .map(|digit| char::from(ALPHABET[(hash >> (5 * digit)) as usize & 31]))
            .collect();
        Self(text)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_makes_the_same_id_and_any_other_cause_a_different_one() {
        let button = ButtonSerial::new("button-1").unwrap();
        let other = ButtonSerial::new("button-11").unwrap();
        let id = CommandId::of_press(&button, "p1", Some(412));
        assert_eq!(id.as_str().len(), COMMAND_ID_SENT_CHARS);
        assert_eq!(
            id,
            CommandId::of_press(&button, "p2", Some(412)),
            "the sequence is the identity, not the delivery"
        );
        let others = [
            CommandId::of_press(&button, "p1", Some(413)),
            CommandId::of_press(&button, "p1", None),
            CommandId::of_press(&other, "p1", Some(412)),
            CommandId::of_request(&LockName::new("lock-1").unwrap(), "p1"),
            CommandId::of_request(&LockName::new("lock-2").unwrap(), "p1"),
            CommandId::of_system(&LockName::new("lock-1").unwrap(), 412),
        ];
        assert!(others.iter().all(|other| *other != id));
    }

    #[test]
    fn the_boundary_between_parts_changes_the_id() {
        let id = |lock: &str, version| CommandId::of_system(&LockName::new(lock).unwrap(), version);
        assert_ne!(id("lock-1", 11), id("lock-11", 1));
        let button = ButtonSerial::new("button-1").unwrap();
        assert_ne!(
            CommandId::of_press(&button, "p1", None),
            CommandId::of_press(&ButtonSerial::new("button-1idp").unwrap(), "1", None)
        );
    }

    /// The table holds ids of commands in flight, so a new release must make the same id when a
    /// press is retried.
    #[test]
    fn an_id_is_fnv_1a_in_base_32_in_every_release() {
        let button = ButtonSerial::new("button-1").unwrap();
        let lock = LockName::new("lock-1").unwrap();
        let ids = [
            CommandId::of_press(&button, "p1", Some(412)),
            CommandId::of_request(&lock, "r1"),
            CommandId::of_system(&lock, 11),
        ];
        assert_eq!(
            ids.map(|id| id.to_string()),
            [
                "6GC2TYQXCPGF1RYM3ADH4VEGCM",
                "5D7QDRR95WQN1HN43DA9RH0C74",
                "12KCSX3SASFFZXE14R40T2P6HZ"
            ]
        );
    }
}
