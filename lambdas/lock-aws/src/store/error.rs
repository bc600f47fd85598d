//! A failed call on the table and its purpose, in words. Must not know: how it is handled.

use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};

use crate::error::CallError;

/// A failed call on the table.
#[derive(Debug, thiserror::Error)]
#[error("{task} {table}")]
pub struct StoreError {
    /// The call's purpose.
    pub task: Task,
    /// The table's name.
    pub table: String,
    /// Whether the call may have been carried out: there was no answer, or an inconclusive one.
    pub unknown: bool,
    /// Why the call failed.
    pub source: CallError,
}

/// The purpose of a call on the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Task {
    /// Describe the table itself.
    #[error("describe table")]
    Describe,
    /// Read the record of a lock.
    #[error("read the record of {0} in table")]
    ReadRecord(LockName),
    /// Read the binding of a button.
    #[error("read the binding of {0} in table")]
    ReadBinding(ButtonSerial),
    /// Read lines of a history.
    #[error("read the history of {} in table", .0.name())]
    ReadHistory(Subject),
    /// Read the list of registered things.
    #[error("read the list of locks and buttons in table")]
    ReadList,
    /// Read the records of the registered locks.
    #[error("read the records of all locks in table")]
    ReadRecords,
    /// Read the bindings of the registered buttons.
    #[error("read the bindings of all buttons in table")]
    ReadBindings,
    /// Read one shard of the due index.
    #[error("read which records are due, shard {0}, in table")]
    ReadDue(u64),
    /// Read the deployment's limits.
    #[error("read the deployment's limits in table")]
    ReadLimits,
    /// Write the deployment's limits.
    #[error("write the deployment's limits in table")]
    WriteLimits,
    /// Read whether an announcement was sent.
    #[error("read the mark of announcement {0} in table")]
    ReadMark(String),
    /// Mark an announcement as sent.
    #[error("write the mark of announcement {0} in table")]
    WriteMark(String),
    /// Read what the state messages of a lock need from before.
    #[error("read what is kept about {0} in table")]
    ReadKept(LockName),
    /// Keep something for the state messages of a lock.
    #[error("keep something about {0} in table")]
    WriteKept(LockName),
    /// Read the labels of locks and buttons.
    #[error("read labels in table")]
    ReadLabels,
    /// Change the labels of a lock or button.
    #[error("change the labels of {} in table", .0.name())]
    ChangeLabels(Subject),
    /// Mark a button as retired, or remove the mark.
    #[error("mark {} as retired, or no longer, in table", .0.name())]
    MarkRetired(Subject),
    /// Add to the list of registered things.
    #[error("add {} to the list in table", .0.name())]
    AddToList(Subject),
    /// Write a line of a history.
    #[error("write a line about {} in table", .0.name())]
    WriteLine(Subject),
    /// Commit a decision about a lock or button.
    #[error("commit the decision about {} in table", .0.name())]
    Commit(Subject),
}

#[cfg(test)]
mod tests {
    use crate::error::chain;

    use super::*;

    #[test]
    fn each_error_is_one_sentence_that_names_what_failed_and_where() {
        let lock = || LockName::new("lock-1").expect("a name");
        let button = || ButtonSerial::new("G030JF").expect("a name");
        let denied = || CallError::Refused {
            code: "AccessDeniedException".to_owned(),
            message: Some("no".to_owned()),
        };
        for (task, wanted) in [
            (Task::Describe, "describe table t"),
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
                Task::ReadMark("forced#event#1".to_owned()),
                "read the mark of announcement forced#event#1 in table t",
            ),
            (
                Task::WriteMark("forced#event#1".to_owned()),
                "write the mark of announcement forced#event#1 in table t",
            ),
            (
                Task::ReadKept(lock()),
                "read what is kept about lock-1 in table t",
            ),
            (
                Task::WriteKept(lock()),
                "keep something about lock-1 in table t",
            ),
            (Task::ReadLabels, "read labels in table t"),
            (
                Task::MarkRetired(Subject::Button(button())),
                "mark G030JF as retired, or no longer, in table t",
            ),
            (
                Task::ChangeLabels(Subject::Lock(lock())),
                "change the labels of lock-1 in table t",
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
                "commit the decision about G030JF in table t",
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
