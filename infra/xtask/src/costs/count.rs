//! What each step of a function calls, as the functions' own tests have counted it.
//!
//! Must not know: prices.

use anyhow::{Context, Result};
use serde_json::Value;

/// The calls of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Units of the table.
    pub reads: f64,
    pub writes: f64,
    /// Published commands.
    pub publishes: f64,
    /// Queries of the due index.
    pub queries: f64,
}

/// The steps by name.
pub struct Counts(Value);

impl Counts {
    /// Reads the counts.
    ///
    /// # Errors
    /// They are not JSON.
    pub fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map(Self)
            .context("read the counts")
    }

    /// One step.
    ///
    /// # Errors
    /// It is not there, or lacks a count.
    pub fn of(&self, name: &str) -> Result<Step> {
        let step = &self.0[name];
        let number = |key: &str| {
            let number = step[key].as_f64();
            number.with_context(|| format!("step {name:?} has no {key}"))
        };
        Ok(Step {
            reads: number("readUnits")?,
            writes: number("writeUnits")?,
            publishes: number("publishes")?,
            queries: step["calls"]["Query"].as_f64().unwrap_or(0.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_its_counts() {
        let text = r#"{"press": {
            "calls": {"Query": 8}, "readUnits": 2.5, "writeUnits": 9, "publishes": 1
        }}"#;
        let counts = Counts::parse(text).expect("read the counts");
        let expected = Step {
            reads: 2.5,
            writes: 9.0,
            publishes: 1.0,
            queries: 8.0,
        };
        assert_eq!(counts.of("press").expect("it is there"), expected);
        assert!(counts.of("report").is_err());
    }
}
