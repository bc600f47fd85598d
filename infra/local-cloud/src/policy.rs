//! IoT policy documents: which client may do which action on which resource.
//!
//! Source: AWS IoT developer guide, "AWS IoT Core policies". Pure. Must not know: certificates, connections, where a
//! document is attached.

mod condition;
mod pattern;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use condition::Condition;
use pattern::Pattern;

/// A parsed policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
struct Statement {
    allow: bool,
    /// In lower case.
    actions: Vec<Pattern>,
    resources: Vec<Pattern>,
    conditions: Vec<Condition>,
}

/// Why a policy document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The shape is wrong, or holds something that is not supported.
    #[error("policy document: {0}")]
    Malformed(String),
}

fn malformed<T>(what: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError::Malformed(what.into()))
}

/// One question to the policies.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Action such as `iot:Publish`.
    pub action: &'a str,
    /// ARN of the resource.
    pub resource: &'a str,
    /// Values of policy variables and condition keys, by name without `${}`. Several values of one key are separated by
    /// commas (`iot:ConnectAttributes`); a key without a value is absent.
    pub variables: &'a BTreeMap<String, String>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// At least one statement allows and none denies.
    Allow,
    /// A statement denies.
    ExplicitDeny,
    /// No statement speaks of it.
    ImplicitDeny,
}

impl Document {
    /// Parses a document, given as an object or as text that holds one.
    ///
    /// Errors: [`PolicyError::Malformed`], also for elements that are not supported (`NotAction`, `Principal`, an unknown
    /// condition operator): a policy that cannot be honoured must not be attached.
    pub fn parse(value: &Value) -> Result<Document, PolicyError> {
        if let Value::String(text) = value {
            return match serde_json::from_str(text) {
                Ok(inner @ Value::Object(_)) => Document::parse(&inner),
                Ok(_) => malformed("the text is not an object"),
                Err(error) => malformed(error.to_string()),
            };
        }
        let Some(document) = value.as_object() else {
            return malformed("not an object");
        };
        for key in document.keys() {
            if !["Version", "Id", "Statement"].contains(&key.as_str()) {
                return malformed(format!("element {key} is not supported"));
            }
        }
        match document.get("Version").and_then(Value::as_str) {
            Some("2012-10-17") => {}
            other => {
                let version = other.unwrap_or("absent");
                return malformed(format!(
                    "Version must be 2012-10-17 for policy variables, not {version}"
                ));
            }
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().map(statement).collect(),
            Some(one @ Value::Object(_)) => statement(one).map(|one| vec![one]),
            _ => return malformed("Statement is missing"),
        };
        Ok(Document {
            statements: statements?,
        })
    }
}

fn statement(value: &Value) -> Result<Statement, PolicyError> {
    let Some(statement) = value.as_object() else {
        return malformed("a statement is not an object");
    };
    for key in statement.keys() {
        if !["Sid", "Effect", "Action", "Resource", "Condition"].contains(&key.as_str()) {
            return malformed(format!("element {key} of a statement is not supported"));
        }
    }
    let allow = match statement.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return malformed("Effect must be Allow or Deny"),
    };
    let patterns = |key: &str, change: fn(&str) -> String| -> Result<Vec<Pattern>, PolicyError> {
        let texts = texts(statement.get(key)).filter(|texts| !texts.is_empty());
        match texts {
            Some(texts) => texts.iter().map(|t| Pattern::parse(&change(t))).collect(),
            None => malformed(format!("{key} must be text or a list of texts")),
        }
    };
    let conditions = match statement.get("Condition") {
        None => Vec::new(),
        Some(value) => condition::parse(value)?,
    };
    Ok(Statement {
        allow,
        // Actions do not mind the case.
        actions: patterns("Action", str::to_ascii_lowercase)?,
        resources: patterns("Resource", str::to_owned)?,
        conditions,
    })
}

/// Text, or a list of texts; booleans and numbers count as their text.
fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match value? {
        Value::Array(items) => items.iter().map(one).collect(),
        single => one(single).map(|text| vec![text]),
    }
}

impl Statement {
    /// `action` is that of the request in lower case.
    fn applies(&self, action: &str, request: &Request<'_>) -> bool {
        self.actions
            .iter()
            .any(|pattern| pattern.matches(action, request.variables))
            && self
                .resources
                .iter()
                .any(|pattern| pattern.matches(request.resource, request.variables))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(request.variables))
    }
}

/// Evaluates all `documents` of one principal: denied unless allowed, and a denial wins.
pub fn evaluate(documents: &[Document], request: &Request<'_>) -> Decision {
    let action = request.action.to_ascii_lowercase();
    let mut decision = Decision::ImplicitDeny;
    for statement in documents.iter().flat_map(|d| &d.statements) {
        if statement.applies(&action, request) {
            if !statement.allow {
                return Decision::ExplicitDeny;
            }
            decision = Decision::Allow;
        }
    }
    decision
}
