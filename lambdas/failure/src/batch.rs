//! A batch of a queue's messages, and the answer that names the failed ones.
//! Must not know: what a message says.
//!
//! Source: AWS Lambda developer guide, "Using Lambda with Amazon SQS", "Implementing partial batch
//! responses".

use lock_core::time::UnixMillis;
use serde_json::{Value, json};

/// An event that does not come from a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read batch: {0}: only a queue's event source may invoke this function")]
pub struct BatchError(&'static str);

impl BatchError {
    /// The stable code, the error's type for Lambda.
    pub fn code(&self) -> &'static str {
        "malformed"
    }
}

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

/// Reads a queue's event. Shape: `{"Records":[{"messageId":"…","body":"…","attributes":
/// {"SentTimestamp":"1763779512345","ApproximateReceiveCount":"1",…},…}]}`.
///
/// # Errors
///
/// [`BatchError`] for the whole event: an answer about one half would delete the other.
pub fn read(event: &Value) -> Result<Vec<Message<'_>>, BatchError> {
    let records = event["Records"].as_array();
    let records = records.ok_or(BatchError("no Records"))?;
    records.iter().map(message).collect()
}

fn message(record: &Value) -> Result<Message<'_>, BatchError> {
    let id = record["messageId"].as_str().filter(|id| !id.is_empty());
    let number = |name: &str| record["attributes"][name].as_str()?.parse().ok();
    Ok(Message {
        id: id.ok_or(BatchError("a record without a messageId"))?,
        body: record["body"]
            .as_str()
            .ok_or(BatchError("a record without a body"))?,
        sent_at: number("SentTimestamp")
            .map(UnixMillis)
            .ok_or(BatchError("a record without a SentTimestamp"))?,
        receives: number("ApproximateReceiveCount").unwrap_or(0),
    })
}

/// The answer that returns the failed messages to the queue, which deletes all others.
pub fn answer(failed: &[&str]) -> Value {
    let failures: Vec<Value> = failed
        .iter()
        .map(|id| json!({ "itemIdentifier": id }))
        .collect();
    json!({ "batchItemFailures": failures })
}

#[cfg(test)]
mod tests {
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
    fn a_queues_event_is_read_message_by_message() {
        let event = json!({"Records": [record("a", "{}"), record("b", "")]});
        let message = |id, body| Message {
            id,
            body,
            sent_at: UnixMillis(1_763_779_512_345),
            receives: 2,
        };
        assert_eq!(read(&event), Ok(vec![message("a", "{}"), message("b", "")]));
        assert_eq!(read(&json!({"Records": []})), Ok(Vec::new()));
    }

    #[test]
    fn an_event_that_is_not_a_batch_is_refused_as_a_whole() {
        let without = |path: &str| {
            let mut broken = record("b", "{}");
            *broken.pointer_mut(path).unwrap() = Value::Null;
            json!({"Records": [record("a", "{}"), broken]})
        };
        for (event, problem) in [
            (json!({}), "no Records"),
            (json!([]), "no Records"),
            (json!({"Records": {}}), "no Records"),
            (json!({"Records": [7]}), "a record without a messageId"),
            (without("/messageId"), "a record without a messageId"),
            (without("/body"), "a record without a body"),
            (
                without("/attributes/SentTimestamp"),
                "a record without a SentTimestamp",
            ),
        ] {
            assert_eq!(read(&event), Err(BatchError(problem)), "{event}");
        }
    }

    #[test]
    fn an_answer_names_the_failed_messages_and_no_others() {
        assert_eq!(answer(&[]), json!({"batchItemFailures": []}));
        let failures = [
            json!({"itemIdentifier": "a"}),
            json!({"itemIdentifier": "b"}),
        ];
        assert_eq!(answer(&["a", "b"]), json!({"batchItemFailures": failures}));
    }
}
