//! Words that must not stand in some files: clocks in the pure core, locks in the local cloud, panics in code.
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
    /// Every line, comments and tests included.
    Text,
}

/// A word and the only places where it may stand.
struct Ban {
    /// Where the rule holds: paths that begin so.
    within: &'static str,
    /// The word, as the code writes it.
    word: &'static str,
    /// Paths that may have it; those that begin so.
    except: &'static [&'static str],
    /// What counts: code, tests, or all of the text.
    part: Part,
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
        part: Part::Code,
        why,
    }
}

const fn never(within: &'static str, word: &'static str, why: &'static str) -> Ban {
    Ban {
        within,
        word,
        except: &[],
        part: Part::Text,
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
const CLOUD: &str = "infra/cloud/";

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
        &["infra/cloud/local-cloud/src/clock.rs"],
        "the local cloud reads the clock in one place",
    ),
    Ban {
        within: "",
        word: "sleep(",
        except: &[],
        part: Part::Tests,
        why: "a test waits for a condition with a deadline",
    },
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

/// Every banned word that stands where it must not.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let sources = tree
        .files()
        .iter()
        .filter(|file| matches!(file.ending(), "rs" | "c" | "h"));
    sources
        .flat_map(|file| {
            BANS.iter()
                .filter(|ban| ban.applies_to(file))
                .flat_map(|ban| ban.found_in(file))
        })
        .collect()
}

impl Ban {
    fn applies_to(&self, file: &File) -> bool {
        file.path.starts_with(self.within)
            && match self.part {
                Part::Code => !file.is_test(),
                Part::Tests => file.is_test(),
                Part::Text => true,
            }
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
        if self.part == Part::Text {
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
            let folder = if ban.part == Part::Tests {
                "tests/"
            } else {
                ""
            };
            let path = format!("{}{folder}example.rs", ban.within);
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
            found("infra/cloud/local-cloud/src/a.rs", "//! Doc.\n// lockctl\n").len(),
            1
        );
    }
}
