//! Rule SQL, versions 2015-10-08 and 2016-03-23: parsed once, evaluated per message.
//!
//! Source: AWS IoT developer guide, "AWS IoT SQL reference". What is not supported is an error of parsing, so that a rule
//! fails at start and not by silence. Pure: time, randomness and the answers of other services come with the input; a
//! statement that needs such an answer says so and is evaluated again with it. Must not know: the broker, rule actions.

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

use expression::{Expression, Select};
use scope::{Scope, Stop};
use value::Value;

/// The version whose rules a statement follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2015-10-08`, which AWS takes where a rule names none.
    V2015,
    /// `2016-03-23`.
    V2016,
}

impl Version {
    /// The version of this name.
    pub fn named(name: &str) -> Option<Version> {
        [Version::V2015, Version::V2016]
            .into_iter()
            .find(|version| version.name() == name)
    }

    /// As `AwsIotSqlVersion` names it.
    pub fn name(self) -> &'static str {
        match self {
            Version::V2015 => "2015-10-08",
            Version::V2016 => "2016-03-23",
        }
    }
}

/// A parsed statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    version: Version,
    select: Select,
    topic_filter: String,
    condition: Option<Expression>,
    needs_json: bool,
    calls_out: bool,
}

/// Why a statement is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule sql at character {position}: {message}")]
pub struct SqlError {
    /// Character position, from 0.
    pub position: usize,
    /// What is wrong there.
    pub message: String,
}

/// One message, and what the functions of the SQL can see.
pub struct Input<'a> {
    /// Topic of the message.
    pub topic: &'a str,
    /// Its bytes.
    pub payload: &'a [u8],
    /// Its MQTT 5 headers.
    pub headers: &'a Headers,
    /// MQTT client id; none when the message came by HTTP.
    pub client_id: Option<&'a str>,
    /// Certificate id or caller id.
    pub principal: Option<&'a str>,
    /// Address of the publisher; none where the cloud itself published.
    pub source_ip: Option<&'a str>,
    /// Account id.
    pub account: &'a str,
    /// Epoch milliseconds.
    pub now_ms: u64,
}

/// MQTT 5 headers of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `UNSPECIFIED_BYTES` or `UTF8_DATA`.
    pub payload_format: Option<&'static str>,
    /// Content type.
    pub content_type: Option<String>,
    /// Response topic.
    pub response_topic: Option<String>,
    /// Correlation data.
    pub correlation_data: Option<Vec<u8>>,
    /// User properties in order.
    pub user: Vec<(String, String)>,
}

/// What an evaluation has drawn and been answered so far; it goes on from there when it is made again.
pub struct Progress {
    random: Box<dyn FnMut() -> u128 + Send>,
    draws: Vec<u128>,
    answers: Vec<Value>,
}

/// Something only another service can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `aws_lambda`: run a function and wait for its answer.
    Lambda {
        /// ARN of the function.
        arn: String,
        /// Its event, JSON.
        event: Vec<u8>,
    },
    /// `get_thing_shadow`: the whole document.
    Shadow {
        /// Thing.
        thing: String,
        /// Name of the shadow; none for the classic one.
        shadow: Option<String>,
        /// Role that permits it.
        role_arn: String,
    },
    /// `get_dynamodb`: one item.
    DynamoDb {
        /// Table.
        table: String,
        /// Keys, each with its value as DynamoDB writes it: `{"S": "a"}`.
        key: Vec<(String, serde_json::Value)>,
        /// Role that permits it.
        role_arn: String,
    },
}

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// The bytes that the actions get.
    Output(Vec<u8>),
    /// WHERE is not true.
    NoMatch,
    /// The answer to this is needed first; see [`Progress::answer`].
    Needs(Call),
}

/// Why a message cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The statement needs JSON and the payload is not JSON.
    #[error("payload on {topic} is not json: {message}")]
    NotJson {
        /// Topic of the message.
        topic: String,
        /// What the parser found.
        message: String,
    },
    /// An array as a whole output, which the version of 2015 does not have.
    #[error("select value gives an array: that takes AwsIotSqlVersion '2016-03-23'")]
    ArrayOutput,
    /// The statement makes more of the message than is reasonable.
    #[error("the statement makes more than 32 MiB of this message")]
    TooMuch,
    /// What a service answered is no JSON.
    #[error("answer of {of} is not json: {message}")]
    Answer {
        /// The function of the SQL.
        of: &'static str,
        /// What the parser found.
        message: String,
    },
}

impl Call {
    /// The function of the SQL.
    pub fn name(&self) -> &'static str {
        match self {
            Call::Lambda { .. } => "aws_lambda",
            Call::Shadow { .. } => "get_thing_shadow",
            Call::DynamoDb { .. } => "get_dynamodb",
        }
    }
}

impl Progress {
    /// Nothing drawn and nothing answered; `random` is the source of `newuuid()`, `traceid()` and `rand()`.
    pub fn new(random: impl FnMut() -> u128 + Send + 'static) -> Progress {
        Progress {
            random: Box::new(random),
            draws: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Takes the JSON that `call`, as [`Evaluation::Needs`] named it, was answered with.
    ///
    /// Errors: [`EvaluateError::Answer`].
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
    /// Parses `sql`.
    ///
    /// Errors: [`SqlError`] with the place of the first thing that is wrong or not supported.
    pub fn parse(sql: &str, version: Version) -> Result<Statement, SqlError> {
        parse::statement(sql, version)
    }

    /// Parses one expression, as a substitution template holds it; its value is what [`Statement::evaluate`] outputs,
    /// text without quotes and Undefined as nothing.
    ///
    /// Errors: as [`Statement::parse`].
    pub fn parse_expression(sql: &str, version: Version) -> Result<Statement, SqlError> {
        parse::expression(sql, version)
    }

    /// The filter of FROM; empty when the statement has none (it is then reached by Basic Ingest only).
    pub fn topic_filter(&self) -> &str {
        &self.topic_filter
    }

    /// Whether it may need answers of other services.
    pub fn calls_out(&self) -> bool {
        self.calls_out
    }

    /// Evaluates one message.
    ///
    /// Errors: [`EvaluateError`]; [`EvaluateError::NotJson`] only where the statement looks into the payload.
    pub fn evaluate(
        &self,
        input: &Input<'_>,
        progress: &mut Progress,
    ) -> Result<Evaluation, EvaluateError> {
        let mut scope = Scope::new(input, self.version, self.needs_json, progress)?;
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
        match scope.stop() {
            Some(Stop::Needs(call)) => Ok(Evaluation::Needs(call)),
            Some(Stop::Fails(error)) => Err(error),
            None => Ok(output.map_or(Evaluation::NoMatch, Evaluation::Output)),
        }
    }
}
