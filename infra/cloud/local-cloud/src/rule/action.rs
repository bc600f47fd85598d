//! One action of a rule: invoke a function, publish again, fill a queue, write a log.
//!
//! Each is tried once. Must not know the statement whose output it gets.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mqtt_protocol_core::mqtt::packet::Qos;

use super::header::{RepublishHeaders, Resolved};
use super::substitution::Substitution;
use super::{Engine, Rule};
use crate::broker::message::{Message, Origin};
use crate::queue;
use iot_sql::Version;
use sam_template::{Function, Permission, Template};

const SERVICE: &str = "iot.amazonaws.com";
const INVOKE: &str = "lambda:InvokeFunction";

/// How many rules in a row may pass a message on; AWS has no bound and a rule that feeds itself runs for ever.
const REPUBLISHED_MAX: u8 = 100;

/// What an action is compiled against.
pub struct Setting<'a> {
    /// What there is.
    pub template: &'a Template,
    /// Of the rule, and so of the substitutions.
    pub version: Version,
}

/// An action ready to be performed.
pub enum Action {
    /// Invoke a function.
    Lambda {
        /// Its ARN.
        arn: Substitution,
    },
    /// Publish to another topic.
    Republish {
        /// Topic.
        topic: Substitution,
        /// 0 or 1.
        qos: Qos,
        /// MQTT 5 headers.
        headers: Option<RepublishHeaders>,
        /// Role that permits it.
        role_arn: String,
    },
    /// Send to a queue.
    Sqs {
        /// Its URL.
        url: Substitution,
        /// Encode the message.
        base64: bool,
        /// Role that permits it.
        role_arn: String,
    },
    /// Write to a log group.
    Log {
        /// Its name.
        group: Substitution,
        /// Role that permits it.
        role_arn: String,
    },
}

