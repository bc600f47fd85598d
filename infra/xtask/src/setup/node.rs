//! Installs npm packages into the build directory, again whenever the lock file changes.
//!
//! Must not know: what the packages are for.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = include_str!("../../node/package.json");
const LOCK: &str = include_str!("../../node/package-lock.json");
const STAMP: &str = "installed.json";

/// Whether exactly the pinned packages are installed.
pub fn is_ready(workspace: &Workspace) -> bool {
    let directory = directory(workspace);
    fs::read_to_string(directory.join(STAMP)).is_ok_and(|stamp| stamp == LOCK)
        && directory.join("node_modules").is_dir()
}

/// Installs the packages at their pinned versions. No package runs an install script.
///
/// # Errors
/// npm could not be run, or could not reach a registry.
pub fn install(workspace: &Workspace) -> Result<()> {
    let directory = directory(workspace);
    fs::create_dir_all(&directory).context("make the directory of the npm packages")?;
    for (name, text) in [("package.json", PACKAGE), ("package-lock.json", LOCK)] {
        fs::write(directory.join(name), text).with_context(|| format!("write {name}"))?;
    }
    process::run_or_fail(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--loglevel", "error", "--prefix"])
            .arg(&directory),
    )?;
    fs::write(directory.join(STAMP), LOCK).context("write the stamp of the npm packages")
}

fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("node")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_package_is_pinned_and_the_lock_knows_it() {
        let package: Value = serde_json::from_str(PACKAGE).expect("package.json is JSON");
        let lock: Value = serde_json::from_str(LOCK).expect("package-lock.json is JSON");
        let dependencies = package["dependencies"].as_object().expect("dependencies");
        for (name, version) in dependencies {
            let locked = &lock["packages"][format!("node_modules/{name}")]["version"];
            assert_eq!(locked, version, "{name}");
        }
    }

    #[test]
    fn the_lock_leaves_the_registry_to_whoever_installs() {
        let lock: Value = serde_json::from_str(LOCK).expect("package-lock.json is JSON");
        for (name, package) in lock["packages"].as_object().expect("packages") {
            assert_eq!(package.get("resolved"), None, "{name}");
            assert!(
                name.is_empty() || package.get("integrity").is_some(),
                "{name}"
            );
        }
    }
}
