//! The console's page: its types, checked by TypeScript, and the unit tests of its drawing
//! functions.
//!
//! Must not know: what the page shows.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::setup;
use crate::workspace::Workspace;

const FOLDER: &str = "infra/console";

/// Checks the types, then runs the tests; `true` if both are good.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let packages = setup::node_packages(workspace);
    let modules = packages.join("node_modules");
    let mut types = Command::new("node");
    types
        .arg(modules.join("typescript/bin/tsc"))
        .arg("--project")
        .arg(workspace.path(FOLDER))
        .arg("--typeRoots")
        .arg(modules.join("@types"));
    let typed = process::run(&mut types)?;
    let mut tests = Command::new("node");
    tests
        .arg("--test")
        .args(files(workspace)?)
        .env("PAGE_PACKAGES", &packages);
    let tested = process::run(&mut tests)?;
    Ok(typed && tested)
}

/// The files of tests, by name: not every version of node finds those of a folder.
fn files(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.path(FOLDER).join("test");
    let entries = fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    paths.retain(|path| path.to_string_lossy().ends_with(".test.js"));
    paths.sort();
    ensure!(!paths.is_empty(), "{} has no tests", folder.display());
    Ok(paths)
}
