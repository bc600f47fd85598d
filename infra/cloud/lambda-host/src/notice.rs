//! What functions tell of themselves.
//!
//! Must not know who listens.

use serde_json::{Value, json};

/// What happens in and around functions.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// An asynchronous event was taken into the queue.
    Queued {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
    },
    /// An invocation was handed to a process.
    Invoked {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// Whether a process had to be started for it.
        cold: bool,
        /// Invocations of the function at work, this one included.
        running: usize,
        /// For the first attempt of an asynchronous event: how long it had been in the queue, milliseconds.
        age_ms: Option<u64>,
    },
    /// An invocation ended.
    Completed {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// Time from the start of the attempt (a cold start included) to its end, milliseconds.
        duration_ms: u64,
        /// What Lambda reports of it.
        usage: Usage,
        /// How it ended.
        outcome: Outcome,
    },
    /// An invocation was refused because as many are at work as may be.
    Throttled {
        /// Function name.
        function: String,
        /// Request id.
        request_id: String,
        /// For an asynchronous event: time to the next attempt, milliseconds, as it would be in AWS.
        wait_ms: Option<u64>,
    },
    /// A process wrote a line to standard output or standard error, or Lambda wrote one of its own.
    Log {
        /// Function name.
        function: String,
        /// The line without its end.
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
        /// Time to the next attempt, milliseconds.
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

/// What one invocation used, as Lambda reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Time in the handler (and in an initialisation that had to be repeated), milliseconds.
    pub duration_ms: f64,
    /// Time of the initialisation, where this invocation's process had to be started, milliseconds.
    pub init_ms: Option<f64>,
    /// Most memory that the process has used, MB; none where the system does not tell.
    pub memory_mb: Option<u64>,
}

impl Usage {
    /// What is paid for, milliseconds: both times, rounded up.
    pub fn billed_ms(&self) -> u64 {
        // Times are far below 2^53 ms and never negative.
        (self.duration_ms + self.init_ms.unwrap_or(0.0)).ceil() as u64
    }
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The handler answered with these bytes.
    Success(Vec<u8>),
    /// The handler, the runtime or a limit ended it.
    Failure(Failure),
}

/// An error as whoever invoked the function sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Error type such as `Runtime.ExitError`.
    pub error_type: String,
    /// Text.
    pub message: String,
    /// The whole answer, what the runtime added (a stack trace, say) included.
    pub payload: Value,
}

impl Failure {
    /// A failure that Lambda itself words.
    pub(super) fn new(error_type: &str, message: impl Into<String>) -> Failure {
        let message = message.into();
        Failure {
            payload: json!({"errorType": error_type, "errorMessage": message}),
            error_type: error_type.to_owned(),
            message,
        }
    }
}
