//! Paths of the programs that the tests run.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Path of a program of the workspace, built in the same profile as the tests.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = built()?.join(name);
    anyhow::ensure!(
        path.is_file(),
        "no program {}: run `cargo build` first, or `cargo xtask test`",
        path.display()
    );
    Ok(path)
}

/// Path of the Python that `cargo xtask setup` installed, which has boto3.
pub fn python() -> Result<PathBuf> {
    let path = built()?.join("../venv/bin/python");
    anyhow::ensure!(
        path.is_file(),
        "no {}: run `cargo xtask setup`",
        path.display()
    );
    Ok(path)
}

/// Path of the broker mosquitto: the one that `cargo xtask setup` unpacked, or the machine's.
pub fn mosquitto() -> Result<PathBuf> {
    let unpacked = built()?.join("../mosquitto/usr/sbin/mosquitto");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("mosquitto"));
    // Debian installs it where only root's `PATH` looks.
    let debian = PathBuf::from("/usr/sbin/mosquitto");
    let mut all = std::iter::once(unpacked).chain(on_path).chain([debian]);
    all.find(|path| path.is_file())
        .context("no mosquitto: run `cargo xtask setup`")
}

/// The directory of cargo's output for this profile. A test is in a folder below it, a program is
/// not.
fn built() -> Result<PathBuf> {
    let this = std::env::current_exe().context("find the path of the test itself")?;
    let levels = this.ancestors().skip(1);
    let mut outside = levels.skip_while(|folder| folder.ends_with("deps"));
    outside
        .next()
        .map(Path::to_owned)
        .context("the test is not in cargo's output directory")
}
