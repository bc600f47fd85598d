//! Builds the functions of the previous release, for the stories that run them with this one's.
//!
//! Must not know: what the stories do.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::rust;
use super::summary::Outcome;
use crate::process;
use crate::workspace::Workspace;

/// The commit of the previous release. Each release sets it to the one before.
const RELEASE: &str = "d9f4e072f4db361bb3e10c68e9aad47d1427485c";
/// The functions of that release.
const FUNCTIONS: [&str; 4] = ["press", "report", "sweep", "failure"];
/// First word of the stories' names.
pub const WORD: &str = "previous";

/// Builds the previous functions and runs the stories.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    let git = || {
        let mut git = Command::new("git");
        git.current_dir(workspace.root());
        git
    };
    let commit = format!("{RELEASE}^{{commit}}");
    if !process::succeeds(git().args(["cat-file", "-e", &commit])) {
        let shallow = process::output(git().args(["rev-parse", "--is-shallow-repository"]));
        ensure!(
            shallow.is_ok_and(|answer| answer.trim() == "true"),
            "this checkout lacks the previous release {RELEASE}: clone the repository with git"
        );
        let part = "not run: a shallow clone lacks the previous release (git fetch --unshallow)";
        return Ok(Outcome::PassedWithout(part.to_owned()));
    }
    let programs = build(workspace, git())?;
    rust::run_only(workspace, WORD, &[("PREVIOUS_PROGRAMS", &programs)]).map(Outcome::from)
}

/// Builds the functions and returns their folder. They have a build directory of their own: cargo
/// would take this release's crates for theirs, which have the same names and places.
fn build(workspace: &Workspace, mut git: Command) -> Result<String> {
    let folder = workspace.target().join("previous");
    let (source, built) = (folder.join("source"), folder.join("build"));
    if source.exists() {
        fs::remove_dir_all(&source).context("remove the sources of an earlier run")?;
    }
    fs::create_dir_all(&source).with_context(|| format!("make {}", source.display()))?;
    // The archive's files have the commit's time, so a second run builds nothing.
    let mut archive = git
        .args(["archive", RELEASE])
        .stdout(Stdio::piped())
        .spawn()
        .context("start git archive")?;
    let stream = archive.stdout.take().context("git archive has no output")?;
    let mut unpack = Command::new("tar");
    unpack
        .arg("-x")
        .arg("-C")
        .arg(&source)
        .stdin(Stdio::from(stream));
    process::run_or_fail(&mut unpack)?;
    ensure!(archive.wait()?.success(), "git archive {RELEASE} failed");

    let mut cargo = workspace.cargo();
    cargo.current_dir(&source).env("CARGO_TARGET_DIR", &built);
    cargo.args(["build", "--quiet"]);
    for name in FUNCTIONS {
        cargo.args(["-p", name]);
    }
    process::run_or_fail(&mut cargo)?;
    Ok(built.join("debug").to_string_lossy().into_owned())
}
