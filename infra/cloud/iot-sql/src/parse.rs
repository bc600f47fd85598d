//! Parses tokens into a statement: SELECT, FROM, WHERE, and the helpers of the recursive descent.
//!
//! Must not know: how anything is evaluated.

mod expression;

use super::expression::{Expression, Item, Select};
use super::token::{Token, tokens};
use super::{SqlError, Statement, Version};

type Parsed<T> = Result<T, SqlError>;

pub(super) fn statement(sql: &str, version: Version) -> Parsed<Statement> {
    let mut parser = Parser::new(sql, version)?;
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
    Ok(parser.into_statement(select, topic_filter, condition))
}

/// Parses one expression and nothing else.
pub(super) fn expression(sql: &str, version: Version) -> Parsed<Statement> {
    let mut parser = Parser::new(sql, version)?;
    let select = Select::Value(parser.expression()?);
    parser.expect_end()?;
    Ok(parser.into_statement(select, String::new(), None))
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
    /// Calls of `get_dynamodb` so far.
    table_calls: usize,
}

impl Parser {
    fn new(sql: &str, version: Version) -> Parsed<Self> {
        Ok(Self {
            tokens: tokens(sql)?,
            at: 0,
            depth: 0,
            operators: 0,
            version,
            calls_out: false,
            table_calls: 0,
        })
    }

    fn into_statement(
        self,
        select: Select,
        topic_filter: String,
        condition: Option<Expression>,
    ) -> Statement {
        Statement {
            version: self.version,
            needs_json: select.needs_json()
                || condition.as_ref().is_some_and(Expression::needs_json),
            calls_out: self.calls_out,
            select,
            topic_filter,
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
            self.error(format!("expected {}", keyword.to_uppercase()))
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
            self.error(format!("expected `{symbol}`"))
        }
    }

    fn expect_end(&self) -> Parsed<()> {
        match self.peek() {
            Token::End => Ok(()),
            _ => self.error("expected the end of the statement"),
        }
    }

    fn word(&mut self) -> Parsed<String> {
        match self.peek() {
            Token::Word(_) => match self.advance() {
                Token::Word(word) => Ok(word),
                _ => unreachable!("peeked a word"),
            },
            _ => self.error("expected a name"),
        }
    }

    fn select(&mut self) -> Parsed<Select> {
        // `value` is a keyword only if an expression follows; otherwise it is a key of the payload.
        let expression_follows = match self.peek_next() {
            Token::Word(word) => {
                !["from", "as", "and", "or", "where"].contains(&word.to_ascii_lowercase().as_str())
            }
            Token::Text(..) | Token::Number(_) | Token::Symbol("{" | "[" | "(") => true,
            // `value *` is a product unless the list ends after it.
            Token::Symbol("*") => {
                let after = (self.at + 2).min(self.tokens.len() - 1);
                match &self.tokens[after].1 {
                    Token::End => true,
                    Token::Word(word) => {
                        ["from", "where"].contains(&word.to_ascii_lowercase().as_str())
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if self.is_keyword("value") && expression_follows {
            self.advance();
            if self.accept("*") {
                return Ok(Select::Raw);
            }
            return Ok(Select::Value(self.expression()?));
        }
        let mut items = Vec::new();
        loop {
            items.push(self.item()?);
            if !self.accept(",") {
                break;
            }
        }
        match items.as_slice() {
            [Item::All] => Ok(Select::Raw),
            _ => Ok(Select::Items(items)),
        }
    }

    fn item(&mut self) -> Parsed<Item> {
        if self.accept("*") {
            return Ok(Item::All);
        }
        let expression = self.expression()?;
        if self.accept_keyword("as") {
            let mut path = vec![self.word()?];
            while self.accept(".") {
                path.push(self.word()?);
            }
            return Ok(Item::Named { path, expression });
        }
        match &expression {
            Expression::Key(name) | Expression::Field(_, name) => Ok(Item::Named {
                path: vec![name.clone()],
                expression,
            }),
            _ => self.error("expected AS and a name: this expression has no name of its own"),
        }
    }

    fn filter(&mut self) -> Parsed<String> {
        let Token::Text(filter, '\'') = self.peek().clone() else {
            return self.error("expected a topic filter in single quotes");
        };
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
        Ok(filter)
    }
}
