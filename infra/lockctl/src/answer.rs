//! The answer of a command: lines for people, one JSON document for scripts.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::cli::Output;

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

    /// Prints the answer below the name of its target. Returns the exit status.
    pub fn print(mut self, target: &str, output: Output) -> ExitCode {
        match output {
            Output::Human => {
                println!("target: {target}");
                for line in &self.lines {
                    println!("{line}");
                }
            }
            Output::Json => {
                self.body["target"] = json!(target);
                println!("{:#}", self.body);
            }
        }
        if self.has_failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

#[cfg(test)]
mod tests;
