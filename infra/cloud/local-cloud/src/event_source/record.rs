//! The event that a function gets for messages of a queue.
//!
//! *Source*: AWS Lambda developer guide, "Example Amazon SQS message event"; SQS API reference, "`ReceiveMessage`". Must not
//! know how messages are received.

use serde_json::{Value, json};

use crate::queue::{Delivery, Message};

/// The event of a batch, JSON.
pub fn event(deliveries: &[Delivery], queue_arn: &str, region: &str) -> Vec<u8> {
    let records: Vec<Value> = deliveries
        .iter()
        .map(|delivery| {
            let message = &delivery.message;
            json!({
                "messageId": message.id,
                "receiptHandle": delivery.receipt,
                "body": message.body,
                "attributes": attributes(message),
                "messageAttributes": {},
                "md5OfBody": md5_of(&message.body),
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": region,
            })
        })
        .collect();
    json!({ "Records": records }).to_string().into_bytes()
}

/// What SQS says of a message: texts all of them.
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

/// MD5 of a text, as SQS gives it for a check.
pub fn md5_of(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}
