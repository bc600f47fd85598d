//! The table at the end of a test run.
//!
//! Must not know: which steps there are.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It ran and found nothing wrong.
    Passed,
    /// It found nothing wrong, but did not check this, which no test run needs.
    PassedWithout(String),
    /// It found something wrong, or could not run in CI; the reason may be empty.
    Failed(String),
    /// It could not run on this machine, for this reason.
    Skipped(String),
}

impl Outcome {
    /// The outcome of a step whose tools are missing: a failure in CI, a skip elsewhere.
    pub fn without(tools: &[&str], ci: bool) -> Self {
        let reason = format!("missing: {} (cargo xtask setup)", tools.join(", "));
        Self::Skipped(reason).judged(ci)
    }

    /// The outcome as CI sees it: there a skip is a failure.
    pub fn judged(self, ci: bool) -> Self {
        match self {
            Self::Skipped(reason) if ci => Self::Failed(reason),
            other => other,
        }
    }
}

impl From<bool> for Outcome {
    /// `true` means that nothing wrong was found.
    fn from(good: bool) -> Self {
        if good {
            Self::Passed
        } else {
            Self::Failed(String::new())
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, reason) = match self {
            Self::Passed => ("passed", ""),
            Self::PassedWithout(part) => ("passed", part.as_str()),
            Self::Failed(reason) => ("FAILED", reason.as_str()),
            Self::Skipped(reason) => ("SKIPPED", reason.as_str()),
        };
        f.write_str(word)?;
        if reason.is_empty() {
            Ok(())
        } else {
            write!(f, ", {reason}")
        }
    }
}

/// One line of the table.
pub struct Row {
    /// Name of the step, or of a part of it.
    pub step: String,
    /// Passed, failed or skipped, with the reason.
    pub outcome: Outcome,
    pub took: Duration,
}

impl Row {
    /// Whether this row makes the run a failure.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

/// The table and the verdict under it.
pub fn table(rows: &[Row]) -> String {
    let width = rows
        .iter()
        .map(|row| row.step.len())
        .max()
        .unwrap_or(0)
        .max("step".len());
    let mut text = format!("{:<width$}  {:>7}  outcome\n", "step", "seconds");
    for row in rows {
        let seconds = row.took.as_secs_f64();
        writeln!(
            text,
            "{:<width$}  {seconds:>7.1}  {}",
            row.step, row.outcome
        )
        .expect("writing to a string cannot fail");
    }
    text.push_str(&verdict(rows));
    text
}

fn verdict(rows: &[Row]) -> String {
    let failed = rows.iter().filter(|row| row.failed()).count();
    let skipped = rows
        .iter()
        .filter(|row| matches!(row.outcome, Outcome::Skipped(_)))
        .count();
    match (failed, skipped) {
        (0, 0) => format!("all {} steps passed\n", rows.len()),
        (0, _) => format!(
            "NOT GREEN: nothing failed, but {skipped} of {} steps were skipped\n",
            rows.len()
        ),
        _ => format!(
            "FAILED: {failed} of {} steps failed, {skipped} were skipped\n",
            rows.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: &str, outcome: Outcome) -> Row {
        Row {
            step: step.to_owned(),
            outcome,
            took: Duration::from_millis(1_250),
        }
    }

    #[test]
    fn a_missing_tool_fails_in_ci_and_skips_elsewhere() {
        let reason = "missing: cppcheck (cargo xtask setup)".to_owned();
        assert_eq!(
            Outcome::without(&["cppcheck"], true),
            Outcome::Failed(reason.clone())
        );
        assert_eq!(
            Outcome::without(&["cppcheck"], false),
            Outcome::Skipped(reason)
        );
    }

    #[test]
    fn what_ran_is_judged_alike_everywhere() {
        for good in [true, false] {
            let outcome = Outcome::from(good);
            assert_eq!(outcome.clone().judged(true), outcome);
            assert_eq!(outcome.clone().judged(false), outcome);
        }
    }

    #[test]
    fn a_part_that_was_not_checked_is_named_and_does_not_fail_ci() {
        let outcome = Outcome::PassedWithout("advisories not checked".to_owned()).judged(true);
        assert_eq!(outcome.to_string(), "passed, advisories not checked");
        assert!(!row("deny", outcome).failed());
    }

    #[test]
    fn the_table_lines_up_and_ends_with_the_verdict() {
        let rows = [
            row("format", Outcome::Passed),
            row(
                "c",
                Outcome::Skipped("missing: make (cargo xtask setup)".to_owned()),
            ),
        ];
        let expected = "\
step    seconds  outcome
format      1.2  passed
c           1.2  SKIPPED, missing: make (cargo xtask setup)
NOT GREEN: nothing failed, but 1 of 2 steps were skipped
";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn the_verdict_is_green_only_when_every_step_passed() {
        let skipped = || Outcome::Skipped(String::new());
        let failed = || Outcome::Failed(String::new());
        let cases = [
            (
                vec![Outcome::Passed, Outcome::Passed],
                "all 2 steps passed\n",
            ),
            (
                vec![Outcome::Passed, failed()],
                "FAILED: 1 of 2 steps failed, 0 were skipped\n",
            ),
            (
                vec![failed(), skipped()],
                "FAILED: 1 of 2 steps failed, 1 were skipped\n",
            ),
        ];
        for (outcomes, expected) in cases {
            let rows: Vec<Row> = outcomes
                .into_iter()
                .map(|outcome| row("x", outcome))
                .collect();
            assert_eq!(verdict(&rows), expected);
        }
    }
}
