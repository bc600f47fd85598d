//! Notices: what the host reports about its functions and their invocations.

use serde_json::{Value, json};

/// What happens in and around functions.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// An asynchronous event entered the queue.
    Queued {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
    },
    /// An invocation was assigned to a process.
    Invoked {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// Whether a process must be started for it.
        cold: bool,
        /// Running invocations of the function, including this one.
        running: usize,
        /// For the first attempt of an asynchronous event: time in the queue, milliseconds.
        age_ms: Option<u64>,
    },
    /// An invocation ended.
    Completed {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// Duration of the attempt, including a cold start, milliseconds.
        duration_ms: u64,
        /// Resources used, as Lambda reports them.
        usage: Usage,
        /// Result of the invocation.
        outcome: Outcome,
    },
    /// An invocation was refused because the concurrency limit is reached.
    Throttled {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// For an asynchronous event: time to the next attempt in AWS, milliseconds.
        wait_ms: Option<u64>,
    },
    /// A line in the function's log: output of a process, or Lambda's own.
    Log {
        /// Function name.
        function: String,
        /// The line without its line break.
        line: String,
    },
    /// A failed asynchronous event waits for its next attempt.
    Retrying {
        /// Function name.
        function: String,
        /// Request id, the same for each attempt.
        request_id: String,
        /// Attempts made so far.
        attempts: u32,
        /// Time to the next attempt in AWS, milliseconds.
        wait_ms: u64,
    },
    /// An asynchronous event was given up.
    GivenUp {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// On-failure destination.
        destination: Option<String>,
        /// The record for the destination.
        record: Value,
    },
}

/// Resources that one invocation used, as Lambda reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Time in the handler, and in a repeated initialisation, milliseconds.
    pub duration_ms: f64,
    /// Time of the initialisation, milliseconds; `None` for a warm start.
    pub init_ms: Option<f64>,
    /// Peak memory of the process, MB; `None` if the system does not report it.
    pub memory_mb: Option<u64>,
}

impl Usage {
    /// Billed duration, milliseconds: both times, rounded up.
    pub fn billed_ms(&self) -> u64 {
        // Times are far below 2^53 ms and never negative.
        (self.duration_ms + self.init_ms.unwrap_or(0.0)).ceil() as u64
    }
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The handler's response.
    Success(Vec<u8>),
    /// The handler or the runtime failed, or a limit was exceeded.
    Failure(Failure),
}

/// An error as the function's caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Error type, such as `Runtime.ExitError`.
    pub error_type: String,
    /// Error message for people.
    pub message: String,
    /// The whole error response, with anything that the runtime added (such as a stack trace).
    pub payload: Value,
}

impl Failure {
    /// A failure that Lambda itself reports.
    pub(super) fn new(error_type: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            payload: json!({"errorType": error_type, "errorMessage": message}),
            error_type: error_type.to_owned(),
            message,
        }
    }
}
