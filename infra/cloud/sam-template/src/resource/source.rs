//! Event sources of functions, as users of this crate see them.

use serde_json::Value;

/// An `AWS::Lambda::EventSourceMapping` of a queue or of a table's stream, or an `SQS` or
/// `DynamoDB` event of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    /// Logical id in the template.
    pub logical_id: String,
    /// ARN of the queue or stream.
    pub source_arn: String,
    /// ARN of the function.
    pub function_arn: String,
    /// Most messages or records in one invocation.
    pub batch_size: u64,
    /// How long messages or records are collected for one invocation, seconds.
    pub window_s: u64,
    /// Whether the function reports what of a batch failed (`ReportBatchItemFailures`).
    pub reports_item_failures: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The settings that only its kind of source has.
    pub kind: SourceKind,
}

/// The settings that only one kind of event source has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A queue.
    Queue {
        /// Most concurrent invocations; `None` for AWS's default.
        concurrency: Option<u64>,
    },
    /// A table's stream.
    Stream(StreamReading),
}

/// How the stream of a table is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamReading {
    /// Where reading starts at first.
    pub start: StartingPosition,
    /// Whether a batch that fails is split in two (`BisectBatchOnFunctionError`).
    pub bisects: bool,
    /// Retries of a failed batch; `None` for no limit.
    pub retries_max: Option<u64>,
    /// Largest age of a record, seconds; `None` for no limit.
    pub age_max_s: Option<u64>,
    /// Patterns (`FilterCriteria`), not yet parsed; a record must match one of them. All records
    /// match if there is none.
    pub filters: Vec<Value>,
    /// ARN of the queue or topic that learns which records were discarded.
    pub on_failure: Option<String>,
}

/// Where reading of a stream starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record (`TRIM_HORIZON`).
    TrimHorizon,
    /// With the first record after the start (`LATEST`).
    Latest,
}
