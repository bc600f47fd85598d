//! The attributes and checksum that SQS gives with a message.
//!
//! Source: SQS API reference, `ReceiveMessage`.

use serde_json::{Value, json};

use super::Message;

/// The system attributes of a message; all values are strings.
pub fn attributes(message: &Message) -> Value {
    let first = message.first_received_ms.unwrap_or(message.sent.epoch_ms);
    let mut attributes = json!({
        "ApproximateReceiveCount": message.receives.to_string(),
        "SentTimestamp": message.sent.epoch_ms.to_string(),
        "SenderId": message.sender,
        "ApproximateFirstReceiveTimestamp": first.to_string(),
    });
    if let Some(from) = &message.from {
        attributes["DeadLetterQueueSourceArn"] = from.as_str().into();
    }
    attributes
}

pub fn md5_of(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}
