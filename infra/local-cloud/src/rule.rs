//! The rules engine: every published message, each rule's statement, then the rule's actions.
//!
//! Compiled at start, so that a statement or action we cannot honour stops the start. One task works through the
//! messages in order. Must not know what the statements say; SQL is the core's.

mod action;
mod substitution;

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tokio::sync::mpsc;

use crate::broker::Broker;
use crate::broker::message::Message;
use crate::broker::topic;
use crate::clock::Clock;
use crate::event::{EventBus, EventKind};
use crate::function::Functions;
use crate::iam::Iam;
use crate::queue::Queues;
use crate::sql::{EvaluateError, Input, SqlError, Statement};
use crate::template::Template;
use action::Action;

/// The version whose semantics the statements have here.
const SQL_VERSION: &str = "2016-03-23";

/// Why a rule cannot be honoured.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Its statement.
    #[error("rule {rule}: parse statement")]
    Statement {
        /// Rule name.
        rule: String,
        /// What and where.
        #[source]
        source: SqlError,
    },
    /// A version other than 2016-03-23, which is also what AWS takes where the template names none.
    #[error(
        "rule {rule}: sql version {version} is not supported, write AwsIotSqlVersion: '2016-03-23'"
    )]
    Version {
        /// Rule name.
        rule: String,
        /// As the template says.
        version: String,
    },
    /// An action that names something the template does not have, or asks for something we do not do.
    #[error("rule {rule}: {problem}")]
    Action {
        /// Rule name.
        rule: String,
        /// What is wrong.
        problem: String,
    },
}

/// Where actions lead.
#[derive(Clone)]
pub struct Reach {
    /// For republishing.
    pub broker: Broker,
    /// For Lambda actions.
    pub functions: Functions,
    /// For SQS actions.
    pub queues: Queues,
    /// For telling.
    pub events: EventBus,
    /// For `timestamp()`.
    pub clock: Clock,
    /// For `accountid()`, and for the account a permission names.
    pub account: String,
    /// For ARNs.
    pub region: String,
    /// For the rights of the actions' roles.
    pub iam: Iam,
}

/// All rules of a template.
pub struct RuleEngine {
    rules: Vec<Rule>,
    reach: Reach,
}

struct Rule {
    name: String,
    statement: Statement,
    actions: Vec<Action>,
    error_action: Option<Action>,
}

/// An action that failed, as the error action is told.
struct Failure {
    action: &'static str,
    resource: String,
    message: String,
}

impl RuleEngine {
    /// Compiles every rule that is not disabled.
    pub fn new(template: &Template, reach: Reach) -> Result<RuleEngine, RuleError> {
        let mut rules = Vec::new();
        for rule in template.rules.iter().filter(|rule| !rule.disabled) {
            if rule.sql_version != SQL_VERSION {
                return Err(RuleError::Version {
                    rule: rule.name.clone(),
                    version: rule.sql_version.clone(),
                });
            }
            let statement = Statement::parse(&rule.sql).map_err(|source| RuleError::Statement {
                rule: rule.name.clone(),
                source,
            })?;
            let compile = |action| {
                Action::compile(action, rule, template, &reach.account).map_err(|problem| {
                    RuleError::Action {
                        rule: rule.name.clone(),
                        problem,
                    }
                })
            };
            rules.push(Rule {
                name: rule.name.clone(),
                statement,
                actions: rule.actions.iter().map(compile).collect::<Result<_, _>>()?,
                error_action: rule.error_action.as_ref().map(compile).transpose()?,
            });
        }
        Ok(RuleEngine { rules, reach })
    }

    /// Works through `messages` until the broker is gone.
    pub async fn run(self, mut messages: mpsc::UnboundedReceiver<Arc<Message>>) {
        while let Some(message) = messages.recv().await {
            match topic::basic_ingest(&message.topic) {
                Some((name, topic)) => match self.rules.iter().find(|rule| rule.name == name) {
                    Some(rule) => self.apply(rule, topic, &message),
                    None => tracing::warn!(rule = name, "RuleNotFound for basic ingest"),
                },
                None => {
                    for rule in &self.rules {
                        if topic::matches(rule.statement.topic_filter(), &message.topic) {
                            self.apply(rule, &message.topic, &message);
                        }
                    }
                }
            }
        }
    }

    /// `topic` is what the rule sees, without a basic ingest prefix.
    fn apply(&self, rule: &Rule, topic: &str, message: &Message) {
        let output = match self.evaluate(&rule.statement, topic, message) {
            Ok(Some(output)) => output,
            Ok(None) => return,
            // As in AWS, trouble in the statement is logged and never reaches the error action.
            Err(error) => return self.tell_failure(rule, topic, &error.to_string()),
        };
        self.reach.events.emit(EventKind::RuleMatched {
            rule: rule.name.clone(),
            topic: topic.to_owned(),
        });
        let mut failures = Vec::new();
        for action in &rule.actions {
            if let Err(problem) = action.perform(self, &output, topic, message) {
                self.tell_failure(rule, topic, &format!("{}: {problem}", action.kind()));
                failures.push(Failure {
                    action: action.kind(),
                    resource: action.resource(),
                    message: problem,
                });
            }
        }
        if let (Some(action), false) = (&rule.error_action, failures.is_empty()) {
            let report = report(rule, topic, message, &failures);
            if let Err(problem) = action.perform(self, &report, topic, message) {
                self.tell_failure(rule, topic, &format!("error action: {problem}"));
            }
        }
    }

    fn evaluate(
        &self,
        statement: &Statement,
        topic: &str,
        message: &Message,
    ) -> Result<Option<Vec<u8>>, EvaluateError> {
        let mut new_uuid = || uuid::Uuid::new_v4().to_string();
        statement.evaluate(&mut Input {
            topic,
            payload: &message.payload,
            client_id: message.origin.client.as_deref(),
            principal: message.origin.principal.as_deref(),
            account: &self.reach.account,
            now_ms: self.reach.clock.now_ms(),
            new_uuid: &mut new_uuid,
        })
    }

    fn tell_failure(&self, rule: &Rule, topic: &str, error: &str) {
        tracing::warn!(rule = rule.name, topic, error, "rule failed");
        self.reach.events.emit(EventKind::RuleFailed {
            rule: rule.name.clone(),
            topic: topic.to_owned(),
            error: error.to_owned(),
        });
    }
}

/// *Source*: AWS IoT Core developer guide, error handling (error action).
fn report(rule: &Rule, topic: &str, message: &Message, failures: &[Failure]) -> Vec<u8> {
    let failures: Vec<_> = failures
        .iter()
        .map(|f| {
            json!({
                "failedAction": f.action,
                "failedResource": f.resource,
                "errorMessage": f.message,
            })
        })
        .collect();
    let report = json!({
        "ruleName": rule.name,
        "topic": topic,
        "cloudwatchTraceId": uuid::Uuid::new_v4().to_string(),
        "clientId": message.origin.client.as_deref().unwrap_or("n/a"),
        "base64OriginalPayload": BASE64_STANDARD.encode(&message.payload),
        "failures": failures,
    });
    report.to_string().into_bytes()
}
