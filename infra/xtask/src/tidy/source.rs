//! Rules about the shape of single files: length, opening, name, and where a manifest takes its lints from.
//!
//! Must not know: what the code in them does.

use super::Violation;
use super::tree::{File, Tree};

/// Longest file; aim at half of it.
const LINES_MAX: usize = 400;

/// Documents that say themselves how long they may be.
const DOCUMENT_LINES_MAX: &[(&str, usize)] =
    &[("README.md", 150), ("infra/docs/ARCHITECTURE.md", 300)];

/// Names that say nothing of what is inside.
const EMPTY_NAMES: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "manager", "misc", "mod",
];

/// Everything wrong with single files.
pub fn check(tree: &Tree) -> Vec<Violation> {
    tree.files().iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    violations.extend(length(file));
    if matches!(file.ending(), "rs" | "c" | "h") {
        violations.extend(opening(file));
        violations.extend(name(file));
    }
    if file.path.ends_with("/Cargo.toml") && !file.text.contains("[lints]\nworkspace = true") {
        violations.push(Violation::new(
            &file.path,
            "takes no lints from the workspace",
        ));
    }
    violations
}

fn length(file: &File) -> Option<Violation> {
    let document = DOCUMENT_LINES_MAX
        .iter()
        .find(|(path, _)| *path == file.path);
    let max = match (document, file.ending()) {
        (Some((_, max)), _) => *max,
        (None, "rs" | "c" | "h" | "js" | "css" | "html" | "py" | "sh") => LINES_MAX,
        _ => return None,
    };
    let lines = file.text.lines().count();
    (lines > max).then(|| Violation::new(&file.path, format!("has {lines} lines, at most {max}")))
}

fn opening(file: &File) -> Option<Violation> {
    let opening = if file.ending() == "rs" {
        "//! "
    } else {
        "/*! "
    };
    (!file.text.starts_with(opening)).then(|| {
        let what =
            format!("does not open with `{opening}`: its purpose, and what it must not know");
        Violation::new(&file.path, what)
    })
}

fn name(file: &File) -> Option<Violation> {
    let (name, _) = file.path.rsplit('/').next()?.rsplit_once('.')?;
    EMPTY_NAMES
        .contains(&name)
        .then(|| Violation::new(&file.path, "name it after the thing inside"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_shape_of_a_file_is_held() {
        let long = |lines: usize| format!("//! Doc.\n{}", "x\n".repeat(lines - 1));
        let cases = [
            ("a/src/b.rs", long(LINES_MAX), 0),
            ("a/src/b.rs", long(LINES_MAX + 1), 1),
            (
                "firmware/core/a.c",
                format!("/*! A. */\n{}", "x;\n".repeat(LINES_MAX)),
                1,
            ),
            ("README.md", long(150), 0),
            ("README.md", long(151), 1),
            ("infra/docs/ARCHITECTURE.md", long(301), 1),
            ("template.yaml", long(1000), 0),
            ("a/src/b.rs", "fn no_purpose() {}\n".to_owned(), 1),
            ("firmware/core/a.h", "int a;\n".to_owned(), 1),
            ("firmware/core/a.h", "/*! A. */\nint a;\n".to_owned(), 0),
            ("a/src/utils.rs", long(2), 1),
            ("a/src/b/mod.rs", long(2), 1),
            ("a/Cargo.toml", "[package]\n".to_owned(), 1),
            (
                "a/Cargo.toml",
                "[package]\n\n[lints]\nworkspace = true\n".to_owned(),
                0,
            ),
        ];
        for (path, text, expected) in cases {
            assert_eq!(found(path, &text).len(), expected, "{path}");
        }
    }
}
