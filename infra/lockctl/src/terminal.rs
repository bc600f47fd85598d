//! The terminal of an output: whether its cursor can move, how large it is, and lines that
//! fit it.
//!
//! Must not know: what is shown.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

/// Indent of a line's continuation.
const INDENT: &str = "    ";
/// Columns below which nothing is folded: a name alone needs more.
const COLUMNS_MIN: usize = 20;

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters in a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

impl Size {
    /// The size of standard output's terminal now. `None` if nobody knows it.
    pub fn read() -> Option<Self> {
        let output = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
        let stty = Command::new("stty")
            .arg("size")
            .stdin(Stdio::from(output))
            .stderr(Stdio::null())
            .output()
            .ok()?;
        Self::parse(&String::from_utf8(stty.stdout).ok()?)
    }

    /// The size in `24 80`. A terminal that does not know its own says `0 0`.
    fn parse(text: &str) -> Option<Self> {
        let (rows, columns) = text.trim().split_once(' ')?;
        let size = Self {
            columns: columns.parse().ok()?,
            rows: rows.parse().ok()?,
        };
        (size.columns >= COLUMNS_MIN && size.rows > 2).then_some(size)
    }
}

/// Whether an output is a terminal whose cursor can move: not one with `TERM=dumb`.
pub fn has_cursor(output: &impl IsTerminal) -> bool {
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    output.is_terminal() && !is_dumb
}

/// The line in parts of at most this many columns, broken between words. A line that fits stays as
/// it is; in one that does not, blanks that align columns are left out.
pub fn fold(line: &str, columns: usize) -> Vec<String> {
    if width(line) <= columns {
        return vec![line.to_owned()];
    }
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        for piece in cut(word, columns - INDENT.len()) {
            let is_first = part.trim_start().is_empty();
            let gap = if is_first { "" } else { " " };
            if width(&part) + gap.len() + width(&piece) <= columns {
                part = format!("{part}{gap}{piece}");
            } else {
                parts.push(part);
                part = format!("{INDENT}{piece}");
            }
        }
    }
    parts.push(part);
    parts
}

/// The word in pieces of at most this many columns.
fn cut(word: &str, columns: usize) -> Vec<String> {
    if width(word) <= columns {
        return vec![word.to_owned()];
    }
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        let last = pieces.len() - 1;
        if width(&pieces[last]) + columns_of(c) > columns {
            pieces.push(c.to_string());
        } else {
            pieces[last].push(c);
        }
    }
    pieces
}

/// The line with blanks up to this many columns.
pub fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// Columns that a line takes. A colour takes none.
pub fn width(line: &str) -> usize {
    let mut columns = 0;
    let mut is_colour = false;
    for c in line.chars() {
        match c {
            '\x1b' => is_colour = true,
            'm' if is_colour => is_colour = false,
            _ if is_colour => {}
            _ => columns += columns_of(c),
        }
    }
    columns
}

/// Columns that a character takes: marks on the one before it take none, those of East Asia and
/// pictures take two. Source: Unicode Standard Annex 11, by whole blocks.
fn columns_of(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_and_one_that_is_unknown_or_tiny_is_none() {
        let size = |columns, rows| Some(Size { columns, rows });
        for (text, wanted) in [
            ("24 80\n", size(80, 24)),
            ("0 0\n", None),
            ("24 10\n", None),
            ("", None),
            ("stty: no terminal", None),
        ] {
            assert_eq!(Size::parse(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_line_that_fits_stays_and_a_longer_one_is_broken_between_words() {
        let line = "lock-1       locked, acknowledged 3 s ago (settled, v1)";
        assert_eq!(fold(line, 80), [line]);
        let parts = ["lock-1 locked, acknowledged 3 s ago", "    (settled, v1)"];
        assert_eq!(fold(line, 40), parts);
        let colour = "lock-1 \x1b[32mlocked\x1b[0m, acknowledged 3 s ago (settled, v1)";
        assert_eq!(
            fold(colour, 40)[0],
            "lock-1 \x1b[32mlocked\x1b[0m, acknowledged 3 s ago"
        );
    }

    #[test]
    fn no_part_is_wider_than_the_terminal() {
        let long = "x".repeat(100);
        for line in [
            long.as_str(),
            &format!("a {long} b"),
            "日本語の玄関 (lock-1) locked, acknowledged 3 s ago",
            &"日本語の玄関".repeat(9),
        ] {
            let parts = fold(line, 20);
            assert!(parts.iter().all(|part| width(part) <= 20), "{parts:?}");
            let kept: String = parts.concat().split(' ').collect();
            assert_eq!(kept, line.replace(' ', ""));
        }
    }

    #[test]
    fn wide_characters_and_marks_are_counted_as_they_are_shown() {
        assert_eq!(width("Haustür"), 7);
        assert_eq!(width("Haustu\u{308}r"), 7);
        assert_eq!(width("玄関"), 4);
        assert_eq!(width("\x1b[31mlocked\x1b[0m"), 6);
        assert_eq!(pad("玄関", 6), "玄関  ");
        assert_eq!(pad("lock-1 (long)", 6), "lock-1 (long)");
    }
}
