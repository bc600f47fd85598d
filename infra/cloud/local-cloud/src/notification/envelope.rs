//! The JSON that SNS wraps around a message, unless it is delivered raw.
//!
//! Source: SNS developer guide, "Parsing Amazon SNS message formats".

use serde_json::{Map, Value, json};

use super::Content;
use crate::clock::iso_8601;

/// The envelope of a message, with an empty signature.
pub fn envelope(topic_arn: &str, id: &str, content: &Content, now_ms: u64, region: &str) -> String {
    let mut envelope = json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": topic_arn,
        "Message": content.message,
        "Timestamp": iso_8601(now_ms),
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": format!("https://sns.{region}.amazonaws.com/"),
        "UnsubscribeURL": format!("https://sns.{region}.amazonaws.com/?Action=Unsubscribe"),
    });
    if let Some(subject) = &content.subject {
        envelope["Subject"] = subject.as_str().into();
    }
    if !content.attributes.is_empty() {
        let attributes = content.attributes.iter();
        let attributes: Map<String, Value> = attributes
            .map(|(name, a)| (name.clone(), json!({"Type": a.data_type, "Value": a.value})))
            .collect();
        envelope["MessageAttributes"] = attributes.into();
    }
    envelope.to_string()
}
