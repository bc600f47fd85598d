//! Parses what a SELECT selects: its list of items, or VALUE.
//!
//! Must not know: how anything is evaluated.

use super::super::expression::{Expression, Item, Select};
use super::super::token::Token;
use super::{Parsed, Parser, advice};

impl Parser {
    /// Whether an expression follows the word that begins the list of SELECT. Only then `value` and
    /// `distinct` are keywords; otherwise they are keys of the payload.
    fn expression_follows(&self) -> bool {
        match self.peek_next() {
            Token::Word(word) => !["from", "as", "and", "or", "where", "in"]
                .contains(&word.to_ascii_lowercase().as_str()),
            Token::Text(..)
            | Token::Number(_)
            | Token::Variable(_)
            | Token::Symbol("{" | "[" | "(") => true,
            // `value *` is a product unless the list ends after it.
            Token::Symbol("*") => {
                let after = (self.at + 2).min(self.tokens.len() - 1);
                match &self.tokens[after].1 {
                    Token::End | Token::Symbol(",") => true,
                    Token::Word(word) => {
                        ["from", "where", "as"].contains(&word.to_ascii_lowercase().as_str())
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// What follows VALUE.
    fn value(&mut self) -> Parsed<Select> {
        let select = if self.accept("*") {
            Select::Raw
        } else {
            Select::Value(self.expression()?)
        };
        if matches!(self.peek(), Token::Symbol(",")) {
            return self.error(
                "SELECT VALUE selects one value: write SELECT without VALUE, or VALUE [a, b]",
            );
        }
        if self.is_keyword("as") {
            return self.error("SELECT VALUE has no AS: remove VALUE, or AS and its name");
        }
        Ok(select)
    }

    pub(super) fn select(&mut self) -> Parsed<Select> {
        if self.is_keyword("value") && self.expression_follows() {
            self.advance();
            return self.value();
        }
        if self.is_keyword("distinct") && self.expression_follows() {
            return self.expected("an item");
        }
        let mut items = Vec::new();
        loop {
            let position = items.len() + 1;
            items.push(self.item(position)?);
            if !self.accept(",") {
                break;
            }
        }
        match items.as_slice() {
            [Item::All] => Ok(Select::Raw),
            _ => Ok(Select::Items(items)),
        }
    }

    /// One item of the list of SELECT; `position` counts from 1.
    fn item(&mut self, position: usize) -> Parsed<Item> {
        if self.accept("*") {
            if !self.is_keyword("as") {
                return Ok(Item::All);
            }
            let path = self.alias()?;
            let expression = Expression::All;
            return Ok(Item::Named { path, expression });
        }
        let expression = self.expression()?;
        if self.is_keyword("as") {
            let path = self.alias()?;
            return Ok(Item::Named { path, expression });
        }
        let is_each = matches!(self.peek(), Token::Symbol("."));
        if is_each && matches!(self.peek_next(), Token::Symbol("*")) && is_path(&expression) {
            self.advance();
            self.advance();
            if self.is_keyword("as") {
                return self.error(format!(
                    "`.*` adds each key under its own name and has no AS: write {expression} AS \
                     and a name for the whole object"
                ));
            }
            return Ok(Item::Each(expression));
        }
        let path = vec![self.own_name(&expression, position)];
        Ok(Item::Named { path, expression })
    }

    /// `AS a.b`.
    fn alias(&mut self) -> Parsed<Vec<String>> {
        self.expect_keyword("as")?;
        let mut path = Vec::new();
        loop {
            let Token::Word(word) = self.peek().clone() else {
                let found = advice::name(self.peek());
                return self.error(format!(
                    "expected a name behind AS, not {found}: {}",
                    advice::NAME
                ));
            };
            path.push(word);
            self.advance();
            if !self.accept(".") {
                break;
            }
        }
        match self.peek() {
            Token::Symbol("," | ")") => Ok(path),
            Token::Symbol(symbol) => self.error(format!(
                "unexpected `{symbol}` in a name behind AS: {}",
                advice::NAME
            )),
            _ => Ok(path),
        }
    }

    /// The name of an item without AS: the last part of its path, the name of its function, or
    /// `_` and its position. Only the first is documented.
    fn own_name(&mut self, expression: &Expression, position: usize) -> String {
        let name = match expression {
            Expression::Key(name) | Expression::Field(_, name) => return name.clone(),
            Expression::Variable(name) => name.clone(),
            Expression::Call(function, _) => function.name.to_owned(),
            Expression::Cast(..) => "cast".to_owned(),
            Expression::EncodedPayload => "encode".to_owned(),
            _ => format!("_{position}"),
        };
        self.doubts.push(format!(
            "item {position} of SELECT has no AS and is called {name} here; AWS does not document \
             its name: write AS and a name"
        ));
        name
    }
}

/// Whether `.*` may stand behind it.
fn is_path(expression: &Expression) -> bool {
    matches!(
        expression,
        Expression::Key(_)
            | Expression::Variable(_)
            | Expression::Field(..)
            | Expression::Call(..)
            | Expression::Nested(_)
    )
}
