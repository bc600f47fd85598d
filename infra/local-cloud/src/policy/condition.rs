//! The `Condition` block: operators over condition keys.
//!
//! Source: IAM user guide, "Condition operators". Must not know: actions, resources.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pattern::Pattern;
use super::{PolicyError, malformed, texts};

/// One operator with one key: holds if the request's value agrees with one of the expected ones.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    quantifier: Quantifier,
    comparison: Comparison,
    /// `…IfExists`: holds where the key is absent.
    if_exists: bool,
    key: String,
    expected: Vec<Pattern>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quantifier {
    /// The key has one value.
    Single,
    /// `ForAnyValue:` one of the key's values must agree.
    AnyValue,
    /// `ForAllValues:` each of the key's values must agree; none at all agrees.
    AllValues,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equals,
    EqualsIgnoreCase,
    Like,
    NotEquals,
    NotLike,
    Bool,
    /// `Null`: whether the key is absent.
    Null,
}

/// Parses a `Condition` block; all its conditions must hold.
pub(super) fn parse(value: &Value) -> Result<Vec<Condition>, PolicyError> {
    let Some(operators) = value.as_object() else {
        return malformed("Condition is not an object");
    };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        let Some(keys) = keys.as_object() else {
            return malformed(format!("Condition.{operator} is not an object"));
        };
        let (quantifier, name) = match operator.split_once(':') {
            Some(("ForAnyValue", name)) => (Quantifier::AnyValue, name),
            Some(("ForAllValues", name)) => (Quantifier::AllValues, name),
            Some(_) => return malformed(format!("condition operator {operator} is not supported")),
            None => (Quantifier::Single, operator.as_str()),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let comparison = match name {
            "StringEquals" | "ArnEquals" => Comparison::Equals,
            "StringEqualsIgnoreCase" => Comparison::EqualsIgnoreCase,
            "StringLike" | "ArnLike" => Comparison::Like,
            "StringNotEquals" => Comparison::NotEquals,
            "StringNotLike" => Comparison::NotLike,
            "Bool" => Comparison::Bool,
            "Null" => Comparison::Null,
            _ => return malformed(format!("condition operator {operator} is not supported")),
        };
        for (key, expected) in keys {
            let expected = match texts(Some(expected)) {
                Some(expected) => expected,
                None => return malformed(format!("Condition.{operator}.{key} is not text")),
            };
            conditions.push(Condition {
                quantifier,
                comparison,
                if_exists,
                key: key.clone(),
                expected: expected
                    .iter()
                    .map(|text| Pattern::parse(text))
                    .collect::<Result<_, _>>()?,
            });
        }
    }
    Ok(conditions)
}

impl Condition {
    pub fn holds(&self, variables: &BTreeMap<String, String>) -> bool {
        // Condition keys do not mind the case.
        let value = variables
            .iter()
            .find(|(key, value)| key.eq_ignore_ascii_case(&self.key) && !value.is_empty())
            .map(|(_, value)| value.as_str());
        if self.comparison == Comparison::Null {
            let absent = if value.is_none() { "true" } else { "false" };
            return self.expected.iter().any(|e| e.equals(absent, variables));
        }
        let agrees = |value: &str| self.agrees(value, variables);
        match (self.quantifier, value) {
            (_, None) if self.if_exists => true,
            (Quantifier::Single, Some(value)) => agrees(value),
            // A negated operator holds where the key is absent.
            (Quantifier::Single, None) => self.negated(),
            (Quantifier::AnyValue, value) => value.is_some_and(|v| v.split(',').any(agrees)),
            (Quantifier::AllValues, value) => value.is_none_or(|v| v.split(',').all(agrees)),
        }
    }

    fn negated(&self) -> bool {
        matches!(self.comparison, Comparison::NotEquals | Comparison::NotLike)
    }

    fn agrees(&self, value: &str, variables: &BTreeMap<String, String>) -> bool {
        let any = |test: &dyn Fn(&Pattern) -> bool| self.expected.iter().any(test);
        match self.comparison {
            Comparison::Equals => any(&|e| e.equals(value, variables)),
            Comparison::NotEquals => !any(&|e| e.equals(value, variables)),
            Comparison::Like => any(&|e| e.matches(value, variables)),
            Comparison::NotLike => !any(&|e| e.matches(value, variables)),
            Comparison::EqualsIgnoreCase | Comparison::Bool => {
                let value = value.to_ascii_lowercase();
                any(&|e| e.lowercase().equals(&value, variables))
            }
            Comparison::Null => false,
        }
    }
}
