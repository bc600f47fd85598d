//! `cargo xtask test`: sets up, runs the steps one by one, and ends with a table of them.
//!
//! A failed step does not stop the others. A missing tool is a failure in CI; elsewhere its step is
//! SKIPPED, and the last line reports that the run is not green.
//!
//! Must not know: what a step does.

mod lint;
mod page;
mod previous;
mod rust;
mod step;
mod summary;

use std::time::Instant;

use anyhow::Result;

use self::step::{STEPS, Step, StepName};
use self::summary::{Outcome, Row};
use crate::setup;
use crate::workspace::{Workspace, in_ci};

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Options {
    /// Run only these steps, in their usual order (comma-separated).
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STEP")]
    only: Vec<StepName>,
    /// Do not try to install what is missing.
    #[arg(long)]
    no_setup: bool,
}

/// Runs the steps; `true` when none failed. A step that cannot run is a failed step, not an error.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut rows = Vec::new();
    if !options.no_setup {
        println!("== set-up");
        // A step judges for itself what is still missing.
        if let Err(error) = setup::run(workspace, &setup::Options::default()) {
            println!("set-up: {error:#}");
        }
    }
    for step in STEPS {
        if options.only.is_empty() || options.only.contains(&step.name) {
            run_step(workspace, step, in_ci(), &mut rows);
        }
    }
    print!("\n{}", summary::table(&rows));
    Ok(!rows.iter().any(Row::failed))
}

/// Runs a step and adds its row, and a row for each of its parts that was left out.
fn run_step(workspace: &Workspace, step: &Step, ci: bool, rows: &mut Vec<Row>) {
    println!("\n== {}: {}", step.name, step.name.what());
    let started = Instant::now();
    let missing = setup::missing_of(workspace, step.tools);
    let failed_before = step.after.filter(|before| {
        rows.iter()
            .any(|row| row.failed() && row.step == before.to_string())
    });
    let outcome = if let Some(before) = failed_before {
        Outcome::Failed(format!("not run, as {before} failed"))
    } else if missing.is_empty() {
        match (step.run)(workspace) {
            Ok(outcome) => outcome.judged(ci),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        }
    } else {
        let names: Vec<&str> = missing.iter().map(|tool| tool.name).collect();
        Outcome::without(&names, ci)
    };
    println!("== {}: {outcome}", step.name);
    rows.push(Row {
        step: step.name.to_string(),
        outcome,
        took: started.elapsed(),
    });
    if step.name == StepName::Rust {
        rows.extend(rust::left_out(workspace).into_iter().map(|part| Row {
            step: format!("rust: {}", part.tests),
            outcome: Outcome::without(&part.missing, ci),
            took: std::time::Duration::ZERO,
        }));
    }
}
