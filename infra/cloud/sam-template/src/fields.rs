//! Reads the properties of one map and refuses unsupported ones.
//!
//! Must not know: any resource type.

use serde_json::Value;

use super::advice;
use super::error::{Problem, TemplateError, listed, nearest};
use super::node::{Data, Entry, Node, Position};

/// The resource or section that an error is reported for.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub file: String,
    pub item: String,
    /// Resource type; empty outside `Resources`.
    pub kind: String,
}

impl Place {
    pub fn new(file: &str, item: &str) -> Self {
        Self {
            file: file.to_owned(),
            item: item.to_owned(),
            kind: String::new(),
        }
    }

    pub fn error(&self, at: Position, problem: Problem) -> TemplateError {
        TemplateError::Invalid {
            file: self.file.clone(),
            line: at.line,
            column: at.column,
            item: self.item.clone(),
            problem: Box::new(problem),
        }
    }

    pub fn kind(&self, at: Position, what: &str, expected: &'static str) -> TemplateError {
        let what = what.to_owned();
        self.error(at, Problem::Kind { what, expected })
    }

    pub fn refused(&self, at: Position, what: &str, value: &str, reason: &str) -> TemplateError {
        self.error(
            at,
            Problem::Refused {
                what: what.to_owned(),
                value: value.to_owned(),
                reason: reason.to_owned(),
            },
        )
    }
}

/// The entries of one resolved map, taken one by one; [`Fields::finish`] refuses the rest.
pub(super) struct Fields {
    pub place: Place,
    pub at: Position,
    path: String,
    entries: Vec<Entry>,
    /// Every name that a caller has requested: the properties that the map may have.
    known: Vec<String>,
}

impl Fields {
    /// `path` is the dotted path inside the item; empty at its top.
    pub fn new(place: Place, path: &str, node: Node) -> Result<Self, TemplateError> {
        let at = node.at;
        let entries = match node.data {
            Data::Map(entries) => entries,
            Data::Null => Vec::new(),
            _ => {
                let what = if path.is_empty() { "Properties" } else { path };
                return Err(place.kind(at, what, "a map"));
            }
        };
        Ok(Self {
            place,
            at,
            path: path.to_owned(),
            entries,
            known: Vec::new(),
        })
    }

    /// Dotted path of a property, for errors.
    pub fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub fn take(&mut self, key: &str) -> Option<Node> {
        if !self.known.iter().any(|name| name == key) {
            self.known.push(key.to_owned());
        }
        let index = self.entries.iter().position(|e| e.key == key)?;
        Some(self.entries.remove(index).value)
    }

    /// The error for a missing property. A property that may be a misspelling of it is reported
    /// instead.
    pub fn missing(&self, key: &str) -> TemplateError {
        let near = nearest(key, self.entries.iter().map(|e| e.key.as_str()));
        let found = near.and_then(|near| self.entries.iter().find(|e| e.key == near));
        match found {
            Some(entry) => self.place.error(
                entry.at,
                Problem::UnknownProperty {
                    name: self.name(&entry.key),
                    advice: format!("did you mean {}?", self.name(key)),
                },
            ),
            None => {
                let problem = Problem::Missing(self.name(key));
                self.place.error(self.at, problem)
            }
        }
    }

    pub fn text(&mut self, key: &str) -> Result<Option<String>, TemplateError> {
        self.take(key)
            .map(|node| match node.as_text() {
                Some(text) => Ok(text.to_owned()),
                None => Err(self.place.kind(node.at, &self.name(key), "text")),
            })
            .transpose()
    }

    pub fn need_text(&mut self, key: &str) -> Result<String, TemplateError> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A whole number within `range`.
    pub fn integer(
        &mut self,
        key: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, TemplateError> {
        let Some(node) = self.take(key) else {
            return Ok(None);
        };
        let name = self.name(key);
        let text = node.as_text().unwrap_or_default();
        let value: u64 = text
            .parse()
            .map_err(|_| self.place.kind(node.at, &name, "a whole number"))?;
        if !range.contains(&value) {
            let reason = format!("must be {} to {}", range.start(), range.end());
            return Err(self.place.refused(node.at, &name, text, &reason));
        }
        Ok(Some(value))
    }

    pub fn boolean(&mut self, key: &str) -> Result<Option<bool>, TemplateError> {
        self.take(key)
            .map(|node| match node.as_text() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => Err(self.place.kind(node.at, &self.name(key), "true or false")),
            })
            .transpose()
    }

    pub fn list(&mut self, key: &str) -> Result<Option<Vec<Node>>, TemplateError> {
        self.take(key)
            .map(|node| match node.data {
                Data::List(items) => Ok(items),
                _ => Err(self.place.kind(node.at, &self.name(key), "a list")),
            })
            .transpose()
    }

    pub fn map(&mut self, key: &str) -> Result<Option<Self>, TemplateError> {
        let path = self.name(key);
        self.take(key)
            .map(|node| Self::new(self.place.clone(), &path, node))
            .transpose()
    }

    pub fn need_map(&mut self, key: &str) -> Result<Self, TemplateError> {
        self.map(key)?.ok_or_else(|| self.missing(key))
    }

    /// The error for a property whose value is not allowed.
    pub fn refused(&self, key: &str, value: &str, reason: &str) -> TemplateError {
        self.place.refused(self.at, &self.name(key), value, reason)
    }

    /// The maps in a list.
    pub fn maps(&mut self, key: &str) -> Result<Vec<Self>, TemplateError> {
        let path = self.name(key);
        let items = self.list(key)?.unwrap_or_default();
        items
            .into_iter()
            .map(|node| Self::new(self.place.clone(), &path, node))
            .collect()
    }

    pub fn json(&mut self, key: &str) -> Option<Value> {
        self.take(key).map(|node| node.to_json())
    }

    /// Accepts properties that are valid but have no effect here.
    pub fn accept(&mut self, keys: &[&str]) {
        self.known.extend(keys.iter().map(|key| (*key).to_owned()));
        self.entries.retain(|e| !keys.contains(&e.key.as_str()));
    }

    /// The entries that have not been taken.
    pub fn rest(self) -> Vec<Entry> {
        self.entries
    }

    /// Refuses the first property that has not been taken.
    pub fn finish(self) -> Result<(), TemplateError> {
        match self.entries.first() {
            None => Ok(()),
            Some(entry) => Err(self.unknown_property(&entry.key, entry.at)),
        }
    }

    fn unknown_property(&self, key: &str, at: Position) -> TemplateError {
        let name = self.name(key);
        if let Some(advice) = advice::property(&self.place.kind, &name) {
            let what = format!("property {name}");
            return self.place.error(at, Problem::unsupported(what, advice));
        }
        let near = nearest(key, self.known.iter().map(String::as_str));
        let advice = match near {
            Some(near) => format!("did you mean {}?", self.name(near)),
            None => {
                let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
                listed(
                    &known,
                    "expected one of",
                    "remove it: none is expected here",
                )
            }
        };
        self.place
            .error(at, Problem::UnknownProperty { name, advice })
    }
}
