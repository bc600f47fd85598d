//! Reads one action of a topic rule.
//!
//! Source: the `CloudFormation` reference of `AWS::IoT::TopicRule Action`; AWS IoT developer guide,
//! "AWS IoT rule actions".

use crate::Context;
use crate::advice;
use crate::error::{Problem, TemplateError};
use crate::fields::{Fields, Place};
use crate::inert;
use crate::node::{Data, Node};
use crate::resource::{Action, DynamoDbKey};

const SUPPORTED: [&str; 9] = [
    "CloudwatchLogs",
    "CloudwatchMetric",
    "DynamoDB",
    "DynamoDBv2",
    "Lambda",
    "Republish",
    "S3",
    "Sns",
    "Sqs",
];
/// The other actions. Source: `CloudFormation` reference, "`AWS::IoT::TopicRule` Action".
const UNSUPPORTED: [&str; 13] = [
    "CloudwatchAlarm",
    "Elasticsearch",
    "Firehose",
    "Http",
    "IotAnalytics",
    "IotEvents",
    "IotSiteWise",
    "Kafka",
    "Kinesis",
    "Location",
    "OpenSearch",
    "StepFunctions",
    "Timestream",
];

pub(super) fn read(
    place: &Place,
    path: &str,
    node: Node,
    context: &Context,
) -> Result<Action, TemplateError> {
    let at = node.at;
    let entry = match node.data {
        Data::Map(entries) => <[_; 1]>::try_from(entries).ok(),
        _ => None,
    };
    let Some([entry]) = entry else {
        return Err(place.kind(at, path, "a map with one action"));
    };
    let kind = entry.key.as_str();
    if inert::is_asked(kind, context) {
        return Ok(Action::Inert {
            name: kind.to_owned(),
            settings: entry.value.to_json(),
        });
    }
    let name = format!("{path}.{kind}");
    let mut fields = Fields::new(place.clone(), &name, entry.value)?;
    let action = match kind {
        "Lambda" => Action::Lambda {
            function_arn: fields.need_text("FunctionArn")?,
        },
        "Republish" => Action::Republish {
            topic: fields.need_text("Topic")?,
            qos: u8::try_from(fields.integer("Qos", 0..=1)?.unwrap_or(0)).expect("at most one"),
            headers: fields.json("Headers"),
            role_arn: fields.need_text("RoleArn")?,
        },
        "Sqs" => Action::Sqs {
            queue_url: fields.need_text("QueueUrl")?,
            use_base64: fields.boolean("UseBase64")?.unwrap_or(false),
            role_arn: fields.need_text("RoleArn")?,
        },
        "CloudwatchLogs" => Action::CloudwatchLogs {
            log_group: fields.need_text("LogGroupName")?,
            role_arn: fields.need_text("RoleArn")?,
        },
        "DynamoDB" => read_dynamodb(&mut fields)?,
        "DynamoDBv2" => read_dynamodb_v2(&mut fields)?,
        "Sns" => Action::Sns {
            topic_arn: fields.need_text("TargetArn")?,
            is_structured: is_structured(&mut fields)?,
            role_arn: fields.need_text("RoleArn")?,
        },
        "S3" => {
            // Nobody but the machine's user reads the objects.
            fields.accept(&["CannedAcl"]);
            Action::S3 {
                bucket: fields.need_text("BucketName")?,
                key: fields.need_text("Key")?,
                role_arn: fields.need_text("RoleArn")?,
            }
        }
        "CloudwatchMetric" => Action::CloudwatchMetric {
            namespace: fields.need_text("MetricNamespace")?,
            name: fields.need_text("MetricName")?,
            value: fields.need_text("MetricValue")?,
            unit: fields.need_text("MetricUnit")?,
            timestamp: fields.text("MetricTimestamp")?,
            role_arn: fields.need_text("RoleArn")?,
        },
        _ => {
            let advice = advice::unsupported("actions", kind, &SUPPORTED, &UNSUPPORTED);
            let problem = Problem::unsupported(format!("property {name}"), advice);
            return Err(place.error(entry.at, problem));
        }
    };
    fields.finish()?;
    Ok(action)
}

fn read_dynamodb(fields: &mut Fields) -> Result<Action, TemplateError> {
    let hash = DynamoDbKey {
        field: fields.need_text("HashKeyField")?,
        value: fields.need_text("HashKeyValue")?,
        is_number: is_number(fields, "HashKeyType")?,
    };
    let range_is_number = is_number(fields, "RangeKeyType")?;
    let range = match fields.text("RangeKeyField")? {
        None => None,
        Some(field) => Some(DynamoDbKey {
            field,
            value: fields.need_text("RangeKeyValue")?,
            is_number: range_is_number,
        }),
    };
    Ok(Action::DynamoDb {
        table: fields.need_text("TableName")?,
        hash,
        range,
        payload_field: fields
            .text("PayloadField")?
            .unwrap_or_else(|| "payload".to_owned()),
        role_arn: fields.need_text("RoleArn")?,
    })
}

fn is_number(fields: &mut Fields, key: &str) -> Result<bool, TemplateError> {
    match fields.text(key)?.as_deref() {
        None | Some("STRING") => Ok(false),
        Some("NUMBER") => Ok(true),
        Some(other) => Err(fields.refused(key, other, "it must be STRING or NUMBER")),
    }
}

fn read_dynamodb_v2(fields: &mut Fields) -> Result<Action, TemplateError> {
    let Some(mut put) = fields.map("PutItem")? else {
        return Err(fields.missing("PutItem"));
    };
    let table = put.need_text("TableName")?;
    put.finish()?;
    Ok(Action::DynamoDbV2 {
        table,
        role_arn: fields.need_text("RoleArn")?,
    })
}

fn is_structured(fields: &mut Fields) -> Result<bool, TemplateError> {
    match fields.text("MessageFormat")?.as_deref() {
        None | Some("RAW") => Ok(false),
        Some("JSON") => Ok(true),
        Some(other) => Err(fields.refused("MessageFormat", other, "it must be RAW or JSON")),
    }
}
