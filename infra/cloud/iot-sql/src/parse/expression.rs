//! Parses tokens into an expression, by precedence: OR, AND, NOT, comparison, sum, product, sign,
//! field.

use super::super::expression::{Expression, Nested, Operator};
use super::super::number::{Arithmetic, Number};
use super::super::token::Token;
use super::super::value::Value;
use super::{Parsed, Parser, advice};

/// Deepest nesting of expressions.
const DEPTH_MAX: usize = 64;
/// Most operators and fields of one statement.
const OPERATORS_MAX: usize = 256;

/// Words that end an expression and so cannot begin one.
const RESERVED: [&str; 13] = [
    "select", "from", "where", "as", "and", "or", "not", "case", "when", "then", "else", "end",
    "in",
];

/// Operators of other dialects that the guide does not have, and what to write instead.
const FOREIGN: [(&str, &str); 4] = [
    ("like", "use startswith, endswith or regexp_matches"),
    ("between", "use >= and <= with AND"),
    ("is", "use isNull or isUndefined"),
    (
        "not",
        "write NOT in front of the whole comparison: NOT a IN b",
    ),
];

impl Parser {
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.error(format!("nested more than {DEPTH_MAX} levels deep"));
        }
        let expression = self.or();
        self.depth -= 1;
        expression
    }

    fn or(&mut self) -> Parsed<Expression> {
        let mut left = self.and()?;
        while self.accept_keyword("or") {
            let right = self.and()?;
            left = self.binary(Operator::Or, left, right)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Expression> {
        let mut left = self.not()?;
        while self.accept_keyword("and") {
            let right = self.not()?;
            left = self.binary(Operator::And, left, right)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed<Expression> {
        let mut inversions = 0;
        while self.accept_keyword("not") {
            inversions += 1;
        }
        let inner = self.comparison()?;
        // Two inversions do not cancel out: NOT of a value that is not a Boolean is Undefined.
        Ok((0..inversions.min(2 + inversions % 2))
            .fold(inner, |inner, _| Expression::Not(Box::new(inner))))
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        let left = self.sum()?;
        let operator = match self.peek() {
            Token::Symbol("=") => Operator::Equal,
            Token::Symbol("<>" | "!=") => Operator::NotEqual,
            Token::Symbol("<") => Operator::Less,
            Token::Symbol("<=") => Operator::LessOrEqual,
            Token::Symbol(">") => Operator::Greater,
            Token::Symbol(">=") => Operator::GreaterOrEqual,
            Token::Word(word) if word.eq_ignore_ascii_case("in") => Operator::In,
            Token::Word(word) => {
                let foreign = FOREIGN
                    .iter()
                    .find(|(name, _)| word.eq_ignore_ascii_case(name));
                return match foreign {
                    Some((name, advice)) => {
                        let name = name.to_uppercase();
                        self.error(format!("the guide has no operator {name} here: {advice}"))
                    }
                    None => Ok(left),
                };
            }
            _ => return Ok(left),
        };
        self.advance();
        let at = self.at;
        let right = self.sum()?;
        if operator == Operator::In && self.is_never_an_array(&right) {
            self.at = at;
            let example = match &right {
                Expression::Literal(_) => format!("[{right}]"),
                _ => "[a, b]".to_owned(),
            };
            return self.error(format!(
                "IN searches an array, and this value is never one: write IN {example}"
            ));
        }
        self.binary(operator, left, right)
    }

    fn is_never_an_array(&self, expression: &Expression) -> bool {
        match expression {
            Expression::Variable(variable) => self
                .variables
                .iter()
                .any(|(name, is_never_an_array)| name == variable && *is_never_an_array),
            other => other.is_never_an_array(),
        }
    }

    fn sum(&mut self) -> Parsed<Expression> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Token::Symbol("+") => Operator::Arithmetic(Arithmetic::Plus),
                Token::Symbol("-") => Operator::Arithmetic(Arithmetic::Minus),
                _ => return Ok(left),
            };
            self.advance();
            let right = self.product()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn product(&mut self) -> Parsed<Expression> {
        let mut left = self.unary()?;
        loop {
            let operator = match self.peek() {
                Token::Symbol("*") => Operator::Arithmetic(Arithmetic::Times),
                Token::Symbol("/") => Operator::Arithmetic(Arithmetic::Divide),
                Token::Symbol("%") => Operator::Arithmetic(Arithmetic::Remainder),
                _ => return Ok(left),
            };
            self.advance();
            let right = self.unary()?;
            left = self.binary(operator, left, right)?;
        }
    }

    fn unary(&mut self) -> Parsed<Expression> {
        if self.accept("-") {
            if matches!(self.peek(), Token::Symbol("-")) {
                return self
                    .error("expected one `-` at most: write -(-a) for the negative of a negative");
            }
            return Ok(Expression::Negative(Box::new(self.postfix()?)));
        }
        self.postfix()
    }

    fn postfix(&mut self) -> Parsed<Expression> {
        let mut inner = self.primary()?;
        while matches!(self.peek(), Token::Symbol(".")) {
            // `.*` belongs to the list of SELECT.
            if matches!(self.peek_next(), Token::Symbol("*")) {
                break;
            }
            self.advance();
            self.count_operator()?;
            let key = self.field(&inner)?;
            inner = Expression::Field(Box::new(inner), key);
        }
        if matches!(self.peek(), Token::Symbol("[")) {
            let index = match self.peek_next() {
                index @ (Token::Number(_) | Token::Text(..)) => advice::name(index),
                _ => "0".to_owned(),
            };
            return self.error(format!(
                "AWS IoT SQL does not have `[` behind a value: write get({inner}, {index})"
            ));
        }
        Ok(inner)
    }

    /// The name of a field of `inner`, behind its dot.
    fn field(&mut self, inner: &Expression) -> Parsed<String> {
        let key = match self.peek().clone() {
            Token::Word(word) => {
                self.advance();
                return Ok(word);
            }
            text @ Token::Text(..) => advice::name(&text),
            Token::Number(number) => format!("'{number}'"),
            _ => return self.expected("a name behind `.`"),
        };
        self.error(format!(
            "expected a name behind `.`, which is letters, digits and _: write get({inner}, {key})"
        ))
    }

    fn primary(&mut self) -> Parsed<Expression> {
        match self.peek().clone() {
            Token::Text(text, _) => {
                self.advance();
                Ok(Expression::Literal(Value::Text(text)))
            }
            Token::Number(text) => match Number::read(&text) {
                Some(number) => {
                    self.advance();
                    Ok(Expression::Literal(Value::Number(number)))
                }
                None => self.error(format!("{text} is out of range")),
            },
            Token::Symbol("(") => {
                self.advance();
                if self.is_keyword("select") {
                    return self.nested();
                }
                let inner = self.expression()?;
                if matches!(self.peek(), Token::Symbol(",")) {
                    return self
                        .error("expected `)`: a list is an array, written [a, b], also after IN");
                }
                self.expect_symbol(")")?;
                Ok(inner)
            }
            Token::Symbol("[") => {
                self.require_2016("an array literal")?;
                self.advance();
                self.list("]").map(Expression::Array)
            }
            Token::Symbol("{") => {
                self.require_2016("an object literal")?;
                self.advance();
                self.object()
            }
            Token::Word(word) => self.word_expression(&word),
            Token::Variable(name) if self.is_set(&name) => {
                self.advance();
                Ok(Expression::Variable(name))
            }
            Token::Variable(name) => self.error(format!(
                "variable @{name} is not set: write SET @{name} = … in front of SELECT"
            )),
            Token::End | Token::Symbol(_) => self.expected("an expression"),
        }
    }

    /// A nested SELECT, after its `(` up to its `)`.
    fn nested(&mut self) -> Parsed<Expression> {
        self.require_2016("a nested SELECT")?;
        self.advance();
        let select = self.select()?;
        self.expect_keyword("from")?;
        // A source may be nested directly, without an expression in between.
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return self.error(format!("nested more than {DEPTH_MAX} levels deep"));
        }
        let source = self.postfix()?;
        self.depth -= 1;
        if self.is_keyword("as") {
            return self.error(advice::SOURCE);
        }
        let condition = if self.accept_keyword("where") {
            Some(self.expression()?)
        } else {
            None
        };
        self.expect_symbol(")")?;
        Ok(Expression::Nested(Box::new(Nested {
            select,
            source,
            condition,
        })))
    }

    /// Expressions up to and including `close`.
    pub(super) fn list(&mut self, close: &str) -> Parsed<Vec<Expression>> {
        let mut items = Vec::new();
        if self.accept(close) {
            return Ok(items);
        }
        loop {
            items.push(self.expression()?);
            if self.accept(close) {
                return Ok(items);
            }
            self.expect_symbol(",")?;
        }
    }

    fn object(&mut self) -> Parsed<Expression> {
        let mut entries = Vec::new();
        if self.accept("}") {
            return Ok(Expression::Object(entries));
        }
        loop {
            let key = match self.peek().clone() {
                Token::Text(key, _) | Token::Word(key) => key,
                _ => return self.expected("a key in quotes"),
            };
            self.advance();
            self.expect_symbol(":")?;
            entries.push((key, self.expression()?));
            if self.accept("}") {
                return Ok(Expression::Object(entries));
            }
            self.expect_symbol(",")?;
        }
    }

    /// An expression that begins with a word: a literal, CASE, a call, or a key of the payload.
    fn word_expression(&mut self, word: &str) -> Parsed<Expression> {
        let lower = word.to_ascii_lowercase();
        if matches!(self.peek_next(), Token::Symbol("(")) && !RESERVED.contains(&lower.as_str()) {
            return self.call(&lower);
        }
        let literal = match lower.as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Null),
            _ => None,
        };
        match (literal, lower.as_str()) {
            (Some(literal), _) => {
                self.advance();
                Ok(Expression::Literal(literal))
            }
            (None, "case") => {
                self.advance();
                self.case()
            }
            (None, reserved) if RESERVED.contains(&reserved) => self.expected("an expression"),
            _ => {
                self.advance();
                Ok(Expression::Key(word.to_owned()))
            }
        }
    }

    fn case(&mut self) -> Parsed<Expression> {
        if self.is_keyword("when") {
            return self.error(
                "CASE needs a value in front of WHEN: write CASE a WHEN 1 THEN 'x' ELSE 'y' END, \
                 or for conditions CASE true WHEN a > 1 THEN 'x' ELSE 'y' END",
            );
        }
        let value = Box::new(self.expression()?);
        let mut arms = Vec::new();
        while self.accept_keyword("when") {
            let when = self.expression()?;
            self.expect_keyword("then")?;
            arms.push((when, self.expression()?));
        }
        if arms.is_empty() {
            return self.expected("WHEN");
        }
        let otherwise = if self.accept_keyword("else") {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.expect_keyword("end")?;
        Ok(Expression::Case {
            value,
            arms,
            otherwise,
        })
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: Expression,
        right: Expression,
    ) -> Parsed<Expression> {
        self.count_operator()?;
        Ok(Expression::Binary(
            operator,
            Box::new(left),
            Box::new(right),
        ))
    }

    fn count_operator(&mut self) -> Parsed<()> {
        self.operators += 1;
        if self.operators > OPERATORS_MAX {
            self.error(format!("more than {OPERATORS_MAX} operators and fields"))
        } else {
            Ok(())
        }
    }
}
