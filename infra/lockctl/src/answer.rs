//! The answer of a command: lines for people, one JSON document for scripts.

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::Output;
use crate::colour::Colours;
use crate::screen;
use crate::status_code::StatusCode;

/// An answer, before it is printed.
#[derive(Debug)]
pub struct Answer {
    /// Lines for people.
    pub lines: Vec<String>,
    /// A JSON object for scripts.
    pub body: Value,
    /// Whether the request failed (`ignored: stale`). The command prints the answer, then fails.
    pub has_failed: bool,
}

impl Answer {
    /// The answer of a command that succeeded.
    pub fn new(lines: Vec<String>, body: Value) -> Self {
        Self {
            lines,
            body,
            has_failed: false,
        }
    }

    /// Prints the answer below the name of its target. Returns the exit status, also if nobody
    /// reads the answer.
    ///
    /// # Errors
    ///
    /// The output cannot be written.
    pub fn print(self, target: &str, output: Output) -> Result<StatusCode> {
        let code = self.code();
        match screen::write(self.render(target, output).as_bytes()) {
            Err(error) if !screen::is_unread(&error) => Err(error),
            _ => Ok(code),
        }
    }

    /// What is printed.
    fn render(mut self, target: &str, output: Output) -> String {
        if output == Output::Json {
            self.body["target"] = json!(target);
            return format!("{:#}\n", self.body);
        }
        let colours = Colours::of(&std::io::stdout());
        let mut text = colours.dim(&format!("target: {target}"));
        for line in &self.lines {
            text.push('\n');
            text += &colours.paint(line);
        }
        text.push('\n');
        text
    }

    /// The exit status. The word of an outcome decides it, if the answer has one.
    pub fn code(&self) -> StatusCode {
        match self.body["outcome"].as_str() {
            _ if !self.has_failed => StatusCode::Done,
            Some("timeout") => StatusCode::NoAnswer,
            // The lock has answered, but its latch is at neither end.
            Some("settled") | None => StatusCode::Failed,
            Some(_) => StatusCode::Refused,
        }
    }
}

#[cfg(test)]
mod tests;
