//! Installs npm packages into the build directory, again whenever the lock file changes.
//!
//! Must not know: what the packages are for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

const PACKAGE: &str = include_str!("../../node/package.json");
const LOCK: &str = include_str!("../../node/package-lock.json");
const STAMP: &str = "installed.json";

const PEER_PACKAGE: &str = include_str!("../../../../tests/benches/peers/node/package.json");
const PEER_LOCK: &str = include_str!("../../../../tests/benches/peers/node/package-lock.json");

/// Whether exactly the pinned packages are installed.
pub fn is_ready(workspace: &Workspace) -> bool {
    has_lock(&directory(workspace), LOCK)
}

/// Whether exactly the pinned packages of the benchmark's peer are installed.
pub fn peer_is_ready(workspace: &Workspace) -> bool {
    has_lock(&peer_directory(workspace), PEER_LOCK)
}

/// Installs the packages at their pinned versions. No package runs an install script.
///
/// # Errors
/// npm could not be run, or could not reach a registry.
pub fn install(workspace: &Workspace) -> Result<()> {
    install_into(&directory(workspace), PACKAGE, LOCK)
}

/// Installs the packages of the benchmark's peer.
///
/// # Errors
/// As for [`install`].
pub fn install_peer(workspace: &Workspace) -> Result<()> {
    install_into(&peer_directory(workspace), PEER_PACKAGE, PEER_LOCK)
}

fn has_lock(directory: &Path, lock: &str) -> bool {
    fs::read_to_string(directory.join(STAMP)).is_ok_and(|stamp| stamp == lock)
        && directory.join("node_modules").is_dir()
}

fn install_into(directory: &Path, package: &str, lock: &str) -> Result<()> {
    fs::create_dir_all(directory).context("make the directory of the npm packages")?;
    for (name, text) in [("package.json", package), ("package-lock.json", lock)] {
        fs::write(directory.join(name), text).with_context(|| format!("write {name}"))?;
    }
    process::run_or_fail(
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .args(["--loglevel", "error", "--prefix"])
            .arg(directory),
    )?;
    fs::write(directory.join(STAMP), lock).context("write the stamp of the npm packages")
}

/// The folder of the packages.
pub fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("node")
}

/// The folder of the peer's packages.
pub fn peer_directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("node-bench")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_package_is_pinned_and_the_lock_knows_it() {
        for (package, lock) in [(PACKAGE, LOCK), (PEER_PACKAGE, PEER_LOCK)] {
            let package: Value = serde_json::from_str(package).expect("package.json is JSON");
            let lock: Value = serde_json::from_str(lock).expect("package-lock.json is JSON");
            let dependencies = package["dependencies"].as_object().expect("dependencies");
            for (name, version) in dependencies {
                let locked = &lock["packages"][format!("node_modules/{name}")]["version"];
                assert_eq!(locked, version, "{name}");
            }
        }
    }

    #[test]
    fn the_lock_leaves_the_registry_to_whoever_installs() {
        for lock in [LOCK, PEER_LOCK] {
            let lock: Value = serde_json::from_str(lock).expect("package-lock.json is JSON");
            for (name, package) in lock["packages"].as_object().expect("packages") {
                assert_eq!(package.get("resolved"), None, "{name}");
                assert!(
                    name.is_empty() || package.get("integrity").is_some(),
                    "{name}"
                );
            }
        }
    }
}
