//! The metrics that AWS's services write about themselves. Only those named here are written.
//!
//! Source: AWS Lambda developer guide, "Types of metrics for Lambda functions"; SQS developer
//! guide, "Available CloudWatch metrics for Amazon SQS".

use super::{Datum, Key, Metrics, embedded};
use lambda_host::{Notice, Outcome};

impl Metrics {
    /// Records a notice of a function: `AWS/Lambda`, per function and for all of them, and the
    /// metrics in its log lines.
    pub(crate) fn observe_function(&self, notice: &Notice, now_ms: u64) {
        match notice {
            Notice::Queued { function, .. } => {
                self.lambda(function, "AsyncEventsReceived", 1.0, now_ms);
            }
            Notice::Invoked {
                function,
                running,
                age_ms,
                ..
            } => {
                self.lambda(function, "Invocations", 1.0, now_ms);
                self.lambda(function, "ConcurrentExecutions", *running as f64, now_ms);
                if let Some(age_ms) = age_ms {
                    self.lambda(function, "AsyncEventAge", *age_ms as f64, now_ms);
                }
            }
            Notice::Completed {
                function,
                usage,
                outcome,
                ..
            } => {
                self.lambda(function, "Duration", usage.duration_ms, now_ms);
                let failed = matches!(outcome, Outcome::Failure(_));
                self.lambda(function, "Errors", f64::from(u8::from(failed)), now_ms);
            }
            Notice::Throttled { function, .. } => self.lambda(function, "Throttles", 1.0, now_ms),
            Notice::GivenUp { function, .. } => {
                self.lambda(function, "AsyncEventsDropped", 1.0, now_ms);
            }
            Notice::Log { function, line } => self.record_line(function, line, now_ms),
            Notice::Retrying { .. } => {}
        }
    }

    /// Counts an event that did not reach its on-failure destination.
    pub(crate) fn destination_failed(&self, function: &str, now_ms: u64) {
        self.lambda(function, "DestinationDeliveryFailures", 1.0, now_ms);
    }

    /// Records the age of the last record of a stream in an invocation.
    pub(crate) fn record_iterator_age(&self, function: &str, age_ms: u64, now_ms: u64) {
        self.lambda(function, "IteratorAge", age_ms as f64, now_ms);
    }

    fn record_line(&self, function: &str, line: &str, now_ms: u64) {
        match embedded::read(line) {
            Ok(data) => data.into_iter().for_each(|datum| self.record(datum)),
            Err(error) => {
                tracing::warn!(function, %error, "metric dropped");
                let dimensions = [("FunctionName", function)];
                self.count(
                    Key::new("AWS/Logs", "EMFValidationErrors", &dimensions),
                    now_ms,
                );
            }
        }
    }

    fn lambda(&self, function: &str, name: &str, value: f64, at_ms: u64) {
        let unit = match name {
            "Duration" | "AsyncEventAge" | "IteratorAge" => "Milliseconds",
            _ => "Count",
        };
        for dimensions in [&[("FunctionName", function)][..], &[]] {
            self.record(Datum {
                key: Key::new("AWS/Lambda", name, dimensions),
                unit: unit.to_owned(),
                at_ms,
                values: vec![value],
            });
        }
    }

    /// Records a metric of a queue: `AWS/SQS`.
    pub(crate) fn record_queue(&self, queue: &str, name: &str, count: usize, now_ms: u64) {
        self.record(Datum {
            key: Key::new("AWS/SQS", name, &[("QueueName", queue)]),
            unit: "Count".to_owned(),
            at_ms: now_ms,
            values: vec![count as f64],
        });
    }
}
