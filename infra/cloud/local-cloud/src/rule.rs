//! The rules engine: every published message, each rule's statement, then the rule's actions.
//!
//! Compiled at start, so that a statement or action we cannot honour stops the start. Messages are worked through in
//! order, but for rules that wait for another service. Must not know what the statements say; that is the SQL's.

mod action;
mod external;
mod header;
mod metric;
mod report;
mod substitution;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::account::Account;
use crate::broker::Broker;
use crate::broker::message::Message;
use crate::clock::Clock;
use crate::contain::contain_logged;
use crate::data_plane::thing_shadow::ShadowService;
use crate::event::{EventBus, EventKind};
use crate::iam::{Iam, Need};
use crate::metric::Key;
use crate::queue::Queues;
use action::Action;
use iot_sql::{EvaluateError, Evaluation, Input, Progress, SqlError, Statement, Version};
use lambda_host::Functions;
use metric::Metric;
use report::Failure;
use sam_template::{Template, TopicRule};

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
    /// A version there is not.
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

/// Where actions and functions of the SQL lead.
#[derive(Clone)]
pub struct Reach {
    /// For republishing.
    pub broker: Broker,
    /// For Lambda actions and `aws_lambda`.
    pub functions: Functions,
    /// For SQS and log actions.
    pub queues: Queues,
    /// For `get_thing_shadow`.
    pub shadows: ShadowService,
    /// For `get_dynamodb`.
    pub database: SocketAddr,
    /// For telling.
    pub events: EventBus,
    /// For `timestamp()`.
    pub clock: Clock,
    /// For `accountid()`, the account that a permission names, and ARNs.
    pub account: Account,
    /// For the rights of the roles.
    pub iam: Iam,
}

/// All rules of a template.
pub struct RuleEngine {
    inner: Arc<Engine>,
}

struct Engine {
    rules: Vec<Arc<Rule>>,
    functions: Vec<sam_template::Function>,
    reach: Reach,
}

struct Rule {
    name: String,
    arn: String,
    statement: Statement,
    actions: Vec<Action>,
    error_action: Option<Action>,
    /// Whether anything in it waits for another service.
    waits: bool,
}

/// Why a statement or a substitution gave nothing.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    #[error("{function}: {problem}")]
    External {
        function: &'static str,
        problem: String,
    },
}

impl RuleEngine {
    /// Compiles every rule that is not disabled.
    pub fn new(template: &Template, reach: Reach) -> Result<RuleEngine, RuleError> {
        let enabled = template.rules.iter().filter(|rule| !rule.disabled);
        let rules = enabled
            .map(|rule| compile(rule, template).map(Arc::new))
            .collect::<Result<_, _>>()?;
        Ok(RuleEngine {
            inner: Arc::new(Engine {
                rules,
                functions: template.functions.clone(),
                reach,
            }),
        })
    }

    /// Works through `messages` until the broker is gone.
    pub async fn run(self, mut messages: mpsc::UnboundedReceiver<Arc<Message>>) {
        // Dropped, and so ended, with this.
        let mut waiting = JoinSet::new();
        while let Some(message) = messages.recv().await {
            while waiting.try_join_next().is_some() {}
            for rule in self.inner.rules_for(&message) {
                let waits = rule.waits;
                let work = Arc::clone(&self.inner).apply(rule, message.clone());
                let work = contain_logged("apply rule", work);
                match waits {
                    true => drop(waiting.spawn(work)),
                    false => work.await,
                }
            }
        }
        // An engine that is replaced works through what it was given.
        while waiting.join_next().await.is_some() {}
    }
}

fn compile(rule: &TopicRule, template: &Template) -> Result<Rule, RuleError> {
    let version = Version::from_name(&rule.sql_version).ok_or_else(|| RuleError::Version {
        rule: rule.name.clone(),
        version: rule.sql_version.clone(),
    })?;
    let statement =
        Statement::parse(&rule.sql, version).map_err(|source| RuleError::Statement {
            rule: rule.name.clone(),
            source,
        })?;
    let refused = |problem: String| RuleError::Action {
        rule: rule.name.clone(),
        problem,
    };
    let setting = action::Setting { template, version };
    let compile = |action| Action::compile(action, &setting).map_err(refused);
    let actions: Vec<Action> = rule.actions.iter().map(compile).collect::<Result<_, _>>()?;
    let error_action = rule.error_action.as_ref().map(compile).transpose()?;
    if error_action.as_ref().is_some_and(Action::calls_out) {
        let problem = "an error action cannot call get_thing_shadow, get_dynamodb or aws_lambda";
        return Err(refused(problem.to_owned()));
    }
    Ok(Rule {
        name: rule.name.clone(),
        arn: rule.arn.clone(),
        waits: statement.calls_out() || actions.iter().any(Action::calls_out),
        statement,
        actions,
        error_action,
    })
}

