//! `infra/docs/ARTEFACTS.md`: the last result as a page, and which functions it lacks.
//!
//! Must not know: how the figures are taken.

use std::fmt;
use std::time::Duration;

use super::build::Times;
use super::program::{BYTES_MAX, GLIBC_MAX, Program};
use super::target::Architecture;
use super::walk::Way;

/// Path of the page.
pub const PAGE: &str = "infra/docs/ARTEFACTS.md";

/// The result for one architecture.
pub struct Run {
    pub architecture: Architecture,
    pub outcome: Outcome,
}

/// The result for an architecture.
pub enum Outcome {
    /// Nothing was wrong with any program.
    Built(Box<Built>),
    /// So many things were wrong; they were printed.
    Wrong(usize),
    /// This machine cannot build for it.
    NotBuilt(String),
}

/// A build without a mistake.
pub struct Built {
    pub programs: Vec<Program>,
    pub times: Times,
    pub way: Way,
}

impl Outcome {
    /// Whether the run passes: in CI everything must have been built and run.
    pub fn is_good(&self, ci: bool) -> bool {
        match self {
            Self::Built(built) => !ci || matches!(built.way, Way::Walked(_)),
            Self::Wrong(_) => false,
            Self::NotBuilt(_) => !ci,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Built(built) => match &built.way {
                Way::Walked(_) => write!(f, "good"),
                Way::NotRun(reason) => write!(f, "built, but NOT RUN: {reason}"),
            },
            Self::Wrong(count) => write!(f, "WRONG in {count} places"),
            Self::NotBuilt(reason) => write!(f, "NOT BUILT: {reason}"),
        }
    }
}

const HEAD: &str = "| architecture | function | bytes | zipped | GLIBC |\n|---|---|---|---|---|\n";

/// The page: the sections of this run, and of the old page those of other architectures.
pub fn page(old: &str, runs: &[Run], date: &str, versions: &str) -> String {
    let mut page = introduction();
    for architecture in Architecture::ALL {
        let run = runs.iter().find(|run| run.architecture == *architecture);
        let section = match run {
            Some(run) => Some(section(run, date, versions)),
            None => kept(old, *architecture).map(str::to_owned),
        };
        if let Some(section) = section {
            page += &format!("\n{}\n", section.trim_end());
        }
    }
    page
}

fn introduction() -> String {
    format!(
        "\
# The deployed programs

Written by `cargo xtask artefacts --write`, which builds the functions with `sam build` as they are
deployed. It checks that each program is for its processor, stripped, at most {BYTES_MAX} bytes,
and needs at most GLIBC {GLIBC_MAX}, which the runtime provided.al2023 has; and that no setting in
effect chooses a processor. Then the local cloud runs the built template with these programs: a
press opens the lock, a request locks it, and a press that is killed at each attempt is given up
and recorded. Every function must have run. `cargo xtask test` checks only that the page names the
template's functions.
"
    )
}

fn section(run: &Run, date: &str, versions: &str) -> String {
    let heading = format!("## {}\n\n{date}, {versions}.\n", run.architecture);
    match &run.outcome {
        Outcome::NotBuilt(reason) => format!("{heading}\nNot built: {reason}.\n"),
        Outcome::Wrong(count) => format!("{heading}\nWrong in {count} places.\n"),
        Outcome::Built(built) => {
            let rows = built.programs.iter().map(|p| row(run.architecture, p));
            let rows: String = rows.collect();
            format!("{heading}\n{HEAD}{rows}\n{}", sentences(built))
        }
    }
}

fn row(architecture: Architecture, program: &Program) -> String {
    let Program {
        function,
        bytes,
        zipped_bytes,
        ..
    } = program;
    let glibc = program.glibc.map(|glibc| glibc.to_string());
    let glibc = glibc.unwrap_or_else(|| "none".to_owned());
    format!("| {architecture} | {function} | {bytes} | {zipped_bytes} | {glibc} |\n")
}

fn sentences(built: &Built) -> String {
    let Times {
        from_nothing,
        again,
    } = built.times;
    let first = from_nothing.map_or_else(
        || "`sam build` from nothing was not measured".to_owned(),
        |first| format!("`sam build` from nothing took {}", minutes(first)),
    );
    let again = format!("with nothing changed {}", minutes(again));
    let way = match &built.way {
        Way::NotRun(reason) => format!("The programs were not run: {reason}."),
        Way::Walked(None) => "Every function ran, on this processor.".to_owned(),
        Way::Walked(Some(emulator)) => format!("Every function ran, in user mode of {emulator}."),
    };
    format!("{first}, {again}.\n{way}\n")
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{} min {} s", seconds / 60, seconds % 60)
}

