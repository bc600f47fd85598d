//! One action of a rule: invokes a function, republishes, sends to a queue or a topic, or writes a
//! log, an item, an object or a metric.
//!
//! Each is tried once. Must not know: the statement whose output it gets.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mqtt_protocol_core::mqtt::packet::Qos;

use super::header::{RepublishHeaders, Resolved};
use super::item::{Item, Keys};
use super::republish::{check_target, republish};
use super::substitution::Substitution;
use super::value::Metric;
use super::{Engine, Rule, object, topic_of};
use crate::broker::message::Message;
use crate::event::EventKind;
use crate::notification::{Content, Publisher};
use crate::queue;
use iot_sql::Statement;
use sam_template::{Function, Permission, Template, TopicRule};

const SERVICE: &str = "iot.amazonaws.com";
const INVOKE: &str = "lambda:InvokeFunction";

pub enum Action {
    Lambda {
        arn: Substitution,
    },
    Republish {
        topic: Substitution,
        /// 0 or 1.
        qos: Qos,
        headers: Option<RepublishHeaders>,
        role_arn: String,
    },
    Sqs {
        url: Substitution,
        /// Whether the body is encoded.
        base64: bool,
        role_arn: String,
    },
    Log {
        group: Substitution,
        role_arn: String,
    },
    Item(Item),
    Notify {
        topic_arn: Substitution,
        /// Whether the message is JSON with a text for each protocol.
        is_structured: bool,
        role_arn: String,
    },
    Object {
        bucket: Substitution,
        key: Substitution,
        role_arn: String,
    },
    Metric(Metric),
}

/// Warns of roles that the template does not declare: what they allow is not known here.
pub fn warn_of_foreign_roles(rule: &TopicRule, template: &Template) {
    for action in rule.actions.iter().chain(&rule.error_action) {
        let Some(role) = action.role_arn() else {
            continue;
        };
        if !template.roles.iter().any(|known| known.arn == role) {
            let place = template.places.of(&rule.logical_id);
            tracing::warn!(
                "{place}: RoleArn {role}: the template does not declare this role, so the action \
                 fails; declare it as an AWS::IAM::Role"
            );
        }
    }
}

impl Action {
    /// Compiles an action of the rule with this statement; the error says what is wrong or
    /// unsupported.
    pub fn compile(
        action: &sam_template::Action,
        template: &Template,
        statement: &Statement,
    ) -> Result<Self, String> {
        let text = |text: &str| Substitution::parse(text, statement);
        match action {
            sam_template::Action::Lambda { function_arn } => {
                let arn = text(function_arn)?;
                if let Some(arn) = arn.literal() {
                    find_function(&template.functions, arn)?;
                }
                Ok(Self::Lambda { arn })
            }
            sam_template::Action::Republish {
                topic,
                qos,
                headers,
                role_arn,
            } => {
                let topic = Substitution::parse_topic(topic, statement)?;
                if let Some(topic) = topic.literal() {
                    check_target(topic)?;
                }
                let headers = headers.as_ref();
                Ok(Self::Republish {
                    topic,
                    qos: match qos {
                        0 => Qos::AtMostOnce,
                        1 => Qos::AtLeastOnce,
                        other => return Err(format!("qos {other} of a republish action")),
                    },
                    headers: headers
                        .map(|h| RepublishHeaders::compile(h, statement))
                        .transpose()?,
                    role_arn: role_arn.clone(),
                })
            }
            sam_template::Action::Sqs {
                queue_url,
                use_base64,
                role_arn,
            } => {
                let url = text(queue_url)?;
                let exists = |url: &str| template.queues.iter().any(|q| q.url == url);
                match url.literal() {
                    Some(url) if !exists(url) => Err(format!("no queue {url}")),
                    _ => Ok(Self::Sqs {
                        url,
                        base64: *use_base64,
                        role_arn: role_arn.clone(),
                    }),
                }
            }
            sam_template::Action::CloudwatchLogs {
                log_group,
                role_arn,
            } => Ok(Self::Log {
                group: text(log_group)?,
                role_arn: role_arn.clone(),
            }),
            sam_template::Action::DynamoDb {
                table,
                hash,
                range,
                payload_field,
                role_arn,
            } => {
                let keys = [hash].into_iter().chain(range);
                Ok(Self::Item(Item {
                    table: text(table)?,
                    keys: Some(Keys::compile(keys, payload_field, statement)?),
                    role_arn: role_arn.clone(),
                }))
            }
            sam_template::Action::DynamoDbV2 { table, role_arn } => Ok(Self::Item(Item {
                table: text(table)?,
                keys: None,
                role_arn: role_arn.clone(),
            })),
            sam_template::Action::Sns {
                topic_arn,
                is_structured,
                role_arn,
            } => Ok(Self::Notify {
                topic_arn: text(topic_arn)?,
                is_structured: *is_structured,
                role_arn: role_arn.clone(),
            }),
            sam_template::Action::S3 {
                bucket,
                key,
                role_arn,
            } => Ok(Self::Object {
                bucket: text(bucket)?,
                key: text(key)?,
                role_arn: role_arn.clone(),
            }),
            sam_template::Action::CloudwatchMetric {
                namespace,
                name,
                value,
                unit,
                timestamp,
                role_arn,
            } => Ok(Self::Metric(Metric {
                namespace: text(namespace)?,
                name: text(name)?,
                value: text(value)?,
                unit: text(unit)?,
                timestamp: timestamp.as_deref().map(text).transpose()?,
                role_arn: role_arn.clone(),
            })),
            sam_template::Action::Inert { name, .. } => Err(format!("action {name} does nothing")),
        }
    }

