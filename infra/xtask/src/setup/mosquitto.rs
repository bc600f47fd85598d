//! mosquitto for tests and benchmarks: the installed one, or Debian's package unpacked below the
//! build directory. Unpacked it starts no service and needs no root.
//!
//! Must not know: what is tested or measured with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::{Workspace, find_on_path};

/// Debian's package and the libraries that it needs beyond a small system.
const PACKAGES: &[&str] = &["mosquitto", "libwebsockets17", "libdlt2", "libwrap0"];

/// The broker, wherever it is. Debian installs it where only root's `PATH` looks.
pub fn path(workspace: &Workspace) -> Option<PathBuf> {
    let installed = || find_on_path("mosquitto").or(Some(PathBuf::from("/usr/sbin/mosquitto")));
    let unpacked = directory(workspace).join("usr/sbin/mosquitto");
    [Some(unpacked), installed()]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
}

/// Whether there is one.
pub fn is_ready(workspace: &Workspace) -> bool {
    path(workspace).is_some()
}

/// Unpacks Debian's packages, or says what to do where there is no Debian.
///
/// # Errors
/// apt-get could not download, or dpkg-deb could not unpack.
pub fn install(workspace: &Workspace) -> Result<()> {
    if find_on_path("apt-get").is_none() {
        println!("set-up: apt-get is missing; install the broker mosquitto, version 2");
        return Ok(());
    }
    let directory = directory(workspace);
    fs::create_dir_all(&directory).context("make the directory of mosquitto")?;
    let mut download = Command::new("apt-get");
    download.args(["download", "-qq"]).args(PACKAGES);
    process::run_or_fail(download.current_dir(&directory))?;
    for package in packages_in(&directory)? {
        let mut unpack = Command::new("dpkg-deb");
        process::run_or_fail(unpack.arg("--extract").arg(&package).arg(&directory))?;
    }
    Ok(())
}

fn packages_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).context("read the directory of mosquitto")? {
        let path = entry.context("read the directory of mosquitto")?.path();
        if path.extension().is_some_and(|ending| ending == "deb") {
            found.push(path);
        }
    }
    Ok(found)
}

fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("mosquitto")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_are_unpacked() {
        let directory = std::env::temp_dir().join(format!("mosquitto-{}", std::process::id()));
        fs::create_dir_all(directory.join("usr")).unwrap();
        fs::write(directory.join("a.deb"), "").unwrap();
        let found = packages_in(&directory).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(found, [directory.join("a.deb")]);
    }
}
