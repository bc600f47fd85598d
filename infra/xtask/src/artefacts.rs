//! `cargo xtask artefacts`: builds the functions as they are deployed, for each architecture, and
//! holds the programs to what Lambda needs. Then it runs the way of a press on the built template.
//!
//! `cargo xtask test` checks only the form of the page: a build takes long.
//!
//! Must not know: what a function does.

mod build;
mod elf;
mod page;
mod program;
mod rustflag;
mod target;
mod template;
mod walk;

use std::fs;

use anyhow::{Context, Result};

use self::build::Build;
use self::page::{Outcome, Run};
pub use self::page::{PAGE, missing};
pub use self::target::Architecture;
pub use self::template::functions;
use crate::process;
use crate::setup;
use crate::workspace::{Workspace, in_ci};

/// Options of `cargo xtask artefacts`.
#[derive(clap::Args)]
pub struct Options {
    /// Build only for this architecture; repeatable. [default: both]
    #[arg(long, value_enum, value_name = "NAME")]
    architecture: Vec<Architecture>,
    /// Write the result, if it is good, to infra/docs/ARTEFACTS.md. The section of an architecture
    /// that was not asked for stays as it is.
    #[arg(long)]
    write: bool,
    /// Keep what an earlier run has built, and the time that it took from nothing.
    #[arg(long)]
    keep: bool,
}

/// Builds, checks and runs; `false` if a check failed. An architecture that cannot be built or run
/// on this machine is named, and is a failure in CI.
///
/// # Errors
/// A tool cannot be installed or started.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    setup::install_deploy(workspace)?;
    let text = fs::read_to_string(workspace.path("template.yaml")).context("read template.yaml")?;
    let functions = functions(&text)?;
    let wanted =
        |a: &&Architecture| options.architecture.is_empty() || options.architecture.contains(a);
    let mut runs = Vec::new();
    for architecture in Architecture::ALL.iter().filter(wanted) {
        println!("\n== artefacts: {architecture}");
        let build = Build::new(workspace, *architecture);
        let outcome = one(&build, &functions, options)?;
        println!("== artefacts: {architecture}: {outcome}");
        runs.push(Run {
            architecture: *architecture,
            outcome,
        });
    }
    let is_good = runs.iter().all(|run| run.outcome.is_good(in_ci()));
    if options.write && is_good {
        let path = workspace.path(PAGE);
        let old = fs::read_to_string(&path).unwrap_or_default();
        let date = process::output(std::process::Command::new("date").args(["-u", "+%F"]))?;
        let versions = build::versions(workspace)?;
        let page = page::page(&old, &runs, date.trim(), &versions);
        fs::write(&path, page).with_context(|| format!("write {PAGE}"))?;
        println!("artefacts: {PAGE} written");
    }
    Ok(is_good)
}

/// Everything for one architecture.
fn one(build: &Build, functions: &[template::Function], options: &Options) -> Result<Outcome> {
    if let Some(reason) = build.architecture().install_target(build.workspace())? {
        return Ok(Outcome::NotBuilt(reason));
    }
    let mut wrong = rustflag::violations(build.workspace(), functions)?;
    let times = build.run(options.keep)?;
    let mut programs = Vec::new();
    for function in functions {
        let program = program::Program::read(build, function)?;
        wrong.extend(program.violations(build.architecture()));
        programs.push(program);
    }
    let way = walk::walk(build, functions)?;
    for sentence in &wrong {
        println!("artefacts: {sentence}");
    }
    if wrong.is_empty() {
        Ok(Outcome::Built(Box::new(page::Built {
            programs,
            times,
            way,
        })))
    } else {
        Ok(Outcome::Wrong(wrong.len()))
    }
}