/// What a rule sees as the topic: without the prefix of Basic Ingest.
fn topic_of(message: &Message) -> &str {
    iot_topic::basic_ingest(&message.topic).map_or(&message.topic, |(_, topic)| topic)
}

impl Engine {
    fn rules_for(&self, message: &Message) -> Vec<Arc<Rule>> {
        let Some((name, _)) = iot_topic::basic_ingest(&message.topic) else {
            let matches = |rule: &&Arc<Rule>| {
                iot_topic::matches(rule.statement.topic_filter(), &message.topic)
            };
            return self.rules.iter().filter(matches).cloned().collect();
        };
        let found: Vec<_> = self
            .rules
            .iter()
            .filter(|r| r.name == name)
            .cloned()
            .collect();
        if found.is_empty() {
            self.count(metric::of_rule(name, Metric::RuleNotFound));
            self.tell_failure(
                name,
                &message.topic,
                "RuleNotFound: no rule of this name, or it is disabled",
            );
        }
        found
    }

    async fn apply(self: Arc<Self>, rule: Arc<Rule>, message: Arc<Message>) {
        let topic = topic_of(&message);
        self.count(metric::of_rule(&rule.name, Metric::TopicMatch));
        let output = match self.evaluate(&rule, &rule.statement, &message).await {
            Ok(Some(output)) => output,
            Ok(None) => return,
            // As in AWS, trouble in the statement is logged and never reaches the error action.
            Err(error) => {
                if matches!(error, Trouble::Evaluate(EvaluateError::NotJson { .. })) {
                    self.count(metric::of_rule(&rule.name, Metric::ParseError));
                }
                return self.tell_failure(&rule.name, topic, &error.to_string());
            }
        };
        self.count(metric::of_rule(&rule.name, Metric::RulesExecuted));
        self.reach.events.emit(EventKind::RuleMatched {
            rule: rule.name.clone(),
            topic: topic.to_owned(),
        });
        let mut failures = Vec::new();
        for action in &rule.actions {
            let performed = action.perform(&self, &rule, &output, &message).await;
            let success = performed.is_ok();
            self.count(metric::of_action(&rule.name, action.kind(), false, success));
            if let Err(problem) = performed {
                let error = format!("{}: {problem}", action.kind());
                self.tell_failure(&rule.name, topic, &error);
                failures.push(Failure {
                    action: action.kind(),
                    resource: action.resource().to_owned(),
                    message: problem,
                });
            }
        }
        if let (Some(action), false) = (&rule.error_action, failures.is_empty()) {
            let report = report::report(&rule.name, topic, &message, &failures);
            let performed = action.perform(&self, &rule, &report, &message).await;
            let success = performed.is_ok();
            self.count(metric::of_action(&rule.name, action.kind(), true, success));
            if let Err(problem) = performed {
                self.tell_failure(&rule.name, topic, &format!("error action: {problem}"));
            }
        }
    }

    /// Evaluates as often as there is something to ask other services for.
    async fn evaluate(
        &self,
        rule: &Rule,
        statement: &Statement,
        message: &Message,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let headers = header::headers_of(message);
        let origin = &message.origin;
        let is_from_outside = origin.client.is_some() || origin.principal.is_some();
        let input = Input {
            topic: topic_of(message),
            payload: &message.payload,
            headers: &headers,
            client_id: origin.client.as_deref(),
            principal: origin.principal.as_deref(),
            // Everything listens on loopback.
            source_ip: is_from_outside.then_some("127.0.0.1"),
            account: &self.reach.account.id,
            now_ms: self.reach.clock.now_ms(),
        };
        let mut progress = Progress::new(|| uuid::Uuid::new_v4().as_u128());
        loop {
            let call = match statement.evaluate(&input, &mut progress)? {
                Evaluation::Output(output) => return Ok(Some(output)),
                Evaluation::NoMatch => return Ok(None),
                Evaluation::Needs(call) => call,
            };
            let answer = external::ask(self, rule, &call).await;
            let answer = answer.map_err(|problem| Trouble::External {
                function: call.name(),
                problem,
            })?;
            progress.answer(&call, &answer)?;
        }
    }

    fn count(&self, key: Key) {
        let at_ms = self.reach.clock.now_ms();
        self.reach.events.metrics().count(key, at_ms);
    }

    /// Whether a role allows what an action or a function of the SQL does. The error is AWS's.
    fn allow(&self, role_arn: &str, action: &str, resource: &str) -> Result<(), String> {
        let need = Need::new(action, resource.to_owned());
        let asked = self.reach.iam.check_role(role_arn, "IotRules", &need);
        asked.map_err(|denial| denial.to_string())
    }

    fn tell_failure(&self, rule: &str, topic: &str, error: &str) {
        tracing::warn!(rule, topic, error, "rule failed");
        self.reach.events.emit(EventKind::RuleFailed {
            rule: rule.to_owned(),
            topic: topic.to_owned(),
            error: error.to_owned(),
        });
    }
}
