//! Update and condition expressions, with a placeholder for every name and value.
//! Must not know: which item they are for.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::write::Condition;
use serde::Serialize;

use crate::item::to_attribute;

/// An expression under construction.
#[derive(Debug, Default)]
pub(super) struct Expression {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
}

/// An expression as the parts that a call takes. Each has a name, a value and a condition.
pub(super) struct Parts {
    pub names: HashMap<String, String>,
    pub values: HashMap<String, AttributeValue>,
    pub update: String,
    pub condition: String,
}

impl Expression {
    /// `command.nextSendAt` as `#command.#nextSendAt`, since many names are reserved words.
    fn path(&mut self, path: &str) -> String {
        let parts = path.split('.').map(|part| {
            let placeholder = format!("#{part}");
            self.names.insert(placeholder.clone(), part.to_owned());
            placeholder
        });
        parts.collect::<Vec<_>>().join(".")
    }

    fn value(&mut self, value: &impl Serialize) -> String {
        self.placeholder(to_attribute(value))
    }

    fn placeholder(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    pub fn set(&mut self, path: &str, value: &impl Serialize) {
        let (path, value) = (self.path(path), self.value(value));
        self.sets.push(format!("{path} = {value}"));
    }

    pub fn set_some(&mut self, path: &str, value: Option<&impl Serialize>) {
        if let Some(value) = value {
            self.set(path, value);
        }
    }

    /// Sets each member of `value` that is absent.
    pub fn set_if_absent(&mut self, value: &impl Serialize) {
        let AttributeValue::M(members) = to_attribute(value) else {
            return;
        };
        for (name, member) in members {
            let (path, member) = (self.path(&name), self.placeholder(member));
            self.sets
                .push(format!("{path} = if_not_exists({path}, {member})"));
        }
    }

    /// Adds one to `path`, which starts at `from`.
    pub fn add_one(&mut self, path: &str, from: &impl Serialize) {
        let (path, from, one) = (self.path(path), self.value(from), self.value(&1));
        self.sets
            .push(format!("{path} = if_not_exists({path}, {from}) + {one}"));
    }

    pub fn remove(&mut self, path: &str) {
        let path = self.path(path);
        self.removes.push(path);
    }

    pub fn require<'a>(&mut self, conditions: impl Iterator<Item = Condition<'a>>) {
        for condition in conditions {
            let text = match condition {
                Condition::Equal(path, Some(operand)) => {
                    format!("{} = {}", self.path(path), self.value(&operand))
                }
                Condition::Equal(path, None) => {
                    format!("attribute_not_exists({})", self.path(path))
                }
                Condition::Below(path, limit) => self.absent_or(path, "<", &limit),
            };
            self.conditions.push(text);
        }
    }

    /// Requires that `path` is absent or differs from `value`.
    pub fn require_other(&mut self, path: &str, value: &impl Serialize) {
        let text = self.absent_or(path, "<>", value);
        self.conditions.push(text);
    }

    fn absent_or(&mut self, path: &str, operator: &str, value: &impl Serialize) -> String {
        let (path, value) = (self.path(path), self.value(value));
        format!("(attribute_not_exists({path}) OR {path} {operator} {value})")
    }

    pub fn into_parts(self) -> Parts {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        Parts {
            names: self.names,
            values: self.values,
            update: clause("SET", &self.sets) + &clause("REMOVE", &self.removes),
            condition: self.conditions.join(" AND "),
        }
    }
}
