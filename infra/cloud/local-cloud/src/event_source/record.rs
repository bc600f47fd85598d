//! Builds the event that passes messages from a queue to a function.
//!
//! Must not know: how messages are received. Source: AWS Lambda developer guide, "Example Amazon
//! SQS message event".

use serde_json::{Value, json};

use crate::queue::{Delivery, attributes, md5_of};

pub fn of_messages(deliveries: &[Delivery], queue_arn: &str, region: &str) -> Vec<u8> {
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
