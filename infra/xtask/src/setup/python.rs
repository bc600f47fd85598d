//! The private Python environments in the build directory: pinned tools, installed again when a pin
//! changes. There are three, as sam, the AWS IoT Device SDK and checkov need different versions of
//! packages.
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
/// The environment of the tools.
const TOOLS: &str = "venv";
/// The environment of the clients that tests run against the local cloud.
const CLIENTS: &str = "venv-clients";
/// The environment of the linters that do not share a package's version with the tools.
const LINTERS: &str = "venv-linters";

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
        for line in [PINS, DEPLOY_PINS, CLIENT_PINS, LINTER_PINS]
            .iter()
            .flat_map(|pins| pins.lines())
        {
            let (name, version) = line.split_once("==").expect("name==version");
            assert!(
                !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()),
                "{line}"
            );
        }
    }
}