    /// AWS's name for the kind of action in error reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Lambda { .. } => "LambdaAction",
            Self::Republish { .. } => "RepublishAction",
            Self::Sqs { .. } => "SqsAction",
            Self::Log { .. } => "CloudwatchLogsAction",
            Self::Item(Item { keys: Some(_), .. }) => "DynamoDBAction",
            Self::Item(_) => "DynamoDBv2Action",
            Self::Notify { .. } => "SnsAction",
            Self::Object { .. } => "S3Action",
            Self::Metric(_) => "CloudwatchMetricAction",
        }
    }

    /// Its target, as it is written.
    pub fn resource(&self) -> &str {
        self.target().text()
    }

    pub fn calls_out(&self) -> bool {
        let by_other_texts = match self {
            Self::Republish { headers, .. } => {
                headers.as_ref().is_some_and(RepublishHeaders::calls_out)
            }
            Self::Item(item) => item.calls_out(),
            Self::Object { key, .. } => key.calls_out(),
            Self::Metric(metric) => metric.calls_out(),
            _ => false,
        };
        self.target().calls_out() || by_other_texts
    }

    fn target(&self) -> &Substitution {
        match self {
            Self::Lambda { arn } => arn,
            Self::Republish { topic, .. } => topic,
            Self::Sqs { url, .. } => url,
            Self::Log { group, .. } => group,
            Self::Item(item) => &item.table,
            Self::Notify { topic_arn, .. } => topic_arn,
            Self::Object { bucket, .. } => bucket,
            Self::Metric(metric) => &metric.name,
        }
    }

    /// Performs it with the statement's output; the error says what went wrong.
    pub(super) async fn perform(
        &self,
        engine: &Engine,
        rule: &Rule,
        output: &[u8],
        message: &Message,
    ) -> Result<(), String> {
        let services = &engine.services;
        let target = self.target().resolve(engine, rule, message).await?;
        let arn = |service: &str, resource: &str| services.account.arn(service, resource);
        match self {
            Self::Lambda { .. } => {
                check_permission(
                    find_function(&engine.functions, &target)?,
                    &rule.arn,
                    &services.account.id,
                )?;
                if serde_json::from_slice::<serde::de::IgnoredAny>(output).is_err() {
                    return Err("a function takes JSON only: encode binary payloads".to_owned());
                }
                let invoked = services.functions.invoke_async(&target, output.to_vec());
                let request_id = invoked.map_err(|e| e.to_string())?;
                services.events.emit(EventKind::RuleInvoked {
                    rule: rule.name.clone(),
                    topic: topic_of(message).to_owned(),
                    request_id,
                });
                Ok(())
            }
            Self::Republish {
                qos,
                headers,
                role_arn,
                ..
            } => {
                check_target(&target)?;
                let resource = arn("iot", &format!("topic/{target}"));
                engine.check_right(role_arn, "iot:Publish", &resource)?;
                let headers = match headers {
                    Some(headers) => headers.resolve(engine, rule, message).await?,
                    None => Resolved::default(),
                };
                republish(engine, message, target, output, *qos, headers)
            }
            Self::Sqs {
                base64, role_arn, ..
            } => {
                let name = target.rsplit('/').next().unwrap_or_default();
                engine.check_right(role_arn, "sqs:SendMessage", &arn("sqs", name))?;
                let body = match base64 {
                    true => BASE64_STANDARD.encode(output),
                    false => String::from_utf8_lossy(output).into_owned(),
                };
                let sender = queue::sender("IotRules");
                services.queues.send(&target, body, &sender).map(drop)
            }
            Self::Log { role_arn, .. } => {
                let resource = arn("logs", &format!("log-group:{target}:*"));
                for action in [
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ] {
                    engine.check_right(role_arn, action, &resource)?;
                }
                let line = String::from_utf8_lossy(output).into_owned();
                tracing::info!(group = target, %line, "rule log");
                services.queues.write_log(&target, line);
                Ok(())
            }
            Self::Item(item) => item.write(engine, rule, output, message, &target).await,
            Self::Notify {
                is_structured,
                role_arn,
                ..
            } => {
                engine.check_right(role_arn, "sns:Publish", &target)?;
                let content = Content {
                    message: notification_of(output, *is_structured)?,
                    ..Content::default()
                };
                let publisher = Publisher::Identity { arn: role_arn };
                let published = services.topics.publish(&target, content, publisher);
                published.map(drop).map_err(|error| error.to_string())
            }
            Self::Object { key, role_arn, .. } => {
                let key = key.resolve(engine, rule, message).await?;
                let resource = format!("arn:aws:s3:::{target}/{key}");
                engine.check_right(role_arn, "s3:PutObject", &resource)?;
                object::write(&services.folder.buckets(), &target, &key, output).await
            }
            Self::Metric(metric) => metric.write(engine, rule, message, &target).await,
        }
    }
}

