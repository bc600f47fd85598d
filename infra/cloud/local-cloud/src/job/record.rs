//! Jobs and their executions, as they are saved.
//!
//! Must not know: MQTT, HTTP.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// State of an execution. Source: AWS IoT Core developer guide, "Jobs and job execution states".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Queued,
    InProgress,
    Succeeded,
    Failed,
    TimedOut,
    Rejected,
    Removed,
    Canceled,
}

impl Status {
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::InProgress,
        Self::Succeeded,
        Self::Failed,
        Self::TimedOut,
        Self::Rejected,
        Self::Removed,
        Self::Canceled,
    ];

    /// Its name in AWS's documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Rejected => "REJECTED",
            Self::Removed => "REMOVED",
            Self::Canceled => "CANCELED",
        }
    }

    /// The status of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the execution is over.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::InProgress)
    }
}

/// State of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobStatus {
    InProgress,
    Completed,
    Canceled,
}

impl JobStatus {
    /// Its name in AWS's documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Canceled => "CANCELED",
        }
    }
}

/// What one thing does for a job. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    pub status: Status,
    pub details: BTreeMap<String, String>,
    /// Its place among all executions, in the order in which they were queued.
    pub order: u64,
    /// AWS's `executionNumber`: 1, and one more if the thing gets the job again.
    pub number: u64,
    /// Grows by one with each change.
    pub version: u64,
    pub queued_at_ms: u64,
    pub started_at_ms: Option<u64>,
    pub updated_at_ms: u64,
    pub is_forced: bool,
    /// When it times out: by the job's limit, and by the device's own for a step.
    pub job_limit_ms: Option<u64>,
    pub step_limit_ms: Option<u64>,
}

impl Execution {
    pub(super) fn new(order: u64, number: u64, now_ms: u64) -> Self {
        Self {
            status: Status::Queued,
            details: BTreeMap::new(),
            order,
            number,
            version: 1,
            queued_at_ms: now_ms,
            started_at_ms: None,
            updated_at_ms: now_ms,
            is_forced: false,
            job_limit_ms: None,
            step_limit_ms: None,
        }
    }

    /// Moves to a status, with the job's time limit from the first start on.
    pub(super) fn enter(&mut self, status: Status, limit_ms: Option<u64>, now_ms: u64) {
        if status == Status::InProgress && self.started_at_ms.is_none() {
            self.started_at_ms = Some(now_ms);
            self.job_limit_ms = limit_ms.map(|ms| now_ms + ms);
        }
        if status.is_terminal() {
            (self.job_limit_ms, self.step_limit_ms) = (None, None);
        }
        self.status = status;
        self.version += 1;
        self.updated_at_ms = now_ms;
    }

    /// When it times out next.
    pub fn limit_ms(&self) -> Option<u64> {
        let limits = [self.job_limit_ms, self.step_limit_ms];
        limits.into_iter().flatten().min()
    }
}

/// A job. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub id: String,
    /// ARNs of things and groups.
    pub targets: Vec<String>,
    /// Whether things that join a group later get it too.
    pub is_continuous: bool,
    /// JSON, unchanged.
    pub document: String,
    pub description: Option<String>,
    /// Limit of one execution after its start, minutes.
    pub limit_minutes: Option<u64>,
    pub status: JobStatus,
    pub is_forced: bool,
    pub comment: Option<String>,
    pub reason_code: Option<String>,
    pub created_at_ms: u64,
    pub updated_at_ms: u64,
    pub completed_at_ms: Option<u64>,
    /// By thing.
    pub executions: BTreeMap<String, Execution>,
}
