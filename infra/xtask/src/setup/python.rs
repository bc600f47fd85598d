//! The private Python environments in the build directory: pinned tools, installed again when a pin
//! changes. There are several, as sam, the AWS IoT Device SDK, checkov and the peers of the local
//! cloud need different versions of packages.
//!
//! Must not know: what the tools are for.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

const PINS: &str = include_str!("../../requirements.txt");
const DEPLOY_PINS: &str = include_str!("../../requirements-deploy.txt");
const CLIENT_PINS: &str = include_str!("../../requirements-clients.txt");
const LINTER_PINS: &str = include_str!("../../requirements-linters.txt");
const COMPARE_PINS: &str = include_str!("../../requirements-compare.txt");
const DIST_PINS: &str = include_str!("../../requirements-dist.txt");
/// The environment of the tools.
const TOOLS: &str = "venv";
/// The environment of the clients that tests run against the local cloud.
const CLIENTS: &str = "venv-clients";
/// The environment of the linters that do not share a package's version with the tools.
const LINTERS: &str = "venv-linters";
/// The environment of the programs that the local cloud is compared with.
const COMPARE: &str = "venv-compare";
/// The environment of what builds wheels.
const DIST: &str = "venv-dist";

/// Whether the environment holds exactly the pinned tools.
pub fn is_ready(workspace: &Workspace) -> bool {
    stamp(workspace, TOOLS).is_some_and(|stamp| stamp.contains(PINS))
        && workspace.python_tool("sam").is_file()
}

/// Whether it also holds what `sam build` needs.
pub fn deploy_is_ready(workspace: &Workspace) -> bool {
    is_ready(workspace) && stamp(workspace, TOOLS).is_some_and(|stamp| stamp.contains(DEPLOY_PINS))
}

/// Whether the clients' environment holds exactly the pinned packages.
pub fn clients_are_ready(workspace: &Workspace) -> bool {
    stamp(workspace, CLIENTS).is_some_and(|stamp| stamp == CLIENT_PINS)
}

/// Whether the linters' environment holds exactly the pinned packages.
pub fn linters_are_ready(workspace: &Workspace) -> bool {
    stamp(workspace, LINTERS).is_some_and(|stamp| stamp == LINTER_PINS)
}

/// Makes the environment, or brings it to the pins.
///
/// # Errors
/// pip could not be run, or could not reach a package index.
pub fn install(workspace: &Workspace, deploy: bool) -> Result<()> {
    let deploy = deploy || stamp(workspace, TOOLS).is_some_and(|stamp| stamp.contains(DEPLOY_PINS));
    if deploy {
        make(workspace, TOOLS, &format!("{PINS}{DEPLOY_PINS}"))
    } else {
        make(workspace, TOOLS, PINS)
    }
}

/// Makes the clients' environment, or brings it to the pins.
///
/// # Errors
/// As for [`install`].
pub fn install_clients(workspace: &Workspace) -> Result<()> {
    make(workspace, CLIENTS, CLIENT_PINS)
}

/// Makes the linters' environment, or brings it to the pins.
///
/// # Errors
/// As for [`install`].
pub fn install_linters(workspace: &Workspace) -> Result<()> {
    make(workspace, LINTERS, LINTER_PINS)
}

/// The interpreter of the environment of the local cloud's peers, which is made if necessary.
///
/// # Errors
/// As for [`install`].
pub fn compare(workspace: &Workspace) -> Result<PathBuf> {
    ready(workspace, COMPARE, COMPARE_PINS)
}

/// The interpreter of the environment that builds wheels, which is made if necessary.
///
/// # Errors
/// As for [`install`].
pub fn dist(workspace: &Workspace) -> Result<PathBuf> {
    ready(workspace, DIST, DIST_PINS)
}

fn ready(workspace: &Workspace, name: &str, pins: &str) -> Result<PathBuf> {
    if stamp(workspace, name).is_none_or(|stamp| stamp != pins) {
        make(workspace, name, pins)?;
    }
    Ok(workspace.target().join(name).join("bin/python"))
}

fn make(workspace: &Workspace, name: &str, pins: &str) -> Result<()> {
    let directory = workspace.target().join(name);
    process::run_or_fail(Command::new("python3").args(["-m", "venv"]).arg(&directory))?;
    process::run_or_fail(
        Command::new(directory.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(pins.split_whitespace()),
    )?;
    fs::write(stamp_path(workspace, name), pins)
        .with_context(|| format!("write the stamp of the Python environment {name}"))
}

fn stamp_path(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target().join(name).join("pins.txt")
}

fn stamp(workspace: &Workspace, name: &str) -> Option<String> {
    fs::read_to_string(stamp_path(workspace, name)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_exact() {
        let all = [
            PINS,
            DEPLOY_PINS,
            CLIENT_PINS,
            LINTER_PINS,
            COMPARE_PINS,
            DIST_PINS,
        ];
        for line in all.iter().flat_map(|pins| pins.lines()) {
            let (name, version) = line.split_once("==").expect("name==version");
            assert!(
                !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()),
                "{line}"
            );
        }
    }
}
