//! The private Python environment under the build directory: pinned tools, made once, made anew when a pin changes.
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

/// Whether the environment holds exactly the pinned tools.
pub fn is_ready(workspace: &Workspace) -> bool {
    stamp(workspace).is_some_and(|stamp| stamp.contains(PINS))
        && workspace.python_tool("sam").is_file()
}

/// Whether it also holds what `sam build` needs.
pub fn deploy_is_ready(workspace: &Workspace) -> bool {
    is_ready(workspace) && stamp(workspace).is_some_and(|stamp| stamp.contains(DEPLOY_PINS))
}

/// Makes the environment, or brings it to the pins.
///
/// Errors: pip could not be run, or could not reach a package index.
pub fn install(workspace: &Workspace, deploy: bool) -> Result<()> {
    let directory = workspace.target().join("venv");
    let deploy = deploy || stamp(workspace).is_some_and(|stamp| stamp.contains(DEPLOY_PINS));
    let pins = if deploy {
        format!("{PINS}{DEPLOY_PINS}")
    } else {
        PINS.to_owned()
    };
    process::run_or_fail(Command::new("python3").args(["-m", "venv"]).arg(&directory))?;
    process::run_or_fail(
        Command::new(workspace.python_tool("pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(pins.split_whitespace()),
    )?;
    fs::write(stamp_path(workspace), pins).context("write the stamp of the Python environment")
}

fn stamp_path(workspace: &Workspace) -> PathBuf {
    workspace.target().join("venv/pins.txt")
}

fn stamp(workspace: &Workspace) -> Option<String> {
    fs::read_to_string(stamp_path(workspace)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_exact() {
        for line in PINS.lines().chain(DEPLOY_PINS.lines()) {
            let (name, version) = line.split_once("==").expect("name==version");
            assert!(
                !name.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()),
                "{line}"
            );
        }
    }
}
