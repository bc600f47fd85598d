//! The end of a run: survivors, faults of the list of accepted ones, and a closing line.
//!
//! Must not know: how a mutant was made or tried.

use std::fmt;
use std::time::Duration;

use super::accepted::{Accepted, FILE, complaints};
use super::{Mutant, Outcome};

/// The findings of a run.
pub struct Verdict<'a> {
    survivors: Vec<&'a Mutant>,
    complaints: Vec<String>,
    caught: usize,
    accepted: usize,
    out_of_time: usize,
    unbuildable: usize,
    /// Number of mutants, unless all were tried.
    of: Option<usize>,
}

impl<'a> Verdict<'a> {
    /// The verdict on the mutants tried; `is_whole` if no mutant of `all` was left out.
    pub fn new(
        all: &[Mutant],
        tried: &'a [(Mutant, Outcome)],
        accepted: &[Accepted],
        is_whole: bool,
    ) -> Self {
        let of = |wanted: Outcome| {
            let mutants = tried.iter().filter(move |(_, outcome)| *outcome == wanted);
            mutants.map(|(mutant, _)| mutant)
        };
        let is_accepted = |mutant: &&Mutant| accepted.iter().any(|accepted| accepted.names(mutant));
        let out_of_time = of(Outcome::RanOutOfTime).count();
        Self {
            survivors: of(Outcome::Survived).filter(|m| !is_accepted(m)).collect(),
            complaints: complaints(accepted, all, tried),
            caught: of(Outcome::Caught).count() + out_of_time,
            accepted: of(Outcome::Survived).filter(is_accepted).count(),
            out_of_time,
            unbuildable: of(Outcome::DoesNotBuild).count(),
            of: (!is_whole).then_some(all.len()),
        }
    }

    /// Whether there is neither a survivor nor a fault of the list.
    pub fn is_good(&self) -> bool {
        self.survivors.is_empty() && self.complaints.is_empty()
    }

    /// Prints the findings and, as the last line, the closing line.
    pub fn print(&self, took: Duration) {
        println!();
        for mutant in &self.survivors {
            println!("SURVIVED {mutant}\n         `{}`", mutant.text);
        }
        if !self.survivors.is_empty() {
            println!(
                "Write a test that fails on each. Add a mutant that no test can notice to {FILE}, \
                 with the reason."
            );
        }
        for complaint in &self.complaints {
            println!("WRONG    {complaint}");
        }
        println!(
            "{} more did not compile, {} of the caught timed out; {} min {} s",
            self.unbuildable,
            self.out_of_time,
            took.as_secs() / 60,
            took.as_secs() % 60
        );
        println!("{self}");
    }
}

/// `mutants: 612 tried, 611 caught, 0 survivors, 1 accepted`.
impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tried = self.caught + self.survivors.len() + self.accepted;
        write!(f, "mutants: {tried} tried")?;
        if let Some(all) = self.of {
            write!(f, " of {all}")?;
        }
        write!(
            f,
            ", {} caught, {} survivors, {} accepted",
            self.caught,
            self.survivors.len(),
            self.accepted
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::accepted;
    use super::*;

    fn mutant(line: u64) -> Mutant {
        Mutant {
            file: "a.rs".to_owned(),
            line,
            column: 5,
            change: "replace < with <=".to_owned(),
            text: format!("line {line}"),
        }
    }

    fn verdict(outcomes: &[Outcome], is_whole: bool) -> (String, bool) {
        let accepted = accepted::parse(
            r#"[{"file": "a.rs", "line": "line 1", "change": "replace < with <=",
                "reason": "equal"}]"#,
        )
        .expect("a good list");
        let tried: Vec<(Mutant, Outcome)> = (1..)
            .zip(outcomes)
            .map(|(line, outcome)| (mutant(line), *outcome))
            .collect();
        let all: Vec<Mutant> = (1..=5).map(mutant).collect();
        let verdict = Verdict::new(&all, &tried, &accepted, is_whole);
        (verdict.to_string(), verdict.is_good())
    }

    #[test]
    fn the_closing_line_counts_and_only_a_clean_run_is_good() {
        use Outcome::{Caught, DoesNotBuild, RanOutOfTime, Survived};
        let rows: [(&[Outcome], bool, &str, bool); 4] = [
            (
                &[Survived, Caught, RanOutOfTime, DoesNotBuild, Caught],
                true,
                "mutants: 4 tried, 3 caught, 0 survivors, 1 accepted",
                true,
            ),
            (
                &[Survived, Caught, Survived, Caught, Caught],
                true,
                "mutants: 5 tried, 3 caught, 1 survivors, 1 accepted",
                false,
            ),
            (
                &[Caught, Caught, Caught, Caught, Caught],
                true,
                "mutants: 5 tried, 5 caught, 0 survivors, 0 accepted",
                false,
            ),
            (
                &[Survived, Caught],
                false,
                "mutants: 2 tried of 5, 1 caught, 0 survivors, 1 accepted",
                true,
            ),
        ];
        for (outcomes, is_whole, line, is_good) in rows {
            assert_eq!(
                verdict(outcomes, is_whole),
                (line.to_owned(), is_good),
                "{outcomes:?}"
            );
        }
    }
}
