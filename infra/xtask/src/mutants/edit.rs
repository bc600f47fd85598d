//! Mutants that cargo-mutants does not make: they remove a condition, a bound or a call.
//!
//! cargo-mutants turns `a && b` into `a || b`, which nearly any test notices, but never removes
//! `b`. It turns `<` into `<=`, but not `<=` into `<`. It deletes no statement.
//!
//! Must not know: what the code is for, and how a mutant is tried.

use std::ops::Range;

use super::scan::Code;

/// Methods that return the type of their receiver, so that the code compiles without the call.
const PASSING: &str = "plus minus min max filter chain or or_else saturating_add saturating_sub \
                       trim_end take rev";

/// Words that begin a statement that is not a call.
const NOT_CALLS: &str = "let return if match for while loop use pub fn const static mod impl else \
                         break continue assert struct enum type";

/// A change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that are replaced.
    pub range: Range<usize>,
    /// The replacement.
    pub with: &'static str,
    /// The change in words: `remove && self.status == record.status`.
    pub change: String,
}

impl Edit {
    /// The file with this change made.
    pub fn apply(&self, source: &str) -> String {
        let (before, after) = (&source[..self.range.start], &source[self.range.end..]);
        format!("{before}{}{after}", self.with)
    }
}

/// Every edit of a file, sorted by place.
pub fn edits(source: &str) -> Vec<Edit> {
    let code = Code::of(source);
    let mut edits = operands(source, &code, "&&", &["&&", "||"]);
    edits.extend(operands(source, &code, "||", &["||"]));
    edits.extend(bounds(&code));
    edits.extend(calls(source, &code));
    edits.extend(links(source, &code));
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    edits
}

/// Removes each operand of a chain, with the operator that joins it to the others.
fn operands(source: &str, code: &Code, operator: &str, ends: &[&str]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for at in code.operators(operator) {
        let before = code.operand_before(at, ends);
        let after = code.operand_after(at + operator.len(), ends);
        let is_first = !code
            .operators(operator)
            .into_iter()
            .any(|other| code.operand_after(other + operator.len(), ends).start == before.start);
        if is_first {
            let range = before.start..after.start;
            edits.push(removal(source, range));
        }
        edits.push(removal(source, before.end..after.end));
    }
    edits
}

fn removal(source: &str, range: Range<usize>) -> Edit {
    Edit {
        change: format!("remove {}", one_line(&source[range.clone()])),
        range,
        with: "",
    }
}

/// Excludes the bound from each comparison that includes it.
fn bounds(code: &Code) -> Vec<Edit> {
    let pairs = [("<=", "<"), (">=", ">")];
    let of = |(from, to): (&'static str, &'static str)| {
        code.operators(from).into_iter().map(move |at| Edit {
            range: at..at + from.len(),
            with: to,
            change: format!("replace {from} with {to}"),
        })
    };
    pairs.into_iter().flat_map(of).collect()
}

/// Removes each statement that is only a call, and empties each match arm that is only a call.
fn calls(source: &str, code: &Code) -> Vec<Edit> {
    let mut edits = Vec::new();
    for at in 1..code.len() {
        let opens_statement = matches!(code.byte(at - 1), b';' | b'{' | b'}');
        let opens_arm = code.has(at.saturating_sub(2), "=>");
        if !opens_statement && !opens_arm {
            continue;
        }
        let start = code.next_word(at);
        let end = code.operand_after(start, &[]).end;
        let ending = code.byte(code.next_word(end));
        let (whole, with) = match ending {
            b',' if opens_arm => (start..end, "()"),
            b';' if opens_statement => (start..code.next_word(end) + 1, ""),
            b'}' if opens_statement => (start..end, ""),
            _ => continue,
        };
        if is_call(&code.text(start..end)) {
            edits.push(Edit {
                change: format!("remove {}", one_line(&source[start..end])),
                range: whole,
                with,
            });
        }
    }
    edits
}

/// Whether the statement is a method call `a.b(…)…` that discards its result.
fn is_call(statement: &str) -> bool {
    let name: String = statement
        .chars()
        .take_while(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.'))
        .collect();
    let first = name.split('.').next().unwrap_or_default();
    let after = statement[name.len()..].trim_start();
    name.contains('.')
        && after.starts_with('(')
        && !NOT_CALLS.split(' ').any(|word| word == first)
        && !statement.contains(" = ")
        && !statement.contains('?')
}

/// Removes each call of a [`PASSING`] method from its chain.
fn links(source: &str, code: &Code) -> Vec<Edit> {
    let mut edits = Vec::new();
    for method in PASSING.split_whitespace() {
        let word = format!(".{method}(");
        for at in (0..code.len()).filter(|at| code.has(*at, &word)) {
            if let Some(close) = code.closing(at + word.len() - 1) {
                edits.push(Edit {
                    change: format!("remove {}", one_line(&source[at..=close])),
                    range: at..close + 1,
                    with: "",
                });
            }
        }
    }
    edits
}

/// The text on one line, cut after 80 characters.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(source: &str) -> Vec<String> {
        let edits = edits(source);
        edits.iter().map(|edit| edit.apply(source)).collect()
    }

    #[test]
    fn each_operand_of_a_chain_is_removed_once() {
        assert_eq!(
            made("let ok = a && b.c(d) && e;"),
            [
                "let ok = b.c(d) && e;",
                "let ok = a && e;",
                "let ok = a && b.c(d);"
            ]
        );
        assert_eq!(made("if a || b {}"), ["if b {}", "if a {}"]);
        assert_eq!(
            made("f(a || b && c)"),
            ["f(b && c)", "f(a)", "f(a || c)", "f(a || b)"]
        );
    }

    #[test]
    fn a_bound_is_excluded() {
        assert_eq!(made("a <= b"), ["a < b"]);
        assert_eq!(
            made("let v: Vec<u8> = a >= b;"),
            ["let v: Vec<u8> = a > b;"]
        );
        assert_eq!(made("a < b"), [""; 0], "cargo-mutants does that");
    }

    #[test]
    fn a_call_whose_result_is_discarded_is_removed() {
        let source = "\
fn f() {
    e.require(\"a = b\", &c);
    let d = e.f(g);
    match d {
        h => e.set(i),
        j => return,
        k => {
            e.unset(l)
        }
    }
}";
        let wanted = [
            ("e.require(\"a = b\", &c);", ""),
            ("e.set(i)", "()"),
            ("e.unset(l)", ""),
        ]
        .map(|(call, with)| source.replace(call, with));
        assert_eq!(made(source), wanted);
    }

    #[test]
    fn a_call_within_a_chain_is_removed() {
        assert_eq!(made("x(now.plus(LIFE).seconds())"), ["x(now.seconds())"]);
    }

    #[test]
    fn tests_are_not_edited() {
        assert_eq!(
            made("#[cfg(test)]\nmod tests { fn f() { a && b } }"),
            [""; 0]
        );
    }

    #[test]
    fn an_edit_describes_its_change_on_one_line() {
        let edits = edits("a\n    && b");
        let changes: Vec<&str> = edits.iter().map(|edit| edit.change.as_str()).collect();
        assert_eq!(changes, ["remove a &&", "remove && b"]);
    }
}
