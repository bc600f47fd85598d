//! Operations on topic rules: reading, enabling and disabling. The template declares them.

use axum::extract::{Path, State};
use serde_json::{Map, Value, json};

use super::{Answer, ControlPlane, Name, Plane, done, seconds};
use crate::answer::{ApiError, ok};
use crate::event::EventKind;
use crate::parameter::Parameters;
use crate::rule::{Switched, topic_filter};
use sam_template::Action;

/// Largest page. Source: AWS IoT API, `TopicRuleMaxResults`.
const SIZE_MAX: u64 = 10_000;

pub async fn list(State(plane): Plane, q: Parameters) -> Answer {
    if q.text("topic").is_some() {
        let message = "the filter topic is not part of the local cloud: leave it out";
        return Err(ApiError::invalid(message));
    }
    let request = q.page("maxResults", 1..=SIZE_MAX, SIZE_MAX)?;
    let is_disabled = match q.text("ruleDisabled") {
        None => None,
        Some(_) => Some(q.flag("ruleDisabled")?),
    };
    let rules = plane.rules.list().into_iter();
    let fits = |rule: &Switched| is_disabled.is_none_or(|disabled| disabled != rule.record.enabled);
    let rows = rules.filter(fits).map(|Switched { rule, record }| {
        let mut row = json!({
            "ruleArn": rule.arn,
            "ruleName": rule.name,
            "createdAt": seconds(record.created_at_ms),
            "ruleDisabled": !record.enabled,
        });
        if let Some(topic) = topic_filter(&rule) {
            row["topicPattern"] = topic.into();
        }
        (rule.name, row)
    });
    Ok(ok(&request.answer("rules", rows)?))
}

pub async fn get(State(plane): Plane, Path(name): Name) -> Answer {
    let found = plane.rules.find(&name);
    let Switched { rule, record } = found.ok_or_else(|| denied(&name))?;
    let mut shown = json!({
        "ruleName": rule.name,
        "sql": rule.sql,
        "createdAt": seconds(record.created_at_ms),
        "actions": rule.actions.iter().map(action).collect::<Vec<_>>(),
        "ruleDisabled": !record.enabled,
        "awsIotSqlVersion": rule.sql_version,
    });
    if let Some(on_error) = &rule.error_action {
        shown["errorAction"] = action(on_error);
    }
    Ok(ok(&json!({"ruleArn": rule.arn, "rule": shown})))
}

pub async fn enable(State(plane): Plane, Path(name): Name) -> Answer {
    switch(&plane, &name, true)
}

pub async fn disable(State(plane): Plane, Path(name): Name) -> Answer {
    switch(&plane, &name, false)
}

fn switch(plane: &ControlPlane, name: &str, enabled: bool) -> Answer {
    let switched = plane.rules.switch(name, enabled).map_err(|error| {
        tracing::error!(%error, name, "save the switch of a rule");
        ApiError::new(500, "InternalException", &error.to_string())
    })?;
    if !switched {
        return Err(denied(name));
    }
    plane.events.emit(EventKind::RuleSwitched {
        rule: name.to_owned(),
        enabled,
    });
    done()
}

/// AWS has one answer for a rule that does not exist and for one of another owner.
fn denied(name: &str) -> ApiError {
    let message = format!("Access to topic rule '{name}' was denied");
    ApiError::new(401, "UnauthorizedException", &message)
}

/// An action in the form of the API.
fn action(action: &Action) -> Value {
    match action {
        Action::Lambda { function_arn } => json!({"lambda": {"functionArn": function_arn}}),
        Action::Republish {
            topic,
            qos,
            headers,
            role_arn,
        } => {
            let mut republish = json!({"roleArn": role_arn, "topic": topic, "qos": qos});
            if let Some(headers) = headers {
                republish["headers"] = with_api_names(headers);
            }
            json!({ "republish": republish })
        }
        Action::Sqs {
            queue_url,
            use_base64,
            role_arn,
        } => json!({
            "sqs": {"roleArn": role_arn, "queueUrl": queue_url, "useBase64": use_base64},
        }),
        Action::CloudwatchLogs {
            log_group,
            role_arn,
        } => json!({"cloudwatchLogs": {"roleArn": role_arn, "logGroupName": log_group}}),
        Action::DynamoDb {
            table,
            hash,
            range,
            payload_field,
            role_arn,
        } => {
            let mut item =
                json!({"tableName": table, "payloadField": payload_field, "roleArn": role_arn});
            for (part, key) in [("hash", Some(hash)), ("range", range.as_ref())] {
                if let Some(key) = key {
                    let kind = if key.is_number { "NUMBER" } else { "STRING" };
                    item[format!("{part}KeyField")] = key.field.clone().into();
                    item[format!("{part}KeyValue")] = key.value.clone().into();
                    item[format!("{part}KeyType")] = kind.into();
                }
            }
            json!({ "dynamoDB": item })
        }
        Action::DynamoDbV2 { table, role_arn } => {
            json!({"dynamoDBv2": {"roleArn": role_arn, "putItem": {"tableName": table}}})
        }
        Action::Sns {
            topic_arn,
            is_structured,
            role_arn,
        } => {
            let format = if *is_structured { "JSON" } else { "RAW" };
            json!({"sns": {"roleArn": role_arn, "targetArn": topic_arn, "messageFormat": format}})
        }
        Action::S3 {
            bucket,
            key,
            role_arn,
        } => json!({"s3": {"roleArn": role_arn, "bucketName": bucket, "key": key}}),
        Action::CloudwatchMetric {
            namespace,
            name,
            value,
            unit,
            timestamp,
            role_arn,
        } => {
            let mut metric = json!({
                "roleArn": role_arn,
                "metricNamespace": namespace,
                "metricName": name,
                "metricValue": value,
                "metricUnit": unit,
            });
            if let Some(timestamp) = timestamp {
                metric["metricTimestamp"] = timestamp.clone().into();
            }
            json!({ "cloudwatchMetric": metric })
        }
        Action::Inert { name, settings } => with_api_names(&json!({ name: settings })),
    }
}

/// The same value with the keys of the API, which begin in lower case: a template's begin in upper
/// case.
fn with_api_names(value: &Value) -> Value {
    let lowered = |key: &str| {
        let mut chars = key.chars();
        let first = chars.next().map(|c| c.to_ascii_lowercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(k, v)| (lowered(k), with_api_names(v)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(with_api_names).collect(),
        other => other.clone(),
    }
}
