//! A record of a table's stream: a change of one item. Must not know: what an item holds.
//!
//! Source: AWS Lambda developer guide, "Process DynamoDB records with Lambda".

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::item::{ItemError, Key, from_item, item_of_image};

/// An image that is missing, or not what its key promises.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A change without a new image, as a removal.
    #[error("the change has no NewImage")]
    Missing,
    /// The image cannot be read.
    #[error(transparent)]
    Item(#[from] ItemError),
}

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

    /// The item after the change.
    ///
    /// # Errors
    ///
    /// [`ImageError`] if there is none, or it cannot be read.
    pub fn read_new<T: DeserializeOwned>(&self) -> Result<T, ImageError> {
        let image = self.whole["dynamodb"].get("NewImage");
        let image = image.ok_or(ImageError::Missing)?;
        Ok(from_item(&item_of_image(image)?)?)
    }

    /// The item before the change, if there was one that can be read.
    pub fn read_old<T: DeserializeOwned>(&self) -> Option<T> {
        let image = self.whole["dynamodb"].get("OldImage")?;
        from_item(&item_of_image(image).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        type Item = BTreeMap<String, u8>;
        let item = |number| Item::from([("a".to_owned(), number)]);
        assert_eq!(first.read_new::<Item>().expect("an image"), item(2));
        assert_eq!(first.read_old::<Item>(), Some(item(1)));
        let missing = second.read_new::<Item>();
        assert!(matches!(missing, Err(ImageError::Missing)));
        assert_eq!((second.key(), second.read_old::<Item>()), (None, None));
        let other = first.read_new::<BTreeMap<String, String>>();
        assert!(matches!(other, Err(ImageError::Item(_))));
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
