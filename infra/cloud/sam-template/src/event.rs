//! A function's `Events`, from which SAM generates schedules, topic rules and event sources.
//!
//! Source: the SAM reference of `EventSource`, `ScheduleV2`, `Schedule`, `IoTRule`, `SQS` and
//! `DynamoDB`.

use serde_json::Value;

use super::Context;
use super::advice;
use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::identity::Owner;
use super::inert;
use super::node::{Entry, Node, Position};
use super::resource::{Action, EventSource, Permission, Schedule, TopicRule};
use super::{schedule, section, source};

/// The resources that SAM generates from the events of one function.
#[derive(Default)]
pub(super) struct Generated {
    pub schedules: Vec<Schedule>,
    pub rules: Vec<TopicRule>,
    pub permissions: Vec<Permission>,
    pub sources: Vec<EventSource>,
    /// Policies for the role that SAM generates for the function.
    pub role_policies: Vec<Value>,
    /// Names of the events that never come.
    pub inert: Vec<(Position, String)>,
}

/// Events of services that are names only; they never come.
const INERT: [&str; 2] = ["Api", "HttpApi"];

const SUPPORTED: [&str; 5] = ["DynamoDB", "IoTRule", "Schedule", "ScheduleV2", "SQS"];
/// The other events of SAM. Source: SAM developer guide, "`EventSource`".
const UNSUPPORTED: [&str; 14] = [
    "AlexaSkill",
    "Api",
    "CloudWatchEvent",
    "CloudWatchLogs",
    "Cognito",
    "DocumentDB",
    "EventBridgeRule",
    "HttpApi",
    "Kinesis",
    "MQ",
    "MSK",
    "S3",
    "SelfManagedKafka",
    "SNS",
];

/// Reads a function's `Events`.
pub(super) fn read(
    owner: &Owner<'_>,
    context: &Context,
    fields: &mut Fields,
) -> Result<Generated, TemplateError> {
    let mut made = Generated::default();
    if let Some(events) = fields.map("Events")? {
        let place = events.place.clone();
        for event in events.rest() {
            section::check_id(&place, event.at, &event.key)?;
            let kind = event.value.get("Type").and_then(Node::as_text);
            let kind = kind.unwrap_or_default();
            if INERT.contains(&kind) || inert::is_asked(kind, context) {
                made.inert
                    .push((event.at, format!("{} ({kind})", event.key)));
                continue;
            }
            read_event(owner, &place, event, &mut made)?;
        }
    }
    Ok(made)
}

fn read_event(
    owner: &Owner<'_>,
    place: &Place,
    entry: Entry,
    made: &mut Generated,
) -> Result<(), TemplateError> {
    let path = format!("Events.{}", entry.key);
    let mut event = Fields::new(place.clone(), &path, entry.value)?;
    let kind = event.need_text("Type")?;
    let properties = event
        .map("Properties")?
        .ok_or_else(|| event.missing("Properties"));
    let id = format!("{}{}", owner.id, entry.key);
    match kind.as_str() {
        "ScheduleV2" => made
            .schedules
            .push(schedule::from_schedule_v2(owner, id, properties?)?),
        "Schedule" => made
            .schedules
            .push(schedule::from_schedule(owner, id, properties?)?),
        "IoTRule" => read_topic_rule(owner, id, properties?, made)?,
        "SQS" | "DynamoDB" => {
            let read = match kind.as_str() {
                "SQS" => source::from_queue_event,
                _ => source::from_stream_event,
            };
            let (source, policies) = read(owner, id, properties?)?;
            made.sources.push(source);
            made.role_policies.extend(policies);
        }
        other => {
            let what = format!("{} {other}", event.name("Type"));
            let advice = advice::unsupported("events", other, &SUPPORTED, &UNSUPPORTED);
            return Err(event
                .place
                .error(event.at, Problem::unsupported(what, advice)));
        }
    }
    event.finish()
}

fn read_topic_rule(
    owner: &Owner<'_>,
    id: String,
    mut fields: Fields,
    made: &mut Generated,
) -> Result<(), TemplateError> {
    let name = format!("{}_{id}", owner.stack_name.replace('-', ""));
    let function_arn = owner.target_arn();
    let arn = owner.arn("iot", &format!("rule/{name}"));
    made.permissions.push(Permission {
        logical_id: format!("{id}Permission"),
        principal: "iot.amazonaws.com".to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        source_arn: Some(arn.clone()),
        source_account: None,
        qualifier: owner.alias.map(str::to_owned),
    });
    made.rules.push(TopicRule {
        logical_id: id,
        name,
        arn,
        sql: fields.need_text("Sql")?,
        sql_version: fields
            .text("AwsIotSqlVersion")?
            .unwrap_or_else(|| "2015-10-08".to_owned()),
        disabled: false,
        actions: vec![Action::Lambda { function_arn }],
        error_action: None,
    });
    fields.finish()
}
