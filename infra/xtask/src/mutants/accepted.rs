//! The accepted survivors, each with its reason, and what is wrong with their list.
//!
//! A survivor is named by its file, the text of its line and the change, as line numbers move.
//!
//! Must not know: how a mutant was tried.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Mutant, Outcome};
use crate::workspace::Workspace;

pub const FILE: &str = "lambdas/mutants-accepted.json";

/// A survivor that no test can notice, or need notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    file: String,
    line: String,
    change: String,
}

/// Reads the list of the checkout.
///
/// # Errors
/// The file cannot be read, or an entry lacks a field or its reason.
pub fn read(workspace: &Workspace) -> Result<Vec<Accepted>> {
    let text = fs::read_to_string(workspace.path(FILE)).with_context(|| format!("read {FILE}"))?;
    parse(&text).with_context(|| format!("read {FILE}"))
}

/// Reads a list from its text.
///
/// # Errors
/// An entry lacks a field or its reason.
pub fn parse(text: &str) -> Result<Vec<Accepted>> {
    let list: Vec<Value> = serde_json::from_str(text)?;
    let entry = |(at, value): (usize, &Value)| {
        let field = |name: &str| match value[name].as_str().map(str::trim) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => bail!("entry {}: no {name:?}", at + 1),
        };
        field("reason")?;
        Ok(Accepted {
            file: field("file")?,
            line: field("line")?,
            change: field("change")?,
        })
    };
    list.iter().enumerate().map(entry).collect()
}

impl Accepted {
    /// The file with the mutant.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether this entry is about that mutant.
    pub fn names(&self, mutant: &Mutant) -> bool {
        self.file == mutant.file && self.line == mutant.text && self.change == mutant.change
    }
}

/// What is wrong with the list: entries without a mutant in `all`, and entries that are now caught.
pub fn complaints(
    accepted: &[Accepted],
    all: &[Mutant],
    tried: &[(Mutant, Outcome)],
) -> Vec<String> {
    let complaint = |entry: &Accepted| {
        let what = if !all.iter().any(|mutant| entry.names(mutant)) {
            "names no mutant"
        } else if tried
            .iter()
            .any(|(mutant, outcome)| entry.names(mutant) && *outcome != Outcome::Survived)
        {
            "no longer survives"
        } else {
            return None;
        };
        let Accepted { file, line, change } = entry;
        Some(format!(
            "{file}: `{line}`: {change}: {what}; delete it from {FILE}"
        ))
    };
    accepted.iter().filter_map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(text: &str) -> Mutant {
        Mutant {
            file: "a.rs".to_owned(),
            line: 3,
            column: 5,
            change: "replace < with <=".to_owned(),
            text: text.to_owned(),
        }
    }

    fn list(text: &str) -> String {
        format!(
            r#"[{{"file": "a.rs", "line": "{text}", "change": "replace < with <=",
                "reason": "the same"}}]"#
        )
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let text = list("a < b").replace("the same", " ");
        assert_eq!(
            parse(&text).unwrap_err().to_string(),
            "entry 1: no \"reason\""
        );
    }

    #[test]
    fn an_entry_that_is_caught_or_names_nothing_is_an_error() {
        let (here, gone) = (
            parse(&list("a < b")).unwrap(),
            parse(&list("c < d")).unwrap(),
        );
        let all = [mutant("a < b")];
        let tried = |outcome| [(mutant("a < b"), outcome)];
        assert_eq!(complaints(&here, &all, &tried(Outcome::Survived)), [""; 0]);
        assert_eq!(complaints(&here, &all, &[]), [""; 0], "not tried this time");
        let caught = complaints(&here, &all, &tried(Outcome::Caught));
        assert!(caught[0].contains("no longer survives"), "{caught:?}");
        let named = complaints(&gone, &all, &tried(Outcome::Survived));
        assert!(named[0].contains("names no mutant"), "{named:?}");
    }

    #[test]
    fn the_list_of_the_checkout_is_whole() {
        read(&Workspace::here()).expect("each entry has its fields and a reason");
    }
}
