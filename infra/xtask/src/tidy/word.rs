//! Words that code must not use in some places: clocks in the pure core, locks in the local cloud.
//!
//! Must not know: how the words could be avoided.

use super::Violation;
use super::tree::{File, Tree};

/// The part of the files that a ban is about.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// Code outside tests, without its comments.
    Code,
    /// Files of test code.
    Tests,
    /// Every line, with comments and tests.
    Text,
}

/// Words and the only places where they may be used.
struct Ban {
    /// Where the rule holds: the beginning of a path.
    within: &'static str,
    /// The words, as code writes them.
    words: &'static [&'static str],
    /// The only file or folder that may use them.
    except: Option<&'static str>,
    part: Part,
    why: &'static str,
}

const CORE: &str = "lambdas/lock-core/src/";
const CLOUD: &str = "infra/cloud/";
const FIRMWARE: &str = "firmware/core/";

const BANS: &[Ban] = &[
    ban("", &[concat!(".unw", "rap()")])
        .because("say why it cannot fail, with expect, or return the error"),
    ban("", &[concat!("allow(unsafe", "_code")])
        .except("firmware/virtual/")
        .because("only the firmware's shim calls C"),
    ban(
        CORE,
        &[
            "SystemTime",
            "Instant",
            "std::env",
            "std::fs",
            "std::net",
            "std::thread",
        ],
    )
    .because("the core is pure: time is an argument, and the shell acts"),
    ban(CORE, &["async fn", "println!"]).because("the core is pure: it neither waits nor prints"),
    ban("lambdas/", &["SystemTime::now"])
        .except("lambdas/lock-aws/src/clock.rs")
        .because("the functions read the clock in one place"),
    ban(CLOUD, &["SystemTime::now"])
        .except("infra/cloud/local-cloud/src/clock.rs")
        .because("the local cloud reads the clock in one place"),
    ban("", &["sleep("])
        .of(Part::Tests)
        .because("a test waits for a condition with a deadline"),
    ban(
        FIRMWARE,
        &["malloc(", "calloc(", "printf(", "mgos", "<time.h>"],
    )
    .because("the portable core has its caller's memory, its caller's clock and no platform"),
    ban(CLOUD, &["remote-lock", "lockctl", "lock_core", "unlock"])
        .of(Part::Text)
        .because("the local cloud is an independent reading of AWS and does not know about locks"),
];

const fn ban(within: &'static str, words: &'static [&'static str]) -> Ban {
    Ban {
        within,
        words,
        except: None,
        part: Part::Code,
        why: "",
    }
}

/// Every banned word in a place where it is banned, and every exception without effect.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for ban in BANS {
        let sources = tree
            .files()
            .iter()
            .filter(|file| matches!(file.ending(), "rs" | "c" | "h") && ban.covers(file));
        let mut is_excepted = false;
        for file in sources {
            match ban.except {
                Some(except) if file.path.starts_with(except) => {
                    is_excepted |= !ban.found_in(file).is_empty();
                }
                _ => violations.extend(ban.found_in(file)),
            }
        }
        // A tree without the file is an example of a test.
        if let Some(except) = ban.except.filter(|path| tree.has(path) && !is_excepted) {
            let what = format!("needs no exception for {}: delete it", ban.words.join(", "));
            violations.push(Violation::new(except, what));
        }
    }
    violations
}

impl Ban {
    const fn except(mut self, path: &'static str) -> Self {
        self.except = Some(path);
        self
    }

    const fn of(mut self, part: Part) -> Self {
        self.part = part;
        self
    }

    const fn because(mut self, why: &'static str) -> Self {
        self.why = why;
        self
    }

    fn covers(&self, file: &File) -> bool {
        file.path.starts_with(self.within)
            && match self.part {
                Part::Code => !file.is_test(),
                Part::Tests => file.is_test(),
                Part::Text => true,
            }
    }

    fn found_in(&self, file: &File) -> Vec<Violation> {
        let lines: Vec<(usize, &str)> = if self.part == Part::Text {
            (1..).zip(file.text.lines()).collect()
        } else {
            file.code_lines().collect()
        };
        let mut found = Vec::new();
        for (number, line) in lines {
            for word in self.words.iter().filter(|word| line.contains(**word)) {
                let what = format!("`{word}`: {}", self.why);
                found.push(Violation::new(format!("{}:{number}", file.path), what));
            }
        }
        found
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
            let folder = if ban.part == Part::Tests {
                "tests/"
            } else {
                ""
            };
            let path = format!("{}{folder}example.rs", ban.within);
            for word in ban.words {
                let found = found(&path, &format!("//! Doc.\nlet x = {word};\n"));
                let start = format!("{path}:2: `{word}`");
                assert!(
                    found.iter().any(|line| line.starts_with(&start)),
                    "{word}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn each_exception_holds_while_it_is_needed() {
        for ban in BANS {
            let (Some(except), [word]) = (ban.except, ban.words) else {
                assert!(ban.except.is_none(), "an exception for one word");
                continue;
            };
            let path = if except.ends_with('/') {
                format!("{except}a.rs")
            } else {
                except.to_owned()
            };
            assert_eq!(
                found(&path, &format!("//! Doc.\nlet x = {word};\n")),
                [""; 0]
            );
            let needless = found(&path, "//! Doc.\n");
            assert!(needless[0].contains("needs no exception"), "{needless:?}");
        }
    }

    #[test]
    fn comments_and_tests_may_say_what_code_may_not() {
        let word = BANS[0].words[0];
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
            found("infra/cloud/local-cloud/src/a.rs", "//! Doc.\n// lockctl\n").len(),
            1
        );
    }
}