impl Action {
    /// Checks that the action can be honoured. The error is what is wrong.
    pub fn compile(action: &sam_template::Action, setting: &Setting<'_>) -> Result<Action, String> {
        let text = |text: &str| Substitution::parse(text, setting.version);
        match action {
            sam_template::Action::Lambda { function_arn } => {
                let arn = text(function_arn)?;
                if let Some(arn) = arn.literal() {
                    function(&setting.template.functions, arn)?;
                }
                Ok(Action::Lambda { arn })
            }
            sam_template::Action::Republish {
                topic,
                qos,
                headers,
                role_arn,
            } => {
                let topic = Substitution::parse_topic(topic, setting.version)?;
                if let Some(topic) = topic.literal() {
                    check_target(topic)?;
                }
                let headers = headers.as_ref();
                Ok(Action::Republish {
                    topic,
                    qos: match qos {
                        0 => Qos::AtMostOnce,
                        1 => Qos::AtLeastOnce,
                        other => return Err(format!("qos {other} of a republish action")),
                    },
                    headers: headers
                        .map(|h| RepublishHeaders::compile(h, setting.version))
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
                let exists = |url: &str| setting.template.queues.iter().any(|q| q.url == url);
                match url.literal() {
                    Some(url) if !exists(url) => Err(format!("no queue {url}")),
                    _ => Ok(Action::Sqs {
                        url,
                        base64: *use_base64,
                        role_arn: role_arn.clone(),
                    }),
                }
            }
            sam_template::Action::CloudwatchLogs {
                log_group,
                role_arn,
            } => Ok(Action::Log {
                group: text(log_group)?,
                role_arn: role_arn.clone(),
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

    /// What it leads to, as it is written.
    pub fn resource(&self) -> &str {
        self.target().text()
    }

    /// Whether it waits for another service before it can be performed.
    pub fn calls_out(&self) -> bool {
        let headers = match self {
            Action::Republish { headers, .. } => headers.as_ref(),
            _ => None,
        };
        self.target().calls_out() || headers.is_some_and(RepublishHeaders::calls_out)
    }

    fn target(&self) -> &Substitution {
        match self {
            Action::Lambda { arn } => arn,
            Action::Republish { topic, .. } => topic,
            Action::Sqs { url, .. } => url,
            Action::Log { group, .. } => group,
        }
    }

    /// Performs it with the statement's output. The error is what went wrong.
    pub(super) async fn perform(
        &self,
        engine: &Engine,
        rule: &Rule,
        output: &[u8],
        message: &Message,
    ) -> Result<(), String> {
        let reach = &engine.reach;
        let target = self.target().resolve(engine, rule, message).await?;
        let arn = |service: &str, resource: &str| reach.account.arn(service, resource);
        match self {
            Action::Lambda { .. } => {
                permitted(
                    function(&engine.functions, &target)?,
                    &rule.arn,
                    &reach.account.id,
                )?;
                if serde_json::from_slice::<serde::de::IgnoredAny>(output).is_err() {
                    return Err("a function takes JSON only: encode binary payloads".to_owned());
                }
                let invoked = reach.functions.invoke_async(&target, output.to_vec());
                invoked.map(drop).map_err(|e| e.to_string())
            }
            Action::Republish {
                qos,
                headers,
                role_arn,
                ..
            } => {
                check_target(&target)?;
                let resource = arn("iot", &format!("topic/{target}"));
                engine.allow(role_arn, "iot:Publish", &resource)?;
                let headers = match headers {
                    Some(headers) => headers.resolve(engine, rule, message).await?,
                    None => Resolved::default(),
                };
                republish(engine, message, target, output, *qos, headers)
            }
            Action::Sqs {
                base64, role_arn, ..
            } => {
                let name = target.rsplit('/').next().unwrap_or_default();
                engine.allow(role_arn, "sqs:SendMessage", &arn("sqs", name))?;
                let body = match base64 {
                    true => BASE64_STANDARD.encode(output),
                    false => String::from_utf8_lossy(output).into_owned(),
                };
                let sender = queue::sender("IotRules");
                reach.queues.send(&target, body, &sender).map(drop)
            }
            Action::Log { role_arn, .. } => {
                let resource = arn("logs", &format!("log-group:{target}:*"));
                for action in [
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ] {
                    engine.allow(role_arn, action, &resource)?;
                }
                let line = String::from_utf8_lossy(output).into_owned();
                tracing::info!(group = target, %line, "rule log");
                reach.queues.write_log(&target, line);
                Ok(())
            }
        }
    }
}

/// Publishes on behalf of a rule, as often in a row as is bearable.
fn republish(
    engine: &Engine,
    message: &Message,
    topic: String,
    output: &[u8],
    qos: Qos,
    headers: Resolved,
) -> Result<(), String> {
    let republished = message.origin.republished + 1;
    if republished > REPUBLISHED_MAX {
        return Err(format!(
            "rules passed this message on {REPUBLISHED_MAX} times in a row and it ends here; AWS would go on for ever: \
             let no rule select what it publishes"
        ));
    }
    let now_ms = engine.reach.clock.now_ms();
    engine.reach.broker.publish(Message {
        topic,
        payload: output.to_vec().into(),
        qos,
        retain: false,
        expires_at_ms: headers
            .expiry_s
            .map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1000))),
        properties: headers.properties,
        origin: Origin {
            republished,
            ..Origin::default()
        },
        is_will: false,
    });
    Ok(())
}

fn check_target(topic: &str) -> Result<(), String> {
    iot_topic::check_topic(topic).map_err(|e| format!("topic {topic:?}: {e}"))?;
    let levels: Vec<&str> = topic.split('/').collect();
    match levels.as_slice() {
        ["$aws", "things", _, "jobs", ..] => Err(format!(
            "topic {topic:?}: AWS does not republish to the topics of jobs"
        )),
        _ => Ok(()),
    }
}

fn function<'a>(functions: &'a [Function], arn: &str) -> Result<&'a Function, String> {
    let found = functions.iter().find(|f| f.arn == arn);
    found.ok_or_else(|| format!("no function {arn}"))
}

/// Whether the function's permissions name this rule; without it AWS refuses each time.
pub(super) fn permitted(function: &Function, rule_arn: &str, account: &str) -> Result<(), String> {
    let is_permitted = function.permissions.iter().any(|p: &Permission| {
        p.principal == SERVICE
            && (p.action == INVOKE || p.action == "lambda:*" || p.action == "*")
            && p.source_arn.as_deref().is_none_or(|arn| arn == rule_arn)
            && p.source_account.as_deref().is_none_or(|a| a == account)
    });
    match is_permitted {
        true => Ok(()),
        false => Err(format!(
            "{} has no permission for {SERVICE} with this rule's SourceArn and this account",
            function.arn
        )),
    }
}
