//! Lines that run on, with a table that stays below them on a terminal.

use std::io::Write;

use anyhow::{Context, Result};

use crate::cli::Output;
use crate::colour::Colours;
use crate::terminal::{self, Size, fold, width};

/// Standard output.
#[derive(Debug)]
pub struct Screen {
    colours: Colours,
    /// Whether a table can stay below the lines.
    pub has_cursor: bool,
    /// Columns of each row of the table that is shown.
    shown: Vec<usize>,
}

impl Screen {
    /// The standard output of this process. Lines of JSON are for scripts, also on a terminal.
    pub fn new(output: Output) -> Self {
        let is_human = output == Output::Human;
        Self {
            colours: if is_human {
                Colours::of(&std::io::stdout())
            } else {
                Colours::NONE
            },
            has_cursor: is_human && terminal::has_cursor(&std::io::stdout()),
            shown: Vec::new(),
        }
    }

    /// The name of the target, as the first line of every answer.
    pub fn title(&self, target: &str) -> String {
        self.colours.dim(&format!("target: {target}"))
    }

    /// Prints lines and, on a terminal, the table below them, instead of the one before.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn print(&mut self, lines: &[String], table: &[String]) -> Result<()> {
        let size = if self.has_cursor { Size::read() } else { None };
        let text = self.text(lines, table, size);
        write(text.as_bytes())
    }

    /// What to write, on a terminal of this size.
    fn text(&mut self, lines: &[String], table: &[String], size: Option<Size>) -> String {
        let mut text = self.erasure(size);
        for line in self.rows(lines, size) {
            text += &line;
            text.push('\n');
        }
        self.shown.clear();
        if self.has_cursor && !table.is_empty() {
            // Without a size, a row that is too long is cut: a second line would be left behind.
            text += "\x1b[?7l\n";
            self.shown.push(0);
            for row in limit(self.rows(table, size), size) {
                self.shown.push(width(&row));
                text += &row;
                text.push('\n');
            }
            text += "\x1b[?7h";
        }
        text
    }

    /// Removes the table that is shown. A terminal that became narrower has broken its rows.
    fn erasure(&self, size: Option<Size>) -> String {
        let lines = |width: &usize| match size {
            Some(size) => width.div_ceil(size.columns).max(1),
            None => 1,
        };
        match self.shown.iter().map(lines).sum::<usize>() {
            0 => String::new(),
            rows => format!("\x1b[{rows}A\x1b[J"),
        }
    }

    fn rows(&self, lines: &[String], size: Option<Size>) -> Vec<String> {
        let painted = lines.iter().map(|line| self.colours.paint(line));
        match size {
            Some(size) => painted.flat_map(|line| fold(&line, size.columns)).collect(),
            None => painted.collect(),
        }
    }
}

/// The rows that fit, below an empty one and above the cursor: what scrolled away cannot be erased.
fn limit(mut rows: Vec<String>, size: Option<Size>) -> Vec<String> {
    let Some(size) = size else {
        return rows;
    };
    let most = size.rows - 2;
    if rows.len() > most {
        rows.truncate(most - 1);
        rows.push("… (too low for all)".to_owned());
    }
    rows
}

/// Leaves the cursor at the start of an empty line after Ctrl-C, which the terminal shows as `^C`.
pub fn end_line() {
    let text = if terminal::has_cursor(&std::io::stdout()) {
        "\r\x1b[K"
    } else if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        "\n"
    } else {
        return;
    };
    // Nobody reads it any more: then no line is left to end.
    let _ = write(text.as_bytes());
}

/// Writes to standard output.
///
/// # Errors
///
/// The disk is full, or nobody reads the output any more.
pub fn write(bytes: &[u8]) -> Result<()> {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(bytes).and_then(|()| output.flush());
    written.context("write the answer")
}

/// Whether an error says that nobody reads the output any more.
pub fn is_unread(error: &anyhow::Error) -> bool {
    let found = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>());
    found.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(has_cursor: bool) -> Screen {
        Screen {
            colours: Colours::NONE,
            has_cursor,
            shown: Vec::new(),
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn a_table_replaces_the_one_before_and_lines_stay() {
        let mut screen = screen(true);
        let first = screen.text(&[], &texts(&["a", "b"]), None);
        assert_eq!(first, "\x1b[?7l\na\nb\n\x1b[?7h");
        let second = screen.text(&texts(&["event"]), &texts(&["a"]), None);
        assert_eq!(second, "\x1b[3A\x1b[Jevent\n\x1b[?7l\na\n\x1b[?7h");
        let third = screen.text(&texts(&["event"]), &[], None);
        assert_eq!(third, "\x1b[2A\x1b[Jevent\n");
        assert_eq!(screen.text(&texts(&["event"]), &[], None), "event\n");
    }

    #[test]
    fn an_output_without_a_cursor_gets_lines_alone() {
        let mut screen = screen(false);
        assert_eq!(screen.text(&texts(&["e"]), &texts(&["a"]), None), "e\n");
    }

    #[test]
    fn a_row_that_is_folded_counts_as_two_and_is_erased_whole() {
        let mut screen = screen(true);
        let size = |columns| Some(Size { columns, rows: 24 });
        let row = texts(&["lock-1 is locked and has been for a while"]);
        let first = screen.text(&[], &row, size(24));
        let folded = "lock-1 is locked and has\n    been for a while\n";
        assert_eq!(first, format!("\x1b[?7l\n{folded}\x1b[?7h"));
        assert!(
            screen
                .text(&[], &row, size(80))
                .starts_with("\x1b[3A\x1b[J")
        );
        // A terminal that became narrower shows the row of 41 columns in three.
        assert!(
            screen
                .text(&[], &row, size(20))
                .starts_with("\x1b[4A\x1b[J")
        );
    }

    #[test]
    fn a_table_is_no_higher_than_the_terminal() {
        let mut screen = screen(true);
        let size = Some(Size {
            columns: 80,
            rows: 6,
        });
        let rows = texts(&["a", "b", "c", "d", "e"]);
        let text = screen.text(&[], &rows, size);
        let wanted = "\x1b[?7l\na\nb\nc\n… (too low for all)\n\x1b[?7h";
        assert_eq!(text, wanted);
        assert_eq!(screen.text(&[], &rows[..4], size).matches('…').count(), 0);
    }
}
