//! `cargo xtask gaps`: writes or checks the GAPS.md of each crate in infra/cloud, from the marks
//! above the tests.
//!
//! A mark is a line above a test, `// AWS same(<area>): <behaviour>`, or `different` or `absent`
//! with what AWS does and, after a semicolon, what happens here, or `unknown` with what no source
//! says and, after a semicolon, what happens here; lines indented by four more spaces continue it.
//! A test that runs the file of recorded shadow cases has the mark `// AWS cases(shadow): <file>`,
//! a test of a single case of that file `// AWS case(shadow): <name>`. A mark belongs to the crate
//! of its test; marks elsewhere belong to local-cloud.
//!
//! Must not know: what the behaviours mean.

mod case;
mod mark;
mod page;
mod place;

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

use self::case::Case;
use self::mark::{Claim, Mark};
use self::page::Page;
use crate::publish;
use crate::tidy::Tree;
use crate::workspace::Workspace;

const FAMILY: &str = "infra/cloud/";
/// The crate that uses the others, and that the stories run.
const MAIN: &str = "infra/cloud/local-cloud/";
/// The crate that the recorded cases are about.
const SHADOW: &str = "infra/cloud/iot-shadow/";
const CASES: &str = "tests/vectors/shadow-cases.json";

/// Folders of marked tests.
const FOLDERS: &[&str] = &[FAMILY, "tests/"];

/// Options of `cargo xtask gaps`.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing; fail when a page is stale.
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

/// Writes the pages, or checks them; `true` if every mark has its test and no page is stale.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let tree = Tree::read(workspace.root())?;
    let cases = tree.text(CASES).with_context(|| format!("read {CASES}"))?;
    let mut errors = Vec::new();
    let shown = read(&tree, &mut errors);
    let cases = case::shown(cases, &shown, &tree, &mut errors)?;
    let pages = pages(&shown, &cases);
    for file in tree.files().iter().filter(|file| is_page(&file.path)) {
        if !pages.contains_key(&file.path) {
            errors.push(format!("{}: its crate has no marks: delete it", file.path));
        }
    }
    for error in &errors {
        println!("gaps: {error}");
    }
    let mut is_good = errors.is_empty();
    for (path, new) in &pages {
        if options.check {
            is_good &= publish::is_current("gaps", path, tree.text(path).unwrap_or_default(), new);
        } else {
            fs::write(workspace.path(path), new).with_context(|| format!("write {path}"))?;
        }
    }
    if is_good {
        let done = if options.check { "current" } else { "written" };
        let count = count(&shown, &cases);
        println!("gaps: {} pages {done}: {count}", pages.len());
    }
    Ok(is_good)
}

fn is_page(path: &str) -> bool {
    path.starts_with(FAMILY) && path.ends_with("/GAPS.md")
}

/// Folder of the crate that a test's marks belong to.
fn home(file: &str) -> &str {
    let inside = file.strip_prefix(FAMILY);
    let name = inside.and_then(|inside| inside.find('/'));
    name.map_or(MAIN, |end| &file[..=FAMILY.len() + end])
}

/// The text of each page, by path.
fn pages(shown: &[Shown], cases: &[Case]) -> BTreeMap<String, String> {
    let mut of_crate: BTreeMap<&str, Vec<&Shown>> = BTreeMap::new();
    for shown in shown {
        of_crate.entry(home(&shown.file)).or_default().push(shown);
    }
    let others: Vec<(String, [usize; 4])> = of_crate
        .iter()
        .filter(|(folder, _)| **folder != MAIN)
        .map(|(folder, shown)| {
            let name = folder[FAMILY.len()..].trim_end_matches('/');
            (name.to_owned(), page::totals(shown))
        })
        .collect();
    of_crate
        .into_iter()
        .map(|(folder, shown)| {
            let page = Page {
                folder,
                shown,
                cases: if folder == SHADOW { cases } else { &[] },
                others: if folder == MAIN {
                    others.clone()
                } else {
                    Vec::new()
                },
            };
            (format!("{folder}GAPS.md"), page::page(&page))
        })
        .collect()
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

/// Every mark of the tree with its test. A mark that is wrong goes to `errors`.
fn read(tree: &Tree, errors: &mut Vec<String>) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let files = tree.files().iter().filter(|file| {
        file.ending() == "rs" && FOLDERS.iter().any(|folder| file.path.starts_with(folder))
    });
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let line = mark::join(line, file.text.lines().skip(index + 1));
            let found = match mark::parse(&line) {
                None => continue,
                Some(Ok(mark)) => place::test_of(&file.text, index).map(|test| (mark, test)),
                Some(Err(error)) => Err(error),
            };
            let found = if place::is_compiled(tree, &file.path) {
                found
            } else {
                Err("in a file that no module declares".to_owned())
            };
            let place = format!("{}:{}", file.path, index + 1);
            match found {
                Err(error) => errors.push(format!("{place}: {error}")),
                Ok((mark, test)) => {
                    let twin = shown.iter().find(|other| other.mark.is_same_as(&mark));
                    if let (Some(twin), Claim::Behaviour { text, .. }) = (twin, &mark.claim) {
                        errors.push(format!(
                            "{place}: {text:?} is already claimed by {}",
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
                "// AWS same(shadow): a\n#[test]\nfn a() {}\n// AWS absent(shadow): a; no\n\
                 // AWS same(shadow): a\n#[test]\nfn b() {}\n",
                &["5: \"a\" is already claimed by a"],
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
    fn a_mark_belongs_to_the_crate_of_its_test() {
        let rows = [
            ("infra/cloud/iot-sql/src/tests.rs", "infra/cloud/iot-sql/"),
            ("infra/cloud/local-cloud/tests/services/a.rs", MAIN),
            ("tests/tests/right/main.rs", MAIN),
        ];
        for (file, folder) in rows {
            assert_eq!(home(file), folder);
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
