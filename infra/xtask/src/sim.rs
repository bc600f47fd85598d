//! `cargo xtask sim`: runs the whole system in one process, as seeds decide.
//!
//! Must not know: the protocol.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Seeds of the test command that are the same each time, and as many that no run had before.
const SEEDS: u32 = 500;

/// Options of `cargo xtask sim`.
#[derive(clap::Args)]
pub struct Options {
    /// Options of the simulator; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Builds the simulator and runs it; `false` if an invariant is broken.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    run_simulator(workspace, &options.options)
}

/// Runs the test command's seeds.
pub fn test(workspace: &Workspace) -> Result<bool> {
    let options = [format!("--seeds=0..{SEEDS}"), format!("--fresh={SEEDS}")];
    run_simulator(workspace, &options)
}

/// Both take the everyday profile, in which this package is optimised, so that a printed command
/// needs no other build.
fn run_simulator(workspace: &Workspace, options: &[String]) -> Result<bool> {
    let mut simulator = workspace.cargo();
    simulator.args(["run", "--quiet", "--package", "sim", "--"]);
    process::run(simulator.args(options))
}
