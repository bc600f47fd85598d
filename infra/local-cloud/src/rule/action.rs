//! One action of a rule: invoke a function, publish again, fill a queue, write a log.
//!
//! Must not know the statement whose output it gets.

use mqtt_protocol_core::mqtt::packet::Qos;

use super::RuleEngine;
use super::substitution::Substitution;
use crate::broker::message::{Message, Origin};
use crate::broker::topic;
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
        /// Topic, with substitutions.
        topic: Substitution,
        /// 0 or 1.
        qos: Qos,
    },
    /// Send to a queue.
    Sqs {
        /// Its URL.
        url: String,
        /// Encode the message.
        base64: bool,
    },
    /// Write to a log group.
    Log {
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
            template::Action::Republish { topic, qos, .. } => Ok(Action::Republish {
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
                ..
            } => match template.queues.iter().any(|q| q.url == *queue_url) {
                true => Ok(Action::Sqs {
                    url: queue_url.clone(),
                    base64: *use_base64,
                }),
                false => Err(format!("no queue {queue_url}")),
            },
            template::Action::CloudwatchLogs { log_group, .. } => Ok(Action::Log {
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
            Action::Log { group } => group.clone(),
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
            Action::Republish { topic: target, qos } => {
                let target = target.resolve(engine, topic, message)?;
                topic::check_topic(&target).map_err(|e| format!("topic {target:?}: {e}"))?;
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
            Action::Sqs { url, base64 } => {
                let body = match base64 {
                    true => BASE64_STANDARD.encode(output),
                    false => String::from_utf8_lossy(output).into_owned(),
                };
                reach.queues.send(url, body)
            }
            Action::Log { group } => {
                let line = String::from_utf8_lossy(output);
                tracing::info!(group, %line, "rule log");
                Ok(())
            }
        }
    }
}

fn is_permitted(function: &Function, rule_arn: &str, account: &str) -> bool {
    function.permissions.iter().any(|p: &Permission| {
        p.principal == SERVICE
            && (p.action == INVOKE || p.action == "lambda:*" || p.action == "*")
            && p.source_arn.as_deref().is_none_or(|arn| arn == rule_arn)
            && p.source_account.as_deref().is_none_or(|a| a == account)
    })
}
