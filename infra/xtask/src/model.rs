//! `cargo xtask model`: checks the protocol exhaustively, and that each of its rules is needed.
//!
//! Must not know: the protocol.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Options of `cargo xtask model`.
#[derive(clap::Args)]
pub struct Options {
    /// Use larger bounds, which take minutes instead of seconds.
    #[arg(long)]
    deep: bool,
}

/// Builds the checker optimised and runs it; `false` if a rule does not hold or is not needed.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut checker = workspace.cargo();
    checker.args([
        "run",
        "--quiet",
        "--profile",
        "fast",
        "--package",
        "protocol-model",
    ]);
    if options.deep {
        checker.args(["--", "--deep"]);
    }
    process::run(&mut checker)
}
