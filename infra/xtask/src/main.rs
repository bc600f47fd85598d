//! The project's chores, as `cargo xtask <chore>`: set-up, tests, the rulebook, the pages of sizes and gaps, the model
//! check, fuzzing.
//!
//! Must not know: anything the product does. A chore starts other programs and judges files by their text.

mod fuzz;
mod gaps;
mod load;
mod model;
mod mutants;
mod process;
mod setup;
mod sizes;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's chores. The first run on a new machine is `cargo xtask test`: it sets up what it needs.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:\n  \
        cargo xtask test                     everything, as CI runs it\n  \
        cargo xtask test --only c,template   two steps of it\n  \
        cargo xtask setup --check            what is missing, without installing it\n  \
        cargo xtask tidy                     the rulebook alone, in a second\n  \
        cargo xtask sizes                    measure the firmware and write firmware/SIZES.md\n  \
        cargo xtask gaps                     infra/cloud/*/GAPS.md, from the tests' marks\n  \
        cargo xtask fuzz --minutes 30 sql    one fuzzer of the local cloud, for half an hour\n  \
        cargo xtask model                    the protocol, checked exhaustively\n  \
        cargo xtask mutants                  the core and the table's conditions, changed in small ways\n  \
        cargo xtask load                     the local cloud under 1,000 connections\n\n\
        The laptop mode is not a chore: it is `cargo run`."
)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the tests need and Rust does not bring.
    Setup(setup::Options),
    /// Run every test, check and linter; ends with a table of the steps.
    Test(test::Options),
    /// Check the rules that no compiler checks: layering, clocks, vocabulary, template and crates, file shapes.
    Tidy,
    /// Measure the firmware on the ESP8266's instruction set and write firmware/SIZES.md.
    Sizes(sizes::Options),
    /// Write GAPS.md of each crate in infra/cloud from the marks in the tests: what is as in AWS, what differs, what is absent.
    Gaps(gaps::Options),
    /// Fuzz for a time: the local cloud's MQTT packet path, rule SQL and policies, and the firmware's core.
    Fuzz(fuzz::Options),
    /// Check the protocol exhaustively: a table of configurations, and one of rules taken away.
    Model(model::Options),
    /// Change the pure core and the table's conditions in small ways, and demand that a test fails for each.
    Mutants(mutants::Options),
    /// Hold a thousand TLS connections to the local cloud for ten minutes and check that its memory stays flat.
    Load(load::Options),
}

fn main() -> ExitCode {
    match run(&Cli::parse().chore) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the chore; `false` when it ran and found something wrong.
fn run(chore: &Chore) -> Result<bool> {
    let workspace = Workspace::here();
    match chore {
        Chore::Setup(options) => setup::run(&workspace, options),
        Chore::Test(options) => test::run(&workspace, options),
        Chore::Tidy => tidy::run(&workspace),
        Chore::Sizes(options) => sizes::run(&workspace, options),
        Chore::Gaps(options) => gaps::run(&workspace, options),
        Chore::Fuzz(options) => fuzz::run(&workspace, options),
        Chore::Model(options) => model::run(&workspace, options),
        Chore::Mutants(options) => mutants::run(&workspace, options),
        Chore::Load(options) => load::run(&workspace, options),
    }
}
