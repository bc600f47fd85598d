//! The lock command that an operation sends to a lock that is not known to be locked.

use lock_aws::{Operated, chain};
use lock_core::command::Version;
use lock_core::name::LockName;
use serde_json::{Value, json};

/// A committed lock command.
#[derive(Debug)]
pub struct LockCommand {
    /// The command's version.
    pub version: Version,
    /// Why it could not be sent yet; the sweep sends it.
    pub unsent: Option<String>,
}

impl LockCommand {
    /// The lock command of an operation, if it has one.
    pub fn of(operated: &Operated) -> Option<Self> {
        let publish = operated.decision.publish.as_ref()?;
        let unsent = operated.unpublished.as_ref();
        Some(Self {
            version: publish.command.version,
            unsent: unsent.map(|error| chain(error)),
        })
    }

    /// One line about the lock that a button can no longer command.
    pub fn line(&self, lock: &LockName) -> String {
        format!("{lock} is not known to be locked: {self}")
    }
}

impl std::fmt::Display for LockCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = self.version;
        match &self.unsent {
            None => write!(f, "lock command {version} sent"),
            Some(error) => write!(
                f,
                "lock command {version} committed but not sent ({error}); the sweep sends it \
                 within a minute"
            ),
        }
    }
}

/// Adds to a JSON object `locked`, the command's version, and `unpublished`, the error that kept it
/// from being sent.
pub fn add_to(mut body: Value, command: Option<&LockCommand>) -> Value {
    body["locked"] = json!(command.map(|command| command.version));
    body["unpublished"] = json!(command.and_then(|command| command.unsent.as_ref()));
    body
}