/// The section of an architecture in an earlier page.
fn kept(page: &str, architecture: Architecture) -> Option<&str> {
    let heading = format!("## {architecture}\n");
    let start = page.find(&heading)?;
    let rest = &page[start..];
    let end = rest[heading.len()..].find("\n## ");
    Some(end.map_or(rest, |end| &rest[..heading.len() + end]))
}

/// What the page lacks, or names without reason: each architecture that was built has a row for
/// each of the template's functions.
pub fn missing(page: &str, functions: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for architecture in Architecture::ALL {
        let Some(section) = kept(page, *architecture) else {
            wrong.push(format!("there is no section {architecture}"));
            continue;
        };
        if section.contains("\nNot built: ") {
            continue;
        }
        let start = format!("| {architecture} | ");
        let named = section.lines().filter_map(|line| line.strip_prefix(&start));
        let named: Vec<&str> = named.filter_map(|rest| rest.split(" |").next()).collect();
        let absent = functions.iter().filter(|name| !named.contains(name));
        wrong.extend(absent.map(|name| format!("{architecture} has no row for {name}")));
        let unknown = named.iter().filter(|name| !functions.contains(name));
        wrong.extend(unknown.map(|name| {
            format!("{architecture} has a row for {name}, which is not in the template")
        }));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTIONS: &[&str] = &["PressFunction", "SweepFunction"];

    fn built(architecture: Architecture) -> Run {
        let programs = FUNCTIONS.iter().map(|name| Program::example(name));
        let outcome = Outcome::Built(Box::new(Built {
            programs: programs.collect(),
            times: Times {
                from_nothing: Some(Duration::from_secs(600)),
                again: Duration::from_secs(9),
            },
            way: Way::Walked(None),
        }));
        Run {
            architecture,
            outcome,
        }
    }

    #[test]
    fn the_page_names_each_function_of_each_architecture() {
        let runs = [built(Architecture::Arm64), built(Architecture::X86)];
        let page = page("", &runs, "2026-01-02", "sam 1.2");
        for line in [
            "| arm64 | PressFunction | 6000000 | 2500000 | 2.34 |",
            "| x86_64 | SweepFunction | 6000000 | 2500000 | 2.34 |",
            "2026-01-02, sam 1.2.",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}\n{page}");
        }
        assert!(page.contains("from nothing took 10 min 0 s, with nothing changed 0 min 9 s."));
        assert_eq!(missing(&page, FUNCTIONS), [""; 0]);
        let more = [FUNCTIONS, &["NewFunction"]].concat();
        assert_eq!(missing(&page, &more)[0], "arm64 has no row for NewFunction");
        assert_eq!(missing(&page, &FUNCTIONS[..1]).len(), 2);
    }

    #[test]
    fn a_run_for_one_architecture_keeps_the_other_section() {
        let both = [built(Architecture::Arm64), built(Architecture::X86)];
        let old = page("", &both, "2026-01-02", "sam 1.2");
        let one = [built(Architecture::X86)];
        let new = page(&old, &one, "2026-02-03", "sam 1.3");
        assert_eq!(
            new,
            old.replacen(
                "## x86_64\n\n2026-01-02, sam 1.2.",
                "## x86_64\n\n2026-02-03, sam 1.3.",
                1
            )
        );
        assert_eq!(
            missing(&page("", &one, "", ""), FUNCTIONS),
            ["there is no section arm64"]
        );
    }

    #[test]
    fn what_was_left_out_is_named_and_fails_in_ci() {
        let run = Run {
            architecture: Architecture::Arm64,
            outcome: Outcome::NotBuilt("no rustup".to_owned()),
        };
        let page = page("", &[run, built(Architecture::X86)], "", "");
        assert!(page.contains("\nNot built: no rustup.\n"), "{page}");
        assert_eq!(missing(&page, FUNCTIONS), [""; 0]);
        let left_out = Outcome::NotBuilt(String::new());
        assert!(left_out.is_good(false) && !left_out.is_good(true));
        assert!(!Outcome::Wrong(1).is_good(false));
    }
}
