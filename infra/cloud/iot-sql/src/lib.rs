//! The SQL of AWS IoT topic rules: parsing and evaluation.
//!
#![doc = include_str!("../README.md")]
//!
//! Source: AWS IoT developer guide, "AWS IoT SQL reference".

mod evaluate;
mod expression;
mod function;
mod json;
mod number;
mod parse;
mod print;
mod scope;
#[cfg(test)]
mod tests;
mod token;
mod value;

use expression::{Expression, Select, Variable};
use scope::{Scope, Stop};
use value::{Object, Value};

/// The version of the SQL engine (`AwsIotSqlVersion`) that a statement is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2015-10-08`, AWS's default for a rule that names no version.
    V2015,
    /// `2016-03-23`, which added literals of arrays and objects, nested SELECT and functions.
    V2016,
}

impl Version {
    /// The version with this name; `None` for any other, `beta` included.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::V2015, Self::V2016]
            .into_iter()
            .find(|version| version.name() == name)
    }

    /// The name in `AwsIotSqlVersion`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2015 => "2015-10-08",
            Self::V2016 => "2016-03-23",
        }
    }
}

/// A parsed statement, or an expression of a substitution template.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    version: Version,
    /// The variables of SET, in order.
    variables: Vec<Variable>,
    select: Select,
    topic_filter: String,
    condition: Option<Expression>,
    needs_json: bool,
    calls_out: bool,
    doubts: Doubts,
}

/// Sentences on parts of a statement of which it is not known what AWS does, or that may not mean
/// what they look like. They do not count as its meaning: two statements that differ only in them
/// are equal.
#[derive(Clone, Debug, Default)]
struct Doubts(Vec<String>);

impl PartialEq for Doubts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The values of a statement's variables for one message, for its substitution templates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables {
    values: Object,
    /// Number of random numbers and answers that they used.
    draws: usize,
    calls: usize,
}

/// Why a statement is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule sql at character {position}: {message}")]
pub struct SqlError {
    /// Position in characters from the start of the statement, from 0.
    pub position: usize,
    /// What is wrong at this position, and what to do.
    pub message: String,
}

/// One message, and what the functions of the SQL can read.
pub struct Input<'a> {
    /// Topic that the message was published on.
    pub topic: &'a str,
    /// Payload of the message.
    pub payload: &'a [u8],
    /// MQTT 5 headers of the message.
    pub headers: &'a Headers,
    /// MQTT client id of the publisher; `None` for a message published over HTTP.
    pub client_id: Option<&'a str>,
    /// Certificate id or caller id of the publisher.
    pub principal: Option<&'a str>,
    /// Address of the publisher; `None` if the cloud itself published the message.
    pub source_ip: Option<&'a str>,
    /// AWS account id, twelve digits.
    pub account: &'a str,
    /// Current time, epoch milliseconds.
    pub now_ms: u64,
}

/// MQTT 5 headers of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `UNSPECIFIED_BYTES` or `UTF8_DATA`.
    pub payload_format: Option<&'static str>,
    /// Content type, such as `application/json`.
    pub content_type: Option<String>,
    /// Topic for the response to a request.
    pub response_topic: Option<String>,
    /// Correlation data of a request or response.
    pub correlation_data: Option<Vec<u8>>,
    /// User properties in order; a key may occur more than once.
    pub user: Vec<(String, String)>,
}

/// The random numbers and answers that an evaluation has used so far. A repeated evaluation uses
/// the same.
pub struct Progress {
    random: Box<dyn FnMut() -> u128 + Send>,
    draws: Vec<u128>,
    answers: Vec<Value>,
    /// Set by the first pass that needed no answer for them.
    variables: Option<Variables>,
}

/// An operation of the registry that `get_registry_data` calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryOperation {
    /// `DescribeThing`: attributes, type and version of a thing.
    DescribeThing,
    /// `ListThingGroupsForThing`: the groups that a thing is in.
    ListThingGroupsForThing,
}

/// A question that only another service can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `aws_lambda`: invoke a function and wait for its response.
    Lambda {
        /// ARN of the function to invoke.
        arn: String,
        /// JSON event for the function.
        event: Vec<u8>,
    },
    /// `get_thing_shadow`: read the whole shadow document.
    Shadow {
        /// Name of the thing.
        thing: String,
        /// Name of the shadow; `None` for the classic shadow.
        shadow: Option<String>,
        /// ARN of the role that must permit the call.
        role_arn: String,
    },
    /// `get_dynamodb`: read one item.
    DynamoDb {
        /// Name of the table.
        table: String,
        /// Key attributes with their values in DynamoDB's form: `{"S": "a"}`.
        key: Vec<(String, serde_json::Value)>,
        /// ARN of the role that must permit the call.
        role_arn: String,
    },
    /// `get_registry_data`: read what the registry keeps of a thing.
    Registry {
        /// The operation to call.
        operation: RegistryOperation,
        /// Name of the thing.
        thing: String,
        /// ARN of the role that must permit the call.
        role_arn: String,
    },
}

impl RegistryOperation {
    /// Its name in AWS.
    pub fn name(self) -> &'static str {
        match self {
            Self::DescribeThing => "DescribeThing",
            Self::ListThingGroupsForThing => "ListThingGroupsForThing",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::DescribeThing, Self::ListThingGroupsForThing]
            .into_iter()
            .find(|operation| operation.name() == name)
    }
}

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// The payload for the rule's actions.
    Output(Vec<u8>),
    /// The WHERE clause is not true.
    NoMatch,
    /// The answer to this call is needed first: give it to [`Progress::answer`] and evaluate again.
    Needs(Call),
}

