//! Colours, on a terminal alone: `NO_COLOR`, `TERM=dumb` and a pipe leave plain text.

use std::io::IsTerminal;

/// Whether to colour one output.
#[derive(Debug, Clone, Copy)]
pub struct Colours(bool);

/// Escape sequences. Source: ECMA-48, Select Graphic Rendition.
const RESET: &str = "\x1b[0m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";

/// Words that get a colour. The first one in a line counts.
const WORDS: [(&str, &str); 8] = [
    ("unlocked", YELLOW),
    ("locked", GREEN),
    ("unknown", RED),
    ("jammed", RED),
    ("unresponsive", RED),
    ("failed", RED),
    ("ignored", YELLOW),
    ("refused", YELLOW),
];

impl Colours {
    /// Plain text.
    pub const NONE: Self = Self(false);

    /// The colours of an output of this process.
    pub fn of(output: &impl IsTerminal) -> Self {
        let lookup = |name: &str| std::env::var(name).ok();
        Self(is_wanted(output.is_terminal(), &lookup))
    }

    /// The line, with its first state or verdict in a colour.
    pub fn paint(self, line: &str) -> String {
        let words = line.split(|c: char| !c.is_ascii_alphabetic());
        let found = words
            .filter_map(|word| WORDS.iter().find(|(known, _)| *known == word))
            .next();
        match found.and_then(|(word, colour)| Some((place_of(line, word)?, *word, *colour))) {
            Some((at, word, colour)) if self.0 => {
                let (before, rest) = line.split_at(at);
                format!("{before}{colour}{word}{RESET}{}", &rest[word.len()..])
            }
            _ => line.to_owned(),
        }
    }

    /// The line, less bright.
    pub fn dim(self, line: &str) -> String {
        self.wrap(DIM, line)
    }

    /// The line, as an error.
    pub fn error(self, line: &str) -> String {
        self.wrap(RED, line)
    }

    fn wrap(self, colour: &str, line: &str) -> String {
        if self.0 {
            format!("{colour}{line}{RESET}")
        } else {
            line.to_owned()
        }
    }
}

/// Where this word begins, as a word of its own.
fn place_of(line: &str, word: &str) -> Option<usize> {
    let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
    let mut places = line.match_indices(word).map(|(at, _)| at);
    places.find(|at| {
        let before = line[..*at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !is_letter(before) && !is_letter(after)
    })
}

/// Source: <https://no-color.org>: set to anything but nothing.
fn is_wanted(is_terminal: bool, lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    let forbids = lookup("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = lookup("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !forbids && !is_dumb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_that_allows_it_gets_colours() {
        for (is_terminal, set, wanted) in [
            (true, None, true),
            (false, None, false),
            (true, Some(("NO_COLOR", "1")), false),
            (true, Some(("NO_COLOR", "")), true),
            (true, Some(("TERM", "dumb")), false),
            (true, Some(("TERM", "xterm")), true),
        ] {
            let lookup = |name: &str| {
                let set = set.filter(|(known, _)| *known == name);
                set.map(|(_, value): (&str, &str)| value.to_owned())
            };
            assert_eq!(is_wanted(is_terminal, &lookup), wanted, "{set:?}");
        }
    }

    #[test]
    fn the_first_state_of_a_line_is_coloured() {
        for (line, wanted) in [
            (
                "lock-1  locked, acknowledged",
                "lock-1  \x1b[32mlocked\x1b[0m, acknowledged",
            ),
            (
                "lock-1 is unlocked after",
                "lock-1 is \x1b[33munlocked\x1b[0m after",
            ),
            (
                "unknown: last locked",
                "\x1b[31munknown\x1b[0m: last locked",
            ),
            ("unlockedness", "unlockedness"),
            ("x: ignored: stale", "x: \x1b[33mignored\x1b[0m: stale"),
        ] {
            assert_eq!(Colours(true).paint(line), wanted);
            assert_eq!(Colours(false).paint(line), line);
        }
        assert_eq!(Colours(true).error("lockctl:"), "\x1b[31mlockctl:\x1b[0m");
        assert_eq!(Colours(false).dim("target"), "target");
    }
}
