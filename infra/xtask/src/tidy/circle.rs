//! The top-level modules of a crate have no circular dependencies. Its tests are not checked.
//!
//! Must not know: Rust beyond paths that begin with `crate::` or `super::`, as rustfmt writes them.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::member::Member;
use super::tree::{File, Tree};

/// Which module uses which: (user, used) with the first file.
type Edges = BTreeMap<(String, String), String>;

/// Every group of top-level modules that use each other.
pub fn check(tree: &Tree, members: &[Member]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members {
        let edges = edges(tree, &format!("{}/src/", member.folder));
        for circle in circles(&edges) {
            let inside = edges.iter().filter(|((from, to), _)| {
                circle.contains(from.as_str()) && circle.contains(to.as_str())
            });
            let uses: Vec<String> = inside
                .map(|((from, to), place)| format!("{from} -> {to} ({place})"))
                .collect();
            let what = format!("modules use each other: {}", uses.join(", "));
            violations.push(Violation::new(&member.name, what));
        }
    }
    violations
}

fn edges(tree: &Tree, source: &str) -> Edges {
    let mut edges = Edges::new();
    let own = |file: &&File| file.ending() == "rs" && !file.is_test();
    for file in tree.files().iter().filter(own) {
        let Some(inside) = file.path.strip_prefix(source) else {
            continue;
        };
        let path: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
        if matches!(path[..], ["lib" | "main"]) {
            continue;
        }
        for name in used(file, path.len()) {
            if tree.has(&format!("{source}{name}.rs")) && name != path[0] {
                let edge = (path[0].to_owned(), name);
                edges.entry(edge).or_insert_with(|| file.path.clone());
            }
        }
    }
    edges
}

/// The names that a file at this depth takes from the root of its crate.
fn used(file: &File, depth: usize) -> Vec<String> {
    let is_of_path = |c: char| c.is_alphanumeric() || matches!(c, ':' | '$' | '_');
    let code: Vec<&str> = file.code_lines().map(|(_, line)| line).collect();
    let code = code.join(" ");
    let root = "super::".repeat(depth);
    let mut used = Vec::new();
    for start in ["crate::", root.as_str()] {
        for (at, _) in code.match_indices(start) {
            if !code[..at].ends_with(is_of_path) {
                used.extend(names(&code[at + start.len()..]));
            }
        }
    }
    used
}

/// The first names of a path, or of the paths of a group `{a::b, c}`.
fn names(path: &str) -> Vec<String> {
    let first = |path: &str| -> String {
        let is_of_name = |c: &char| c.is_alphanumeric() || *c == '_';
        path.trim_start().chars().take_while(is_of_name).collect()
    };
    let mut names = Vec::new();
    let mut depth = 0;
    for (at, c) in path.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth <= 0 {
            break;
        }
        if depth == 1 && matches!(c, '{' | ',') {
            names.push(first(&path[at + 1..]));
        }
    }
    if names.is_empty() {
        vec![first(path)]
    } else {
        names
    }
}

/// The groups of modules that reach each other.
fn circles(edges: &Edges) -> Vec<BTreeSet<&str>> {
    let mut circles: Vec<BTreeSet<&str>> = Vec::new();
    for (from, _) in edges.keys() {
        if circles.iter().any(|circle| circle.contains(from.as_str())) {
            continue;
        }
        let mut circle = reached(edges, from);
        circle.retain(|other| reached(edges, other).contains(from.as_str()));
        if !circle.is_empty() {
            circles.push(circle);
        }
    }
    circles
}

fn reached<'a>(edges: &'a Edges, from: &'a str) -> BTreeSet<&'a str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(next) = open.pop() {
        let used = edges.keys().filter(|(user, _)| user == next);
        open.extend(
            used.map(|(_, used)| used.as_str())
                .filter(|used| reached.insert(*used)),
        );
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let member = Member {
            name: "a".to_owned(),
            folder: "a".to_owned(),
            ..Member::default()
        };
        check(&Tree::of(files), &[member])
            .into_iter()
            .map(|v| v.what)
            .collect()
    }

    #[test]
    fn modules_that_use_each_other_are_found() {
        let circle = "modules use each other: b -> c (a/src/b.rs), c -> b (a/src/c";
        let rows = [
            ("use crate::c::X;", "a/src/c.rs", "", false),
            ("use crate::c::X;", "a/src/c.rs", "use crate::b;", true),
            (
                "use super::c;",
                "a/src/c/d.rs",
                "super::super::b::f()",
                true,
            ),
            ("use super::c;", "a/src/c/d.rs", "super::b::f()", false),
            (
                "use crate::{\n    e::{F, b},\n    c,\n};",
                "a/src/c.rs",
                "crate::b::f()",
                true,
            ),
            (
                "use crate::{\n    e::{F, c},\n};",
                "a/src/c.rs",
                "crate::b::f()",
                false,
            ),
            ("crate::c::f()", "a/src/c/tests.rs", "crate::b::f()", false),
            ("crate::c::f()", "a/src/c.rs", "// crate::b", false),
            ("other_crate::c::f()", "a/src/c.rs", "crate::b::f()", false),
        ];
        for (b, path, c, is_circle) in rows {
            let found = found(&[("a/src/b.rs", b), ("a/src/c.rs", ""), (path, c)]);
            assert_eq!(
                found.len(),
                usize::from(is_circle),
                "{b} and {c}: {found:?}"
            );
            assert!(
                found.iter().all(|what| what.starts_with(circle)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_long_circle_is_one_violation() {
        let found = found(&[
            ("a/src/b.rs", "crate::c::f()"),
            ("a/src/c.rs", "crate::d::f()"),
            ("a/src/d.rs", "crate::b::f()"),
            ("a/src/e.rs", "crate::b::f()"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(!found[0].contains("e ->"), "{found:?}");
    }
}
