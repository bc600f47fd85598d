//! Rule SQL, version 2016-03-23: parsed once, evaluated per message.
//!
//! Source: AWS IoT developer guide, "AWS IoT SQL reference". What is not supported is an error of parsing, so that a rule
//! fails at start and not by silence. Pure: time and randomness come with the input. Must not know: the broker, rule actions.

mod evaluate;
mod expression;
mod function;
mod parse;
#[cfg(test)]
mod tests;
mod token;
mod value;

use serde_json::Value;

use evaluate::Scope;
use expression::{Expression, Item};

/// A parsed statement.
#[derive(Clone, Debug)]
pub struct Statement {
    select: Select,
    topic_filter: String,
    condition: Option<Expression>,
    needs_json: bool,
}

#[derive(Clone, Debug)]
enum Select {
    /// `SELECT *` alone: the payload's bytes as they came.
    Raw,
    Items(Vec<Item>),
    /// `SELECT VALUE x`.
    Value(Expression),
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
    /// MQTT client id; none when the message came by HTTP.
    pub client_id: Option<&'a str>,
    /// Certificate id or caller id.
    pub principal: Option<&'a str>,
    /// Account id.
    pub account: &'a str,
    /// Epoch milliseconds.
    pub now_ms: u64,
    /// Source of `newuuid()` and `traceid()`.
    pub new_uuid: &'a mut dyn FnMut() -> String,
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
}

impl Statement {
    /// Parses `sql`.
    ///
    /// Errors: [`SqlError`] with the place of the first thing that is wrong or not supported.
    pub fn parse(sql: &str) -> Result<Statement, SqlError> {
        parse::statement(sql)
    }

    /// The filter of FROM; empty when the statement has none (it is then reached by Basic Ingest only).
    pub fn topic_filter(&self) -> &str {
        &self.topic_filter
    }

    /// The bytes that the actions get, or none where WHERE is not true.
    ///
    /// Errors: [`EvaluateError::NotJson`] where the statement looks into a payload that is not JSON.
    pub fn evaluate(&self, input: &mut Input<'_>) -> Result<Option<Vec<u8>>, EvaluateError> {
        let mut scope = Scope::new(input, self.needs_json)?;
        if let Some(condition) = &self.condition {
            // WHERE is evaluated first and sees the payload, not the aliases of SELECT.
            let holds = scope.evaluate(condition).as_ref().and_then(value::to_bool);
            if holds != Some(true) {
                return Ok(None);
            }
        }
        let output = match &self.select {
            Select::Raw => return Ok(Some(scope.raw().to_vec())),
            Select::Value(expression) => scope.evaluate(expression),
            Select::Items(items) => Some(select(&mut scope, items)),
        };
        Ok(Some(output.map_or_else(Vec::new, |value| {
            value.to_string().into_bytes()
        })))
    }
}

fn select(scope: &mut Scope<'_, '_>, items: &[Item]) -> Value {
    let mut output = Value::Object(serde_json::Map::new());
    for item in items {
        match item {
            Item::All => {
                if let Some(Value::Object(payload)) = scope.payload() {
                    let payload = payload.clone();
                    for (key, value) in payload {
                        output[key] = value;
                    }
                }
            }
            Item::Named { path, expression } => {
                if let Some(value) = scope.evaluate(expression) {
                    place(&mut output, path, value);
                }
            }
        }
    }
    output
}

/// Writes at `a.b.c`, making objects on the way; something else that stands there is replaced.
fn place(output: &mut Value, path: &[String], value: Value) {
    let mut target = output;
    for step in path {
        if !target.is_object() {
            *target = Value::Object(serde_json::Map::new());
        }
        target = &mut target[step.as_str()];
    }
    *target = value;
}