/// Why a statement cannot be evaluated on a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The statement reads the payload as JSON, and it is not JSON.
    #[error("payload on {topic} is not json: {message}")]
    NotJson {
        /// Topic that the message was published on.
        topic: String,
        /// The error of the JSON parser.
        message: String,
    },
    /// SELECT VALUE yields an array, which needs version 2016-03-23.
    #[error("select value yields an array, which needs AwsIotSqlVersion '2016-03-23'")]
    ArrayOutput,
    /// The values of the evaluation take more than 32 MiB.
    #[error("the values of the statement take more than 32 MiB for this message")]
    TooMuch,
    /// The answer of a service is not JSON.
    #[error("answer of {of} is not json: {message}")]
    Answer {
        /// Name of the SQL function.
        of: &'static str,
        /// The error of the JSON parser.
        message: String,
    },
}

impl Call {
    /// Name of the SQL function that makes the call.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lambda { .. } => "aws_lambda",
            Self::Shadow { .. } => "get_thing_shadow",
            Self::DynamoDb { .. } => "get_dynamodb",
            Self::Registry { .. } => "get_registry_data",
        }
    }
}

impl Progress {
    /// Starts an evaluation; `random` supplies `newuuid()`, `traceid()` and `rand()`.
    pub fn new(random: impl FnMut() -> u128 + Send + 'static) -> Self {
        Self {
            random: Box::new(random),
            draws: Vec::new(),
            answers: Vec::new(),
            variables: None,
        }
    }

    /// Starts the evaluation of a substitution template; `variables` are those of its statement
    /// for the same message.
    pub fn of_template(
        variables: &Variables,
        random: impl FnMut() -> u128 + Send + 'static,
    ) -> Self {
        Self {
            variables: Some(Variables {
                values: variables.values.clone(),
                ..Variables::default()
            }),
            ..Self::new(random)
        }
    }

    /// The values of the statement's variables, after an evaluation that has ended.
    pub fn variables(&self) -> Variables {
        self.variables.clone().unwrap_or_default()
    }

    /// Adds the JSON answer to the `call` that [`Evaluation::Needs`] returned.
    ///
    /// # Errors
    ///
    /// [`EvaluateError::Answer`] if the answer is not JSON.
    pub fn answer(&mut self, call: &Call, answer: &[u8]) -> Result<(), EvaluateError> {
        let answer = json::read(answer).map_err(|message| EvaluateError::Answer {
            of: call.name(),
            message,
        })?;
        self.answers.push(answer);
        Ok(())
    }

    fn draw(&mut self, index: usize) -> u128 {
        while self.draws.len() <= index {
            self.draws.push((self.random)());
        }
        self.draws[index]
    }
}

impl Statement {
    /// Parses a whole statement.
    ///
    /// # Errors
    ///
    /// [`SqlError`] with the position of the first mistake or unsupported part.
    pub fn parse(sql: &str, version: Version) -> Result<Self, SqlError> {
        parse::statement(sql, version)
    }

    /// Parses one expression of a substitution template without variables. [`Statement::evaluate`]
    /// outputs its value: text without quotes, Undefined as an empty output.
    ///
    /// # Errors
    ///
    /// As [`Statement::parse`].
    pub fn parse_expression(sql: &str, version: Version) -> Result<Self, SqlError> {
        parse::expression(sql, version, &[])
    }

    /// Parses one expression of a substitution template of this statement's rule, which may use
    /// the statement's variables. It is evaluated with [`Progress::of_template`].
    ///
    /// # Errors
    ///
    /// As [`Statement::parse`].
    pub fn parse_template(&self, sql: &str) -> Result<Self, SqlError> {
        parse::expression(sql, self.version, &self.variables)
    }

    /// Sentences on parts of the statement of which it is not known what AWS does, and on a minus
    /// that looks like a hyphen in a key.
    pub fn doubts(&self) -> &[String] {
        &self.doubts.0
    }

    /// The topic filter of FROM; empty without FROM, in which case only Basic Ingest reaches the
    /// statement.
    pub fn topic_filter(&self) -> &str {
        &self.topic_filter
    }

    /// Whether an evaluation may return [`Evaluation::Needs`].
    pub fn calls_out(&self) -> bool {
        self.calls_out
    }

    /// Evaluates the statement on one message.
    ///
    /// # Errors
    ///
    /// [`EvaluateError`]; [`EvaluateError::NotJson`] only if the statement reads the payload as
    /// JSON.
    pub fn evaluate(
        &self,
        input: &Input<'_>,
        progress: &mut Progress,
    ) -> Result<Evaluation, EvaluateError> {
        let mut scope = Scope::new(input, self.version, self.needs_json, progress)?;
        scope.set(&self.variables);
        // WHERE is evaluated first and sees the payload, not the aliases of SELECT.
        let holds = self.condition.as_ref().is_none_or(|c| scope.holds(c));
        let output = match &self.select {
            _ if !holds => None,
            Select::Raw => Some(input.payload.to_vec()),
            select => {
                let output = scope.select(select);
                if self.version == Version::V2015 && matches!(output, Some(Value::Array(_))) {
                    scope.fail(EvaluateError::ArrayOutput);
                }
                Some(output.map_or_else(Vec::new, |value| json::write(&value).into_bytes()))
            }
        };
        match scope.take_stop() {
            Some(Stop::Needs(call)) => Ok(Evaluation::Needs(call)),
            Some(Stop::Fails(error)) => Err(error),
            None => Ok(output.map_or(Evaluation::NoMatch, Evaluation::Output)),
        }
    }
}
