//! Rules about single files: their shape, their names, and the words that must not stand in them.
//!
//! Must not know: dependencies between crates.

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

/// A word and the only places where it may stand.
struct Ban {
    /// Where the rule holds: paths that begin so.
    within: &'static str,
    /// The word, as the code writes it.
    word: &'static str,
    /// Paths that may have it; those that begin so.
    except: &'static [&'static str],
    /// Whether comments and tests count too.
    everywhere: bool,
    /// The reason.
    why: &'static str,
}

const fn ban(
    within: &'static str,
    word: &'static str,
    except: &'static [&'static str],
    why: &'static str,
) -> Ban {
    Ban {
        within,
        word,
        except,
        everywhere: false,
        why,
    }
}

const fn never(within: &'static str, word: &'static str, why: &'static str) -> Ban {
    Ban {
        within,
        word,
        except: &[],
        everywhere: true,
        why,
    }
}

const PURE: &str = "the core is pure: time is an argument, and the shell acts";
const INDEPENDENT: &str =
    "the local cloud is an independent reading of AWS and knows nothing about locks";
const PORTABLE: &str =
    "the portable core has its caller's memory, its caller's clock and no platform";
const FIRMWARE: &str = "firmware/core/";
const CORE: &str = "lambdas/lock-core/src/";
const CLOUD: &str = "infra/local-cloud/src/";

const BANS: &[Ban] = &[
    ban(
        "",
        concat!(".unw", "rap()"),
        &[],
        "say why it cannot fail, with expect, or return the error",
    ),
    ban(
        "",
        concat!("allow(unsafe", "_code)"),
        &["firmware/virtual/"],
        "only the firmware's shim calls C",
    ),
    ban(CORE, "SystemTime", &[], PURE),
    ban(CORE, "Instant", &[], PURE),
    ban(CORE, "std::env", &[], PURE),
    ban(CORE, "std::fs", &[], PURE),
    ban(CORE, "std::net", &[], PURE),
    ban(CORE, "std::thread", &[], PURE),
    ban(CORE, "async fn", &[], PURE),
    ban(CORE, "println!", &[], PURE),
    ban(
        "lambdas/",
        "SystemTime::now",
        &["lambdas/lock-aws/src/clock.rs"],
        "the functions read the clock in one place",
    ),
    ban(
        CLOUD,
        "SystemTime::now",
        &["infra/local-cloud/src/clock.rs"],
        "the local cloud reads the clock in one place",
    ),
    ban(FIRMWARE, "malloc(", &[], PORTABLE),
    ban(FIRMWARE, "calloc(", &[], PORTABLE),
    ban(FIRMWARE, "printf(", &[], PORTABLE),
    ban(FIRMWARE, "mgos", &[], PORTABLE),
    ban(FIRMWARE, "<time.h>", &[], PORTABLE),
    never(CLOUD, "remote-lock", INDEPENDENT),
    never(CLOUD, "lockctl", INDEPENDENT),
    never(CLOUD, "lock_core", INDEPENDENT),
    never(CLOUD, "unlock", INDEPENDENT),
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
        for ban in BANS.iter().filter(|ban| ban.applies_to(file)) {
            violations.extend(ban.found_in(file));
        }
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

impl Ban {
    fn applies_to(&self, file: &File) -> bool {
        file.path.starts_with(self.within)
            && (self.everywhere || !file.is_test())
            && !self
                .except
                .iter()
                .any(|except| file.path.starts_with(except))
    }

    fn found_in(&self, file: &File) -> Vec<Violation> {
        let hit = |(number, line): (usize, &str)| {
            line.contains(self.word).then(|| {
                Violation::new(
                    format!("{}:{number}", file.path),
                    format!("`{}`: {}", self.word, self.why),
                )
            })
        };
        if self.everywhere {
            (1..).zip(file.text.lines()).filter_map(hit).collect()
        } else {
            file.code_lines().filter_map(hit).collect()
        }
    }
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
    fn each_banned_word_is_found_where_it_is_banned() {
        for ban in BANS {
            let path = format!("{}example.rs", ban.within);
            let text = format!("//! Doc.\nlet x = {};\n", ban.word);
            let found = found(&path, &text);
            assert!(
                found
                    .iter()
                    .any(|line| line.starts_with(&format!("{path}:2: `{}`", ban.word))),
                "{}: {found:?}",
                ban.word
            );
        }
    }

    #[test]
    fn each_exception_holds() {
        for ban in BANS {
            for except in ban.except {
                let path = if except.ends_with('/') {
                    format!("{except}a.rs")
                } else {
                    (*except).to_owned()
                };
                let text = format!("//! Doc.\nlet x = {};\n", ban.word);
                assert_eq!(found(&path, &text), [""; 0], "{path}: {}", ban.word);
            }
        }
    }

    #[test]
    fn comments_and_tests_may_say_what_code_may_not() {
        let word = BANS[0].word;
        let cases = [
            ("a/src/b.rs", format!("//! Doc.\n/// let x = y{word};\n")),
            (
                "a/src/b.rs",
                format!("//! Doc.\n#[cfg(test)]\nmod tests {{\n    x{word};\n}}\n"),
            ),
            ("a/src/b/tests.rs", format!("//! Doc.\nx{word};\n")),
            ("tests/src/story.rs", format!("//! Doc.\nx{word};\n")),
        ];
        for (path, text) in cases {
            assert_eq!(found(path, &text), [""; 0], "{path}");
        }
    }

    #[test]
    fn the_local_cloud_does_not_even_mention_locks_in_a_comment() {
        assert_eq!(
            found("infra/local-cloud/src/a.rs", "//! Doc.\n// lockctl\n").len(),
            1
        );
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
