//! A message of a queue. Must not know: what it says.
//!
//! Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS".

use lock_core::time::UnixMillis;
use serde_json::Value;

/// One message of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message's id, for the answer.
    pub id: &'a str,
    /// The text that was sent.
    pub body: &'a str,
    /// When the text was sent.
    pub sent_at: UnixMillis,
    /// How often the message was received, including this time.
    pub receives: u64,
}

impl<'a> Message<'a> {
    /// Reads a record of a queue's event. Shape: `{"messageId":"…","body":"…","attributes":
    /// {"SentTimestamp":"1763779512345","ApproximateReceiveCount":"1",…},…}`.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn read(record: &'a Value) -> Result<Self, &'static str> {
        let id = record["messageId"].as_str().filter(|id| !id.is_empty());
        let body = record["body"].as_str();
        let number = |name: &str| record["attributes"][name].as_str()?.parse().ok();
        let sent_at = number("SentTimestamp").map(UnixMillis);
        Ok(Self {
            id: id.ok_or("a record without a messageId")?,
            body: body.ok_or("a record without a body")?,
            sent_at: sent_at.ok_or("a record without a SentTimestamp")?,
            receives: number("ApproximateReceiveCount").unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(id: &str, body: &str) -> Value {
        json!({
            "messageId": id, "receiptHandle": "r", "body": body,
            "attributes": {
                "ApproximateReceiveCount": "2", "SentTimestamp": "1763779512345",
                "SenderId": "s", "ApproximateFirstReceiveTimestamp": "1763779512400"
            },
            "messageAttributes": {}, "md5OfBody": "…", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:q", "awsRegion": "us-east-1"
        })
    }

    #[test]
    fn a_message_is_read_with_its_time_and_its_receives() {
        for (id, body) in [("a", "{}"), ("b", "")] {
            let message = Message {
                id,
                body,
                sent_at: UnixMillis(1_763_779_512_345),
                receives: 2,
            };
            assert_eq!(Message::read(&record(id, body)), Ok(message));
        }
    }

    #[test]
    fn a_record_that_is_not_a_message_is_refused_with_what_is_missing() {
        let without = |path: &str| {
            let mut broken = record("b", "{}");
            *broken.pointer_mut(path).unwrap() = Value::Null;
            broken
        };
        for (record, problem) in [
            (json!(7), "a record without a messageId"),
            (record("", "{}"), "a record without a messageId"),
            (without("/messageId"), "a record without a messageId"),
            (without("/body"), "a record without a body"),
            (
                without("/attributes/SentTimestamp"),
                "a record without a SentTimestamp",
            ),
        ] {
            assert_eq!(Message::read(&record), Err(problem), "{record}");
        }
    }
}
