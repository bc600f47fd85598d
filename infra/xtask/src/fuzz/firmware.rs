//! The firmware's fuzzers, which `make` builds and runs: which there are, and what is asked of them.
//!
//! Must not know: how they are built, or what they check.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::Workspace;

const FOLDER: &str = "firmware/test/fuzz";

/// The firmware's fuzzers.
pub struct Firmware {
    folder: PathBuf,
    targets: Vec<String>,
}

impl Firmware {
    /// Asks the Makefile which there are.
    pub fn of(workspace: &Workspace) -> Result<Firmware> {
        let folder = workspace.path(FOLDER);
        let output = make(&folder, "targets")
            .output()
            .context("ask make for the firmware's fuzzers (cargo xtask setup)")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success() && !said.trim().is_empty(),
            "make -C {FOLDER} targets: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let targets = said.split_whitespace().map(str::to_owned).collect();
        Ok(Firmware { folder, targets })
    }

    /// Their names.
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// As long as asked, on all processors but one; `true` when nothing was found.
    pub fn campaign(&self, target: &str, minutes: u64) -> Result<bool> {
        let mut make = self.make_for(target, "campaign");
        process::run(make.arg(format!("MINUTES={minutes}")))
    }

    /// Takes what campaigns keep into the corpus, minimised.
    pub fn merge(&self, target: &str) -> Result<bool> {
        process::run(&mut self.make_for(target, "corpus"))
    }

    /// Runs these files alone, each in sight.
    pub fn replay(&self, target: &str, files: &[PathBuf]) -> Result<bool> {
        let program = format!("out/{target}");
        ensure!(
            process::run(&mut make(&self.folder, &program))?,
            "the fuzzer does not build"
        );
        process::run(
            Command::new(self.folder.join(program))
                .arg("-runs=1")
                .args(files),
        )
    }

    fn make_for(&self, target: &str, goal: &str) -> Command {
        let mut make = make(&self.folder, goal);
        make.arg(format!("TARGETS={target}"));
        make
    }
}

fn make(folder: &Path, goal: &str) -> Command {
    let mut make = Command::new("make");
    make.arg("--no-print-directory")
        .arg("-C")
        .arg(folder)
        .arg(goal);
    make
}
