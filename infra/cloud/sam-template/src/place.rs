//! Where the resources of a template are, for errors that are found after it was read.
//!
//! Must not know: what a resource is.

use std::collections::BTreeMap;

use super::node::Position;

/// The place of each resource in the file of its template. Two of them are always equal: a resource
/// that only moved has not changed.
#[derive(Clone, Debug, Default)]
pub struct Places {
    file: String,
    by_id: BTreeMap<String, Position>,
    sql_by_id: BTreeMap<String, Position>,
}

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            by_id: BTreeMap::new(),
            sql_by_id: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, logical_id: &str, at: Position) {
        self.by_id.insert(logical_id.to_owned(), at);
    }

    pub(super) fn add_sql(&mut self, rule: &str, at: Position) {
        self.sql_by_id.insert(rule.to_owned(), at);
    }

    /// `file:line:column: logical id` of a resource, or of one that SAM generates from it, such as
    /// the rule of a function's event. An unknown id has the file alone.
    pub fn of(&self, logical_id: &str) -> String {
        let owners = self.by_id.iter();
        let owners = owners.filter(|(id, _)| logical_id.starts_with(id.as_str()));
        let owner = owners.max_by_key(|(id, _)| id.len());
        self.show(logical_id, owner.map(|(_, at)| at))
    }

    /// The same of the SQL of a rule: where its text starts, or the resource if that is unknown.
    pub fn of_sql(&self, logical_id: &str) -> String {
        match self.sql_by_id.get(logical_id) {
            Some(at) => self.show(logical_id, Some(at)),
            None => self.of(logical_id),
        }
    }

    fn show(&self, logical_id: &str, at: Option<&Position>) -> String {
        match at {
            Some(at) => format!("{}:{}:{}: {logical_id}", self.file, at.line, at.column),
            None => format!("{}: {logical_id}", self.file),
        }
    }
}
