//! Evaluates expressions. `None` is Undefined and propagates by the operator tables of the
//! reference.
//!
//! Must not know: how a statement is written, or how its result is used.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::expression::{CastTo, Expression, Item, Nested, Operator, Select, Variable};
use super::json;
use super::number::{Arithmetic, Number, Rounding};
use super::scope::Scope;
use super::value::{self, Object, Value};

impl Scope<'_, '_> {
    /// Sets the variables of SET, once for a message.
    pub fn set(&mut self, variables: &[Variable]) {
        if self.recall_variables() {
            return;
        }
        for variable in variables {
            if let Some(value) = self.evaluate(&variable.value) {
                self.set_variable(&variable.name, value);
            }
        }
        self.keep_variables();
    }

    pub fn evaluate(&mut self, expression: &Expression) -> Option<Value> {
        if self.is_stopped() {
            return None;
        }
        let value = self.value_of(expression)?;
        let value = match value {
            Value::Number(number) => Value::Number(number.in_version(self.version)),
            other => other,
        };
        self.weigh(value)
    }

    fn value_of(&mut self, expression: &Expression) -> Option<Value> {
        match expression {
            Expression::Literal(value) => Some(value.clone()),
            Expression::Key(key) => self.root.as_ref()?.get(key).cloned(),
            Expression::All => self.root.clone(),
            Expression::Variable(name) => self.variable(name),
            Expression::Field(inner, key) => self.evaluate(inner)?.get(key).cloned(),
            Expression::Not(inner) => {
                let inner = value::to_bool(&self.evaluate(inner)?)?;
                Some(Value::Bool(!inner))
            }
            Expression::Negative(inner) => {
                let inner = self.evaluate(inner)?;
                arithmetic(Arithmetic::Minus, &Value::int(0), &inner)
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
                let mut object = Object::new();
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
            Expression::EncodedPayload => Some(Value::Text(BASE64.encode(self.input.payload))),
            Expression::Nested(nested) => self.nested(nested),
        }
    }

    /// Each element of an array that passes WHERE yields an item; an object yields one result.
    fn nested(&mut self, nested: &Nested) -> Option<Value> {
        match self.evaluate(&nested.source)? {
            Value::Array(elements) => {
                let mut results = Vec::new();
                for element in elements {
                    results.extend(self.evaluate_element(nested, element));
                }
                Some(Value::Array(results))
            }
            object @ Value::Object(_) => self.evaluate_element(nested, object),
            _ => None,
        }
    }

    fn evaluate_element(&mut self, nested: &Nested, element: Value) -> Option<Value> {
        let outside = self.root.replace(element);
        let result = match &nested.condition {
            Some(condition) if !self.holds(condition) => None,
            _ => self.select(&nested.select),
        };
        self.root = outside;
        result
    }

    /// Whether a condition is true; Undefined counts as false.
    pub fn holds(&mut self, condition: &Expression) -> bool {
        self.evaluate(condition).as_ref().and_then(value::to_bool) == Some(true)
    }

    pub fn select(&mut self, select: &Select) -> Option<Value> {
        match select {
            Select::Raw => self.evaluate(&Expression::All),
            Select::Value(expression) => self.evaluate(expression),
            Select::Items(items) => {
                let mut output = Value::Object(Object::new());
                for item in items {
                    self.item(item, &mut output);
                }
                Some(output)
            }
        }
    }

    fn item(&mut self, item: &Item, output: &mut Value) {
        match item {
            Item::All => {
                if let (Some(Value::Object(payload)), Value::Object(output)) =
                    (self.evaluate(&Expression::All), output)
                {
                    output.extend(payload);
                }
            }
            Item::Each(expression) => {
                if let (Some(Value::Object(entries)), Value::Object(output)) =
                    (self.evaluate(expression), output)
                {
                    output.extend(entries);
                }
            }
            Item::Named { path, expression } => {
                if let Some(value) = self.evaluate(expression) {
                    insert_at(output, path, value);
                }
            }
        }
    }
}

/// Writes `value` at the path `a.b.c`, creating objects and replacing any other value on the path.
fn insert_at(output: &mut Value, path: &[String], value: Value) {
    let mut target = output;
    for step in path {
        if !matches!(target, Value::Object(_)) {
            *target = Value::Object(Object::new());
        }
        let Value::Object(entries) = target else {
            return;
        };
        target = entries.entry(step.clone()).or_insert(Value::Null);
    }
    *target = value;
}

fn binary(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    let boolean = |combine: fn(bool, bool) -> bool| {
        let (left, right) = (value::to_bool(left)?, value::to_bool(right)?);
        Some(Value::Bool(combine(left, right)))
    };
    let compare = |accept: fn(Ordering) -> bool| {
        let (left, right) = (value::to_number(left)?, value::to_number(right)?);
        let ordering = left.to_decimal().cmp(&right.to_decimal());
        Some(Value::Bool(accept(ordering)))
    };
    let is_text = |value: &Value| matches!(value, Value::Text(_));
    let is_number = |value: &Value| matches!(value, Value::Number(_));
    match operator {
        Operator::Or => boolean(|l, r| l || r),
        Operator::And => boolean(|l, r| l && r),
        Operator::Equal => Some(Value::Bool(value::equal(left, right))),
        Operator::NotEqual => Some(Value::Bool(!value::equal(left, right))),
        Operator::Less => compare(Ordering::is_lt),
        Operator::LessOrEqual => compare(Ordering::is_le),
        Operator::Greater => compare(Ordering::is_gt),
        Operator::GreaterOrEqual => compare(Ordering::is_ge),
        Operator::In => match right {
            Value::Array(items) => {
                let found = items.iter().any(|item| value::equal(left, item));
                Some(Value::Bool(found))
            }
            _ => None,
        },
        Operator::Arithmetic(Arithmetic::Plus) if is_text(left) || is_text(right) => {
            let text = json::to_text(left)? + &json::to_text(right)?;
            Some(Value::Text(text))
        }
        // `+` adds numbers only; the other operators also accept numeric strings.
        Operator::Arithmetic(Arithmetic::Plus) if !(is_number(left) && is_number(right)) => None,
        Operator::Arithmetic(operator) => arithmetic(operator, left, right),
    }
}

fn arithmetic(operator: Arithmetic, left: &Value, right: &Value) -> Option<Value> {
    let (left, right) = (value::to_number(left)?, value::to_number(right)?);
    Number::calculate(operator, &left, &right).map(Value::Number)
}

fn cast(from: &Value, to: CastTo) -> Option<Value> {
    let number = match from {
        Value::Bool(value) => Some(Number::Int(i128::from(*value))),
        other => value::to_number(other),
    };
    match to {
        CastTo::Text => json::to_text(from).map(Value::Text),
        CastTo::Decimal => Some(Value::Number(Number::Decimal(number?.to_decimal()))),
        CastTo::Double => Number::from_double(number?.to_double()).map(Value::Number),
        CastTo::Int => number?.to_int(Rounding::Down).map(Value::int),
        CastTo::Boolean => match from {
            Value::Number(number) => Some(Value::Bool(number.sign() != Number::Int(0))),
            other => value::to_bool(other).map(Value::Bool),
        },
    }
}
