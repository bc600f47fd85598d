//! `cargo xtask bench`: builds the product as it is deployed and the rest optimised, then measures
//! it next to its peers in one run.
//!
//! Must not know: what is measured; the program `bench` does.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::setup;
use crate::workspace::Workspace;

/// What is compared as it is deployed: a build of its own for each, as a package built along could
/// switch on features that the deployed function lacks.
const DEPLOYED: [&str; 2] = ["press", "bench-raw"];

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct Options {
    /// The parts to measure: functions, laptop, broker, growth, units, firmware. [default: all]
    #[arg(long, value_name = "LIST")]
    only: Option<String>,
    /// A short run, to see that everything works; it is not published.
    #[arg(long)]
    quick: bool,
    /// Also measure 10⁶ events of one lock.
    #[arg(long)]
    full: bool,
    /// Fail if a number to hold is not held.
    #[arg(long)]
    check: bool,
    /// Name of this machine in the README.
    #[arg(long, value_name = "NAME", default_value = "reference")]
    machine: String,
    /// Use unoptimised builds, to work on the benchmark itself; the figures mean nothing.
    #[arg(long, conflicts_with = "check")]
    debug: bool,
    /// Use the programs of this directory, and build none.
    #[arg(long, value_name = "DIR", requires = "debug")]
    programs: Option<PathBuf>,
}

/// Builds, measures and writes; `false` if a bound is not held and `--check` is given. A run that
/// is neither quick nor unoptimised goes into `tests/benches/results` and the README.
///
/// # Errors
/// A peer is missing, a build fails, or a measurement fails.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let peers = setup::peers(workspace)?;
    let (functions, programs) = build(workspace, options)?;
    let bundle = workspace.target().join("node-bench/press.cjs");
    bundle_node(workspace, &peers.node, &bundle)?;
    let is_published = !options.quick && !options.debug;
    let result = if is_published {
        workspace.path("tests/benches/results")
    } else {
        workspace.target().join("bench")
    };
    let mut bench = Command::new(programs.join("bench"));
    let path = |bench: &mut Command, name: &str, path: &Path| {
        bench.arg(name).arg(path);
    };
    path(
        &mut bench,
        "--result",
        &result.join(format!("{}.json", options.machine)),
    );
    path(&mut bench, "--press", &functions.join("press"));
    path(&mut bench, "--raw", &functions.join("bench-raw"));
    path(&mut bench, "--python", &workspace.python_tool("python"));
    let peer = workspace.path("tests/benches/peers/python/press.py");
    path(&mut bench, "--python-peer", &peer);
    path(&mut bench, "--node-bundle", &bundle);
    path(&mut bench, "--lockctl", &programs.join("lockctl"));
    path(&mut bench, "--local-cloud", &programs.join("local-cloud"));
    path(&mut bench, "--noop", &functions.join("bench-raw"));
    path(&mut bench, "--mosquitto", &peers.mosquitto);
    bench.args(["--machine", &options.machine]);
    for (flag, is_given) in [
        ("--quick", !is_published),
        ("--full", options.full),
        ("--check", options.check),
        ("--pages", is_published),
    ] {
        if is_given {
            bench.arg(flag);
        }
    }
    if let Some(list) = &options.only {
        bench.args(["--only", list]);
    }
    process::run(&mut bench)
}

/// Builds everything; returns the directory of the functions as deployed, and the directory of all
/// optimised programs.
fn build(workspace: &Workspace, options: &Options) -> Result<(PathBuf, PathBuf)> {
    let profile = if options.debug { "dev" } else { "fast" };
    if let Some(programs) = &options.programs {
        return Ok((programs.clone(), programs.clone()));
    }
    let programs = workspace.build_programs(profile)?;
    if options.debug {
        return Ok((programs.clone(), programs));
    }
    for package in DEPLOYED {
        let mut build = workspace.cargo();
        build.args([
            "build",
            "--quiet",
            "--release",
            "--bins",
            "--package",
            package,
        ]);
        process::run_or_fail(&mut build)?;
    }
    Ok((workspace.target().join("release"), programs))
}

/// Bundles the Node peer as it would be deployed: one minified file.
fn bundle_node(workspace: &Workspace, packages: &Path, bundle: &Path) -> Result<()> {
    let source = workspace.path("tests/benches/peers/node/press.js");
    let mut esbuild = Command::new(packages.join("node_modules/.bin/esbuild"));
    esbuild
        .arg(source)
        .args([
            "--bundle",
            "--platform=node",
            "--target=node20",
            "--minify",
            "--format=cjs",
        ])
        .args([
            "--log-level=warning",
            &format!("--outfile={}", bundle.display()),
        ])
        .env("NODE_PATH", packages.join("node_modules"));
    process::run_or_fail(&mut esbuild)
}
