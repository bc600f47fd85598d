//! The stack as CloudFormation describes it: its state, parameters and outputs.
//!
//! Must not know: how a stack is created, updated or deleted. Source: CloudFormation user guide,
//! "Stack status codes".

mod service;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::account::Account;
use crate::clock::Clock;
use crate::sync::lock;
use sam_template::Template;
pub use service::{CloudFormation, answer_forms};

/// The state of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// After its start.
    Created,
    /// After a reload.
    Updated,
    /// A deletion runs.
    Deleting,
    /// A resource could not be deleted.
    DeleteFailed,
    /// It is gone.
    Deleted,
}

impl Status {
    /// CloudFormation's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATE_COMPLETE",
            Self::Updated => "UPDATE_COMPLETE",
            Self::Deleting => "DELETE_IN_PROGRESS",
            Self::DeleteFailed => "DELETE_FAILED",
            Self::Deleted => "DELETE_COMPLETE",
        }
    }
}

/// A stack at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub name: String,
    /// Its ARN.
    pub id: String,
    pub status: Status,
    /// Why, if something failed.
    pub reason: Option<String>,
    pub created_ms: u64,
    pub updated_ms: Option<u64>,
    pub deleted_ms: Option<u64>,
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, String>,
}

/// The stack of this cloud; clones share it.
#[derive(Debug, Clone)]
pub struct Stack {
    clock: Clock,
    inner: Arc<Mutex<Description>>,
}

impl Stack {
    /// A created stack.
    pub fn new(name: &str, account: &Account, template: &Template, clock: Clock) -> Self {
        let id = uuid::Uuid::new_v4();
        let description = Description {
            name: name.to_owned(),
            id: account.arn("cloudformation", format!("stack/{name}/{id}")),
            status: Status::Created,
            reason: None,
            created_ms: clock.now_ms(),
            updated_ms: None,
            deleted_ms: None,
            parameters: template.parameters.clone(),
            outputs: template.outputs.clone(),
        };
        Self {
            clock,
            inner: Arc::new(Mutex::new(description)),
        }
    }

    /// The stack as it is now.
    pub fn describe(&self) -> Description {
        lock(&self.inner).clone()
    }

    /// Records that a changed template is in force. `has_changed` is whether a resource has
    /// changed.
    pub fn update(&self, template: &Template, has_changed: bool) {
        let mut stack = lock(&self.inner);
        let is_same = stack.parameters == template.parameters && stack.outputs == template.outputs;
        if is_same && !has_changed {
            return;
        }
        stack.parameters.clone_from(&template.parameters);
        stack.outputs.clone_from(&template.outputs);
        stack.status = Status::Updated;
        stack.reason = None;
        stack.updated_ms = Some(self.clock.now_ms());
    }

    /// Records that a deletion begins.
    pub fn begin_deletion(&self) {
        let mut stack = lock(&self.inner);
        stack.status = Status::Deleting;
        stack.reason = None;
        stack.deleted_ms = Some(self.clock.now_ms());
    }

    /// Records the end of a deletion, and the logical ids of what could not be deleted.
    pub fn end_deletion(&self, failed: &[&str]) {
        let mut stack = lock(&self.inner);
        if failed.is_empty() {
            stack.status = Status::Deleted;
            return;
        }
        stack.status = Status::DeleteFailed;
        let failed = failed.join(", ");
        stack.reason = Some(format!(
            "The following resource(s) failed to delete: [{failed}]. "
        ));
    }
}
