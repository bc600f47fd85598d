//! The rulebook as a test: what no compiler checks is checked here, by text and by `cargo metadata`.
//!
//! A rule is a function from what the tree holds to the places that break it, so that each rule's own test can show it
//! failing on a tree made up for the purpose. Must not know: how to mend what it finds.

mod image;
mod layering;
mod library;
mod link;
mod manifest;
mod source;
mod template;
mod tree;
mod word;

use std::fmt;

use anyhow::Result;

pub use self::tree::Tree;
use crate::workspace::Workspace;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// File, with the line where there is one; or the crate.
    pub place: String,
    /// What is wrong, and what the rule wants.
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
    let members = layering::members(&workspace.metadata()?)?;
    let mut violations = layering::check(&members);
    violations.extend(source::check(tree));
    violations.extend(word::check(tree));
    violations.extend(library::check(tree));
    violations.extend(link::check(tree));
    violations.extend(manifest::check(tree));
    violations.extend(image::check(tree));
    violations.extend(template::check(tree, &members));
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
