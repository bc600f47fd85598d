//! The syntax tree of a statement.
//!
//! Must not know: how it is written, or what it evaluates to.

use super::function::Function;
use super::number::Arithmetic;
use super::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Literal(Value),
    /// A key of the payload, or of the current element of a nested SELECT.
    Key(String),
    /// `@name`: a variable of SET.
    Variable(String),
    /// A key of the inner expression's value.
    Field(Box<Self>, String),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    Case {
        value: Box<Self>,
        arms: Vec<(Self, Self)>,
        otherwise: Option<Box<Self>>,
    },
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
    Call(Function, Vec<Self>),
    Cast(Box<Self>, CastTo),
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
    /// Whether the array on the right has the value on the left.
    In,
    Arithmetic(Arithmetic),
}

/// The target type of a cast.
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
    /// `SELECT *` alone: the payload unchanged.
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
    /// `path.*`: each key of an object.
    Each(Expression),
    Named {
        path: Vec<String>,
        expression: Expression,
    },
}

/// A variable of SET.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Variable {
    pub name: String,
    pub value: Expression,
}

impl Select {
    /// Whether it reads the payload as JSON.
    pub fn needs_json(&self) -> bool {
        match self {
            Self::Raw => false,
            Self::Value(expression) => expression.needs_json(),
            Self::Items(items) => items.iter().any(|item| match item {
                Item::All => true,
                Item::Each(expression) | Item::Named { expression, .. } => expression.needs_json(),
            }),
        }
    }
}

impl Expression {
    /// Whether its value is an array for no message.
    pub fn is_never_an_array(&self) -> bool {
        match self {
            Self::Literal(_)
            | Self::Object(_)
            | Self::Not(_)
            | Self::Negative(_)
            | Self::Binary(..)
            | Self::Cast(..)
            | Self::EncodedPayload => true,
            Self::Case {
                arms, otherwise, ..
            } => {
                arms.iter().all(|(_, then)| then.is_never_an_array())
                    && otherwise.as_ref().is_none_or(|e| e.is_never_an_array())
            }
            // A variable has the value of an expression that is not known here.
            Self::Key(_)
            | Self::Variable(_)
            | Self::Field(..)
            | Self::Array(_)
            | Self::Call(..)
            | Self::All
            | Self::Nested(_) => false,
        }
    }

    /// Whether it reads the payload as JSON.
    pub fn needs_json(&self) -> bool {
        match self {
            Self::Key(_) | Self::All => true,
            // What a variable needs is counted where it is set.
            Self::Literal(_) | Self::EncodedPayload | Self::Variable(_) => false,
            Self::Field(inner, _)
            | Self::Not(inner)
            | Self::Negative(inner)
            | Self::Cast(inner, _) => inner.needs_json(),
            Self::Binary(_, left, right) => left.needs_json() || right.needs_json(),
            Self::Case {
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
            Self::Array(items) | Self::Call(_, items) => items.iter().any(Self::needs_json),
            Self::Object(entries) => entries.iter().any(|(_, e)| e.needs_json()),
            // Its keys are those of the source's elements.
            Self::Nested(nested) => nested.source.needs_json(),
        }
    }
}
