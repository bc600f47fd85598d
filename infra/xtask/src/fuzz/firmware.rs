//! The firmware's fuzzers, which `make` builds and runs.
//!
//! Must not know: how they are built, or what they check.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::Workspace;

const FOLDER: &str = "firmware/test/fuzz";

/// The folder of the firmware's fuzzers, with their names.
pub struct Firmware {
    folder: PathBuf,
    targets: Vec<String>,
}

impl Firmware {
    /// Lists the targets of the Makefile.
    pub fn of(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.path(FOLDER);
        let answer = process::output(&mut process::make(&folder, "targets"))
            .context("list the firmware's fuzzers (cargo xtask setup)")?;
        let targets = answer.split_whitespace().map(str::to_owned).collect();
        Ok(Self { folder, targets })
    }

    /// Names of the fuzzers, as the Makefile knows them.
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// Fuzzes on all processors but one; `true` when nothing was found.
    pub fn campaign(&self, target: &str, minutes: u64) -> Result<bool> {
        let mut make = self.make_for(target, "campaign");
        process::run(make.arg(format!("MINUTES={minutes}")))
    }

    /// Adds what campaigns keep to the corpus, minimised.
    pub fn merge(&self, target: &str) -> Result<bool> {
        process::run(&mut self.make_for(target, "corpus"))
    }

    /// Runs only these files, with the output on the terminal.
    pub fn replay(&self, target: &str, files: &[PathBuf]) -> Result<bool> {
        let program = format!("out/{target}");
        ensure!(
            process::run(&mut process::make(&self.folder, &program))?,
            "the fuzzer does not build"
        );
        process::run(
            Command::new(self.folder.join(program))
                .arg("-runs=1")
                .args(files),
        )
    }

    fn make_for(&self, target: &str, goal: &str) -> Command {
        let mut make = process::make(&self.folder, goal);
        make.arg(format!("TARGETS={target}"));
        make
    }
}
