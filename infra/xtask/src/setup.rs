//! `cargo xtask setup`: names what is missing and why it is needed, then installs what it can.
//!
//! Must not know: what the test steps do with the tools; a step asks [`missing_of`] for its own.

mod node;
mod package;
mod python;
mod tool;

use anyhow::Result;

pub use tool::{Missing, TOOLS, missing_of};

use crate::workspace::Workspace;

/// Options of `cargo xtask setup`.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Only list what is missing; install nothing.
    #[arg(long)]
    pub check: bool,
    /// Also install what `sam build` needs to deploy (cargo-lambda and zig, about 500 MB).
    #[arg(long)]
    pub deploy: bool,
}

/// Installs what `sam build` needs, unless it is here.
///
/// # Errors
/// Python's environments cannot be made, or pip could not reach a package index.
pub fn install_deploy(workspace: &Workspace) -> Result<()> {
    if python::deploy_is_ready(workspace) {
        return Ok(());
    }
    println!("set-up: installing what `sam build` needs (cargo-lambda and zig, once)");
    python::install(workspace, true)
}

/// Installs what it can and names what it cannot; `true` when nothing is missing.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let find_missing = || -> Vec<Missing> {
        let missing = TOOLS.iter().filter_map(|tool| tool.missing(workspace));
        missing.collect()
    };
    let missing = find_missing();
    let deploy_missing = options.deploy && !python::deploy_is_ready(workspace);
    if missing.is_empty() && !deploy_missing {
        println!("set-up: nothing to do, all {} tools are here", TOOLS.len());
        return Ok(true);
    }
    for tool in &missing {
        println!("set-up: {tool}");
    }
    if options.check {
        return Ok(false);
    }

    let packages = package::packages(&missing);
    if !packages.is_empty() {
        package::install(&packages)?;
    }
    let can_install_python = missing_of(workspace, &["python3-venv"]).is_empty();
    if can_install_python && (!python::is_ready(workspace) || deploy_missing) {
        python::install(workspace, options.deploy)?;
    }
    if can_install_python && !python::clients_are_ready(workspace) {
        python::install_clients(workspace)?;
    }
    if missing_of(workspace, &["node", "npm"]).is_empty() && !node::is_ready(workspace) {
        node::install(workspace)?;
    }

    let still = find_missing();
    for tool in &still {
        println!("set-up: STILL MISSING {tool}");
    }
    let deploys = !options.deploy || python::deploy_is_ready(workspace);
    if !deploys {
        println!("set-up: STILL MISSING what `sam build` needs (a Python environment)");
    }
    let done = still.is_empty() && deploys;
    if done {
        println!("set-up: done, all {} tools are here", TOOLS.len());
    }
    Ok(done)
}
