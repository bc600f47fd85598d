//! Every library in the root manifest has its reason in `infra/docs/decisions/`.
//!
//! Must not know: TOML beyond `name = …` lines under `[workspace.dependencies]`.

use super::Violation;
use super::tree::Tree;

const MANIFEST: &str = "Cargo.toml";
const DECISIONS: &str = "infra/docs/decisions/";

/// The libraries that no page of the decisions names.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let Some(manifest) = tree.text(MANIFEST) else {
        return vec![Violation::new(MANIFEST, "is missing")];
    };
    let pages: Vec<&str> = tree
        .files()
        .iter()
        .filter(|file| file.path.starts_with(DECISIONS))
        .map(|file| file.text.as_str())
        .collect();
    libraries(manifest)
        .filter(|library| !pages.iter().any(|page| names(page, library)))
        .map(|library| {
            Violation::new(
                MANIFEST,
                format!("{library}: give the reason for this library in {DECISIONS}"),
            )
        })
        .collect()
}

/// The names under `[workspace.dependencies]` that are not members.
fn libraries(manifest: &str) -> impl Iterator<Item = &str> {
    manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#') && !line.contains("path ="))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
}

/// Whether the page has the name as a word of its own.
fn names(page: &str, library: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    page.split(|c| !is_name(c)).any(|word| word == library)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
[workspace]
members = []

[workspace.dependencies]
lock-core = { path = \"lambdas/lock-core\" }
# A comment = not a library.
serde = \"1\"
serde_json = \"1\"

[profile.dev]
debug = 1
";

    #[test]
    fn a_library_without_a_reason_is_found() {
        let cases: &[(&str, &[&str])] = &[
            ("| serde, serde_json | why |", &[]),
            ("| serde | why |", &["serde_json"]),
            ("| serde_json | why |", &["serde"]),
        ];
        for (page, expected) in cases {
            let tree = Tree::of(&[
                (MANIFEST, ROOT),
                ("infra/docs/decisions/0006-libraries.md", page),
            ]);
            let found = check(&tree);
            assert_eq!(found.len(), expected.len(), "{page}: {found:?}");
            for (violation, library) in found.iter().zip(*expected) {
                assert!(
                    violation.what.starts_with(&format!("{library}: ")),
                    "{violation}"
                );
            }
        }
    }
}
