//! Policy documents of AWS IoT and of IAM roles: parsing and evaluation.
//!
#![doc = include_str!("../README.md")]
//!
//! Source: AWS IoT developer guide, "AWS IoT Core policies"; IAM user guide, "Policy evaluation
//! logic".

mod comparison;
mod condition;
mod key;
#[cfg(test)]
mod law;
mod pattern;
mod principal;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use condition::Condition;
pub use key::CERTIFICATE_VALUES_MAX;
use pattern::Pattern;
pub use principal::Principal;
use principal::Principals;

/// Most characters of an IoT policy document without white space. Source: AWS IoT Core quotas.
pub const DOCUMENT_CHARS_MAX: usize = 2048;
/// Separates the values of a variable that has several. Such a variable is never substituted in a
/// resource.
pub const VALUE_SEPARATOR: char = '\u{1f}';

/// The kind of a document; kinds differ in size limit, versions and known keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    /// A device's policy, attached to a certificate.
    Iot,
    /// A role's policy.
    Identity,
    /// A policy of a resource, which names its principals.
    Resource,
}

impl Dialect {
    /// Whether a variable or condition key can have a value.
    fn knows(self, key: &str) -> bool {
        match self {
            Self::Iot => key::has_value_of_device(key),
            Self::Identity => key::has_value_of_identity(key),
            Self::Resource => key::has_value_of_resource(key),
        }
    }
}

/// A policy document, parsed and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
struct Statement {
    allow: bool,
    /// Whom it is about; `None` in a policy that belongs to its principal.
    principals: Option<Principals>,
    /// Patterns in lower case.
    actions: Selection,
    resources: Selection,
    conditions: Vec<Condition>,
}

/// Patterns: at least one must match, or none if `excludes` is set.
#[derive(Clone, Debug, PartialEq)]
struct Selection {
    /// Set for `NotAction` and `NotResource`.
    excludes: bool,
    patterns: Vec<Pattern>,
}

impl Selection {
    fn holds(&self, text: &str, variables: &BTreeMap<String, String>) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.matches(text, variables)) != self.excludes
    }
}

/// Why a policy document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The document is malformed or uses something unsupported; the text says what.
    #[error("policy document: {0}")]
    Malformed(String),
}

fn malformed<T>(what: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError::Malformed(what.into()))
}

/// One question to the policies: may this action be done on this resource?
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Action such as `iot:Publish`; case is ignored.
    pub action: &'a str,
    /// ARN of the resource, compared exactly.
    pub resource: &'a str,
    /// Values of policy variables and condition keys by name, without `${}`. Several values of a
    /// key are separated by [`VALUE_SEPARATOR`] (by commas for `iot:ConnectAttributes`); a key
    /// without a value is absent.
    pub variables: &'a BTreeMap<String, String>,
}

/// The answer to a [`Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// At least one statement allows it and none denies it.
    Allow,
    /// A statement denies it.
    ExplicitDeny,
    /// No statement applies.
    ImplicitDeny,
}

impl Document {
    /// Parses a device's policy, given as an object or as its JSON text.
    ///
    /// # Errors
    ///
    /// [`PolicyError::Malformed`], also for what is not supported (`Principal`, an unknown
    /// condition operator or key) and for a document that is too long: a policy that cannot be
    /// enforced must not be attached.
    pub fn parse(value: &Value) -> Result<Self, PolicyError> {
        Self::read(value, Dialect::Iot)
    }

    /// Parses a role's policy, which has no size limit and knows other keys.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`].
    pub fn parse_identity(value: &Value) -> Result<Self, PolicyError> {
        Self::read(value, Dialect::Identity)
    }

    /// Parses a policy of a resource, such as a topic. Every statement names its `Principal`.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`]; `NotPrincipal` is not supported.
    pub fn parse_resource(value: &Value) -> Result<Self, PolicyError> {
        Self::read(value, Dialect::Resource)
    }

    fn read(value: &Value, dialect: Dialect) -> Result<Self, PolicyError> {
        if let Value::String(text) = value {
            return match serde_json::from_str(text) {
                Ok(inner @ Value::Object(_)) => Self::read(&inner, dialect),
                Ok(_) => malformed("the document's text is not a JSON object"),
                Err(error) => malformed(error.to_string()),
            };
        }
        let Some(document) = value.as_object() else {
            return malformed("the document is not an object");
        };
        for key in document.keys() {
            if !["Version", "Id", "Statement"].contains(&key.as_str()) {
                return malformed(format!("element {key} is not supported"));
            }
        }
        let text = value.to_string();
        match (document.get("Version").and_then(Value::as_str), dialect) {
            (Some("2012-10-17"), _) => {}
            // The old version treats variables as text.
            (None | Some("2008-10-17"), Dialect::Identity | Dialect::Resource)
                if !text.contains("${") => {}
            (other, _) => {
                let version = other.unwrap_or("absent");
                return malformed(format!(
                    "Version must be 2012-10-17 for policy variables, not {version}"
                ));
            }
        }
        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
        if dialect == Dialect::Iot && chars > DOCUMENT_CHARS_MAX {
            return malformed(format!(
                "{chars} characters without white space, at most {DOCUMENT_CHARS_MAX}: split it \
                 into several policies"
            ));
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements
                .iter()
                .map(|s| read_statement(s, dialect))
                .collect(),
            Some(one @ Value::Object(_)) => read_statement(one, dialect).map(|one| vec![one]),
            _ => return malformed("Statement is missing"),
        };
        Ok(Self {
            statements: statements?,
        })
    }
}

