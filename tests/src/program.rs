//! Where the programs are that stories run. It must not know what they do.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The path of a program of the workspace, built beside the tests.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = built()?.join(name);
    anyhow::ensure!(
        path.is_file(),
        "no program {}: run `cargo build` first, or `cargo xtask test`",
        path.display()
    );
    Ok(path)
}

/// The Python of the tests' own environment, which has boto3.
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
