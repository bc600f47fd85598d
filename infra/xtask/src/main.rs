//! The project's chores, as `cargo xtask <chore>`. A chore starts other programs and reads files.
//!
//! Must not know: anything that the product does.

mod artefacts;
mod bench;
mod compare;
mod costs;
mod dist;
mod fuzz;
mod gaps;
mod home_assistant;
mod load;
mod model;
mod mutants;
mod process;
mod publish;
mod sbom;
mod scale;
mod setup;
mod sim;
mod sizes;
mod templates;
mod test;
mod tidy;
mod toml;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The project's chores. `cargo xtask test` on a new machine installs what it needs first.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Examples:\n  \
        cargo xtask test                     run everything, as CI does\n  \
        cargo xtask test --only c,template   run two steps of it\n  \
        cargo xtask tidy                     check the rulebook alone, in seconds\n  \
        cargo xtask fuzz --minutes 30 sql    run a fuzzer for half an hour\n\n\
        `cargo run` starts the laptop mode."
)]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the tests need and Rust does not bring.
    Setup(setup::Options),
    /// Run every test, check and linter, and print a table of the steps.
    Test(test::Options),
    /// Check the rules that no compiler checks: layering, clocks, wording, template, files.
    Tidy,
    /// Measure the firmware on the ESP8266's instruction set and write firmware/SIZES.md.
    Sizes(sizes::Options),
    /// Write infra/cloud/local-cloud/GAPS.md from the marks in the tests: how it differs from AWS.
    Gaps(gaps::Options),
    /// Fuzz the local cloud's MQTT packets, rule SQL and policies, and the firmware's core.
    Fuzz(fuzz::Options),
    /// Check the protocol exhaustively, and show for each rule what breaks without it.
    Model(model::Options),
    /// Run the whole system in one process, as a seed decides; a seed that fails is shrunk.
    #[command(disable_help_flag = true)]
    Sim(sim::Options),
    /// Change the core and the table's conditions in small ways; a test must fail for each.
    Mutants(mutants::Options),
    /// Build the functions as deployed, check each program, and run a press with them.
    Artefacts(artefacts::Options),
    /// Write infra/docs/COSTS.md from stated prices and counted calls.
    Costs(costs::Options),
    /// Write the software bill of materials of the functions and of lockctl (`CycloneDX`).
    Sbom(sbom::Options),
    /// Run a broker outage over a million locks with the real decisions; writes SCALE.md's table.
    Scale,
    /// Measure the product next to hand-written, Python and Node peers, and publish the ratios.
    Bench(bench::Options),
    /// Press 1,000 virtual locks for ten minutes, with faults; nothing may be lost or doubled.
    Load(load::Options),
    /// Start the local cloud with each template of tests/templates, as other people's are written.
    #[command(after_help = templates::HELP)]
    Templates(templates::Options),
    /// Run the same cases against the local cloud, moto and ministack; writes the README's table.
    Compare(compare::Options),
    /// Build the local cloud for others, by cargo install and as a wheel, and try both.
    Dist(dist::Options),
    /// Take the real Home Assistant through every state of a door, and write what it showed.
    #[command(after_help = home_assistant::HELP)]
    HomeAssistant(home_assistant::Options),
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

/// Runs the chore; `false` if it found something wrong.
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
        Chore::Sim(options) => sim::run(&workspace, options),
        Chore::Mutants(options) => mutants::run(&workspace, options),
        Chore::Artefacts(options) => artefacts::run(&workspace, options),
        Chore::Costs(options) => costs::run(&workspace, options),
        Chore::Sbom(options) => sbom::run(&workspace, options),
        Chore::Scale => scale::run(&workspace),
        Chore::Bench(options) => bench::run(&workspace, options),
        Chore::Load(options) => load::run(&workspace, options),
        Chore::Templates(options) => templates::run(&workspace, options),
        Chore::Compare(options) => compare::run(&workspace, options),
        Chore::Dist(options) => dist::run(&workspace, options),
        Chore::HomeAssistant(options) => home_assistant::run(&workspace, options),
    }
}
