//! Parses YAML into a tree with positions; CloudFormation's functions are nodes of it.
//!
//! Must not know: what a function or a property means.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};
use serde_json::Value;

use super::error::TemplateError;
use super::flow::Flow;

/// A position in the text; line and column count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub line: usize,
    pub column: usize,
}

/// A value and its start in the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub at: Position,
    pub data: Data,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    /// The number as written, so that `0012` and `1.50` survive as strings.
    Number(String),
    String(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// `!Ref x`, `Fn::Sub: …`: the function's short name and its argument.
    Call(String, Box<Node>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    pub at: Position,
    pub value: Node,
}

impl Node {
    pub fn string(at: Position, text: impl Into<String>) -> Self {
        Self {
            at,
            data: Data::String(text.into()),
        }
    }

    /// A scalar as text, as CloudFormation converts numbers and booleans to strings.
    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Bool(true) => Some("true"),
            Data::Bool(false) => Some("false"),
            Data::Number(text) | Data::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.data {
            Data::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.data {
            Data::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value as JSON. Functions must have been resolved.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(text) => number(text),
            Data::String(text) => Value::String(text.clone()),
            Data::List(items) => items.iter().map(Self::to_json).collect(),
            Data::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|e| (e.key.clone(), e.value.to_json()))
                    .collect(),
            ),
            Data::Call(name, _) => unreachable!("function {name} was resolved before"),
        }
    }
}

fn number(text: &str) -> Value {
    if let Ok(integer) = text.parse::<i64>() {
        return Value::from(integer);
    }
    text.parse::<f64>().map_or_else(
        |_| Value::String(text.to_owned()),
        |float| serde_json::Number::from_f64(float).map_or(Value::Null, Value::Number),
    )
}

/// A key that a mapping has more than once: the last value counts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeated {
    pub key: String,
    pub first: Position,
    pub last: Position,
}

impl Repeated {
    /// What a user must know of it.
    pub fn note(&self, file: &str) -> String {
        let Position { line, column } = self.last;
        format!(
            "{file}:{line}:{column}: {}: the key is in line {}, too, in the same mapping: the \
             value here counts, as in CloudFormation; remove the other",
            self.key, self.first.line
        )
    }
}

/// Deepest nesting that is accepted; a template needs about ten levels.
const NESTING_MAX: usize = 64;

/// Source: `CloudFormation` user guide, "`CloudFormation` template format".
const NOT_IN_AWS: &str = "CloudFormation does not take aliases and merges either";
const SECOND_DOCUMENT: &str = "a second document starts here: a template is one document, so \
                               remove this line, or what follows from here on";

/// Parses one YAML document. What YAML refuses is read again as `CloudFormation` reads JSON in it.
pub(super) fn parse(file: &str, text: &str) -> Result<(Node, Vec<Repeated>), TemplateError> {
    let strict = Reader::new(file, text, None).document();
    let Err(error) = strict else {
        return strict;
    };
    let flow = Flow::of(text);
    if !flow.has_moved() {
        return Err(error);
    }
    let read = Reader::new(file, &flow.text, Some(&flow)).document();
    // The reading that came further knows more.
    read.map_err(|other| {
        if line_of(&other) > line_of(&error) {
            other
        } else {
            error
        }
    })
}

fn line_of(error: &TemplateError) -> usize {
    match error {
        TemplateError::Syntax { line, .. } => *line,
        _ => 0,
    }
}

/// Recursive descent over the parser's events.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    /// The text's lines, if some were moved.
    flow: Option<&'a Flow>,
    parser: Parser<'a, StrInput<'a>>,
    repeated: Vec<Repeated>,
}

impl<'a> Reader<'a> {
    fn new(file: &'a str, text: &'a str, flow: Option<&'a Flow>) -> Self {
        Self {
            file,
            text,
            flow,
            parser: Parser::new_from_str(text),
            repeated: Vec::new(),
        }
    }

    /// The parser counts lines from 1 and columns from 0.
    fn position(&self, marker: &Marker) -> Position {
        let (line, column) = (marker.line(), marker.col() + 1);
        let column = self.flow.map_or(column, |flow| flow.column(line, column));
        Position { line, column }
    }

