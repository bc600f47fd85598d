//! Writes a statement so that it parses to the same statement. Every operation is in parentheses,
//! so precedence does not matter.
//!
//! Must not know: how anything is evaluated.

use std::fmt::{self, Display, Formatter};

use super::Statement;
use super::expression::{CastTo, Expression, Item, Operator, Select};
use super::number::{Arithmetic, Number};
use super::value::Value;

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, variable) in self.variables.iter().enumerate() {
            let before = if index > 0 { ", " } else { "SET " };
            write!(f, "{before}@{} = {}", variable.name, variable.value)?;
        }
        let before = if self.variables.is_empty() { "" } else { " " };
        write!(f, "{before}SELECT {}", self.select)?;
        if !self.topic_filter.is_empty() {
            write!(f, " FROM {}", Quoted(&self.topic_filter))?;
        }
        match &self.condition {
            Some(condition) => write!(f, " WHERE {condition}"),
            None => Ok(()),
        }
    }
}

impl Display for Select {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw => f.write_str("*"),
            Self::Value(expression) => write!(f, "VALUE ({expression})"),
            Self::Items(items) => list(f, items),
        }
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Each(expression) => write!(f, "{expression}.*"),
            Self::Named { path, expression } => write!(f, "{expression} AS {}", path.join(".")),
        }
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(value) => literal(f, value),
            Self::Key(key) => f.write_str(key),
            Self::Variable(name) => write!(f, "@{name}"),
            Self::Field(inner, key) => write!(f, "{inner}.{key}"),
            Self::Not(inner) => write!(f, "(NOT {inner})"),
            Self::Negative(inner) => write!(f, "(-{inner})"),
            Self::Binary(operator, left, right) => write!(f, "({left} {operator} {right})"),
            Self::Case {
                value,
                arms,
                otherwise,
            } => {
                write!(f, "(CASE {value}")?;
                for (when, then) in arms {
                    write!(f, " WHEN {when} THEN {then}")?;
                }
                if let Some(otherwise) = otherwise {
                    write!(f, " ELSE {otherwise}")?;
                }
                f.write_str(" END)")
            }
            Self::Array(items) => {
                f.write_str("[")?;
                list(f, items)?;
                f.write_str("]")
            }
            Self::Object(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {value}", Quoted(key))?;
                }
                f.write_str("}")
            }
            Self::Call(function, arguments) => {
                write!(f, "{}(", function.name)?;
                list(f, arguments)?;
                f.write_str(")")
            }
            Self::Cast(inner, to) => write!(f, "cast({inner} AS {to})"),
            Self::EncodedPayload => f.write_str("encode(*, 'base64')"),
            Self::All => f.write_str("*"),
            Self::Nested(nested) => {
                write!(f, "(SELECT {} FROM {}", nested.select, nested.source)?;
                if let Some(condition) = &nested.condition {
                    write!(f, " WHERE {condition}")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Or => "OR",
            Self::And => "AND",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "IN",
            Self::Arithmetic(Arithmetic::Plus) => "+",
            Self::Arithmetic(Arithmetic::Minus) => "-",
            Self::Arithmetic(Arithmetic::Times) => "*",
            Self::Arithmetic(Arithmetic::Divide) => "/",
            Self::Arithmetic(Arithmetic::Remainder) => "%",
        })
    }
}

impl Display for CastTo {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "String",
            Self::Int => "Int",
            Self::Double => "Double",
            Self::Decimal => "Decimal",
            Self::Boolean => "Boolean",
        })
    }
}

/// Text in single quotes; a quote inside is doubled.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

fn literal(f: &mut Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("NULL"),
        Value::Text(text) => write!(f, "{}", Quoted(text)),
        // A whole Decimal must not read back as an Int.
        Value::Number(number @ Number::Decimal(_)) => {
            let text = number.to_string();
            let ending = if text.contains(['.', 'E']) { "" } else { "E0" };
            write!(f, "{text}{ending}")
        }
        // Arrays and objects are expressions: only plain values are literals.
        other => f.write_str(&super::json::write(other)),
    }
}

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T]) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        write!(f, "{comma}{item}")?;
    }
    Ok(())
}
