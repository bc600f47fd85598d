//! The rulebook as a test: what no compiler checks, by the text of the files and `cargo metadata`.
//!
//! A rule is a function from the tree to the places that break it. Its own test shows it failing on
//! an example tree.
//!
//! Must not know: how to fix what it finds.

mod artefact;
mod circle;
mod cost;
mod dependency;
mod image;
mod layering;
mod library;
mod link;
mod manifest;
mod member;
mod phrase;
mod source;
mod template;
mod tree;
mod word;

use std::fmt;

use anyhow::Result;

pub use self::tree::Tree;
use crate::workspace::Workspace;

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// `file`, `file:line` or the name of a crate.
    pub place: String,
    /// What is wrong and what the rule wants.
    pub what: String,
}

impl Violation {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Checks the checkout and prints what it finds; `true` when it finds nothing.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let tree = Tree::read(workspace.root())?;
    let violations = check(workspace, &tree)?;
    for violation in &violations {
        println!("tidy: {violation}");
    }
    println!(
        "tidy: {} files read, {} rules broken",
        tree.files().len(),
        violations.len()
    );
    Ok(violations.is_empty())
}

fn check(workspace: &Workspace, tree: &Tree) -> Result<Vec<Violation>> {
    let members = member::members(&workspace.metadata()?)?;
    let mut violations = layering::check(&members);
    violations.extend(dependency::check(tree, &members));
    violations.extend(circle::check(tree, &members));
    violations.extend(phrase::check(tree));
    violations.extend(source::check(tree));
    violations.extend(word::check(tree));
    violations.extend(library::check(tree));
    violations.extend(link::check(tree));
    violations.extend(manifest::check(tree));
    violations.extend(image::check(tree));
    violations.extend(template::check(tree, &members));
    violations.extend(artefact::check(tree));
    violations.extend(cost::check(tree));
    Ok(violations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_tree_obeys_the_rules() {
        let workspace = Workspace::here();
        let tree = Tree::read(workspace.root()).expect("read the checkout");
        let violations = check(&workspace, &tree).expect("run the rules");
        let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }
}
