//! The message about records that were given up.
//!
//! Must not know: how it is sent. Source: AWS Lambda developer guide, "Retaining discarded batches
//! for a DynamoDB event source in Lambda".

use serde_json::{Value, json};

use crate::clock::iso_8601;
use crate::dynamodb::Change;

/// Why records are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    RetriesExhausted,
    TooOld,
}

impl Condition {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetryAttemptsExhausted",
            Self::TooOld => "RecordAgeExceeded",
        }
    }
}

/// Records that were given up.
pub struct Discarded<'a> {
    pub changes: &'a [Change],
    pub condition: Condition,
    pub invocations: u64,
    /// Whether the last invocation failed; `None` if the function reported the failures, or was
    /// not invoked.
    pub function_error: Option<&'static str>,
    pub function_arn: &'a str,
    pub stream_arn: &'a str,
    pub shard_id: &'a str,
}

impl Discarded<'_> {
    pub fn message(&self, now_ms: u64) -> Value {
        let (first, last) = (self.changes.first(), self.changes.last());
        let number = |change: Option<&Change>| change.map(|change| change.number.clone());
        let arrival = |change: Option<&Change>| change.map(|change| seconds(change.at_ms));
        let mut message = json!({
            "requestContext": {
                "requestId": uuid::Uuid::new_v4().to_string(),
                "functionArn": self.function_arn,
                "condition": self.condition.as_str(),
                "approximateInvokeCount": self.invocations,
            },
            "version": "1.0",
            "timestamp": iso_8601(now_ms),
            "DDBStreamBatchInfo": {
                "shardId": self.shard_id,
                "startSequenceNumber": number(first),
                "endSequenceNumber": number(last),
                "approximateArrivalOfFirstRecord": arrival(first),
                "approximateArrivalOfLastRecord": arrival(last),
                "batchSize": self.changes.len(),
                "streamArn": self.stream_arn,
            },
        });
        if self.invocations > 0 {
            message["responseContext"] = json!({"statusCode": 200, "executedVersion": "$LATEST"});
            if let Some(error) = self.function_error {
                message["responseContext"]["functionError"] = error.into();
            }
        }
        message
    }
}

/// `2026-03-01T12:00:00Z`.
fn seconds(ms: u64) -> String {
    iso_8601(ms - ms % 1000).replace(".000Z", "Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    // AWS same(stream): the message about discarded records has AWS's form; it names shard and
    //     sequence numbers, not the records
    // AWS different(stream): its requestId is that of the last invocation; here it is a new one.
    //     AWS may describe several discarded batches in one message; here there is one for each
    #[test]
    fn the_message_names_the_records_by_their_numbers() {
        let change = |number: &str, at_ms| Change {
            number: number.to_owned(),
            at_ms,
            record: Value::Null,
        };
        let changes = [
            change("11", 1_772_366_400_123),
            change("12", 1_772_366_401_999),
        ];
        let discarded = Discarded {
            changes: &changes,
            condition: Condition::RetriesExhausted,
            invocations: 2,
            function_error: Some("Unhandled"),
            function_arn: "arn:f",
            stream_arn: "arn:s",
            shard_id: "shard",
        };
        let message = discarded.message(1_772_366_402_345);
        let id = &message["requestContext"]["requestId"];
        assert_eq!(id.as_str().map(str::len), Some(36));
        let expected = json!({
            "requestContext": {
                "requestId": id,
                "functionArn": "arn:f",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 2,
            },
            "responseContext": {
                "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"
            },
            "version": "1.0",
            "timestamp": "2026-03-01T12:00:02.345Z",
            "DDBStreamBatchInfo": {
                "shardId": "shard",
                "startSequenceNumber": "11",
                "endSequenceNumber": "12",
                "approximateArrivalOfFirstRecord": "2026-03-01T12:00:00Z",
                "approximateArrivalOfLastRecord": "2026-03-01T12:00:01Z",
                "batchSize": 2,
                "streamArn": "arn:s",
            },
        });
        assert_eq!(message, expected);
        let never = Discarded {
            condition: Condition::TooOld,
            invocations: 0,
            function_error: None,
            ..discarded
        };
        let message = never.message(0);
        assert_eq!(message["requestContext"]["condition"], "RecordAgeExceeded");
        assert_eq!(message.get("responseContext"), None);
    }
}
