//! Parses tokens into a statement: SET, FROM, WHERE, and the helpers of the recursive descent.
//!
//! Must not know: how anything is evaluated.

mod advice;
mod call;
mod doubt;
mod expression;
mod select;

use super::expression::{Expression, Select, Variable};
use super::token::{Token, tokens};
use super::{Doubts, SqlError, Statement, Version};

type Parsed<T> = Result<T, SqlError>;

pub(super) fn statement(sql: &str, version: Version) -> Parsed<Statement> {
    let mut parser = Parser::new(sql, version, &[])?;
    let variables = parser.set()?;
    parser.expect_keyword("select")?;
    let select = parser.select()?;
    let mut topic_filter = String::new();
    if parser.accept_keyword("from") {
        topic_filter = parser.filter()?;
    }
    let mut condition = None;
    if parser.accept_keyword("where") {
        condition = Some(parser.expression()?);
    }
    parser.expect_end()?;
    Ok(Statement {
        topic_filter,
        ..parser.into_statement(variables, select, condition)
    })
}

/// Parses one expression and nothing else; it may use `variables`, which the caller sets.
pub(super) fn expression(sql: &str, version: Version, variables: &[Variable]) -> Parsed<Statement> {
    let mut parser = Parser::new(sql, version, variables)?;
    let select = Select::Value(parser.expression()?);
    parser.expect_end()?;
    Ok(parser.into_statement(Vec::new(), select, None))
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    /// Index of the current token.
    at: usize,
    /// Nesting at the current token.
    depth: usize,
    /// Operators and fields so far; each one in a chain adds a level to the tree.
    operators: usize,
    version: Version,
    /// Whether a function that calls another service was found.
    calls_out: bool,
    /// Names of the functions called so far that a statement may call only once.
    single_calls: Vec<&'static str>,
    /// Names of the variables set so far, and whether the value can never be an array.
    variables: Vec<(String, bool)>,
    doubts: Vec<String>,
}

impl Parser {
    fn new(sql: &str, version: Version, variables: &[Variable]) -> Parsed<Self> {
        let tokens = tokens(sql)?;
        Ok(Self {
            doubts: doubt::of(&tokens),
            tokens,
            at: 0,
            depth: 0,
            operators: 0,
            version,
            calls_out: false,
            single_calls: Vec::new(),
            variables: variables.iter().map(known).collect(),
        })
    }

    fn into_statement(
        self,
        variables: Vec<Variable>,
        select: Select,
        condition: Option<Expression>,
    ) -> Statement {
        Statement {
            version: self.version,
            needs_json: select.needs_json()
                || variables.iter().any(|v| v.value.needs_json())
                || condition.as_ref().is_some_and(Expression::needs_json),
            calls_out: self.calls_out,
            doubts: Doubts(self.doubts),
            variables,
            select,
            topic_filter: String::new(),
            condition,
        }
    }

    /// Refuses a feature that 2015-10-08 does not have, if the statement has that version.
    fn require_2016(&self, what: &str) -> Parsed<()> {
        match self.version {
            Version::V2016 => Ok(()),
            Version::V2015 => self.error(format!(
                "{what} needs AwsIotSqlVersion '2016-03-23'; this rule has '2015-10-08', AWS's \
                 default"
            )),
        }
    }

    fn peek(&self) -> &Token {
        &self.tokens[self.at].1
    }

    fn peek_next(&self) -> &Token {
        let next = (self.at + 1).min(self.tokens.len() - 1);
        &self.tokens[next].1
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        // The last token marks the end of the statement; the parser stays on it.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(SqlError {
            position: self.tokens[self.at].0,
            message: message.into(),
        })
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    fn accept_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.advance();
        }
        found
    }

    fn expect_keyword(&mut self, keyword: &str) -> Parsed<()> {
        if self.accept_keyword(keyword) {
            Ok(())
        } else {
            self.expected(&keyword.to_uppercase())
        }
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(s) if *s == symbol);
        if found {
            self.advance();
        }
        found
    }

    fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.accept(symbol) {
            Ok(())
        } else {
            self.expected(&format!("`{symbol}`"))
        }
    }

    fn expect_end(&self) -> Parsed<()> {
        match self.peek() {
            Token::End => Ok(()),
            Token::Symbol(".") if matches!(self.peek_next(), Token::Symbol("*")) => {
                self.error("`.*` stands only behind a path in the list of SELECT")
            }
            _ => self.expected("the end of the statement"),
        }
    }

    /// Refuses the current token, with advice if it is known from another dialect.
    fn expected<T>(&self, what: &str) -> Parsed<T> {
        let found = advice::name(self.peek());
        match advice::on(self.peek()) {
            Some(advice) => self.error(format!("expected {what}, not {found}: {advice}")),
            None => self.error(format!("expected {what}, not {found}")),
        }
    }

    /// The variables of SET, if the statement begins with it.
    fn set(&mut self) -> Parsed<Vec<Variable>> {
        let mut variables = Vec::new();
        if !self.accept_keyword("set") {
            return Ok(variables);
        }
        loop {
            let Token::Variable(name) = self.peek().clone() else {
                return self.error("expected a variable, written `@name`");
            };
            if self.is_set(&name) {
                return self.error(format!("@{name} is set twice: a variable keeps its value"));
            }
            self.advance();
            self.expect_symbol("=")?;
            let value = self.expression()?;
            let variable = Variable { name, value };
            self.variables.push(known(&variable));
            variables.push(variable);
            if !self.accept(",") {
                return Ok(variables);
            }
        }
    }

    fn is_set(&self, variable: &str) -> bool {
        self.variables.iter().any(|(name, _)| name == variable)
    }

    fn filter(&mut self) -> Parsed<String> {
        let Token::Text(filter, quote) = self.peek().clone() else {
            return self.error("expected a topic filter in single quotes");
        };
        if quote == '"' {
            let doubt = "FROM is in double quotes, which AWS does not document: use single quotes";
            self.doubts.push(doubt.to_owned());
        }
        let levels: Vec<&str> = filter.split('/').collect();
        let valid = levels.iter().enumerate().all(|(index, level)| {
            let last = index + 1 == levels.len();
            match *level {
                "+" => true,
                "#" => last,
                plain => !plain.contains(['+', '#']),
            }
        });
        if filter.is_empty() || !valid {
            return self.error(format!("{filter:?} is not a topic filter"));
        }
        self.advance();
        if self.is_keyword("as") {
            return self.error(advice::SOURCE);
        }
        if matches!(self.peek(), Token::Symbol(",")) {
            return self.error("FROM has one topic filter: use a wildcard, or write a second rule");
        }
        Ok(filter)
    }
}

/// What the parser keeps of a variable.
fn known(variable: &Variable) -> (String, bool) {
    let is_never_an_array = variable.value.is_never_an_array();
    (variable.name.clone(), is_never_an_array)
}
