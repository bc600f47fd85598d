//! Phrases that must not come back: the words of the list, in any text that a person reads.
//!
//! Must not know: which phrases there are.

mod list;

use self::list::PHRASES;
use super::Violation;
use super::tree::{File, Tree};

/// The list and the tests of this rule hold the phrases themselves.
const OWN: &str = "infra/xtask/src/tidy/phrase";

/// A phrase and what to write instead.
pub struct Phrase {
    /// Lower-case words with single spaces between them.
    words: &'static str,
    /// What to write.
    instead: &'static str,
    /// Longer phrases that hold this one and are good English.
    except: &'static [&'static str],
}

/// Every listed phrase, whatever the line breaks and comment marks inside of it.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let is_read = |file: &&File| !matches!(file.ending(), "json") && !file.path.starts_with(OWN);
    tree.files()
        .iter()
        .filter(is_read)
        .flat_map(check_file)
        .collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let (text, starts) = flowing_text(file);
    let mut violations = Vec::new();
    for phrase in PHRASES {
        for at in places(&text, phrase.words) {
            let is_good = |longer: &&str| {
                places(&text, longer).any(|start| (start..start + longer.len()).contains(&at))
            };
            if !phrase.except.iter().any(is_good) {
                let line = starts.partition_point(|start| *start <= at);
                violations.push(Violation::new(
                    format!("{}:{line}", file.path),
                    format!("`{}`: write {}", phrase.words, phrase.instead),
                ));
            }
        }
    }
    violations
}

/// The file in lower case as one line, without comment marks and code in backticks; and where each
/// of its lines starts there.
fn flowing_text(file: &File) -> (String, Vec<usize>) {
    let mut text = String::new();
    let mut starts = Vec::new();
    for line in file.text.lines() {
        starts.push(text.len());
        let line = line.trim().trim_start_matches(['/', '!', '*', '#', '>']);
        let line = line.trim_end_matches('\\').trim();
        // In JavaScript the backtick quotes text.
        if matches!(file.ending(), "js" | "cjs") {
            text.push_str(line);
        } else {
            let parts: Vec<&str> = line.split('`').step_by(2).collect();
            text.push_str(&parts.join("`"));
        }
        text.push(' ');
    }
    text.make_ascii_lowercase();
    (text, starts)
}

/// Where the words stand, not as a part of longer ones.
fn places<'a>(text: &'a str, words: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(words)
        .map(|(at, _)| at)
        .filter(move |at| {
            !text[..*at].ends_with(is_of_word) && !text[at + words.len()..].starts_with(is_of_word)
        })
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
    fn each_phrase_is_found_and_each_exception_holds() {
        for phrase in PHRASES {
            let text = format!("/// A line.\n/// Word {} word.\n", phrase.words);
            let expected = format!("a.rs:2: `{}`: write {}", phrase.words, phrase.instead);
            assert!(found("a.rs", &text).contains(&expected), "{}", phrase.words);
            for longer in phrase.except {
                assert_eq!(
                    found("a.rs", &format!("// word {longer} word")),
                    [""; 0],
                    "{longer}"
                );
            }
        }
    }

    #[test]
    fn a_phrase_is_found_wherever_a_person_reads() {
        let rows = [
            (
                "a.rs",
                "/// Counts of what is\n/// taken\n    //! up again.",
                1,
            ),
            ("a.rs", "let a = \"is taken \\\n        up\";", 1),
            (
                "a.rs",
                "let taken_up = 1; // `taken up`, overtaken up, taken upon",
                0,
            ),
            ("a.md", "All is Taken up.", 1),
            ("a.c", "/* It is\n * taken up. */", 1),
            ("a.js", "say(`is taken up`);", 1),
            ("a.json", "\"taken up\"", 0),
            ("infra/xtask/src/tidy/phrase.rs", "taken up", 0),
        ];
        for (path, text, expected) in rows {
            assert_eq!(found(path, text).len(), expected, "{path}: {text}");
        }
    }
}
