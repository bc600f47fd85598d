//! Changes of an execution that need more than a status, and why changes are refused.
//!
//! Must not know: MQTT, HTTP.

use std::collections::BTreeMap;

/// Why a call of the control plane is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    #[error("{0}")]
    NotFound(String),
    #[error("Job {id} already exists")]
    Exists { id: String },
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    State(String),
    #[error("{0}")]
    Version(String),
    #[error("{0}")]
    Storage(String),
}

/// What a device says with a status.
#[derive(Debug, Clone, Default)]
pub struct StatusUpdate {
    /// Replaces the details; `None` keeps them.
    pub details: Option<BTreeMap<String, String>>,
    /// Minutes until the step times out.
    pub step_minutes: Option<i64>,
}

/// How one execution is cancelled.
#[derive(Debug, Clone, Default)]
pub struct CancelExecution {
    pub force: bool,
    pub expected_version: Option<u64>,
    pub details: BTreeMap<String, String>,
}
