//! Reads `AWS::SQS::Queue` and the event sources of queues: `SQS` events of functions and
//! `AWS::Lambda::EventSourceMapping`.
//!
//! Source: the CloudFormation reference of both types, the SAM reference of `SQS`.

use super::error::{Problem, TemplateError};
use super::fields::Fields;
use super::identity::{Identity, Owner};
use super::node::Data;
use super::resource::{EventSource, Queue, Redrive};

/// Default time that a received message stays hidden, seconds.
const VISIBILITY_S: u64 = 30;
/// Default time that a message is kept, seconds.
const RETENTION_S: u64 = 345_600;
/// Largest message, bytes, and the default. Raised from 256 KiB in 2025.
const MESSAGE_BYTES_MAX: u64 = 1_048_576;
/// Default number of messages in a batch.
const BATCH: u64 = 10;
/// Advice on unsupported properties of a source that would change behaviour.
const UNSUPPORTED: [(&str, &str); 2] = [
    (
        "FilterCriteria",
        "every message is delivered; remove it, and filter in the function",
    ),
    (
        "ProvisionedPollerConfig",
        "a queue is read as fast as its function accepts messages; remove it",
    ),
];

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

/// The event source that SAM generates from an `SQS` event.
pub(super) fn from_event(
    owner: &Owner<'_>,
    id: String,
    mut fields: Fields,
) -> Result<EventSource, TemplateError> {
    let queue_arn = fields.need_text("Queue")?;
    read_source(id, queue_arn, owner.target_arn(), fields)
}

/// A mapping declared as a resource. SAM gives the function's role no permission on the queue.
pub(super) fn mapping(id: &str, mut fields: Fields) -> Result<EventSource, TemplateError> {
    // A name or an ARN; replaced by the ARN once every function is known.
    let function = fields.need_text("FunctionName")?;
    let queue_arn = fields.need_text("EventSourceArn")?;
    if queue_arn.split(':').nth(2) != Some("sqs") {
        let reason = "only queues are supported";
        return Err(fields.refused("EventSourceArn", &queue_arn, reason));
    }
    read_source(id.to_owned(), queue_arn, function, fields)
}

fn read_source(
    logical_id: String,
    queue_arn: String,
    function_arn: String,
    mut fields: Fields,
) -> Result<EventSource, TemplateError> {
    for (key, advice) in UNSUPPORTED {
        if let Some(node) = fields.take(key) {
            let what = format!("property {}", fields.name(key));
            let problem = Problem::unsupported(what, advice);
            return Err(fields.place.error(node.at, problem));
        }
    }
    let concurrency = match fields.map("ScalingConfig")? {
        Some(mut scaling) => {
            let most = scaling.integer("MaximumConcurrency", 2..=1000)?;
            scaling.finish()?;
            most
        }
        None => None,
    };
    let source = EventSource {
        logical_id,
        queue_arn,
        function_arn,
        batch_size: fields.integer("BatchSize", 1..=10_000)?.unwrap_or(BATCH),
        window_s: fields
            .integer("MaximumBatchingWindowInSeconds", 0..=300)?
            .unwrap_or(0),
        reports_item_failures: reports_item_failures(&mut fields)?,
        enabled: fields.boolean("Enabled")?.unwrap_or(true),
        concurrency,
    };
    if source.batch_size > 10 && source.window_s == 0 {
        let size = source.batch_size.to_string();
        let reason = "more than 10 needs a MaximumBatchingWindowInSeconds of at least 1";
        return Err(fields.refused("BatchSize", &size, reason));
    }
    fields.accept(&["Tags", "MetricsConfig"]);
    fields.finish()?;
    Ok(source)
}

fn reports_item_failures(fields: &mut Fields) -> Result<bool, TemplateError> {
    let what = fields.name("FunctionResponseTypes");
    let types = fields.list("FunctionResponseTypes")?.unwrap_or_default();
    for kind in &types {
        match &kind.data {
            Data::String(name) if name == "ReportBatchItemFailures" => {}
            Data::String(name) => {
                let reason = "the only type is ReportBatchItemFailures";
                return Err(fields.place.refused(kind.at, &what, name, reason));
            }
            _ => return Err(fields.place.kind(kind.at, &what, "a list of texts")),
        }
    }
    Ok(!types.is_empty())
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
