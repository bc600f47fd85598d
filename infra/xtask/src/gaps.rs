//! `cargo xtask gaps`: writes infra/cloud/local-cloud/GAPS.md from the marks above the tests, or says where the page is stale.
//!
//! A mark is one line above a test, `// AWS same(<area>): <behaviour>`, or `different` or `absent`; what AWS does and what
//! happens here are parted by a semicolon. A test that runs the file of recorded shadow cases is marked
//! `// AWS cases(shadow): <file>`, one that shows a single case of it `// AWS case(shadow): <name>`.
//! Must not know: what the behaviours mean.

mod case;
mod mark;
mod page;
mod place;

use std::fs;

use anyhow::{Context, Result};

use self::case::Case;
use self::mark::{Claim, Mark};
use crate::tidy::Tree;
use crate::workspace::Workspace;

const PAGE: &str = "infra/cloud/local-cloud/GAPS.md";
const CASES: &str = "tests/vectors/shadow-cases.json";

/// Where marked tests stand.
const FOLDERS: &[&str] = &["infra/cloud/", "tests/"];

/// Options of `cargo xtask gaps`.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing; fail when the page is stale.
    #[arg(long)]
    pub check: bool,
}

/// A mark with the test that shows what it claims.
struct Shown {
    mark: Mark,
    /// Path of the test's file, from the root.
    file: String,
    test: String,
}

/// Writes the page, or checks it; `true` when every mark has its test and, in a check, the page is true.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let tree = Tree::read(workspace.root())?;
    let cases = tree.text(CASES).with_context(|| format!("read {CASES}"))?;
    let mut errors = Vec::new();
    let shown = read(&tree, &mut errors);
    let cases = case::shown(cases, &shown, &tree, &mut errors)?;
    let new = page::page(&shown, &cases);
    for error in &errors {
        println!("gaps: {error}");
    }
    if options.check {
        let old = tree.text(PAGE).unwrap_or_default();
        let differences = page::differences(old, &new);
        if !differences.is_empty() {
            println!("gaps: {PAGE} is stale (run `cargo xtask gaps`):");
        }
        for line in &differences {
            println!("  {line}");
        }
        if errors.is_empty() && differences.is_empty() {
            println!("gaps: {PAGE} is true: {}", count(&shown, &cases));
        }
        return Ok(errors.is_empty() && differences.is_empty());
    }
    fs::write(workspace.path(PAGE), new).with_context(|| format!("write {PAGE}"))?;
    println!("gaps: {PAGE} written: {}", count(&shown, &cases));
    Ok(errors.is_empty())
}

fn count(shown: &[Shown], cases: &[Case]) -> String {
    let behaviours = shown
        .iter()
        .filter(|shown| matches!(shown.mark.claim, Claim::Behaviour { .. }))
        .count();
    format!(
        "{behaviours} behaviours, {} recorded shadow cases",
        cases.len()
    )
}

/// Every mark of the tree with its test; what is wrong with the others goes to `errors`.
fn read(tree: &Tree, errors: &mut Vec<String>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let files = tree.files().iter().filter(|file| {
        file.ending() == "rs" && FOLDERS.iter().any(|folder| file.path.starts_with(folder))
    });
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let found = match mark::parse(line) {
                None => continue,
                Some(Ok(mark)) => place::test_of(&file.text, index).map(|test| (mark, test)),
                Some(Err(error)) => Err(error),
            };
            let found = found.and_then(|found| match place::is_compiled(tree, &file.path) {
                true => Ok(found),
                false => Err("in a file that no module declares".to_owned()),
            });
            let place = format!("{}:{}", file.path, index + 1);
            match found {
                Err(error) => errors.push(format!("{place}: {error}")),
                Ok((mark, test)) => {
                    let twin = shown.iter().find(|other| other.mark.is_same_as(&mark));
                    if let (Some(twin), Claim::Behaviour { text, .. }) = (twin, &mark.claim) {
                        errors.push(format!(
                            "{place}: {text:?} is claimed by {} already",
                            twin.test
                        ));
                        continue;
                    }
                    shown.push(Shown {
                        mark,
                        file: file.path.clone(),
                        test,
                    });
                }
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors_of(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("infra/cloud/local-cloud/src/lib.rs", "mod shadow;\n"),
            ("infra/cloud/local-cloud/src/shadow.rs", "mod tests;\n"),
            ("infra/cloud/local-cloud/src/shadow/tests.rs", text),
        ]);
        let mut errors = Vec::new();
        read(&tree, &mut errors);
        errors
            .iter()
            .map(|error| error.replace("infra/cloud/local-cloud/src/shadow/tests.rs:", ""))
            .collect()
    }

    #[test]
    fn each_mistake_of_a_mark_is_named_with_its_line() {
        let rows: &[(&str, &[&str])] = &[
            ("// AWS same(shadow): a\n#[test]\nfn a() {}\n", &[]),
            (
                "// AWS same(shadow): a\n// AWS same(broker): a\n#[test]\nfn a() {}\n",
                &[],
            ),
            (
                "// AWS same(shadow): a\n#[test]\nfn a() {}\n// AWS absent(shadow): a; no\n// AWS same(shadow): a\n#[test]\nfn b() {}\n",
                &["5: \"a\" is claimed by a already"],
            ),
            (
                "// AWS same(shadow): a\nfn a() {}\n",
                &["1: no test follows this mark"],
            ),
            (
                "// AWS same(shadow): a\n#[test]\n#[ignore]\nfn a() {}\n",
                &["1: the test a is ignored, so nothing shows it"],
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(&errors_of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mark_in_a_file_that_is_not_compiled_is_an_error() {
        let tree = Tree::of(&[
            ("infra/cloud/local-cloud/src/lib.rs", "mod other;\n"),
            (
                "infra/cloud/local-cloud/src/shadow.rs",
                "// AWS same(shadow): a\n#[test]\nfn a() {}\n",
            ),
        ]);
        let mut errors = Vec::new();
        assert!(read(&tree, &mut errors).is_empty());
        assert_eq!(
            errors,
            ["infra/cloud/local-cloud/src/shadow.rs:1: in a file that no module declares"]
        );
    }
}
