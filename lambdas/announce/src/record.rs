//! A record of a table's stream: a change of one item. Must not know: what an item holds.
//!
//! Source: AWS Lambda developer guide, "Process DynamoDB records with Lambda".

use lock_aws::item::Key;
use serde_json::Value;

/// One record of a batch: a change of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place in the stream, for the answer.
    pub sequence: &'a str,
    whole: &'a Value,
}

impl<'a> Record<'a> {
    /// Reads a record. Shape: `{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"lock#lock-1"},
    /// "sk":{"S":"event#…"}},"NewImage":{…},"SequenceNumber":"111",
    /// "StreamViewType":"NEW_AND_OLD_IMAGES",…},…}`.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn read(whole: &'a Value) -> Result<Self, &'static str> {
        let sequence = whole["dynamodb"]["SequenceNumber"].as_str();
        let sequence = sequence.filter(|sequence| !sequence.is_empty());
        Ok(Self {
            sequence: sequence.ok_or("a record without a SequenceNumber")?,
            whole,
        })
    }

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_read_with_its_key_and_its_images() {
        let records = [
            json!({
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
            }),
            json!({"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "112"}}),
        ];
        let [first, second] = records
            .each_ref()
            .map(|one| Record::read(one).expect("a record"));
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
    }

    #[test]
    fn a_record_without_its_place_in_the_stream_is_refused() {
        for record in [
            json!(7),
            json!({}),
            json!({"dynamodb": {"SequenceNumber": ""}}),
        ] {
            let problem = "a record without a SequenceNumber";
            assert_eq!(Record::read(&record), Err(problem), "{record}");
        }
    }
}
