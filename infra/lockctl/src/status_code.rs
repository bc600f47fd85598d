//! The exit status of a command, as `lockctl --help` lists it.

use std::process::ExitCode;

use anyhow::Error;

/// An exit status. A wrong command line is 2, which clap returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusCode {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Refused, or without effect.
    Refused = 3,
    /// No answer in time: the outcome is not known.
    NoAnswer = 4,
}

/// A refusal in words: nothing has failed, and nothing is done.
#[derive(Debug)]
pub struct Refusal(pub String);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// The error of a refusal.
pub fn refuse(text: impl Into<String>) -> Error {
    Error::new(Refusal(text.into()))
}

impl StatusCode {
    /// The status of a command that ended with this error.
    pub fn of(error: &Error) -> Self {
        if error.is::<Refusal>() {
            Self::Refused
        } else {
            Self::Failed
        }
    }
}

impl From<StatusCode> for ExitCode {
    fn from(code: StatusCode) -> Self {
        Self::from(code as u8)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_refusal_is_not_a_failure() {
        let refused: anyhow::Result<()> = Err(refuse("the door may be open"));
        let within = refused.context("retire lock-1").expect_err("refused");
        assert_eq!(StatusCode::of(&within), StatusCode::Refused);
        assert_eq!(format!("{within:#}"), "retire lock-1: the door may be open");
        assert_eq!(StatusCode::of(&anyhow!("broken")), StatusCode::Failed);
    }
}
