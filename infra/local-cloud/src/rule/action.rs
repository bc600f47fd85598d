//! One action of a rule: invoke a function, publish again, fill a queue, write a log.
//!
//! Must not know the statement whose output it gets.

use mqtt_protocol_core::mqtt::packet::Qos;

use super::substitution::Substitution;
use super::{Reach, RuleEngine};
use crate::broker::message::{Message, Origin};
use crate::broker::topic;
use crate::iam::Need;
use crate::template::{self, Function, Permission, Template, TopicRule};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

const SERVICE: &str = "iot.amazonaws.com";
const INVOKE: &str = "lambda:InvokeFunction";

/// An action ready to be performed.
pub enum Action {
    /// Invoke a function.
    Lambda {
        /// Its ARN.
        arn: String,
        /// Whether the function's permissions name this rule; without it AWS refuses each time.
        is_permitted: bool,
    },
    /// Publish to another topic.
    Republish {
        /// The role that must allow it.
        role_arn: String,
        /// Topic, with substitutions.
        topic: Substitution,
        /// 0 or 1.
        qos: Qos,
    },
    /// Send to a queue.
    Sqs {
        /// The role that must allow it.
        role_arn: String,
        /// Its ARN.
        arn: String,
        /// Its URL.
        url: String,
        /// Encode the message.
        base64: bool,
    },
    /// Write to a log group.
    Log {
        /// The role that must allow it.
        role_arn: String,
        /// Its name.
        group: String,
    },
}

impl Action {
    /// Checks that the action can be honoured. The error is what is wrong.
    pub fn compile(
        action: &template::Action,
        rule: &TopicRule,
        template: &Template,
        account: &str,
    ) -> Result<Action, String> {
        match action {
            template::Action::Lambda { function_arn } => {
                let function = template.functions.iter().find(|f| f.arn == *function_arn);
                let function = function.ok_or(format!("no function {function_arn}"))?;
                Ok(Action::Lambda {
                    arn: function_arn.clone(),
                    is_permitted: is_permitted(function, &rule.arn, account),
                })
            }
            template::Action::Republish {
                headers: Some(_), ..
            } => Err("headers of a republish action are not supported".to_owned()),
            template::Action::Republish {
                topic,
                qos,
                role_arn,
                ..
            } => Ok(Action::Republish {
                role_arn: role_arn.clone(),
                topic: Substitution::parse(topic)?,
                qos: match qos {
                    0 => Qos::AtMostOnce,
                    1 => Qos::AtLeastOnce,
                    other => return Err(format!("qos {other} of a republish action")),
                },
            }),
            template::Action::Sqs {
                queue_url,
                use_base64,
                role_arn,
            } => match template.queues.iter().find(|q| q.url == *queue_url) {
                Some(queue) => Ok(Action::Sqs {
                    role_arn: role_arn.clone(),
                    arn: queue.arn.clone(),
                    url: queue_url.clone(),
                    base64: *use_base64,
                }),
                None => Err(format!("no queue {queue_url}")),
            },
            template::Action::CloudwatchLogs {
                log_group,
                role_arn,
            } => Ok(Action::Log {
                role_arn: role_arn.clone(),
                group: log_group.clone(),
            }),
        }
    }

    /// AWS's name for it in error reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Action::Lambda { .. } => "LambdaAction",
            Action::Republish { .. } => "RepublishAction",
            Action::Sqs { .. } => "SqsAction",
            Action::Log { .. } => "CloudwatchLogsAction",
        }
    }

    /// What it leads to.
    pub fn resource(&self) -> String {
        match self {
            Action::Lambda { arn, .. } => arn.clone(),
            Action::Republish { topic, .. } => topic.text().to_owned(),
            Action::Sqs { url, .. } => url.clone(),
            Action::Log { group, .. } => group.clone(),
        }
    }

    /// Performs it with the statement's output. The error is what went wrong.
    pub fn perform(
        &self,
        engine: &RuleEngine,
        output: &[u8],
        topic: &str,
        message: &Message,
    ) -> Result<(), String> {
        let reach = &engine.reach;
        match self {
            Action::Lambda {
                is_permitted: false,
                arn,
            } => Err(format!(
                "{arn} has no permission for {SERVICE} with this rule's SourceArn and this account"
            )),
            Action::Lambda { arn, .. } => {
                if serde_json::from_slice::<serde::de::IgnoredAny>(output).is_err() {
                    return Err("a function takes JSON only: encode binary payloads".to_owned());
                }
                let invoked = reach.functions.invoke_async(arn, output.to_vec());
                invoked.map(drop).map_err(|e| e.to_string())
            }
            Action::Republish {
                role_arn,
                topic: target,
                qos,
            } => {
                let target = target.resolve(engine, topic, message)?;
                topic::check_topic(&target).map_err(|e| format!("topic {target:?}: {e}"))?;
                let (region, account) = (&reach.region, &reach.account);
                let resource = format!("arn:aws:iot:{region}:{account}:topic/{target}");
                permitted(reach, role_arn, "iot:Publish", resource)?;
                reach.broker.publish(Message {
                    topic: target,
                    payload: output.to_vec().into(),
                    qos: *qos,
                    retain: false,
                    expires_at_ms: None,
                    properties: Vec::new(),
                    origin: Origin::default(),
                    is_will: false,
                });
                Ok(())
            }
            Action::Sqs {
                role_arn,
                arn,
                url,
                base64,
            } => {
                permitted(reach, role_arn, "sqs:SendMessage", arn.clone())?;
                let body = match base64 {
                    true => BASE64_STANDARD.encode(output),
                    false => String::from_utf8_lossy(output).into_owned(),
                };
                reach.queues.send(url, body)
            }
            Action::Log { role_arn, group } => {
                let (region, account) = (&reach.region, &reach.account);
                let resource = format!("arn:aws:logs:{region}:{account}:log-group:{group}:*");
                for action in [
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ] {
                    permitted(reach, role_arn, action, resource.clone())?;
                }
                let line = String::from_utf8_lossy(output);
                tracing::info!(group, %line, "rule log");
                Ok(())
            }
        }
    }
}

/// Whether the action's role allows it. The error is AWS's.
fn permitted(reach: &Reach, role_arn: &str, action: &str, resource: String) -> Result<(), String> {
    let need = Need::new(action, resource);
    let asked = reach.iam.check_role(role_arn, "IotRules", &need);
    asked.map_err(|denial| denial.to_string())
}

fn is_permitted(function: &Function, rule_arn: &str, account: &str) -> bool {
    function.permissions.iter().any(|p: &Permission| {
        p.principal == SERVICE
            && (p.action == INVOKE || p.action == "lambda:*" || p.action == "*")
            && p.source_arn.as_deref().is_none_or(|arn| arn == rule_arn)
            && p.source_account.as_deref().is_none_or(|a| a == account)
    })
}
