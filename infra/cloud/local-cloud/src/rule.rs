//! The rules engine: evaluates each rule's statement on every published message, then performs the
//! rule's actions.
//!
//! Rules are compiled at start, disabled ones too, so an unsupported statement or action stops the
//! start. Messages are processed in order, except for rules that wait for another service. Must not
//! know: what the statements mean.

mod action;
mod external;
mod header;
mod item;
mod metric;
mod object;
mod report;
mod republish;
mod statement;
mod substitution;
mod switch;
mod value;

use std::ops::Deref;
use std::sync::Arc;

use dynoxide::Database;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::account::Account;
use crate::broker::Broker;
use crate::broker::message::Message;
use crate::clock::Clock;
use crate::contain::contain_logged;
use crate::data_plane::thing_shadow::ShadowService;
use crate::dynamodb::Streams;
use crate::event::{EventBus, EventKind};
use crate::folder::Folder;
use crate::iam::{Iam, Need};
use crate::metric::Key;
use crate::notification::Topics;
use crate::queue::Queues;
use crate::registry::Registry;
use action::Action;
use iot_sql::{EvaluateError, Evaluation, Input, Progress, SqlError, Statement, Variables};
use lambda_host::Functions;
use metric::Metric;
use report::Failure;
use sam_template::{Template, TopicRule};

pub use statement::topic_filter;
pub use switch::{Switched, Switches};

#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("rule {rule}: parse statement")]
    Statement {
        rule: String,
        /// Logical id.
        id: String,
        #[source]
        source: SqlError,
    },
    #[error(
        "rule {rule}: sql version {version} is not supported, write AwsIotSqlVersion: '2016-03-23'"
    )]
    Version {
        rule: String,
        /// Logical id.
        id: String,
        version: String,
    },
    #[error("rule {rule}: {problem}")]
    Action {
        rule: String,
        /// Logical id.
        id: String,
        problem: String,
    },
}

impl RuleError {
    /// Logical id of the rule.
    pub fn logical_id(&self) -> &str {
        match self {
            Self::Statement { id, .. } | Self::Version { id, .. } | Self::Action { id, .. } => id,
        }
    }
}

/// The services that actions and SQL functions use.
#[derive(Clone)]
pub struct Services {
    pub broker: Broker,
    /// For `get_registry_data`.
    pub registry: Registry,
    /// For Lambda actions and `aws_lambda`.
    pub functions: Functions,
    pub queues: Queues,
    pub topics: Topics,
    pub shadows: ShadowService,
    pub database: Database,
    /// To wake the streams of tables after a write.
    pub streams: Streams,
    /// For objects.
    pub folder: Folder,
    pub events: EventBus,
    pub clock: Clock,
    /// For `accountid()`, the account that a permission names, and ARNs.
    pub account: Account,
    pub iam: Iam,
    /// Which rules are enabled.
    pub switches: Switches,
}

pub struct RuleEngine {
    inner: Arc<Engine>,
}

struct Engine {
    rules: Vec<Arc<Compiled>>,
    functions: Vec<sam_template::Function>,
    services: Services,
}

/// A rule as its actions and templates see it: compiled, with the values that the variables of its
/// statement have for the message.
struct Rule {
    compiled: Arc<Compiled>,
    variables: Variables,
}

impl Deref for Rule {
    type Target = Compiled;

    fn deref(&self) -> &Compiled {
        &self.compiled
    }
}

struct Compiled {
    name: String,
    arn: String,
    statement: Statement,
    actions: Vec<Action>,
    error_action: Option<Action>,
    /// Whether any part of it waits for another service.
    waits: bool,
}

#[derive(Debug, thiserror::Error)]
enum OutputError {
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    #[error("{function}: {problem}")]
    External {
        function: &'static str,
        problem: String,
    },
}

impl RuleEngine {
    pub fn new(template: &Template, services: Services) -> Result<Self, RuleError> {
        let rules = template.rules.iter();
        let rules = rules
            .map(|rule| compile(rule, template).map(Arc::new))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            inner: Arc::new(Engine {
                rules,
                functions: template.functions.clone(),
                services,
            }),
        })
    }

    pub async fn run(self, mut messages: mpsc::UnboundedReceiver<Arc<Message>>) {
        // Rules that wait end when this is dropped.
        let mut waiting = JoinSet::new();
        while let Some(message) = messages.recv().await {
            while waiting.try_join_next().is_some() {}
            for rule in self.inner.rules_for(&message) {
                let waits = rule.waits;
                let work = Arc::clone(&self.inner).apply(rule, message.clone());
                let work = contain_logged("apply rule", work);
                if waits {
                    drop(waiting.spawn(work))
                } else {
                    work.await
                }
            }
        }
        // An engine that is replaced finishes its messages.
        while waiting.join_next().await.is_some() {}
    }
}

