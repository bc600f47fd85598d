//! `cargo xtask load`: many locks and buttons on an optimised local cloud with the real functions.
//! No press may be lost or doubled, and the memory must stay flat under all connections.
//!
//! Must not know: how a press is judged.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Options of `cargo xtask load`.
#[derive(clap::Args)]
pub struct Options {
    /// Number of locks: the firmware's core, each on its own TLS connection.
    #[arg(long, default_value_t = 1000)]
    locks: u64,
    /// Number of buttons, bound to the locks in turn.
    #[arg(long, default_value_t = 1000)]
    buttons: u64,
    /// Presses per second, of all buttons together.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Minutes of presses.
    #[arg(
        long,
        default_value_t = 10.0,
        default_value_if("find_rate", "true", "1")
    )]
    minutes: f64,
    /// Minutes before them in which all connections are held and nobody presses; 0 is none.
    #[arg(
        long,
        default_value_t = 3.0,
        default_value_if("find_rate", "true", "0")
    )]
    quiet: f64,
    /// Faults, with commas: `usual`, `power@N` or `network@N` (cuts of a lock per minute), or
    /// faults of the local cloud.
    #[arg(
        long,
        value_name = "LIST",
        default_value = "usual",
        default_value_if("find_rate", "true", "")
    )]
    faults: String,
    /// Seed of the cloud's faults.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Find the highest rate that holds instead: steps of `--minutes` from `--rate` on, without
    /// faults unless `--faults` names some.
    #[arg(long)]
    find_rate: bool,
    /// Cargo profile of all programs.
    #[arg(long, default_value = "fast")]
    profile: String,
    /// File for the figures; table and picture are written next to it. [default: load.json in the
    /// build directory]
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
}

/// Builds the programs and runs them; `false` if a bound is broken.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let built = workspace.build_programs(&options.profile)?;
    let result = options.result.clone();
    let mut load = std::process::Command::new(built.join("load"));
    load.arg("--programs")
        .arg(&built)
        .arg("--template")
        .arg(workspace.path("template.yaml"))
        .args(["--locks", &options.locks.to_string()])
        .args(["--buttons", &options.buttons.to_string()])
        .args(["--rate", &options.rate.to_string()])
        .args(["--minutes", &options.minutes.to_string()])
        .args(["--quiet", &options.quiet.to_string()])
        .args(["--faults", &options.faults])
        .args(["--seed", &options.seed.to_string()])
        .args(options.find_rate.then_some("--find-rate"))
        .arg("--result")
        .arg(result.unwrap_or_else(|| workspace.target().join("load.json")));
    process::run(&mut load)
}
