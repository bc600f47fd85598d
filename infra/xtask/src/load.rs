//! `cargo xtask load`: an optimised local cloud under 1,000 connections; its memory must stay flat.
//!
//! Must not know: what flows through the connections.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Options of `cargo xtask load`.
#[derive(clap::Args)]
pub struct Options {
    /// Number of TLS connections.
    #[arg(long, default_value_t = 1000)]
    connections: u64,
    /// Minutes to hold them.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
}

/// Builds both programs and runs them; `false` if a bound is broken. The figures go to `load.json`
/// in the build directory.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let mut build = workspace.cargo();
    build.args(["build", "--quiet", "--profile", "fast", "--bins"]);
    process::run_or_fail(build.args(["--package", "local-cloud", "--package", "load"]))?;
    let built = workspace.target().join("fast");
    let mut load = std::process::Command::new(built.join("load"));
    load.arg("--cloud")
        .arg(built.join("local-cloud"))
        .arg("--template")
        .arg(workspace.path("tests/load/template.yaml"))
        .args(["--connections", &options.connections.to_string()])
        .args(["--minutes", &options.minutes.to_string()])
        .arg("--result")
        .arg(workspace.target().join("load.json"));
    process::run(&mut load)
}
