//! Reads `AWS::SNS::Topic`, `AWS::SNS::Subscription`, and the policies of topics and queues.
//!
//! Source: the CloudFormation reference of each type; SNS developer guide, "Amazon SNS subscription
//! filter policies".

use serde_json::Value;

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;
use super::node::Data;
use super::resource::{FilterCondition, FilterPolicy, Protocol, ResourcePolicy};
use super::resource::{SnsTopic, Subscription};

/// Most attributes that a filter policy names, and most combinations of its values.
const FILTER_KEYS_MAX: usize = 5;
const FILTER_COMBINATIONS_MAX: usize = 150;

/// Reads a topic and the subscriptions that it contains.
pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<(SnsTopic, Vec<Subscription>), TemplateError> {
    let topic = SnsTopic {
        logical_id: id.to_owned(),
        arn: identity.arn().to_owned(),
        name: identity.name,
        display_name: fields.text("DisplayName")?.unwrap_or_default(),
    };
    let mut subscriptions = Vec::new();
    for (number, mut entry) in fields.maps("Subscription")?.into_iter().enumerate() {
        subscriptions.push(Subscription {
            logical_id: format!("{id}{number}"),
            topic_arn: topic.arn.clone(),
            protocol: read_protocol(&mut entry)?,
            endpoint: entry.need_text("Endpoint")?,
            is_raw: false,
            filter: None,
        });
        entry.finish()?;
    }
    fields.accept(&["TopicName", "KmsMasterKeyId", "SignatureVersion", "Tags"]);
    fields.finish()?;
    Ok((topic, subscriptions))
}

/// Reads a subscription.
pub(super) fn read_subscription(
    id: &str,
    mut fields: Fields,
) -> Result<Subscription, TemplateError> {
    let protocol = read_protocol(&mut fields)?;
    let is_raw = fields.boolean("RawMessageDelivery")?.unwrap_or(false);
    if is_raw && !matches!(protocol, Protocol::Sqs | Protocol::Https) {
        let reason = "raw messages are delivered by sqs and https only";
        return Err(fields.refused("RawMessageDelivery", "true", reason));
    }
    if let Some(scope) = fields.text("FilterPolicyScope")?
        && scope != "MessageAttributes"
    {
        let reason = "only message attributes are filtered; write MessageAttributes";
        return Err(fields.refused("FilterPolicyScope", &scope, reason));
    }
    let subscription = Subscription {
        logical_id: id.to_owned(),
        topic_arn: fields.need_text("TopicArn")?,
        protocol,
        endpoint: fields.need_text("Endpoint")?,
        is_raw,
        filter: read_filter(&mut fields)?,
    };
    fields.accept(&["Region"]);
    fields.finish()?;
    Ok(subscription)
}

fn read_protocol(fields: &mut Fields) -> Result<Protocol, TemplateError> {
    let name = fields.need_text("Protocol")?;
    let known = Protocol::ALL.into_iter().find(|p| p.name() == name);
    known.ok_or_else(|| {
        let reason = match name.as_str() {
            "lambda" => {
                "no function is invoked; subscribe a queue, and let it be the function's source"
            }
            "http" => "use https",
            _ => "supported are email, email-json, sms, https and sqs",
        };
        fields.refused("Protocol", &name, reason)
    })
}

fn read_filter(fields: &mut Fields) -> Result<Option<FilterPolicy>, TemplateError> {
    let Some(node) = fields.take("FilterPolicy") else {
        return Ok(None);
    };
    let (at, name) = (node.at, fields.name("FilterPolicy"));
    let refused = |value: &str, reason: &str| fields.place.refused(at, &name, value, reason);
    let Data::Map(_) = node.data else {
        return Err(fields.place.kind(at, &name, "a map"));
    };
    let Value::Object(entries) = node.to_json() else {
        return Err(fields.place.kind(at, &name, "a map"));
    };
    let mut policy = FilterPolicy::new();
    for (attribute, values) in entries {
        let Value::Array(values) = values else {
            let reason = "each attribute has a list of values; nested keys belong to MessageBody";
            return Err(refused(&attribute, reason));
        };
        let conditions = values.iter().map(read_condition);
        let conditions: Result<Vec<_>, _> = conditions.collect();
        let conditions = conditions.map_err(|(value, reason)| refused(&value, reason))?;
        policy.insert(attribute, conditions);
    }
    let combinations = policy.values().map(Vec::len).product::<usize>();
    if policy.len() > FILTER_KEYS_MAX || combinations > FILTER_COMBINATIONS_MAX {
        let reason = "at most 5 attributes and 150 combinations of their values";
        return Err(refused(&policy.len().to_string(), reason));
    }
    Ok(Some(policy))
}

/// Reads one value of a filter policy; the error is the value and the reason.
fn read_condition(value: &Value) -> Result<FilterCondition, (String, &'static str)> {
    let unsupported = "write a text, a number, {prefix: text}, {anything-but: text or list} or \
                       {exists: true or false}; filter anything else in the receiver";
    let refused = || (value.to_string(), unsupported);
    match value {
        Value::String(text) => Ok(FilterCondition::Exact(text.clone())),
        Value::Number(number) => number
            .as_f64()
            .map(FilterCondition::Number)
            .ok_or_else(refused),
        Value::Object(one) if one.len() == 1 => match one.iter().next() {
            Some((kind, Value::String(text))) if kind == "prefix" => {
                Ok(FilterCondition::Prefix(text.clone()))
            }
            Some((kind, Value::Bool(exists))) if kind == "exists" => {
                Ok(FilterCondition::Exists(*exists))
            }
            Some((kind, Value::String(text))) if kind == "anything-but" => {
                Ok(FilterCondition::AnythingBut(vec![text.clone()]))
            }
            Some((kind, Value::Array(texts))) if kind == "anything-but" => {
                let texts = texts.iter().map(|text| text.as_str().map(str::to_owned));
                let texts: Option<Vec<String>> = texts.collect();
                texts.map(FilterCondition::AnythingBut).ok_or_else(refused)
            }
            _ => Err(refused()),
        },
        _ => Err(refused()),
    }
}

/// Reads a policy of topics or queues; `targets` is the property that lists them.
pub(super) fn read_policy(
    id: &str,
    targets: &str,
    mut fields: Fields,
) -> Result<ResourcePolicy, TemplateError> {
    let document = fields.json("PolicyDocument");
    let document = document.ok_or_else(|| fields.missing("PolicyDocument"))?;
    let nodes = fields
        .list(targets)?
        .ok_or_else(|| fields.missing(targets))?;
    let mut names = Vec::new();
    for node in nodes {
        match node.as_text() {
            Some(name) => names.push(name.to_owned()),
            None => return Err(fields.place.kind(node.at, targets, "a list of texts")),
        }
    }
    fields.finish()?;
    Ok(ResourcePolicy {
        logical_id: id.to_owned(),
        targets: names,
        document,
    })
}
