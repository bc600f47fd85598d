//! JSON inside YAML. A line of a flow collection, or of a text in quotes, may begin at or left of
//! the column of its key for `CloudFormation`, SAM and `PyYAML`; YAML wants it further right. Such
//! lines are moved right; a text in quotes loses the space at the start of its lines.
//!
//! Must not know: what a template means.

/// How far a line is moved, columns.
const SHIFT: usize = 80;

/// A text whose lines inside flow collections and quotes are moved right.
pub(super) struct Flow {
    pub text: String,
    /// Whether each line was moved.
    moved: Vec<bool>,
}

impl Flow {
    pub fn of(text: &str) -> Self {
        let mut scanner = Scanner::default();
        let mut flow = Self {
            text: String::with_capacity(text.len()),
            moved: Vec::new(),
        };
        for line in text.lines() {
            let is_inside = scanner.depth > 0 || scanner.quote.is_some();
            let is_moved = is_inside && !line.trim().is_empty();
            if is_moved {
                flow.text.push_str(&" ".repeat(SHIFT));
            }
            flow.moved.push(is_moved);
            flow.text.push_str(line);
            flow.text.push('\n');
            scanner.line(line);
        }
        flow
    }

    pub fn has_moved(&self) -> bool {
        self.moved.contains(&true)
    }

    /// The column before the line was moved; both count from 1.
    pub fn column(&self, line: usize, column: usize) -> usize {
        match self.moved.get(line.saturating_sub(1)) {
            Some(true) => column.saturating_sub(SHIFT).max(1),
            _ => column,
        }
    }
}

/// Follows collections, quotes and block text from line to line.
#[derive(Default)]
struct Scanner {
    /// Open flow collections.
    depth: usize,
    quote: Option<char>,
    block: Option<Block>,
}

/// Block text (`|` or `>`): everything further right than its key belongs to it.
struct Block {
    parent: usize,
    indentation: Option<usize>,
}

impl Scanner {
    fn line(&mut self, line: &str) {
        if self.is_block_text(line) {
            return;
        }
        // Whether a value may begin here.
        let mut is_fresh = self.quote.is_none();
        let mut before = ' ';
        let mut rest = line.chars().peekable();
        while let Some(c) = rest.next() {
            let ends = rest.peek().is_none_or(|next| next.is_whitespace());
            match (c, self.quote) {
                ('\\', Some('"')) => drop(rest.next()),
                ('\'', Some('\'')) if rest.peek() == Some(&'\'') => drop(rest.next()),
                (c, Some(quote)) => {
                    if c == quote {
                        self.quote = None;
                        is_fresh = false;
                    }
                }
                ('#', None) if before.is_whitespace() => return,
                ('"' | '\'', None) if is_fresh => self.quote = Some(c),
                ('{' | '[', None) if is_fresh => self.depth += 1,
                ('}' | ']', None) if self.depth > 0 => {
                    self.depth -= 1;
                    is_fresh = false;
                }
                (',', None) if self.depth > 0 => is_fresh = true,
                (':', None) if ends || before == '"' => is_fresh = true,
                ('-' | '?', None) if is_fresh && ends => {}
                ('!', None) if is_fresh => {
                    let of_tag = |next: &char| !next.is_whitespace() && !"{}[],".contains(*next);
                    while rest.next_if(of_tag).is_some() {}
                }
                ('|' | '>', None) if is_fresh && self.depth == 0 => {
                    self.block = Some(Block {
                        parent: parent_column(line),
                        indentation: None,
                    });
                    return;
                }
                (c, None) => is_fresh = is_fresh && c.is_whitespace(),
            }
            before = c;
        }
    }

    fn is_block_text(&mut self, line: &str) -> bool {
        let Some(block) = &mut self.block else {
            return false;
        };
        if line.trim().is_empty() {
            return true;
        }
        let indentation = line.len() - line.trim_start_matches(' ').len();
        let least = block.indentation.unwrap_or(block.parent + 1);
        if indentation >= least {
            block.indentation.get_or_insert(indentation);
            return true;
        }
        self.block = None;
        false
    }
}

/// The column, from 0, that block text must be right of: that of the line's key, or of its dash.
fn parent_column(line: &str) -> usize {
    let mut dash = None;
    let mut rest = line.trim_start_matches(' ');
    while let Some(after) = rest.strip_prefix("- ") {
        dash = Some(line.len() - rest.len());
        rest = after.trim_start_matches(' ');
    }
    let column = line.len() - rest.len();
    match (rest.starts_with(['|', '>', '!']), dash) {
        (true, Some(dash)) => dash,
        // Its key is on an earlier line, further left.
        (true, None) => column.saturating_sub(1),
        (false, _) => column,
    }
}
