//! Reads the event sources of functions: `AWS::Lambda::EventSourceMapping` of a queue or of a
//! table's stream, and `SQS` and `DynamoDB` events.
//!
//! Source: the CloudFormation reference of the type, Lambda's API reference of
//! `CreateEventSourceMapping`, the SAM reference of both events.

mod stream;

use serde_json::{Value, json};

use super::error::{Problem, TemplateError};
use super::fields::Fields;
use super::identity::Owner;
use super::node::Data;
use super::resource::{EventSource, SourceKind};

/// Default number of messages in a batch.
const MESSAGES: u64 = 10;
/// Default number of records in a batch.
const RECORDS: u64 = 100;
/// Advice on settings that no source has here.
const UNSUPPORTED: [(&str, &str); 2] = [
    (
        "ProvisionedPollerConfig",
        "a queue is read as fast as its function accepts messages; remove it",
    ),
    (
        "TumblingWindowInSeconds",
        "windows have no state here; remove it, and add up in a table",
    ),
];
/// Advice on settings of a queue that are not supported.
const UNSUPPORTED_OF_QUEUE: [(&str, &str); 1] = [(
    "FilterCriteria",
    "every message is delivered; remove it, and filter in the function",
)];
/// Settings that Lambda refuses for a queue.
const OF_STREAMS_ONLY: [&str; 7] = [
    "StartingPosition",
    "StartingPositionTimestamp",
    "BisectBatchOnFunctionError",
    "MaximumRetryAttempts",
    "MaximumRecordAgeInSeconds",
    "ParallelizationFactor",
    "DestinationConfig",
];
/// The policy that SAM adds to a function with an `SQS` event.
const QUEUE_READER: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole";
/// The policy that SAM adds to a function with a `DynamoDB` event.
const STREAM_READER: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole";

/// An action and the ARN of its resource.
type Call = (&'static str, String);

/// A service that has event sources.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Queue,
    Stream,
}

impl Service {
    fn of(arn: &str) -> Option<Self> {
        match arn.split(':').nth(2) {
            Some("sqs") => Some(Self::Queue),
            Some("dynamodb") => Some(Self::Stream),
            _ => None,
        }
    }
}

/// The event source that SAM generates from an `SQS` event, and the policies that it adds to the
/// function's role.
pub(super) fn from_queue_event(
    owner: &Owner<'_>,
    id: String,
    mut fields: Fields,
) -> Result<(EventSource, Vec<Value>), TemplateError> {
    let queue_arn = fields.need_text("Queue")?;
    let function = owner.target_arn();
    let (source, _) = read(id, (Service::Queue, queue_arn), function, fields)?;
    Ok((source, vec![QUEUE_READER.into()]))
}

/// The event source that SAM generates from a `DynamoDB` event, and the policies that it adds to
/// the function's role.
pub(super) fn from_stream_event(
    owner: &Owner<'_>,
    id: String,
    mut fields: Fields,
) -> Result<(EventSource, Vec<Value>), TemplateError> {
    let stream_arn = fields.need_text("Stream")?;
    let mut policies = vec![STREAM_READER.into()];
    let function = owner.target_arn();
    let (source, allowed) = read(id, (Service::Stream, stream_arn), function, fields)?;
    if let Some((action, arn)) = allowed {
        let allow = json!({"Effect": "Allow", "Action": action, "Resource": arn});
        policies.push(json!({"Statement": [allow]}));
    }
    Ok((source, policies))
}

/// A mapping declared as a resource. SAM gives the function's role no permission on its source.
pub(super) fn mapping(id: &str, mut fields: Fields) -> Result<EventSource, TemplateError> {
    // A name or an ARN; replaced by the ARN once every function is known.
    let function = fields.need_text("FunctionName")?;
    let arn = fields.need_text("EventSourceArn")?;
    let Some(service) = Service::of(&arn) else {
        let reason = "only queues and streams of tables are supported; --inert \
                      AWS::Lambda::EventSourceMapping starts without such mappings";
        return Err(fields.refused("EventSourceArn", &arn, reason));
    };
    let (source, _) = read(id.to_owned(), (service, arn), function, fields)?;
    Ok(source)
}

/// Reads the settings of a source, and the call on its destination that SAM allows the function.
fn read(
    logical_id: String,
    (service, source_arn): (Service, String),
    function_arn: String,
    mut fields: Fields,
) -> Result<(EventSource, Option<Call>), TemplateError> {
    refuse_unsupported(&mut fields, &UNSUPPORTED)?;
    let mut allowed = None;
    let (kind, default) = match service {
        Service::Queue => (read_queue(&mut fields)?, MESSAGES),
        Service::Stream => {
            let reading;
            (reading, allowed) = stream::read(&mut fields)?;
            (SourceKind::Stream(reading), RECORDS)
        }
    };
    let source = EventSource {
        logical_id,
        source_arn,
        function_arn,
        batch_size: fields.integer("BatchSize", 1..=10_000)?.unwrap_or(default),
        window_s: fields
            .integer("MaximumBatchingWindowInSeconds", 0..=300)?
            .unwrap_or(0),
        reports_item_failures: reports_item_failures(&mut fields)?,
        enabled: fields.boolean("Enabled")?.unwrap_or(true),
        kind,
    };
    if service == Service::Queue && source.batch_size > 10 && source.window_s == 0 {
        let size = source.batch_size.to_string();
        let reason = "more than 10 needs a MaximumBatchingWindowInSeconds of at least 1";
        return Err(fields.refused("BatchSize", &size, reason));
    }
    fields.accept(&["Tags", "MetricsConfig"]);
    fields.finish()?;
    Ok((source, allowed))
}

fn read_queue(fields: &mut Fields) -> Result<SourceKind, TemplateError> {
    refuse_of_other_sources(fields, &OF_STREAMS_ONLY, "a queue has no such setting")?;
    refuse_unsupported(fields, &UNSUPPORTED_OF_QUEUE)?;
    let concurrency = match fields.map("ScalingConfig")? {
        Some(mut scaling) => {
            let most = scaling.integer("MaximumConcurrency", 2..=1000)?;
            scaling.finish()?;
            most
        }
        None => None,
    };
    Ok(SourceKind::Queue { concurrency })
}

fn refuse_unsupported(
    fields: &mut Fields,
    settings: &[(&str, &'static str)],
) -> Result<(), TemplateError> {
    for (key, advice) in settings {
        if let Some(node) = fields.take(key) {
            let what = format!("property {}", fields.name(key));
            let problem = Problem::unsupported(what, *advice);
            return Err(fields.place.error(node.at, problem));
        }
    }
    Ok(())
}

/// Refuses settings that only other kinds of sources have, as Lambda does.
fn refuse_of_other_sources(
    fields: &mut Fields,
    settings: &[&str],
    reason: &str,
) -> Result<(), TemplateError> {
    for key in settings {
        if let Some(node) = fields.take(key) {
            let value = node.as_text().unwrap_or("…");
            let what = fields.name(key);
            return Err(fields.place.refused(node.at, &what, value, reason));
        }
    }
    Ok(())
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
