//! `cargo xtask dist`: builds the local cloud in the two ways in which others install it, and tries
//! each where nothing else of the project is.
//!
//! Must not know: what the trial does; its script does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::setup;
use crate::workspace::{Workspace, forget_this_package};

/// What is built.
const PACKAGE: &str = "infra/cloud/local-cloud";
/// Its program.
const PROGRAM: &str = "local-cloud";
/// What tries a program, with an MQTT client.
const TRIAL: &str = "infra/cloud/local-cloud/wheel/trial.py";
/// The MQTT client of the trial.
const CLIENT: &str = "paho-mqtt==2.2.0";
/// Where a fresh machine has its programs.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Options of `cargo xtask dist`.
#[derive(clap::Args)]
pub struct Options {
    /// Only try what an earlier run built.
    #[arg(long)]
    no_build: bool,
    /// Build without optimisation, to work on this command itself.
    #[arg(long, conflicts_with = "no_build")]
    debug: bool,
}

/// Builds both and tries both; `false` if one does not work.
///
/// # Errors
/// A build fails, or the fresh environment cannot be made.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let place = workspace.target().join("dist");
    let (installed, wheels) = (place.join("installed"), place.join("wheel"));
    if !options.no_build {
        clear(&place)?;
        install(workspace, &installed, options.debug)?;
        build_wheel(workspace, &wheels, options.debug)?;
    }
    let wheel = only_wheel(&wheels)?;
    println!("dist: {}", wheel.display());
    let fresh = place.join("fresh");
    clear(&fresh)?;
    let environment = make_environment(&fresh, &wheel)?;
    let programs = [
        ("cargo install", installed.join("bin").join(PROGRAM)),
        ("pip install", environment.join("bin").join(PROGRAM)),
    ];
    let mut is_good = true;
    for (number, (how, program)) in programs.iter().enumerate() {
        println!("dist: tries the program of {how}");
        let home = fresh.join(number.to_string());
        let mut trial = Command::new(environment.join("bin/python"));
        trial
            .arg("-B")
            .arg(workspace.path(TRIAL))
            .args([program, &workspace.path(PACKAGE), &home])
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", &home)
            .env("TMPDIR", &home);
        fs::create_dir_all(&home).with_context(|| format!("make {}", home.display()))?;
        is_good &= process::run(&mut trial)?;
    }
    Ok(is_good)
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    Ok(())
}

/// As a person with Rust installs it.
fn install(workspace: &Workspace, root: &Path, debug: bool) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["install", "--locked", "--no-track", "--path", PACKAGE]);
    cargo.arg("--root").arg(root);
    if debug {
        cargo.arg("--debug");
    }
    process::run_or_fail(&mut cargo)
}

/// A wheel that has the program, for a person with Python.
fn build_wheel(workspace: &Workspace, folder: &Path, debug: bool) -> Result<()> {
    let python = setup::dist(workspace)?;
    let mut maturin = Command::new(python.with_file_name("maturin"));
    maturin
        .current_dir(workspace.root())
        .args(["build", "--locked", "--manifest-path"])
        .arg(Path::new(PACKAGE).join("Cargo.toml"))
        .arg("--out")
        .arg(folder);
    if !debug {
        maturin.arg("--release");
    }
    forget_this_package(&mut maturin);
    process::run_or_fail(&mut maturin)
}

fn only_wheel(folder: &Path) -> Result<PathBuf> {
    let read = || format!("look for the wheel in {}", folder.display());
    let entries = fs::read_dir(folder).with_context(read)?;
    let mut wheels = Vec::new();
    for entry in entries {
        wheels.push(entry.with_context(read)?.path());
    }
    wheels.retain(|path| path.extension().is_some_and(|ending| ending == "whl"));
    ensure!(
        wheels.len() == 1,
        "{}: {} wheels, not one: build again, without --no-build",
        folder.display(),
        wheels.len()
    );
    Ok(wheels.remove(0))
}

/// A Python environment with the wheel, and with the client of the trial.
fn make_environment(fresh: &Path, wheel: &Path) -> Result<PathBuf> {
    let environment = fresh.join("venv");
    process::run_or_fail(
        Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment),
    )?;
    let pip = |what: &Path, more: &[&str]| {
        let mut pip = Command::new(environment.join("bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check"]);
        process::run_or_fail(pip.args(more).arg(what))
    };
    // Nothing but the wheel itself: it needs no other package.
    pip(wheel, &["--no-index"])?;
    pip(Path::new(CLIENT), &[])?;
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_must_have_exactly_one_wheel() {
        let folder = std::env::temp_dir().join(format!("dist-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("notes.txt"), "").unwrap();
        let none = only_wheel(&folder).unwrap_err().to_string();
        assert!(none.contains("0 wheels, not one"), "{none}");
        fs::write(folder.join("a.whl"), "").unwrap();
        assert_eq!(only_wheel(&folder).unwrap(), folder.join("a.whl"));
        fs::write(folder.join("b.whl"), "").unwrap();
        assert!(only_wheel(&folder).is_err());
        fs::remove_dir_all(&folder).unwrap();
        assert!(only_wheel(&folder).is_err());
    }

    #[test]
    fn the_wheel_ships_the_program_and_no_module() {
        let path = Workspace::here().path(PACKAGE).join("pyproject.toml");
        let text = fs::read_to_string(path).unwrap();
        for line in ["build-backend = \"maturin\"", "bindings = \"bin\""] {
            assert!(text.lines().any(|other| other == line), "{line}");
        }
    }
}
