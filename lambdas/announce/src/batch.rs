//! A batch of a stream's records, and the answer that names the failed ones.
//! Must not know: what an item holds.
//!
//! Source: AWS Lambda developer guide, "Process DynamoDB records with Lambda", "Configuring partial
//! batch response with DynamoDB and Lambda".

use lock_aws::item::Key;
use serde_json::{Value, json};

/// An event that does not come from a table's stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read batch: {0}: only the event source of a table's stream may invoke this function")]
pub struct BatchError(&'static str);

impl BatchError {
    /// The stable code, the error's type for Lambda.
    pub fn code(&self) -> &'static str {
        "malformed"
    }
}

/// One record of a batch: a change of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the stream, for the answer.
    pub sequence: &'a str,
    whole: &'a Value,
}

/// Reads a stream's event, in the order of the stream. Shape: `{"Records":[{"eventName":"INSERT",
/// "dynamodb":{"Keys":{"pk":{"S":"lock#lock-1"},"sk":{"S":"event#…"}},"NewImage":{…},
/// "SequenceNumber":"111","StreamViewType":"NEW_AND_OLD_IMAGES",…},…}]}`.
///
/// # Errors
///
/// [`BatchError`] for the whole event: an answer about one half would lose the other.
pub fn read(event: &Value) -> Result<Vec<Record<'_>>, BatchError> {
    let records = event["Records"].as_array();
    let records = records.ok_or(BatchError("no Records"))?;
    records.iter().map(record).collect()
}

fn record(whole: &Value) -> Result<Record<'_>, BatchError> {
    let sequence = whole["dynamodb"]["SequenceNumber"].as_str();
    let sequence = sequence.filter(|sequence| !sequence.is_empty());
    Ok(Record {
        sequence: sequence.ok_or(BatchError("a record without a SequenceNumber"))?,
        whole,
    })
}

impl<'a> Record<'a> {
    /// Whether the item was removed, by its TTL for example.
    pub fn is_removal(&self) -> bool {
        self.whole["eventName"] == "REMOVE"
    }

    /// The item's key.
    pub fn key(&self) -> Option<Key> {
        let keys = &self.whole["dynamodb"]["Keys"];
        let text = |name: &str| keys[name]["S"].as_str().map(str::to_owned);
        Some(Key {
            pk: text("pk")?,
            sk: text("sk")?,
        })
    }

    /// The item before the change, if there was one.
    pub fn old_image(&self) -> Option<&'a Value> {
        self.whole["dynamodb"].get("OldImage")
    }

    /// The item after the change, unless it was removed.
    pub fn new_image(&self) -> Option<&'a Value> {
        self.whole["dynamodb"].get("NewImage")
    }
}

/// The answer that returns the failed records to the event source. It delivers the first of them
/// again, and all after it.
pub fn answer(failed: &[&str]) -> Value {
    let failures: Vec<Value> = failed
        .iter()
        .map(|sequence| json!({ "itemIdentifier": sequence }))
        .collect();
    json!({ "batchItemFailures": failures })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streams_event_is_read_record_by_record() {
        let event = json!({"Records": [
            {
                "eventID": "e", "eventName": "MODIFY", "eventVersion": "1.1",
                "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1_763_779_512,
                    "Keys": {"pk": {"S": "lock#lock-1"}, "sk": {"S": "record"}},
                    "NewImage": {"a": {"N": "2"}}, "OldImage": {"a": {"N": "1"}},
                    "SequenceNumber": "111", "SizeBytes": 26,
                    "StreamViewType": "NEW_AND_OLD_IMAGES"
                },
                "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/s"
            },
            {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "112"}}
        ]});
        let records = read(&event).expect("a batch");
        let [first, second] = records[..] else {
            panic!("two records: {records:?}");
        };
        assert_eq!((first.sequence, second.sequence), ("111", "112"));
        assert_eq!((first.is_removal(), second.is_removal()), (false, true));
        let key = first.key().expect("a key");
        assert_eq!(
            (key.pk.as_str(), key.sk.as_str()),
            ("lock#lock-1", "record")
        );
        assert_eq!(first.new_image(), Some(&json!({"a": {"N": "2"}})));
        assert_eq!(first.old_image(), Some(&json!({"a": {"N": "1"}})));
        assert_eq!(
            (second.key(), second.new_image(), second.old_image()),
            (None, None, None)
        );
        assert_eq!(read(&json!({"Records": []})), Ok(Vec::new()));
    }

    #[test]
    fn an_event_that_is_not_a_batch_is_refused_as_a_whole() {
        let good = json!({"dynamodb": {"SequenceNumber": "1"}});
        for (event, problem) in [
            (json!({}), "no Records"),
            (json!([]), "no Records"),
            (json!({"Records": {}}), "no Records"),
            (
                json!({"Records": [good, 7]}),
                "a record without a SequenceNumber",
            ),
            (
                json!({"Records": [{"dynamodb": {"SequenceNumber": ""}}]}),
                "a record without a SequenceNumber",
            ),
        ] {
            assert_eq!(read(&event), Err(BatchError(problem)), "{event}");
        }
    }

    #[test]
    fn an_answer_names_the_failed_records_and_no_others() {
        assert_eq!(answer(&[]), json!({"batchItemFailures": []}));
        let failures = [
            json!({"itemIdentifier": "1"}),
            json!({"itemIdentifier": "3"}),
        ];
        assert_eq!(answer(&["1", "3"]), json!({"batchItemFailures": failures}));
    }
}
