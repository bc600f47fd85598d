//! What a terminal shows after the text that it got: the few escape sequences that `lockctl` uses,
//! and no others.
//!
//! Must not know: what the text means.

use anyhow::{Result, bail};

/// Rows of the terminal. Enough that nothing scrolls away.
pub const ROWS: usize = 60;

/// The picture, and what was seen on the way to it.
#[derive(Debug, Default)]
pub struct Screen {
    columns: usize,
    cells: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// An escape sequence that has not ended yet.
    begun: String,
    /// Whether the terminal goes on in the next row where one ends.
    is_wrapping: bool,
    /// Lines that were wider than the terminal, and went on in the next row or were cut.
    pub wraps: usize,
    /// Escape sequences of any kind.
    pub escapes: usize,
    /// Escape sequences that set or reset a colour.
    pub colours: usize,
    /// Escape sequences that erase all below the cursor.
    pub erasures: usize,
}

impl Screen {
    /// An empty terminal.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            cells: vec![vec![' '; columns]; ROWS],
            is_wrapping: true,
            ..Self::default()
        }
    }

    /// The rows, without blanks at their ends.
    pub fn text(&self) -> String {
        let rows = self.cells.iter().map(|row| {
            let row: String = row.iter().collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }

    /// The text, in whatever rows its words are.
    pub fn words(&self) -> String {
        let text = self.text();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether the cursor was ever moved, other than by text.
    pub fn has_cursor_moves(&self) -> bool {
        self.escapes > self.colours
    }

    /// Whether a prompt would appear on a line of its own, in a terminal that behaves as before.
    pub fn is_fresh(&self) -> bool {
        let is_empty = |row: &Vec<char>| row.iter().all(|c| *c == ' ');
        let below = self.cells.iter().skip(self.row);
        self.column == 0 && self.is_wrapping && self.begun.is_empty() && below.clone().all(is_empty)
    }

    /// Shows more text.
    pub fn show(&mut self, text: &str) -> Result<()> {
        for c in text.chars() {
            match c {
                _ if !self.begun.is_empty() || c == '\x1b' => {
                    self.begun.push(c);
                    if c.is_ascii_alphabetic() {
                        let sequence = std::mem::take(&mut self.begun);
                        self.escape(&sequence)?;
                    }
                }
                '\r' => self.column = 0,
                '\n' => self.feed(),
                c if c.is_control() => bail!("an unknown control character {c:?}"),
                c => self.put(c),
            }
        }
        Ok(())
    }

    fn escape(&mut self, sequence: &str) -> Result<()> {
        self.escapes += 1;
        let (parameters, last) = sequence[1..].split_at(sequence.len() - 2);
        match (parameters, last) {
            ("[?7", "l") => self.is_wrapping = false,
            ("[?7", "h") => self.is_wrapping = true,
            ("[", "J") => {
                self.erasures += 1;
                self.cells[self.row][self.column..].fill(' ');
                for row in &mut self.cells[self.row + 1..] {
                    row.fill(' ');
                }
            }
            ("[", "K") => self.cells[self.row][self.column..].fill(' '),
            (_, "m") => self.colours += 1,
            (_, "A") => {
                let rows: usize = parameters[1..].parse()?;
                self.row = self.row.saturating_sub(rows);
            }
            _ => bail!("an unknown escape sequence {sequence:?}"),
        }
        Ok(())
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            self.wraps += 1;
            if self.is_wrapping {
                self.column = 0;
                self.feed();
            } else {
                self.column -= 1;
            }
        }
        self.cells[self.row][self.column] = c;
        self.column += 1;
    }

    fn feed(&mut self) {
        if self.row + 1 < ROWS {
            self.row += 1;
        } else {
            self.cells.remove(0);
            self.cells.push(vec![' '; self.columns]);
        }
    }
}

#[test]
fn a_picture_is_drawn_as_a_terminal_draws_it() {
    let mut screen = Screen::new(4);
    screen
        .show("ab\r\ncdefg\x1b[1A\r\x1b[32mX\x1b[0m")
        .expect("known");
    assert_eq!(screen.text().trim_end(), "ab\nXdef\ng");
    assert_eq!((screen.wraps, screen.colours, screen.escapes), (1, 2, 3));
    assert!(!screen.is_fresh());
    screen.show("\r\x1b[J\x1b[").expect("known");
    assert_eq!(screen.text().trim_end(), "ab");
    assert!(!screen.is_fresh());
    screen.show("?7lmnopq\x1b[?7h").expect("known");
    assert_eq!(screen.text().trim_end(), "ab\nmnoq");
    assert!(screen.show("\x1b[?25l").is_err());
}
