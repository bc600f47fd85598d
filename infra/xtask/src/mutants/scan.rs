//! Reads Rust source well enough to cut it: comments, strings, brackets, operands.
//!
//! Relies on rustfmt's spaces around binary operators: `a < b` against `Vec<u8>`.
//!
//! Must not know: what is cut out and why.

use std::ops::Range;

/// Source with blanks for comments, strings and characters, so that offsets are those of the file.
pub struct Code(Vec<u8>);

impl Code {
    /// The code of a file above its test module.
    pub fn of(source: &str) -> Self {
        let end = source.find("#[cfg(test)]").unwrap_or(source.len());
        let mut code = source.as_bytes()[..end].to_vec();
        let mut at = 0;
        while at < code.len() {
            let length = blank_length(&code[at..]);
            for byte in &mut code[at..at + length] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            at += length.max(1);
        }
        let mut code = Self(code);
        code.blank_assertions();
        code
    }

    /// Blanks assertions: a weaker one changes no behaviour.
    fn blank_assertions(&mut self) {
        for at in 0..self.len() {
            let Some(open) = ["assert!(", "assert_eq!(", "assert_ne!("]
                .iter()
                .find(|word| self.has(at, word))
                .map(|word| at + word.len() - 1)
            else {
                continue;
            };
            let close = self.closing(open).unwrap_or(self.len() - 1);
            self.0[open + 1..close].fill(b' ');
        }
    }

