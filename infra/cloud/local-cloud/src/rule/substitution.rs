//! Substitution templates: `${expression}` in an action's parameters, evaluated against the
//! original message.
//!
//! Must not know: the action. Source: AWS IoT developer guide, "Substitution templates".

use serde_json::Value;

use super::{Engine, Rule, random};
use crate::broker::message::Message;
use iot_sql::{Progress, Statement};

pub struct Substitution {
    text: String,
    parts: Vec<Part>,
}

enum Part {
    Literal(String),
    Expression(Box<Statement>),
}

impl Substitution {
    /// Compiles `text` of the rule with this statement; the error says what is wrong.
    pub fn parse(text: &str, of: &Statement) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let inside = &rest[start + 2..];
            let end =
                closing_brace(inside).ok_or_else(|| format!("no closing brace in {text:?}"))?;
            let expression = &inside[..end];
            let statement = of
                .parse_template(expression)
                .map_err(|e| format!("substitution {expression:?}: {e}"))?;
            if start > 0 {
                parts.push(Part::Literal(rest[..start].to_owned()));
            }
            parts.push(Part::Expression(Box::new(statement)));
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Compiles a topic; a reserved one is written `$$aws/…`.
    pub fn parse_topic(text: &str, of: &Statement) -> Result<Self, String> {
        let compiled = match text.strip_prefix('$') {
            Some(reserved) if reserved.starts_with('$') && !reserved.starts_with("${") => {
                Self::parse(reserved, of)
            }
            Some(other) if !other.starts_with(['$', '{']) => Err(format!(
                "topic {text:?}: to republish to a reserved topic write `$$` for `$`"
            )),
            _ => Self::parse(text, of),
        };
        compiled.map(|compiled| Self {
            text: text.to_owned(),
            ..compiled
        })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole text, if it contains no expression.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub fn calls_out(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Literal(_) => false,
            Part::Expression(statement) => statement.calls_out(),
        })
    }

    /// The text for one message; the error says why an expression has no value.
    pub async fn resolve(
        &self,
        engine: &Engine,
        rule: &Rule,
        message: &Message,
    ) -> Result<String, String> {
        let mut resolved = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => resolved.push_str(text),
                Part::Expression(statement) => {
                    let mut progress = Progress::of_template(&rule.variables, random);
                    let output = engine.evaluate(rule, statement, message, &mut progress);
                    let output = output.await;
                    let output =
                        output.map_err(|e| format!("substitution in {}: {e}", self.text))?;
                    resolved.push_str(&text_of(&output.unwrap_or_default()));
                }
            }
        }
        Ok(resolved)
    }
}

/// Text without its quotes; Undefined becomes empty text.
fn text_of(output: &[u8]) -> String {
    match serde_json::from_slice(output) {
        Ok(Value::String(text)) => text,
        _ => String::from_utf8_lossy(output).into_owned(),
    }
}

/// The position of the expression's end; braces of objects and quoted text belong to it.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(c),
            ('{', None) => depth += 1,
            ('}', None) => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return Some(at),
            },
            _ => {}
        }
    }
    None
}