/// The text for SNS. A structured message must have a text `default`, which all subscribers get
/// here.
fn notification_of(output: &[u8], is_structured: bool) -> Result<String, String> {
    if !is_structured {
        return Ok(String::from_utf8_lossy(output).into_owned());
    }
    let texts: Option<serde_json::Value> = serde_json::from_slice(output).ok();
    let default = texts.as_ref().and_then(|texts| texts["default"].as_str());
    default.map(str::to_owned).ok_or_else(|| {
        "MessageFormat JSON: the message must be an object with the text `default`".to_owned()
    })
}

/// The function with this ARN, and the alias or version that the ARN ends with.
pub(super) fn find_function<'a>(
    functions: &'a [Function],
    arn: &'a str,
) -> Result<(&'a Function, &'a str), String> {
    let mut selected = functions
        .iter()
        .filter_map(|function| Some((function, function.qualifier_in(arn)?)));
    selected.next().ok_or_else(|| format!("no function {arn}"))
}

/// Checks that the function's permissions name this rule; otherwise AWS refuses each time. A
/// permission on an alias does not permit the unqualified function, nor the reverse.
pub(super) fn check_permission(
    (function, qualifier): (&Function, &str),
    rule_arn: &str,
    account: &str,
) -> Result<(), String> {
    let is_permitted = function.permissions.iter().any(|p: &Permission| {
        p.principal == SERVICE
            && p.qualifier.as_deref().unwrap_or_default() == qualifier
            && (p.action == INVOKE || p.action == "lambda:*" || p.action == "*")
            && p.source_arn.as_deref().is_none_or(|arn| arn == rule_arn)
            && p.source_account.as_deref().is_none_or(|a| a == account)
    });
    if is_permitted {
        Ok(())
    } else {
        let separator = if qualifier.is_empty() { "" } else { ":" };
        Err(format!(
            "{}{separator}{qualifier} has no permission for {SERVICE} with this rule's SourceArn \
             and this account",
            function.arn
        ))
    }
}
