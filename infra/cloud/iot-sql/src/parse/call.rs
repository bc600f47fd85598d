//! Parses calls of functions and casts, and checks what can be checked of their arguments.
//!
//! Must not know: how anything is evaluated.

use super::super::expression::{CastTo, Expression};
use super::super::function::{self, Function};
use super::super::token::Token;
use super::super::value::Value;
use super::{Parsed, Parser};

/// Functions that a statement may call once, as AWS does.
const SINGLE: [&str; 2] = ["get_dynamodb", "get_registry_data"];

/// Functions that take `*`, and as which argument, from 0.
const TAKE_PAYLOAD: [(&str, usize); 4] = [
    ("encode", 0),
    ("get", 0),
    ("get_or_default", 0),
    ("aws_lambda", 1),
];

impl Parser {
    pub(super) fn call(&mut self, name: &str) -> Parsed<Expression> {
        if name == "cast" {
            return self.cast();
        }
        let function = match function::find(name) {
            Ok(function) => function,
            Err(problem) => return self.error(problem),
        };
        if function.since > self.version {
            self.require_2016(&format!("function {name}"))?;
        }
        let start = self.at;
        self.advance();
        self.expect_symbol("(")?;
        let arguments = self.arguments(&function)?;
        if let Err(problem) = self.check_call(&function, &arguments) {
            self.at = start;
            return self.error(problem);
        }
        match arguments.as_slice() {
            [Expression::All, scheme] if function.name == "encode" => match scheme {
                Expression::Literal(Value::Text(_)) => Ok(Expression::EncodedPayload),
                _ => {
                    self.at = start;
                    self.error("encode supports only 'base64'")
                }
            },
            _ => Ok(Expression::Call(function, arguments)),
        }
    }

    /// Arguments up to `)`.
    fn arguments(&mut self, function: &Function) -> Parsed<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.accept(")") {
            return Ok(arguments);
        }
        loop {
            let argument = match (function.name, arguments.len()) {
                place if matches!(self.peek(), Token::Symbol("*")) => self.payload(place)?,
                ("get_or_default", 1) => self.default()?,
                _ => self.expression()?,
            };
            arguments.push(argument);
            if self.accept(")") {
                return Ok(arguments);
            }
            self.expect_symbol(",")?;
        }
    }

    /// `*` as an argument: the whole payload, for the functions and places that take it.
    fn payload(&mut self, place: (&str, usize)) -> Parsed<Expression> {
        if TAKE_PAYLOAD.contains(&place) {
            self.advance();
            return Ok(Expression::All);
        }
        self.error(format!(
            "{} does not take `*` here: only encode, get and get_or_default as their first \
             argument and aws_lambda as its second read the whole payload; name a key",
            place.0
        ))
    }

    /// The default of `get_or_default`. AWS calls no other service for it.
    fn default(&mut self) -> Parsed<Expression> {
        let at = self.at;
        let called_before = std::mem::take(&mut self.calls_out);
        let default = self.expression()?;
        if self.calls_out {
            self.at = at;
            return self.error(
                "the default of get_or_default cannot call another service: write a value that \
                 the message or the statement has",
            );
        }
        self.calls_out = called_before;
        Ok(default)
    }

    fn check_call(&mut self, function: &Function, arguments: &[Expression]) -> Result<(), String> {
        let literals: Vec<Option<&str>> = arguments
            .iter()
            .map(|argument| match argument {
                Expression::Literal(Value::Text(text)) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let (least, most) = function.arity;
        let (name, count) = (function.name, arguments.len());
        function.check_kind(&literals)?;
        if !(least..=most).contains(&count) || (name == "get_dynamodb" && count == 5) {
            let accepted = match (least, most) {
                (1, 1) => "1 argument".to_owned(),
                (4, 6) if name == "get_dynamodb" => "4 or 6 arguments".to_owned(),
                (least, most) if least == most => format!("{least} arguments"),
                (least, most) => format!("{least} to {most} arguments"),
            };
            return Err(format!("{name} takes {accepted}, not {count}"));
        }
        self.calls_out |= function.calls_out();
        if SINGLE.contains(&name) {
            if self.single_calls.contains(&name) {
                return Err(format!("{name} can be called only once in a statement"));
            }
            self.single_calls.push(name);
        }
        let has_role = function.calls_out() && name != "aws_lambda";
        if has_role && matches!(arguments.last(), Some(Expression::Variable(_))) {
            return Err(format!(
                "the role of {name} cannot be a variable: write its ARN"
            ));
        }
        function.check(&literals)
    }

    fn cast(&mut self) -> Parsed<Expression> {
        self.advance();
        self.expect_symbol("(")?;
        let inner = Box::new(self.expression()?);
        self.expect_keyword("as")?;
        let Token::Word(word) = self.peek() else {
            return self.error("expected a type");
        };
        let word = word.to_ascii_lowercase();
        let to = match word.as_str() {
            "string" | "nvarchar" | "text" | "ntext" | "varchar" => CastTo::Text,
            "int" | "integer" => CastTo::Int,
            "double" => CastTo::Double,
            "decimal" => CastTo::Decimal,
            "bool" | "boolean" => CastTo::Boolean,
            other => return self.error(format!("{other} is not a type")),
        };
        if matches!(to, CastTo::Decimal | CastTo::Boolean) {
            self.require_2016(&format!("cast to {word}"))?;
        }
        self.advance();
        self.expect_symbol(")")?;
        Ok(Expression::Cast(inner, to))
    }
}
