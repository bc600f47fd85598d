//! The `Condition` block: operators over condition keys.
//!
//! Must not know: actions, resources.
//!
//! Source: IAM user guide, "Condition operators".

use std::collections::BTreeMap;

use serde_json::Value;

use super::comparison::Comparison;
use super::pattern::{Pattern, value_of};
use super::{Dialect, PolicyError, VALUE_SEPARATOR, malformed, to_texts};

/// One operator with one key. It holds if the request's value agrees with one of the expected
/// values.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    quantifier: Quantifier,
    comparison: Comparison,
    /// `…IfExists`: holds if the key is absent.
    if_exists: bool,
    key: String,
    expected: Vec<Pattern>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Quantifier {
    /// The key has one value.
    Single,
    /// `ForAnyValue:`, at least one of the key's values must match.
    AnyValue,
    /// `ForAllValues:`, all of the key's values must match; also holds if the key has no value.
    AllValues,
}

/// Parses the `Condition` block of a statement; all its conditions must hold.
pub(super) fn parse(
    value: &Value,
    dialect: Dialect,
    allow: bool,
) -> Result<Vec<Condition>, PolicyError> {
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
        let Some(comparison) = Comparison::parse(name) else {
            return malformed(format!("condition operator {operator} is not supported"));
        };
        for (key, expected) in keys {
            let expected = match to_texts(Some(expected)) {
                Some(expected) => expected,
                None => return malformed(format!("Condition.{operator}.{key} is not text")),
            };
            let needs_a_value = !if_exists
                && quantifier != Quantifier::AllValues
                && comparison != Comparison::Null
                && !comparison.is_negated();
            // An Allow of a role on other services may stay: without the key it allows nothing.
            let is_harmless = allow
                && needs_a_value
                && dialect == Dialect::Identity
                && super::key::is_of_another_service(key);
            if !dialect.knows(key) && !is_harmless {
                let advice = super::key::advice(key);
                return malformed(format!(
                    "condition key {key} never has a value here: {advice}"
                ));
            }
            let mut patterns = Vec::new();
            for text in &expected {
                let pattern = Pattern::parse(text)?;
                let unknown = pattern.variables().find(|name| !dialect.knows(name));
                if let Some(variable) = unknown {
                    return malformed(super::key::unknown_variable(variable));
                }
                let is_fixed = pattern.variables().next().is_none();
                if is_fixed && !comparison.accepts(text) {
                    return malformed(format!(
                        "{text:?} is not a valid value for {operator} of {key}"
                    ));
                }
                patterns.push(pattern);
            }
            conditions.push(Condition {
                quantifier,
                comparison,
                if_exists,
                key: key.clone(),
                expected: patterns,
            });
        }
    }
    Ok(conditions)
}

impl Condition {
    pub fn holds(&self, variables: &BTreeMap<String, String>) -> bool {
        let value = value_of(variables, &self.key).filter(|value| !value.is_empty());
        if self.comparison == Comparison::Null {
            let absent = if value.is_none() { "true" } else { "false" };
            return self.any(|expected| expected.text(variables).as_deref() == Some(absent));
        }
        let agrees = |value: &str| {
            let equal = self.any(|expected| self.comparison.equal(expected, value, variables));
            equal != self.comparison.is_negated()
        };
        match (self.quantifier, value) {
            (_, None) if self.if_exists => true,
            (Quantifier::Single, Some(value)) => agrees(value),
            // A negated operator holds if the key is absent.
            (Quantifier::Single, None) => self.comparison.is_negated(),
            (Quantifier::AnyValue, value) => value.is_some_and(|v| self.values(v).any(agrees)),
            (Quantifier::AllValues, value) => value.is_none_or(|v| self.values(v).all(agrees)),
        }
    }

    fn any(&self, test: impl Fn(&Pattern) -> bool) -> bool {
        self.expected.iter().any(test)
    }

    fn values<'a>(&self, value: &'a str) -> impl Iterator<Item = &'a str> {
        // The values of this key never contain a comma.
        let commas = self.key.eq_ignore_ascii_case("iot:ConnectAttributes");
        value.split(if commas { ',' } else { VALUE_SEPARATOR })
    }
}