fn compile(rule: &TopicRule, template: &Template) -> Result<Compiled, RuleError> {
    let statement = statement::parse(rule, template)?;
    action::warn_of_foreign_roles(rule, template);
    let refused = |problem: String| RuleError::Action {
        rule: rule.name.clone(),
        id: rule.logical_id.clone(),
        problem,
    };
    let compile = |action| Action::compile(action, template, &statement).map_err(refused);
    let works = |action: &&sam_template::Action| !action.is_inert();
    let actions = rule.actions.iter().filter(works).map(compile);
    let actions: Vec<Action> = actions.collect::<Result<_, _>>()?;
    let error_action = rule
        .error_action
        .as_ref()
        .filter(works)
        .map(compile)
        .transpose()?;
    if error_action.as_ref().is_some_and(Action::calls_out) {
        let problem = "an error action cannot call get_thing_shadow, get_dynamodb, \
                       get_registry_data or aws_lambda";
        return Err(refused(problem.to_owned()));
    }
    Ok(Compiled {
        name: rule.name.clone(),
        arn: rule.arn.clone(),
        waits: statement.calls_out() || actions.iter().any(Action::calls_out),
        statement,
        actions,
        error_action,
    })
}

fn random() -> u128 {
    uuid::Uuid::new_v4().as_u128()
}

/// The topic as a rule sees it, without the prefix of Basic Ingest.
fn topic_of(message: &Message) -> &str {
    iot_topic::basic_ingest(&message.topic).map_or(&message.topic, |(_, topic)| topic)
}

impl Engine {
    fn rules_for(&self, message: &Message) -> Vec<Arc<Compiled>> {
        let switches = &self.services.switches;
        let enabled = self.rules.iter().filter(|r| switches.is_enabled(&r.name));
        let Some((name, _)) = iot_topic::basic_ingest(&message.topic) else {
            let matches = |rule: &&Arc<Compiled>| {
                iot_topic::matches(rule.statement.topic_filter(), &message.topic)
            };
            return enabled.filter(matches).cloned().collect();
        };
        let found: Vec<_> = enabled.filter(|r| r.name == name).cloned().collect();
        if found.is_empty() {
            self.count(metric::of_rule(name, Metric::RuleNotFound));
            self.report_failure(
                name,
                &message.topic,
                "RuleNotFound: no rule has this name, or it is disabled",
            );
        }
        found
    }

    async fn apply(self: Arc<Self>, compiled: Arc<Compiled>, message: Arc<Message>) {
        let topic = topic_of(&message);
        let mut rule = Rule {
            compiled,
            variables: Variables::default(),
        };
        self.count(metric::of_rule(&rule.name, Metric::TopicMatch));
        let mut progress = Progress::new(random);
        let evaluated = self.evaluate(&rule, &rule.statement, &message, &mut progress);
        let output = match evaluated.await {
            Ok(Some(output)) => output,
            Ok(None) => return,
            // As in AWS, an error in the statement is logged and never reaches the error action.
            Err(error) => {
                if matches!(error, OutputError::Evaluate(EvaluateError::NotJson { .. })) {
                    self.count(metric::of_rule(&rule.name, Metric::ParseError));
                }
                return self.report_failure(&rule.name, topic, &error.to_string());
            }
        };
        rule.variables = progress.variables();
        self.count(metric::of_rule(&rule.name, Metric::RulesExecuted));
        self.services.events.emit(EventKind::RuleMatched {
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
                self.report_failure(&rule.name, topic, &error);
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
                self.report_failure(&rule.name, topic, &format!("error action: {problem}"));
            }
        }
    }

    /// Evaluates again after each answer of another service, until there is an output.
    async fn evaluate(
        &self,
        rule: &Rule,
        statement: &Statement,
        message: &Message,
        progress: &mut Progress,
    ) -> Result<Option<Vec<u8>>, OutputError> {
        let headers = header::headers_of(message);
        let origin = &message.origin;
        let is_from_outside = origin.client.is_some() || origin.principal.is_some();
        let input = Input {
            topic: topic_of(message),
            payload: &message.payload,
            headers: &headers,
            client_id: origin.client.as_deref(),
            principal: origin.principal.as_deref(),
            // All clients are on loopback.
            source_ip: is_from_outside.then_some("127.0.0.1"),
            account: &self.services.account.id,
            now_ms: self.services.clock.now_ms(),
        };
        loop {
            let call = match statement.evaluate(&input, progress)? {
                Evaluation::Output(output) => return Ok(Some(output)),
                Evaluation::NoMatch => return Ok(None),
                Evaluation::Needs(call) => call,
            };
            let answer = external::answer(self, rule, &call).await;
            let answer = answer.map_err(|problem| OutputError::External {
                function: call.name(),
                problem,
            })?;
            progress.answer(&call, &answer)?;
        }
    }

    fn count(&self, key: Key) {
        let at_ms = self.services.clock.now_ms();
        self.services.events.metrics().count(key, at_ms);
    }

    /// Checks that a role allows what an action or an SQL function does; errors are AWS's own
    /// words.
    fn check_right(&self, role_arn: &str, action: &str, resource: &str) -> Result<(), String> {
        let need = Need::new(action, resource.to_owned());
        let checked = self.services.iam.check_role(role_arn, "IotRules", &need);
        checked.map_err(|denial| denial.to_string())
    }

    fn report_failure(&self, rule: &str, topic: &str, error: &str) {
        tracing::warn!(rule, topic, error, "rule failed");
        self.services.events.emit(EventKind::RuleFailed {
            rule: rule.to_owned(),
            topic: topic.to_owned(),
            error: error.to_owned(),
        });
    }
}
