//! The parsed form of a statement.
//!
//! Must not know: how it is written, or what it evaluates to.

use super::function::Function;
use super::number::Arithmetic;
use super::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Literal(Value),
    /// A key of the payload, or of the element that a nested SELECT looks at.
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
    /// `*` as an argument.
    All,
    /// `(SELECT … FROM array-or-object WHERE …)`.
    Nested(Box<Nested>),
}

/// A nested SELECT.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Nested {
    pub select: Select,
    pub source: Expression,
    pub condition: Option<Expression>,
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
    Arithmetic(Arithmetic),
}

/// Type of a cast, by the keyword it is written with here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CastTo {
    Text,
    Int,
    Double,
    Decimal,
    Boolean,
}

/// What a SELECT selects.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Select {
    /// `SELECT *` alone: what came, as it came.
    Raw,
    Items(Vec<Item>),
    /// `SELECT VALUE x`.
    Value(Expression),
}

/// One item of a SELECT list.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// `*`
    All,
    Named {
        path: Vec<String>,
        expression: Expression,
    },
}

impl Select {
    /// Whether it looks into the payload as JSON.
    pub fn needs_json(&self) -> bool {
        match self {
            Select::Raw => false,
            Select::Value(expression) => expression.needs_json(),
            Select::Items(items) => items.iter().any(|item| match item {
                Item::All => true,
                Item::Named { expression, .. } => expression.needs_json(),
            }),
        }
    }
}

impl Expression {
    /// Whether the expression looks into the payload as JSON.
    pub fn needs_json(&self) -> bool {
        match self {
            Expression::Key(_) | Expression::All => true,
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
            // Its names are those of the source's elements.
            Expression::Nested(nested) => nested.source.needs_json(),
        }
    }
}
