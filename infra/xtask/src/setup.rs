//! `cargo xtask setup`: names what is missing and why it is needed, then installs what it can.
//!
//! Must not know: what the test steps do with the tools; a step asks [`missing_of`] for its own.

mod mosquitto;
mod node;
mod package;
mod python;
mod tool;
mod version;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use tool::{BENCH_TOOLS, DEPLOY_TOOLS, Tool};
pub use tool::{Missing, TOOLS, missing_of};

use crate::workspace::Workspace;

/// Options of `cargo xtask setup`.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Only list what is missing; install nothing.
    #[arg(long)]
    pub check: bool,
    /// Also install what `sam build` and `cargo xtask artefacts` need (about 500 MB), and check the
    /// versions that the shell finds.
    #[arg(long)]
    pub deploy: bool,
    /// Also bring what `cargo xtask bench` compares with: the AWS SDK and esbuild from npm, below
    /// the build directory (60 MB).
    #[arg(long)]
    pub bench: bool,
}

/// What the benchmarks compare with.
pub struct Peers {
    /// The folder of the Node peer's packages.
    pub node: PathBuf,
    /// The broker.
    pub mosquitto: PathBuf,
}

/// The benchmark's peers.
///
/// # Errors
/// One is missing: `cargo xtask setup --bench` brings it.
pub fn peers(workspace: &Workspace) -> Result<Peers> {
    let missing = missing(BENCH_TOOLS, workspace);
    for tool in &missing {
        println!("set-up: {tool}");
    }
    ensure!(missing.is_empty(), "run `cargo xtask setup --bench` first");
    Ok(Peers {
        node: node::peer_directory(workspace),
        mosquitto: broker(workspace)?,
    })
}

/// The broker mosquitto.
///
/// # Errors
/// There is none: `cargo xtask setup` brings it.
pub fn broker(workspace: &Workspace) -> Result<PathBuf> {
    mosquitto::path(workspace).context("no mosquitto: run `cargo xtask setup` first")
}

/// The folder of the npm packages that tests use.
pub fn node_packages(workspace: &Workspace) -> PathBuf {
    node::directory(workspace)
}

/// The Python interpreter that has the programs that the local cloud is compared with.
///
/// # Errors
/// They cannot be installed.
pub fn compare(workspace: &Workspace) -> Result<PathBuf> {
    python::compare(workspace)
}

/// The Python interpreter that has maturin, which builds wheels.
///
/// # Errors
/// It cannot be installed.
pub fn dist(workspace: &Workspace) -> Result<PathBuf> {
    python::dist(workspace)
}

/// Installs what `cargo xtask artefacts` and `sam build` need beyond Rust.
///
/// # Errors
/// A package manager or pip failed.
pub fn install_deploy(workspace: &Workspace) -> Result<()> {
    let missing = missing(DEPLOY_TOOLS, workspace);
    for tool in &missing {
        println!("set-up: {tool}");
    }
    let packages = package::packages(&missing);
    if !packages.is_empty() {
        package::install(&packages)?;
    }
    if !python::deploy_is_ready(workspace) {
        python::install(workspace, true)?;
    }
    Ok(())
}

/// Installs what it can and names what it cannot; `true` when nothing is missing.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let is_complete = install(workspace, options)?;
    let deploys = !options.deploy || version::check(workspace)?;
    Ok(is_complete && deploys)
}

fn install(workspace: &Workspace, options: &Options) -> Result<bool> {
    let deploy_tools = if options.deploy { DEPLOY_TOOLS } else { &[] };
    let bench_tools = if options.bench { BENCH_TOOLS } else { &[] };
    let count = TOOLS.len() + deploy_tools.len() + bench_tools.len();
    let find_missing = || -> Vec<Missing> {
        let mut found = missing(TOOLS, workspace);
        found.extend(missing(deploy_tools, workspace));
        found.extend(missing(bench_tools, workspace));
        found
    };
    let missing = find_missing();
    if missing.is_empty() {
        println!("set-up: nothing to do, all {count} tools are here");
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
    let is_python_ready = if options.deploy {
        python::deploy_is_ready(workspace)
    } else {
        python::is_ready(workspace)
    };
    let can_install_python = missing_of(workspace, &["python3-venv"]).is_empty();
    if can_install_python && !is_python_ready {
        python::install(workspace, options.deploy)?;
    }
    if can_install_python && !python::clients_are_ready(workspace) {
        python::install_clients(workspace)?;
    }
    if can_install_python && !python::linters_are_ready(workspace) {
        python::install_linters(workspace)?;
    }
    if missing_of(workspace, &["node", "npm"]).is_empty() && !node::is_ready(workspace) {
        node::install(workspace)?;
    }
    if mosquitto::path(workspace).is_none() {
        mosquitto::install(workspace)?;
    }
    if options.bench {
        install_bench(workspace)?;
    }

    let still = find_missing();
    for tool in &still {
        println!("set-up: STILL MISSING {tool}");
    }
    if still.is_empty() {
        println!("set-up: done, all {count} tools are here");
    }
    Ok(still.is_empty())
}

/// Installs what the benchmarks compare with, as far as this platform has it.
fn install_bench(workspace: &Workspace) -> Result<()> {
    if missing_of(workspace, &["node", "npm"]).is_empty() && !node::peer_is_ready(workspace) {
        node::install_peer(workspace)?;
    }
    Ok(())
}

fn missing(tools: &[Tool], workspace: &Workspace) -> Vec<Missing> {
    let missing = tools.iter().filter_map(|tool| tool.missing(workspace));
    missing.collect()
}
