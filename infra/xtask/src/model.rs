//! `cargo xtask model`: the protocol, checked exhaustively, as two tables: a row per configuration, a row per rule taken away.
//!
//! Must not know: the protocol.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Options of `cargo xtask model`.
#[derive(clap::Args)]
pub struct Options {
    /// Larger bounds: minutes, not seconds.
    #[arg(long)]
    deep: bool,
}

/// Builds the checker optimised and runs it; `false` when a rule does not hold, or is missed by nobody.
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