    fn document(mut self) -> Result<(Node, Vec<Repeated>), TemplateError> {
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                event => {
                    let root = self.node(event, at, 0)?;
                    self.end()?;
                    return Ok((root, self.repeated));
                }
            }
        }
    }

    /// Refuses text after the document, which would be ignored.
    fn end(&mut self) -> Result<(), TemplateError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), at) => return Err(self.syntax(at, SECOND_DOCUMENT)),
                _ => {}
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Position), TemplateError> {
        match self.parser.next() {
            Some(Ok((event, span))) => Ok((event, self.position(&span.start))),
            Some(Err(error)) => Err(self.syntax(self.position(error.marker()), error.info())),
            None => Err(self.syntax(Position { line: 1, column: 1 }, "unexpected end")),
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        at: Position,
        depth: usize,
    ) -> Result<Node, TemplateError> {
        if depth > NESTING_MAX {
            return Err(self.syntax(at, "nested too deeply"));
        }
        match event {
            Event::Scalar(text, style, _, tag) => {
                let data = scalar(&text, style);
                Ok(self.tagged(Node { at, data }, tag.as_deref()))
            }
            Event::SequenceStart(_, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, at) => items.push(self.node(event, at, depth + 1)?),
                    }
                }
                let data = Data::List(items);
                Ok(self.tagged(Node { at, data }, tag.as_deref()))
            }
            Event::MappingStart(_, tag) => {
                let data = self.mapping(depth)?;
                Ok(self.tagged(Node { at, data }, tag.as_deref()))
            }
            Event::Alias(_) => Err(self.syntax(at, &self.alias_refused(at))),
            _ => Err(self.syntax(at, "a value is missing")),
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Data, TemplateError> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, at) = self.next()?;
            let key = match event {
                Event::MappingEnd => break,
                Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" => {
                    let what = "the merge key << is not supported: write its entries out";
                    return Err(self.syntax(at, &format!("{what}; {NOT_IN_AWS}")));
                }
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err(self.syntax(at, "a key must be text")),
            };
            let (event, value_line) = self.next()?;
            let value = self.node(event, value_line, depth + 1)?;
            let entry = Entry { key, at, value };
            let Some(other) = entries.iter_mut().find(|other| other.key == entry.key) else {
                entries.push(entry);
                continue;
            };
            self.repeated.push(Repeated {
                key: entry.key.clone(),
                first: other.at,
                last: at,
            });
            *other = entry;
        }
        Ok(match <[Entry; 1]>::try_from(entries) {
            Ok([entry]) => match long_form(&entry.key) {
                Some(name) => Data::Call(name.to_owned(), Box::new(entry.value)),
                None => Data::Map(vec![entry]),
            },
            Err(entries) => Data::Map(entries),
        })
    }

    fn tagged(&self, node: Node, tag: Option<&Tag>) -> Node {
        match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => match node.as_text() {
                Some(text) => Node::string(node.at, text),
                None => node,
            },
            Some(tag) if !tag.is_yaml_core_schema() => Node {
                at: node.at,
                data: Data::Call(tag.suffix.clone(), Box::new(node)),
            },
            _ => node,
        }
    }

    /// The parser gives no name of an alias: it is in the text.
    fn alias_refused(&self, at: Position) -> String {
        let line = self.text.lines().nth(at.line.saturating_sub(1));
        let line = line.unwrap_or_default().chars();
        let start: String = line.skip(at.column.saturating_sub(1)).collect();
        let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}');
        let name = start.split(ends).next().unwrap_or_default();
        let what = if name.starts_with('*') { name } else { "here" };
        format!("the alias {what} is not supported: write its value out; {NOT_IN_AWS}")
    }

    fn syntax(&self, at: Position, message: &str) -> TemplateError {
        // The parser's column may lie beyond the end of the line, which a single carriage return
        // ends, too.
        let line = self.text.lines().nth(at.line.saturating_sub(1));
        let line = line.and_then(|line| line.split('\r').next());
        let end = line.map_or(0, |line| line.chars().count()) + 1;
        TemplateError::Syntax {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column.min(end),
            message: message.to_owned(),
        }
    }
}

/// `Sub` for `Fn::Sub`. A map with the single key `Condition` stays a map, as policies use that key
/// too.
fn long_form(key: &str) -> Option<&str> {
    if key == "Ref" {
        Some(key)
    } else {
        key.strip_prefix("Fn::")
    }
}

/// Reads a plain scalar by YAML's core schema; quoted and block text is a string.
fn scalar(text: &str, style: ScalarStyle) -> Data {
    if style != ScalarStyle::Plain {
        return Data::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Data::Null,
        "true" | "True" | "TRUE" => Data::Bool(true),
        "false" | "False" | "FALSE" => Data::Bool(false),
        _ if is_number(text) => Data::Number(text.to_owned()),
        _ => Data::String(text.to_owned()),
    }
}

/// Whether `text` is a number for CloudFormation: decimal, neither hexadecimal nor infinite.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
        && text.parse::<f64>().is_ok()
}
