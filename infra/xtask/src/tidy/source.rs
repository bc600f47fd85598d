//! Rules about the shape of single files: length, width, opening, name, and a manifest's lints.
//!
//! Must not know: what the code in them does.

use super::Violation;
use super::tree::{File, Tree};

/// Maximum lines of a file; aim for half as many.
const LINES_MAX: usize = 400;

/// Documents with their own maximum.
const DOCUMENT_LINES_MAX: &[(&str, usize)] =
    &[("README.md", 150), ("infra/docs/ARCHITECTURE.md", 300)];

/// Maximum characters per line. clang-format enforces 80 for C.
const COLUMNS_MAX: usize = 100;
/// Maximum characters per line of a document.
const DOCUMENT_COLUMNS_MAX: usize = 120;

/// Names that say nothing about the content.
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
    violations.extend(width(file));
    violations.extend(conflict(file));
    if matches!(file.ending(), "rs" | "c" | "h") {
        violations.extend(opening(file));
        violations.extend(name(file));
    }
    if file.path.ends_with("/Cargo.toml") && !file.text.contains("[lints]\nworkspace = true") {
        violations.push(Violation::new(
            &file.path,
            "add `[lints]` with `workspace = true`",
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

fn width(file: &File) -> Vec<Violation> {
    let max = match file.ending() {
        "rs" | "c" | "h" | "sh" | "py" | "js" | "cjs" | "toml" | "css" | "html" => COLUMNS_MAX,
        "md" => DOCUMENT_COLUMNS_MAX,
        _ => return Vec::new(),
    };
    let mut in_block = false;
    let mut violations = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        in_block ^= file.ending() == "md" && line.trim_start().starts_with("```");
        let columns = line.chars().count();
        if columns > max && !in_block && !is_one_piece(file, line, max) {
            let what = format!("is {columns} characters wide, at most {max}");
            violations.push(Violation::new(format!("{}:{number}", file.path), what));
        }
    }
    violations
}

/// What a merge leaves in a file until somebody decides; documents and data still build with it.
fn conflict(file: &File) -> Option<Violation> {
    let is_mark = |line: &str| ["<<<<<<< ", ">>>>>>> "].iter().any(|m| line.starts_with(m));
    let number = file.text.lines().position(is_mark)? + 1;
    let place = format!("{}:{number}", file.path);
    Some(Violation::new(
        place,
        "is an unfinished merge: decide, and remove the marks",
    ))
}

/// Whether the line cannot be broken: a single word is too wide, or it is a Markdown table row or
/// link.
fn is_one_piece(file: &File, line: &str, max: usize) -> bool {
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    let is_wide = |word: &str| indent + word.chars().count() > max;
    let is_document = file.ending() == "md";
    line.split_whitespace().any(is_wide)
        || is_document && (line.starts_with('|') || line.contains("](") || line.contains("://"))
}

fn opening(file: &File) -> Option<Violation> {
    let opening = if file.ending() == "rs" {
        "//! "
    } else {
        "/*! "
    };
    (!file.text.starts_with(opening)).then(|| {
        let what = format!("does not open with `{opening}` and its purpose");
        Violation::new(&file.path, what)
    })
}

fn name(file: &File) -> Option<Violation> {
    let (name, _) = file.path.rsplit('/').next()?.rsplit_once('.')?;
    EMPTY_NAMES
        .contains(&name)
        .then(|| Violation::new(&file.path, "rename the file after what it contains"))
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
    fn an_unfinished_merge_is_found() {
        let merge = |first: &str| format!("a\n{first} HEAD\nb\n=======\nc\n");
        assert_eq!(found("a.md", &merge(&"<".repeat(7))).len(), 1);
        assert_eq!(found("a.json", &merge(&">".repeat(7))).len(), 1);
        assert!(found("a.md", &merge(&"<".repeat(6))).is_empty());
    }

    #[test]
    fn a_line_that_is_too_wide_is_found() {
        let cases = [
            ("a/src/b.rs", format!("//! {}", "word ".repeat(20)), 1),
            ("a/src/b.rs", format!("//! {}", "wörd ".repeat(19)), 0),
            ("a/src/b.rs", format!("//! {}", "x".repeat(200)), 0),
            ("a/b.json", "word ".repeat(200), 0),
            ("a.md", "word ".repeat(24), 0),
            ("a.md", "word ".repeat(25), 1),
            ("a.md", format!("| {}", "word ".repeat(25)), 0),
            ("a.md", format!("```\n{}\n```", "word ".repeat(25)), 0),
            ("a.md", format!("[a](b) {}", "word ".repeat(25)), 0),
        ];
        for (path, text, expected) in cases {
            assert_eq!(found(path, &text).len(), expected, "{path}: {text}");
        }
    }

    #[test]
    fn a_file_of_the_wrong_shape_is_found() {
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
