//! A source file of Rust, read as text: its code without comments and tests, and its literals.
//!
//! Must not know: which literals are errors.

use std::path::Path;

use anyhow::{Context, Result};

/// Stands for a literal in the code, before its number.
const MARK: char = '\u{0}';

/// A source file. In its code each text literal is a mark, its number and a mark.
#[derive(Debug)]
pub struct Source {
    /// The path below the folder of the sources.
    pub name: String,
    code: String,
    literals: Vec<String>,
}

/// A part of the code.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Where it is.
    pub source: &'a Source,
    /// Where it begins in the code.
    pub from: usize,
    to: usize,
}

impl Source {
    /// Reads all sources below a folder, except tests.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>> {
        let mut sources = Vec::new();
        let mut left = vec![folder.to_owned()];
        while let Some(path) = left.pop() {
            if path.is_dir() && !path.ends_with("tests") {
                for entry in std::fs::read_dir(&path).context("list the sources")? {
                    left.push(entry?.path());
                }
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests.rs")
            {
                let text = std::fs::read_to_string(&path).context("read a source")?;
                let name = path.strip_prefix(folder)?.display().to_string();
                sources.push(Self::new(&name, &text));
            }
        }
        sources.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(sources)
    }

    /// Reads a source from its text.
    pub fn new(name: &str, text: &str) -> Self {
        let mut source = Self {
            name: name.to_owned(),
            code: String::new(),
            literals: Vec::new(),
        };
        source.read(text);
        source.cut_tests();
        source
    }

    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let quote = rest.trim_start_matches('r').trim_start_matches('#');
            let is_name = self
                .code
                .ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if rest.starts_with("//") {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            } else if c == 'r' && quote.starts_with('"') && !is_name {
                let hashes = "#".repeat(rest.len() - quote.len() - 1);
                let literal = &quote[1..];
                let end = literal
                    .find(&format!("\"{hashes}"))
                    .unwrap_or(literal.len());
                self.push(literal[..end].to_owned());
                rest = literal.get(end + 1 + hashes.len()..).unwrap_or_default();
            } else if c == '"' {
                let (literal, after) = read_literal(&rest[1..]);
                self.push(literal);
                rest = after;
            } else if let Some(after) = after_char(rest) {
                rest = after;
            } else {
                self.code.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }

    fn push(&mut self, literal: String) {
        let number = self.literals.len();
        self.code += &format!("{MARK}{number}{MARK}");
        self.literals.push(literal);
    }

    /// Cuts what exists for tests only: a function or a module, or its declaration.
    fn cut_tests(&mut self) {
        while let Some(at) = self.code.find("#[cfg(test)]") {
            let begin = self.code[at..].find(['{', ';']).map(|more| at + more);
            let end = begin.map_or(self.code.len(), |begin| self.end_of(begin));
            self.code.replace_range(at..end, "");
        }
    }

    /// Where the bracket that opens at a place ends; the next place if none opens there.
    fn end_of(&self, open: usize) -> usize {
        let mut depth = 0_i32;
        for (at, c) in self.code[open..].char_indices() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            if depth <= 0 {
                return open + at + 1;
            }
        }
        self.code.len()
    }

    /// What the brackets contain that follow a word: `begin` ends with the opening one.
    pub fn spans_after(&self, begin: &str) -> Vec<Place<'_>> {
        let is_word = begin.starts_with(char::is_alphabetic);
        let starts = self.code.match_indices(begin).filter(|(at, _)| {
            let before = self.code[..*at].chars().next_back();
            let is_longer = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let is_definition = self.code[..*at].ends_with("fn ");
            let is_part = is_word && is_longer;
            !(is_definition || is_part)
        });
        starts
            .map(|(at, _)| self.place(at + begin.len() - 1))
            .collect()
    }

    fn place(&self, open: usize) -> Place<'_> {
        Place {
            source: self,
            from: open,
            to: self.end_of(open),
        }
    }

    /// The functions that return text: name and body.
    pub fn text_functions(&self) -> Vec<(&str, Place<'_>)> {
        let mut functions = Vec::new();
        for (at, _) in self.code.match_indices("fn ") {
            let head = &self.code[at + 3..];
            let Some(open) = head.find('{') else {
                continue;
            };
            let name = &head[..head
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(0)];
            let returned = head[..open].rsplit_once("->").map_or("", |(_, kind)| kind);
            let is_text = ["String", "str", "anyhow::Error", "Error"]
                .iter()
                .any(|kind| returned.contains(kind));
            if is_text && !head[..open].contains(';') {
                functions.push((name, self.place(at + 3 + open)));
            }
        }
        functions
    }
}

impl<'a> Place<'a> {
    /// The code of it.
    pub fn code(&self) -> &'a str {
        &self.source.code[self.from..self.to]
    }

    /// The literals of it, except the arguments of methods, such as `join`.
    pub fn literals(self) -> impl Iterator<Item = String> + 'a {
        let mut parts = self.code().split(MARK);
        let mut before = parts.next().unwrap_or_default();
        std::iter::from_fn(move || {
            let (number, after) = (parts.next()?, parts.next()?);
            let (code, number) = (before, number.parse::<usize>().ok()?);
            before = after;
            Some((code, &self.source.literals[number]))
        })
        .filter(|(code, _)| !is_argument(code))
        .map(|(_, literal)| literal.clone())
    }

    /// The names in it.
    pub fn names(self) -> impl Iterator<Item = &'a str> {
        let words = self
            .code()
            .split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with(|c: char| c.is_lowercase()))
    }

    /// Whether it calls a function of this name.
    pub fn calls(self, name: &str) -> bool {
        self.code().contains(&format!("{name}("))
    }

    /// The value of a local name: what the last `let` of the name before this place gives it.
    pub fn value_of(&self, name: &str) -> Option<Self> {
        let before = &self.source.code[..self.from];
        let at = before.rfind(&format!("let {name} = "))?;
        let of_function = before.rfind("\nfn ").unwrap_or(0);
        let end = self.source.code[at..].find(";").map(|end| at + end)?;
        (at >= of_function).then_some(Self {
            source: self.source,
            from: at,
            to: end,
        })
    }
}

/// Whether what comes after this code is the argument of a method.
fn is_argument(code: &str) -> bool {
    let Some(call) = code.trim_end().strip_suffix('(') else {
        return false;
    };
    let name = call.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_');
    let method = &call[name.len()..];
    name.ends_with('.') && !method.contains("context")
}

/// A literal without its quotes, and what comes after it.
fn read_literal(text: &str) -> (String, &str) {
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '"' => break,
            '\\' => {
                let escaped = rest.chars().next().unwrap_or_default();
                rest = &rest[escaped.len_utf8().min(rest.len())..];
                match escaped {
                    '\n' => rest = rest.trim_start(),
                    'n' => literal.push('\n'),
                    c => literal.push(c),
                }
            }
            c => literal.push(c),
        }
    }
    (literal, rest)
}

/// What comes after a literal of one character; `None` if the text does not begin with one.
fn after_char(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('\'')?;
    if let Some(escaped) = inner.strip_prefix('\\') {
        let end = escaped.get(1..)?.find('\'')?;
        return escaped.get(end + 2..);
    }
    let first = inner.chars().next()?;
    inner[first.len_utf8()..].strip_prefix('\'')
}
