//! Reads `AWS::SQS::Queue`.
//!
//! Source: the CloudFormation reference of the type.

use super::error::{Problem, TemplateError};
use super::fields::Fields;
use super::identity::Identity;
use super::resource::{Queue, Redrive};

/// Default time that a received message stays hidden, seconds.
const VISIBILITY_S: u64 = 30;
/// Default time that a message is kept, seconds.
const RETENTION_S: u64 = 345_600;
/// Largest message, bytes, and the default. Raised from 256 KiB in 2025.
const MESSAGE_BYTES_MAX: u64 = 1_048_576;

/// Reads a queue.
pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Queue, TemplateError> {
    let redrive = fields.map("RedrivePolicy")?.map(read_redrive).transpose()?;
    // A function's source receives messages at once, so this has no effect.
    fields.integer("ReceiveMessageWaitTimeSeconds", 0..=20)?;
    let queue = Queue {
        logical_id: id.to_owned(),
        arn: identity.arn().to_owned(),
        name: identity.name,
        url: identity.reference,
        visibility_s: fields
            .integer("VisibilityTimeout", 0..=43_200)?
            .unwrap_or(VISIBILITY_S),
        delay_s: fields.integer("DelaySeconds", 0..=900)?.unwrap_or(0),
        retention_s: fields
            .integer("MessageRetentionPeriod", 60..=1_209_600)?
            .unwrap_or(RETENTION_S),
        message_bytes_max: fields
            .integer("MaximumMessageSize", 1024..=MESSAGE_BYTES_MAX)?
            .unwrap_or(MESSAGE_BYTES_MAX),
        redrive,
    };
    fields.accept(&[
        "QueueName",
        "SqsManagedSseEnabled",
        "KmsMasterKeyId",
        "Tags",
    ]);
    fields.finish()?;
    Ok(queue)
}

fn read_redrive(mut fields: Fields) -> Result<Redrive, TemplateError> {
    let target_arn = fields.need_text("deadLetterTargetArn")?;
    let most = fields.integer("maxReceiveCount", 1..=1000)?;
    let redrive = Redrive {
        target_arn,
        receives_max: most.ok_or_else(|| fields.missing("maxReceiveCount"))?,
    };
    fields.finish()?;
    Ok(redrive)
}

/// Lambda's error for a queue whose visibility timeout is shorter than the function's timeout.
pub(super) fn visibility_too_short(queue: &Queue, timeout_s: u64) -> Problem {
    Problem::Refused {
        what: format!("VisibilityTimeout of {}", queue.logical_id),
        value: queue.visibility_s.to_string(),
        reason: format!(
            "Queue visibility timeout: {} seconds is less than Function timeout: {timeout_s} \
             seconds; AWS recommends six times the function's",
            queue.visibility_s
        ),
    }
}
