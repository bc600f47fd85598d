//! Which package depends on which, with the features of a program's own build: `cargo tree`.
//!
//! Must not know: anything about a package except its name and version.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// `name@version`.
pub type Id = String;

/// The packages of some programs.
#[derive(Debug, Default, PartialEq)]
pub struct Graph {
    /// What each package uses directly, when it is built or when it runs.
    pub uses: BTreeMap<Id, BTreeSet<Id>>,
    /// The packages whose code is part of a program; the others only run during a build.
    pub linked: BTreeSet<Id>,
}

impl Graph {
    /// Adds a program, built for these targets.
    ///
    /// # Errors
    /// cargo fails.
    pub fn add(&mut self, workspace: &Workspace, program: &str, targets: &[&str]) -> Result<()> {
        let tree = |edges: &str| {
            let mut cargo = workspace.cargo();
            cargo.args(["tree", "--locked", "--package", program, "--edges", edges]);
            cargo.args(["--prefix", "depth", "--format", "{p}"]);
            for target in targets {
                cargo.args(["--target", target]);
            }
            process::output(&mut cargo)
        };
        let linked = edges(&tree("normal,no-proc-macro")?)?;
        self.linked.extend(linked.into_keys());
        for (package, used) in edges(&tree("normal,build")?)? {
            self.uses.entry(package).or_default().extend(used);
        }
        Ok(())
    }
}

/// The packages of a tree whose lines begin with their depth, and what each uses directly.
fn edges(tree: &str) -> Result<BTreeMap<Id, BTreeSet<Id>>> {
    let mut uses: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let mut above: Vec<Id> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let read = || format!("read cargo's line {line}");
        let name_at = line
            .find(|c: char| !c.is_ascii_digit())
            .with_context(read)?;
        let depth: usize = line[..name_at].parse().with_context(read)?;
        let (name, rest) = line[name_at..].split_once(" v").with_context(read)?;
        let version = rest.split_whitespace().next().with_context(read)?;
        let id = format!("{name}@{version}");
        above.truncate(depth);
        if let Some(user) = above.last() {
            uses.entry(user.clone()).or_default().insert(id.clone());
        }
        uses.entry(id.clone()).or_default();
        above.push(id);
    }
    Ok(uses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_becomes_a_graph() {
        let tree = "\
0press v0.1.0 (/home/me/lambdas/press)
1serde v1.0.2
2serde_derive v1.0.2 (proc-macro)
3syn v2.0.1+x
1tokio v1.0.0
2serde v1.0.2 (*)
";
        let edges = edges(tree).expect("read the tree");
        let of = |id: &str| edges[id].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(of("press@0.1.0"), ["serde@1.0.2", "tokio@1.0.0"]);
        assert_eq!(of("serde@1.0.2"), ["serde_derive@1.0.2"]);
        assert_eq!(of("tokio@1.0.0"), ["serde@1.0.2"]);
        assert_eq!(of("serde_derive@1.0.2"), ["syn@2.0.1+x"]);
        assert_eq!(edges.len(), 5);
    }

    #[test]
    fn a_line_of_another_form_is_an_error() {
        assert!(edges("press v0.1.0\n").is_err());
        assert!(edges("0press\n").is_err());
    }
}
