//! Every entry of a manifest's dependency tables is named by a source file of its crate.
//!
//! Must not know: features, or Rust beyond `name::` and `use name`.

use super::Violation;
use super::member::{Dependency, Member, Table};
use super::tree::{File, Tree};

/// Folders of crates that only tests use.
const TESTING: &[&str] = &["lambdas/lock-testing/", "tests/"];

/// The dependencies that nothing names.
pub fn check(tree: &Tree, members: &[Member]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in members {
        let files = files(tree, member, members);
        let unnamed = member
            .dependencies
            .iter()
            .filter(|dependency| !files.iter().any(|file| names(file, dependency)));
        violations.extend(unnamed.map(|dependency| {
            let what = format!(
                "no source file names {}: delete the entry",
                dependency.import
            );
            Violation::new(format!("{}/Cargo.toml", member.folder), what)
        }));
    }
    violations
}

/// The Rust files of a member, without those of the members in its folder.
fn files<'a>(tree: &'a Tree, member: &Member, members: &[Member]) -> Vec<&'a File> {
    let below = |file: &File, folder: &str| {
        file.path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    let is_own = |file: &&File| {
        let is_nested =
            |other: &Member| other.folder.len() > member.folder.len() && below(file, &other.folder);
        file.ending() == "rs" && below(file, &member.folder) && !members.iter().any(is_nested)
    };
    tree.files().iter().filter(is_own).collect()
}

/// Whether this file names the dependency in code that may use its table.
fn names(file: &File, dependency: &Dependency) -> bool {
    let import = dependency.import.as_str();
    let is_named = |line: &str| names_crate(line, import);
    match dependency.table {
        Table::Build | Table::Dev => file.text.lines().any(is_named),
        Table::Normal if TESTING.iter().any(|folder| file.path.starts_with(folder)) => {
            file.text.lines().any(is_named)
        }
        // A dependency that only tests name belongs in the dev-dependencies.
        Table::Normal => !file.is_test() && file.code_lines().any(|(_, line)| is_named(line)),
    }
}

fn names_crate(line: &str, import: &str) -> bool {
    let is_name_char = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(import).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + import.len()..]);
        let is_use = before.ends_with("use ") || before.ends_with("extern crate ");
        !before.ends_with(is_name_char)
            && (after.starts_with("::") || is_use && !after.starts_with(is_name_char))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, dependencies: &[(&str, Table)]) -> Member {
        let dependency = |(name, table): &(&str, Table)| Dependency {
            name: (*name).to_owned(),
            import: name.replace('-', "_"),
            table: *table,
        };
        Member {
            name: folder.to_owned(),
            folder: folder.to_owned(),
            dependencies: dependencies.iter().map(dependency).collect(),
            ..Member::default()
        }
    }

    #[test]
    fn a_dependency_that_no_source_file_names_is_found() {
        use Table::{Build, Dev, Normal};
        let rows = [
            ("a/src/lib.rs", "use aws_sdk::Client;", Normal, true),
            ("a/src/lib.rs", "fn f() -> aws_sdk::Error {", Normal, true),
            ("a/src/lib.rs", "use aws_sdk as sdk;", Normal, true),
            ("a/src/lib.rs", "use aws_sdk_more::Client;", Normal, false),
            ("a/src/lib.rs", "let aws_sdk = 1;", Normal, false),
            ("a/src/lib.rs", "// aws_sdk::Client", Normal, false),
            ("a/src/lib/tests.rs", "use aws_sdk::Client;", Normal, false),
            ("a/src/lib/tests.rs", "use aws_sdk::Client;", Dev, true),
            ("a/b/src/lib.rs", "use aws_sdk::Client;", Normal, false),
            ("a/build.rs", "aws_sdk::compile();", Build, true),
        ];
        for (path, line, table, is_named) in rows {
            let tree = Tree::of(&[(path, line)]);
            let members = [member("a", &[("aws-sdk", table)]), member("a/b", &[])];
            let found: Vec<String> = check(&tree, &members)
                .iter()
                .map(ToString::to_string)
                .collect();
            let expected = ["a/Cargo.toml: no source file names aws_sdk: delete the entry"];
            assert_eq!(found, expected[usize::from(is_named)..], "{path}: {line}");
        }
    }
}
