//! Builds the event that passes messages of a queue or records of a stream to a function.
//!
//! Must not know: how they are received. Source: AWS Lambda developer guide, "Example Amazon SQS
//! message event" and "Example event" of DynamoDB.

use serde_json::{Value, json};

use crate::dynamodb::Change;
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

/// The record of a change in an event.
pub fn of_change(change: &Change, stream_arn: &str, region: &str) -> Value {
    let mut record = change.record.clone();
    record["awsRegion"] = region.into();
    record["eventSourceARN"] = stream_arn.into();
    // Lambda passes whole seconds.
    let seconds = &mut record["dynamodb"]["ApproximateCreationDateTime"];
    *seconds = (change.at_ms / 1000).into();
    record
}

/// The event with these records.
pub fn of_records(records: &[&Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}
