//! Substitution templates: `${expression}` inside an action's topic, evaluated against the original message.
//!
//! Each expression is compiled as a statement of its own. Must not know the action.

use serde_json::Value;

use super::RuleEngine;
use crate::broker::message::Message;
use crate::sql::Statement;

/// A text with expressions in it.
pub struct Substitution {
    text: String,
    parts: Vec<Part>,
}

enum Part {
    Literal(String),
    Expression(Statement),
}

impl Substitution {
    /// Compiles `text`. A reserved topic is written `$$aws/…`. The error is what is wrong.
    pub fn parse(text: &str) -> Result<Substitution, String> {
        let mut parts = Vec::new();
        let mut rest = match text.strip_prefix("$$") {
            Some(reserved) => {
                parts.push(Part::Literal("$".to_owned()));
                reserved
            }
            None => text,
        };
        while let Some(start) = rest.find("${") {
            let end = rest[start..].find('}').map(|length| start + length);
            let end = end.ok_or_else(|| format!("no closing brace in {text:?}"))?;
            let expression = &rest[start + 2..end];
            let statement = Statement::parse(&format!("SELECT {expression} AS value FROM '#'"))
                .map_err(|e| format!("substitution {expression:?}: {e}"))?;
            parts.push(Part::Literal(rest[..start].to_owned()));
            parts.push(Part::Expression(statement));
            rest = &rest[end + 1..];
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Substitution {
            text: text.to_owned(),
            parts,
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text for one message. The error is what is wrong.
    pub fn resolve(
        &self,
        engine: &RuleEngine,
        topic: &str,
        message: &Message,
    ) -> Result<String, String> {
        let mut resolved = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => resolved.push_str(text),
                Part::Expression(statement) => {
                    let output = engine.evaluate(statement, topic, message);
                    let output = output.map_err(|e| e.to_string())?.unwrap_or_default();
                    resolved.push_str(&value_of(&output)?);
                }
            }
        }
        Ok(resolved)
    }
}

fn value_of(output: &[u8]) -> Result<String, String> {
    let output: Value = serde_json::from_slice(output).map_err(|e| e.to_string())?;
    match &output["value"] {
        Value::Null => Err("a substitution is undefined".to_owned()),
        Value::String(text) => Ok(text.clone()),
        other => Ok(other.to_string()),
    }
}
