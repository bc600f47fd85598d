//! A failed call on the table and its purpose, as a sentence. Must not know: how it is handled.

use std::fmt;

use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};

use crate::error::CallError;

/// A failed call on the table.
#[derive(Debug, thiserror::Error)]
pub struct StoreError {
    /// The call's purpose.
    pub task: Task,
    /// The table's name.
    pub table: String,
    /// Whether it may have been carried out: there was no answer, or an inconclusive one.
    pub unknown: bool,
    /// Why the call failed.
    pub source: CallError,
}

/// The purpose of a call on the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Describe the table itself.
    Describe,
    /// Read the record of a lock.
    ReadRecord(LockName),
    /// Read the binding of a button.
    ReadBinding(ButtonSerial),
    /// Read lines of a history.
    ReadHistory(Subject),
    /// Read the list of registered things.
    ReadList,
    /// Read the records of the registered locks.
    ReadRecords,
    /// Read the bindings of the registered buttons.
    ReadBindings,
    /// Read one shard of the due index.
    ReadDue(u64),
    /// Read the deployment's limits.
    ReadLimits,
    /// Write the deployment's limits.
    WriteLimits,
    /// Add to the list of registered things.
    AddToList(Subject),
    /// Write a line of a history.
    WriteLine(Subject),
    /// Commit a decision about a lock or button.
    Commit(Subject),
}

/// `read the record of lock-1 in table remote-lock`, without the cause.
impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = &self.table;
        match &self.task {
            Task::Describe => return write!(f, "look at table {table}"),
            Task::ReadRecord(lock) => write!(f, "read the record of {lock}")?,
            Task::ReadBinding(button) => write!(f, "read the binding of {button}")?,
            Task::ReadHistory(subject) => write!(f, "read the history of {}", subject.name())?,
            Task::ReadList => f.write_str("read the list of locks and buttons")?,
            Task::ReadRecords => f.write_str("read the records of all locks")?,
            Task::ReadBindings => f.write_str("read the bindings of all buttons")?,
            Task::ReadDue(shard) => write!(f, "read which records are due, shard {shard},")?,
            Task::ReadLimits => f.write_str("read the deployment's limits")?,
            Task::WriteLimits => f.write_str("write the deployment's limits")?,
            Task::AddToList(subject) => write!(f, "add {} to the list", subject.name())?,
            Task::WriteLine(subject) => write!(f, "write a line about {}", subject.name())?,
            Task::Commit(subject) => write!(f, "write what was decided on {}", subject.name())?,
        }
        write!(f, " in table {table}")
    }
}

#[cfg(test)]
mod tests {
    use crate::error::{Refused, chain};

    use super::*;

    #[test]
    fn each_error_is_one_sentence_that_names_what_failed_and_where() {
        let lock = || LockName::new("lock-1").expect("a name");
        let button = || ButtonSerial::new("G030JF").expect("a name");
        let denied = || {
            CallError::Refused(Refused {
                code: "AccessDeniedException".to_owned(),
                message: Some("no".to_owned()),
            })
        };
        for (task, wanted) in [
            (Task::Describe, "look at table t"),
            (
                Task::ReadRecord(lock()),
                "read the record of lock-1 in table t",
            ),
            (
                Task::ReadBinding(button()),
                "read the binding of G030JF in table t",
            ),
            (
                Task::ReadHistory(Subject::Lock(lock())),
                "read the history of lock-1 in table t",
            ),
            (
                Task::ReadList,
                "read the list of locks and buttons in table t",
            ),
            (
                Task::ReadRecords,
                "read the records of all locks in table t",
            ),
            (
                Task::ReadBindings,
                "read the bindings of all buttons in table t",
            ),
            (
                Task::ReadDue(3),
                "read which records are due, shard 3, in table t",
            ),
            (Task::ReadLimits, "read the deployment's limits in table t"),
            (
                Task::WriteLimits,
                "write the deployment's limits in table t",
            ),
            (
                Task::AddToList(Subject::Button(button())),
                "add G030JF to the list in table t",
            ),
            (
                Task::WriteLine(Subject::Lock(lock())),
                "write a line about lock-1 in table t",
            ),
            (
                Task::Commit(Subject::Button(button())),
                "write what was decided on G030JF in table t",
            ),
        ] {
            let error = StoreError {
                task,
                table: "t".to_owned(),
                unknown: false,
                source: denied(),
            };
            assert_eq!(
                chain(&error),
                format!("{wanted}: AccessDeniedException: no")
            );
        }
    }
}
