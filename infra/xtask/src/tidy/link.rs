//! Targets of documents exist: relative links, and paths in backticks that begin with our folders.
//!
//! Must not know: the network; links to other sites are not followed.

use super::Violation;
use super::tree::{File, Tree};

/// The top-level folders of the paths in documents.
const FOLDERS: &[&str] = &["lambdas/", "firmware/", "infra/", "tests/"];

/// Every link and path in a document whose target is missing.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let documents = tree.files().iter().filter(|file| file.ending() == "md");
    documents
        .flat_map(|file| check_document(tree, file))
        .collect()
}

fn check_document(tree: &Tree, file: &File) -> Vec<Violation> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut violations = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let links = links(line).map(|link| (link, resolve(folder, link)));
        let paths = paths(line).map(|path| (path, Some(path.to_owned())));
        for (written, path) in links.chain(paths) {
            if !path.is_some_and(|path| tree.has(&path)) {
                let place = format!("{}:{number}", file.path);
                violations.push(Violation::new(place, format!("`{written}` does not exist")));
            }
        }
    }
    violations
}

/// Targets of Markdown links that stay in this repository, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://"))
}

/// Paths in backticks that begin with one of our folders, without patterns and command lines.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains(['*', ' ', '<', '{']))
}

/// The path from the root of `link` in a document of `folder`; none if it leaves the repository.
fn resolve(folder: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_points_only_at_what_is_there() {
        let cases: &[(&str, &[&str])] = &[
            (
                "see [protocol](PROTOCOL.md#rules) and [code](../../lambdas/press)",
                &[],
            ),
            (
                "`lambdas/press`, `lambdas/press/src/main.rs`, `lambdas/*/src`, `cargo run`",
                &[],
            ),
            ("[site](https://example.com/none), [above](#above)", &[]),
            ("[gone](GONE.md)", &["`GONE.md` does not exist"]),
            ("[out](../../../etc)", &["`../../../etc` does not exist"]),
            ("in `lambdas/gone`", &["`lambdas/gone` does not exist"]),
        ];
        for (line, expected) in cases {
            let files = [
                ("infra/docs/A.md", *line),
                ("infra/docs/PROTOCOL.md", ""),
                ("lambdas/press/src/main.rs", ""),
            ];
            let found: Vec<String> = check(&Tree::of(&files))
                .into_iter()
                .map(|v| v.what)
                .collect();
            assert_eq!(&found, expected, "{line}");
        }
    }
}
