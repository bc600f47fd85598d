//! The parsed form of an expression.
//!
//! Must not know: how it is written, or what it evaluates to.

use serde_json::Value;

use super::function::Function;

#[derive(Clone, Debug)]
pub(super) enum Expression {
    Literal(Value),
    /// A key of the payload.
    Key(String),
    /// A key of what the inner expression gives.
    Field(Box<Expression>, String),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Case {
        value: Box<Expression>,
        arms: Vec<(Expression, Expression)>,
        otherwise: Option<Box<Expression>>,
    },
    Array(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    Call(Function, Vec<Expression>),
    Cast(Box<Expression>, CastTo),
    /// `encode(*, 'base64')`.
    EncodedPayload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CastTo {
    Text,
    Int,
    Decimal,
    Boolean,
}

/// One item of a SELECT list.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// `*`
    All,
    Named {
        path: Vec<String>,
        expression: Expression,
    },
}

impl Expression {
    /// Whether the expression looks into the payload as JSON.
    pub fn needs_json(&self) -> bool {
        match self {
            Expression::Key(_) => true,
            Expression::Literal(_) | Expression::EncodedPayload => false,
            Expression::Field(inner, _)
            | Expression::Not(inner)
            | Expression::Negative(inner)
            | Expression::Cast(inner, _) => inner.needs_json(),
            Expression::Binary(_, left, right) => left.needs_json() || right.needs_json(),
            Expression::Case {
                value,
                arms,
                otherwise,
            } => {
                value.needs_json()
                    || arms
                        .iter()
                        .any(|(when, then)| when.needs_json() || then.needs_json())
                    || otherwise.as_ref().is_some_and(|e| e.needs_json())
            }
            Expression::Array(items) | Expression::Call(_, items) => {
                items.iter().any(Expression::needs_json)
            }
            Expression::Object(entries) => entries.iter().any(|(_, e)| e.needs_json()),
        }
    }
}
