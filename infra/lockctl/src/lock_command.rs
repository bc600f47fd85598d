//! The lock command of an operation, for a lock that is not known to be locked. The sweep sends it:
//! nobody but the functions may publish a command.

use lock_core::Decision;
use lock_core::command::Version;
use lock_core::label::Names;
use lock_core::name::LockName;
use lock_core::reason::Verdict;
use serde_json::{Value, json};

/// A committed lock command.
#[derive(Debug, Clone, Copy)]
pub struct LockCommand {
    /// The command's version.
    pub version: Version,
}

impl LockCommand {
    /// The lock command of a committed decision, if it has one.
    pub fn of(decision: &Decision) -> Option<Self> {
        let event = &decision.writes.event;
        let version = event
            .version
            .filter(|_| decision.verdict == Verdict::Command);
        version.map(|version| Self { version })
    }

    /// One line about the lock that a button can no longer command.
    pub fn line(self, lock: &LockName, names: &Names) -> String {
        format!("{} is not known to be locked: {self}", names.lock(lock))
    }
}

impl std::fmt::Display for LockCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = self.version;
        write!(
            f,
            "lock command {version} is committed, and the sweep will send it within a minute"
        )
    }
}

/// Adds to a JSON object `locked`, the command's version.
pub fn add_to(mut body: Value, command: Option<&LockCommand>) -> Value {
    body["locked"] = json!(command.map(|command| command.version));
    body
}