    /// The code in this range.
    pub fn text(&self, range: Range<usize>) -> String {
        String::from_utf8_lossy(&self.0[range]).into_owned()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether `word` begins at `at`.
    pub fn has(&self, at: usize, word: &str) -> bool {
        self.0[at.min(self.len())..].starts_with(word.as_bytes())
    }

    /// The byte at `at`, a blank after the end.
    pub fn byte(&self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or(b' ')
    }

    /// Every place of the binary operator `operator`.
    pub fn operators(&self, operator: &str) -> Vec<usize> {
        (1..self.len())
            .filter(|at| self.has(*at, operator))
            .filter(|at| {
                self.byte(at - 1).is_ascii_whitespace() && self.byte(at + operator.len()) == b' '
            })
            .filter(|at| !self.opens_a_closure(*at))
            .collect()
    }

    /// Whether the two bars open a closure, as in `let f = || x`.
    fn opens_a_closure(&self, at: usize) -> bool {
        self.has(at, "||") && matches!(self.byte_before(at), b'=' | b'(' | b',' | b'{' | b'>')
    }

    fn byte_before(&self, at: usize) -> u8 {
        let before = self.0[..at].iter().rev();
        before
            .copied()
            .find(|byte| !byte.is_ascii_whitespace())
            .unwrap_or(b' ')
    }

    /// The first place from `at` that is not blank.
    pub fn next_word(&self, at: usize) -> usize {
        let blanks = self.0[at.min(self.len())..].iter();
        at + blanks.take_while(|byte| byte.is_ascii_whitespace()).count()
    }

    /// The place of the bracket that closes the one at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for at in open..self.len() {
            match self.byte(at) {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' | b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// The operand from `from` up to one of `ends` or to the end of the expression.
    pub fn operand_after(&self, from: usize, ends: &[&str]) -> Range<usize> {
        let start = self.next_word(from);
        let mut at = start;
        while at < self.len() {
            match self.byte(at) {
                b'(' | b'[' => at = self.closing(at).unwrap_or(self.len()),
                // The body of a `match`; else the block that an `if` decides about.
                b'{' if self.has(start, "match ") => {
                    let end = self.closing(at).map_or(self.len(), |at| at + 1);
                    return start..end;
                }
                b')' | b']' | b'{' | b'}' | b',' | b';' => break,
                b'=' if self.has(at, "=> ") => break,
                _ if ends.iter().any(|end| self.is_operator(at, end)) => break,
                _ => {}
            }
            at += 1;
        }
        start..self.trim(start, at)
    }

    /// The operand before `to`, from one of `ends` or from the start of the expression.
    pub fn operand_before(&self, to: usize, ends: &[&str]) -> Range<usize> {
        let mut at = to;
        let mut depth = 0_i32;
        while at > 0 {
            let byte = self.byte(at - 1);
            match byte {
                b')' | b']' => depth += 1,
                b'(' | b'[' if depth > 0 => depth -= 1,
                _ if depth > 0 => {}
                b'(' | b'[' | b'{' | b'}' | b',' | b';' | b'|' => break,
                b'=' if !self.is_comparison(at - 1) => break,
                b'>' if self.byte(at.wrapping_sub(2)) == b'=' => break,
                _ if self.ends_a_keyword(at) => break,
                _ if ends
                    .iter()
                    .any(|end| self.is_operator(at - end.len().min(at), end)) =>
                {
                    break;
                }
                _ => {}
            }
            at -= 1;
        }
        self.next_word(at)..self.trim(at, to)
    }

    /// Whether the equals sign at `at` belongs to `==`, `!=`, `<=` or `>=`.
    fn is_comparison(&self, at: usize) -> bool {
        self.byte(at + 1) == b'='
            || at > 0 && matches!(self.byte(at - 1), b'=' | b'!' | b'<' | b'>')
    }

    fn is_operator(&self, at: usize, operator: &str) -> bool {
        self.has(at, operator)
            && self.byte(at + operator.len()) == b' '
            && at > 0
            && self.byte(at - 1).is_ascii_whitespace()
    }

    fn ends_a_keyword(&self, end: usize) -> bool {
        self.byte(end) == b' '
            && ["if", "while", "return", "in"].iter().any(|word| {
                let start = end.checked_sub(word.len());
                start.is_some_and(|start| {
                    self.has(start, word)
                        && (start == 0 || self.byte(start - 1).is_ascii_whitespace())
                })
            })
    }

    fn trim(&self, start: usize, end: usize) -> usize {
        let blanks = self.0[start.min(end)..end].iter().rev();
        end - blanks.take_while(|byte| byte.is_ascii_whitespace()).count()
    }
}

/// Length of the comment, string or character at the start of `code`; 0 if it is code.
fn blank_length(code: &[u8]) -> usize {
    let until = |from: usize, end: &[u8]| {
        let found = code[from..]
            .windows(end.len())
            .position(|window| window == end);
        found.map_or(code.len(), |at| from + at + end.len())
    };
    match code {
        [b'/', b'/', ..] => until(2, b"\n"),
        [b'/', b'*', ..] => until(2, b"*/"),
        [b'r', b'#', b'"', ..] => until(3, b"\"#"),
        [b'"', ..] => text_length(code),
        [b'\'', b'\\', ..] => until(3, b"'"),
        [b'\'', _, b'\'', ..] => 3,
        _ => 0,
    }
}

fn text_length(code: &[u8]) -> usize {
    let mut at = 1;
    while at < code.len() && code[at] != b'"' {
        at += if code[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(code.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_blank_and_offsets_stay() {
        let source = "a(\"x < y\\\" && z\"); // b && c\nd('<', '\\'', &'a str);\n\
             #[cfg(test)]\nmod tests {}";
        let code = Code::of(source);
        assert_eq!(
            String::from_utf8_lossy(&code.0),
            "a(              );          \nd(   ,     , &'a str);\n"
        );
    }

    #[test]
    fn the_content_of_an_assertion_is_blank() {
        let code = Code::of("assert!(a < b && c, \"d\"); e < f");
        assert_eq!(code.operators("<"), [28]);
        assert_eq!(code.operators("&&"), [0; 0]);
    }

    #[test]
    fn operators_are_not_generics_references_or_closures() {
        let code = Code::of(
            "let a: Vec<u8> = b < c && d.map(|e: &&T| e) || f.or_else(|| g); let h = || i;",
        );
        assert_eq!(code.operators("<"), [19]);
        assert_eq!(code.operators("&&"), [23]);
        assert_eq!(code.operators("||"), [44]);
    }

    #[test]
    fn operands_end_where_the_expression_does() {
        let ends = ["&&", "||"];
        for (source, before, after) in [
            ("let x = a.b(c && d) && e == f;", "a.b(c && d)", "e == f"),
            ("if a(1) && b { c }", "a(1)", "b"),
            ("if let Some(a) = b && c == d { e }", "b", "c == d"),
            ("f(|x| a >= x && b, c)", "a >= x", "b"),
            ("Some(at) if a && b => c,", "a", "b"),
            (
                "x; }\n    a\n        && match b {\n c => d,\n }\n}",
                "a",
                "match b {\n c => d,\n }",
            ),
            ("a || b && c || d", "b", "c"),
        ] {
            let code = Code::of(source);
            let at = *code.operators("&&").last().expect("there is one");
            assert_eq!(&source[code.operand_before(at, &ends)], before, "{source}");
            assert_eq!(
                &source[code.operand_after(at + 2, &ends)],
                after,
                "{source}"
            );
        }
    }
}
