//! Lines that run on, with a table that stays below them on a terminal.

use std::io::{IsTerminal, Write};

use anyhow::{Context, Result};

use crate::colour::Colours;

/// Standard output.
#[derive(Debug)]
pub struct Screen {
    colours: Colours,
    /// Whether a table can stay below the lines.
    pub is_terminal: bool,
    /// Rows of the table that is shown.
    rows: usize,
}

impl Screen {
    /// The standard output of this process.
    pub fn new() -> Self {
        let output = std::io::stdout();
        Self {
            colours: Colours::of(&output),
            is_terminal: output.is_terminal(),
            rows: 0,
        }
    }

    /// Prints lines and, on a terminal, the table below them, instead of the one before.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn print(&mut self, lines: &[String], table: &[String]) -> Result<()> {
        let table = if self.is_terminal { table } else { &[] };
        let text = self.text(lines, table);
        self.rows = table.len();
        write(text.as_bytes())
    }

    fn text(&self, lines: &[String], table: &[String]) -> String {
        let mut text = match self.rows {
            0 => String::new(),
            rows => format!("\x1b[{rows}A\x1b[J"),
        };
        for line in lines {
            text += &self.colours.paint(line);
            text.push('\n');
        }
        if !table.is_empty() {
            // A row that is too long for the terminal is cut: a second line would be left behind.
            text += "\x1b[?7l";
            for row in table {
                text += &self.colours.paint(row);
                text.push('\n');
            }
            text += "\x1b[?7h";
        }
        text
    }
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

    #[test]
    fn a_table_replaces_the_one_before_and_lines_stay() {
        let no_colours = Colours::of(&std::fs::File::open("/dev/null").expect("a file"));
        let mut screen = Screen {
            colours: no_colours,
            is_terminal: true,
            rows: 0,
        };
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|&text| text.to_owned())
                .collect::<Vec<_>>()
        };
        let first = screen.text(&[], &texts(&["a", "b"]));
        assert_eq!(first, "\x1b[?7la\nb\n\x1b[?7h");
        screen.rows = 2;
        let second = screen.text(&texts(&["event"]), &texts(&["a"]));
        assert_eq!(second, "\x1b[2A\x1b[Jevent\n\x1b[?7la\n\x1b[?7h");
        screen.rows = 0;
        assert_eq!(screen.text(&texts(&["event"]), &[]), "event\n");
    }
}
