//! Evaluates expressions; Undefined is `None` and spreads as the operator tables of the reference say.
//!
//! Must not know: how a statement is written, or what becomes of its result.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::expression::{CastTo, Expression, Operator};
use super::value::{self, Numeric};
use super::{EvaluateError, Input};

/// One message being evaluated.
pub(super) struct Scope<'s, 'i> {
    pub input: &'s mut Input<'i>,
    payload: Option<Value>,
}

impl<'s, 'i> Scope<'s, 'i> {
    pub fn new(input: &'s mut Input<'i>, needs_json: bool) -> Result<Self, EvaluateError> {
        let payload = match serde_json::from_slice(input.payload) {
            Ok(payload) => Some(payload),
            Err(_) if !needs_json => None,
            Err(error) => {
                return Err(EvaluateError::NotJson {
                    topic: input.topic.to_owned(),
                    message: error.to_string(),
                });
            }
        };
        Ok(Scope { input, payload })
    }

    pub fn raw(&self) -> &[u8] {
        self.input.payload
    }

    pub fn payload(&self) -> Option<&Value> {
        self.payload.as_ref()
    }

    pub fn evaluate(&mut self, expression: &Expression) -> Option<Value> {
        match expression {
            Expression::Literal(value) => Some(value.clone()),
            Expression::Key(key) => self.payload.as_ref()?.get(key).cloned(),
            Expression::Field(inner, key) => self.evaluate(inner)?.get(key).cloned(),
            Expression::Not(inner) => {
                let inner = value::to_bool(&self.evaluate(inner)?)?;
                Some(Value::Bool(!inner))
            }
            Expression::Negative(inner) => {
                let inner = self.evaluate(inner)?;
                arithmetic(Operator::Minus, &Value::from(0), &inner)
            }
            Expression::Binary(operator, left, right) => {
                let left = self.evaluate(left);
                let right = self.evaluate(right);
                binary(*operator, &left?, &right?)
            }
            Expression::Case {
                value,
                arms,
                otherwise,
            } => {
                let value = self.evaluate(value)?;
                for (when, then) in arms {
                    if let Some(when) = self.evaluate(when)
                        && value::equal(&value, &when)
                    {
                        return self.evaluate(then);
                    }
                }
                self.evaluate(otherwise.as_deref()?)
            }
            Expression::Array(items) => {
                let items = items.iter().filter_map(|item| self.evaluate(item));
                Some(Value::Array(items.collect()))
            }
            Expression::Object(entries) => {
                let mut object = Map::new();
                for (key, expression) in entries {
                    if let Some(value) = self.evaluate(expression) {
                        object.insert(key.clone(), value);
                    }
                }
                Some(Value::Object(object))
            }
            Expression::Call(function, arguments) => {
                let arguments: Vec<Option<Value>> =
                    arguments.iter().map(|a| self.evaluate(a)).collect();
                (function.apply)(self, &arguments)
            }
            Expression::Cast(inner, to) => cast(&self.evaluate(inner)?, *to),
            Expression::EncodedPayload => Some(Value::String(BASE64.encode(self.input.payload))),
        }
    }
}

fn binary(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    let boolean = |combine: fn(bool, bool) -> bool| {
        let (left, right) = (value::to_bool(left)?, value::to_bool(right)?);
        Some(Value::Bool(combine(left, right)))
    };
    let compare = |accept: fn(Ordering) -> bool| {
        let (left, right) = (value::to_numeric(left)?, value::to_numeric(right)?);
        let ordering = match (left, right) {
            (Numeric::Int(left), Numeric::Int(right)) => left.cmp(&right),
            (left, right) => left.as_f64().partial_cmp(&right.as_f64())?,
        };
        Some(Value::Bool(accept(ordering)))
    };
    match operator {
        Operator::Or => boolean(|l, r| l || r),
        Operator::And => boolean(|l, r| l && r),
        Operator::Equal => Some(Value::Bool(value::equal(left, right))),
        Operator::NotEqual => Some(Value::Bool(!value::equal(left, right))),
        Operator::Less => compare(Ordering::is_lt),
        Operator::LessOrEqual => compare(Ordering::is_le),
        Operator::Greater => compare(Ordering::is_gt),
        Operator::GreaterOrEqual => compare(Ordering::is_ge),
        Operator::Plus if left.is_string() || right.is_string() => {
            let text = value::to_text(left)? + &value::to_text(right)?;
            Some(Value::String(text))
        }
        // `+` adds numbers only; the other operators take numeric strings as well.
        Operator::Plus if !(left.is_number() && right.is_number()) => None,
        operator => arithmetic(operator, left, right),
    }
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    let (left, right) = (value::to_numeric(left)?, value::to_numeric(right)?);
    if let (Numeric::Int(left), Numeric::Int(right)) = (left, right) {
        let whole = match operator {
            Operator::Plus => left.checked_add(right),
            Operator::Minus => left.checked_sub(right),
            Operator::Times => left.checked_mul(right),
            // Int by Int is Int.
            Operator::Divide => left.checked_div(right),
            _ => left.checked_rem(right),
        };
        if whole.is_some() || right == 0 {
            return whole.map(Value::from);
        }
    }
    let (left, right) = (left.as_f64(), right.as_f64());
    Numeric::Decimal(match operator {
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Divide => left / right,
        _ => left % right,
    })
    .to_json()
}

fn cast(from: &Value, to: CastTo) -> Option<Value> {
    let number = match from {
        Value::Bool(value) => Some(Numeric::Int(i64::from(*value))),
        other => value::to_numeric(other),
    };
    match to {
        CastTo::Text => value::to_text(from).map(Value::String),
        CastTo::Decimal => number?.to_json(),
        CastTo::Int => match number? {
            Numeric::Int(int) => Some(Value::from(int)),
            Numeric::Decimal(decimal) => value::floor(decimal).map(Value::from),
        },
        CastTo::Boolean => match from {
            Value::Number(_) => Some(Value::Bool(number?.as_f64() != 0.0)),
            other => value::to_bool(other).map(Value::Bool),
        },
    }
}
