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

/// The directory of cargo's output for this profile.
fn built() -> Result<PathBuf> {
    let this = std::env::current_exe().context("find the path of the test itself")?;
    let profile = this.ancestors().nth(2);
    profile
        .map(Path::to_owned)
        .context("the test is not in cargo's output directory")
}