fn read_statement(value: &Value, dialect: Dialect) -> Result<Statement, PolicyError> {
    const ELEMENTS: [&str; 7] = [
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let Some(statement) = value.as_object() else {
        return malformed("a statement is not an object");
    };
    let names_principals = dialect == Dialect::Resource;
    for key in statement.keys() {
        let is_known = ELEMENTS.contains(&key.as_str());
        if !is_known && (!names_principals || key != "Principal") {
            return malformed(format!("element {key} of a statement is not supported"));
        }
    }
    let principals = names_principals.then(|| Principals::read(statement.get("Principal")));
    let allow = match statement.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return malformed("Effect must be Allow or Deny"),
    };
    let actions = read_selection(statement, "Action", "NotAction", dialect)?;
    let conditions = match statement.get("Condition") {
        None => Vec::new(),
        Some(value) => condition::parse(value, dialect, allow)?,
    };
    Ok(Statement {
        allow,
        principals: principals.transpose()?,
        actions,
        resources: read_selection(statement, "Resource", "NotResource", dialect)?,
        conditions,
    })
}

/// Reads `element` or `negated`, whichever the statement has.
fn read_selection(
    statement: &serde_json::Map<String, Value>,
    element: &str,
    negated: &str,
    dialect: Dialect,
) -> Result<Selection, PolicyError> {
    let (name, value) = match (statement.get(element), statement.get(negated)) {
        (Some(_), Some(_)) => {
            return malformed(format!("both {element} and {negated} are given: use one"));
        }
        (None, Some(value)) => (negated, Some(value)),
        (value, None) => (element, value),
    };
    let Some(texts) = to_texts(value).filter(|texts| !texts.is_empty()) else {
        return malformed(format!("{name} must be text or a list of texts"));
    };
    let mut patterns = Vec::new();
    for text in texts {
        // The case of actions is ignored.
        let of_action = element == "Action";
        if of_action && text != "*" && !text.contains(':') {
            return malformed(format!("{name} {text:?} is not of the form service:Action"));
        }
        let text = if of_action {
            text.to_ascii_lowercase()
        } else {
            text
        };
        let pattern = Pattern::parse(&text)?;
        if let Some(variable) = pattern.variables().find(|name| !dialect.knows(name)) {
            return malformed(key::unknown_variable(variable));
        }
        patterns.push(pattern);
    }
    Ok(Selection {
        excludes: name == negated,
        patterns,
    })
}

/// One text or a list of texts; booleans and numbers become their text.
fn to_texts(value: Option<&Value>) -> Option<Vec<String>> {
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
    /// `action` is the request's action in lower case.
    fn applies(&self, action: &str, request: &Request<'_>) -> bool {
        self.actions.holds(action, request.variables)
            && self.resources.holds(request.resource, request.variables)
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(request.variables))
    }
}

/// Evaluates all `documents` of one principal. Nothing is allowed by default, and a denial wins.
pub fn evaluate(documents: &[Document], request: &Request<'_>) -> Decision {
    decide(documents.iter().flat_map(|d| &d.statements), request)
}

/// Evaluates the policy of a resource for a call by `principal`.
pub fn evaluate_resource(
    document: &Document,
    principal: &Principal<'_>,
    request: &Request<'_>,
) -> Decision {
    let is_about = |statement: &&Statement| {
        let principals = statement.principals.as_ref();
        principals.is_none_or(|p| p.include(principal, statement.allow))
    };
    decide(document.statements.iter().filter(is_about), request)
}

fn decide<'a>(statements: impl Iterator<Item = &'a Statement>, request: &Request<'_>) -> Decision {
    let action = request.action.to_ascii_lowercase();
    let mut decision = Decision::ImplicitDeny;
    for statement in statements {
        if statement.applies(&action, request) {
            if !statement.allow {
                return Decision::ExplicitDeny;
            }
            decision = Decision::Allow;
        }
    }
    decision
}
