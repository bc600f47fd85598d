//! cargo-mutants: a pinned version, installed in the build directory, and its mutants and outcomes.
//!
//! Must not know: which survivors are accepted.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Lab, Mutant, Outcome, Part};
use crate::process;

/// The version whose names are in the list of accepted survivors.
const VERSION: &str = "27.1.0";
/// Longest run of a mutant's tests. They take seconds, but a busy machine must not fake a catch.
pub const TEST_SECONDS_MAX: u64 = 300;
const BUILD_SECONDS_MAX: u64 = 1_800;

pub struct Tool {
    program: PathBuf,
}

impl Tool {
    /// Finds the pinned version in the lab's folder, or installs it there.
    ///
    /// # Errors
    /// cargo could not reach a registry, or the tool does not build.
    pub fn install(lab: &Lab) -> Result<Self> {
        let folder = lab.folder.join("tool");
        let program = folder.join("bin/cargo-mutants");
        let there = Command::new(&program)
            .args(["mutants", "--version"])
            .output();
        let wanted = format!("cargo-mutants {VERSION}");
        if !there.is_ok_and(|there| String::from_utf8_lossy(&there.stdout).trim() == wanted) {
            println!("mutants: installing cargo-mutants {VERSION} (some minutes, once)");
            process::run_or_fail(
                lab.workspace
                    .cargo()
                    .args(["install", "cargo-mutants", "--locked", "--quiet"])
                    .args(["--version", VERSION])
                    .arg("--root")
                    .arg(&folder)
                    .arg("--target-dir")
                    .arg(folder.join("build")),
            )?;
            let built = folder.join("build");
            fs::remove_dir_all(&built).with_context(|| format!("remove {}", built.display()))?;
        }
        Ok(Self { program })
    }

    /// The files of a part that may be mutated.
    pub fn files(&self, lab: &Lab, part: &Part) -> Result<Vec<String>> {
        let listed = list(
            self.command(lab, part, &[])
                .args(["--list-files", "--json"]),
        )?;
        let path = |file: &Value| text(file, "path");
        listed.iter().map(path).collect()
    }

    /// The mutants that cargo-mutants makes of these files of a part.
    pub fn mutants(&self, lab: &Lab, part: &Part, files: &[String]) -> Result<Vec<Mutant>> {
        let listed = list(self.command(lab, part, files).args(["--list", "--json"]))?;
        let mut sources = HashMap::new();
        let mutants = listed.iter().map(|value| mutant(lab, value, &mut sources));
        mutants.collect()
    }

    /// Tries each mutant of a part; cargo-mutants prints its progress.
    ///
    /// # Errors
    /// The tests fail without a mutant, or cargo-mutants itself fails.
    pub fn try_all(
        &self,
        lab: &Lab,
        part: &Part,
        files: &[String],
    ) -> Result<Vec<(Mutant, Outcome)>> {
        let output = lab.folder.join(part.package);
        let mut command = self.command(lab, part, files);
        command
            .arg("--in-place")
            .arg("--output")
            .arg(&output)
            .args(["--profile", super::PROFILE])
            .args(["--timeout", &TEST_SECONDS_MAX.to_string()])
            .args(["--build-timeout", &BUILD_SECONDS_MAX.to_string()])
            .args(part.tests.iter().map(|word| format!("--cargo-arg={word}")))
            .envs(super::TEST_SETTINGS);
        if lab.options.iterate {
            command.arg("--iterate");
        }
        println!("mutants: cargo-mutants tries {}", part.package);
        let status = command.status().context("run cargo-mutants")?;
        // 0: all caught, 2: some not, 3: some timed out. Other codes are failures of the run.
        ensure!(
            matches!(status.code(), Some(0 | 2 | 3)),
            "cargo-mutants on {}: {status}; its logs are in {}",
            part.package,
            output.join("mutants.out/log").display()
        );
        self.outcomes(lab, &output)
    }

    fn outcomes(&self, lab: &Lab, output: &Path) -> Result<Vec<(Mutant, Outcome)>> {
        let path = output.join("mutants.out/outcomes.json");
        let file = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let file: Value = serde_json::from_str(&file).context("read the outcomes")?;
        let outcomes = file["outcomes"].as_array().context("no outcomes")?;
        let mut sources = HashMap::new();
        outcomes
            .iter()
            .filter(|outcome| outcome["scenario"]["Mutant"].is_object())
            .map(|outcome| {
                let mutant = mutant(lab, &outcome["scenario"]["Mutant"], &mut sources)?;
                let outcome = match text(outcome, "summary")?.as_str() {
                    "CaughtMutant" => Outcome::Caught,
                    "MissedMutant" => Outcome::Survived,
                    "Timeout" => Outcome::RanOutOfTime,
                    "Unviable" => Outcome::DoesNotBuild,
                    other => anyhow::bail!("unknown outcome {other:?} of {mutant}"),
                };
                Ok((mutant, outcome))
            })
            .collect()
    }

    fn command(&self, lab: &Lab, part: &Part, files: &[String]) -> Command {
        let mut command = lab.ending_with_us(&self.program);
        command
            .args(["mutants", "--no-config", "--package", part.package, "--dir"])
            .arg(lab.tree())
            .args(files.iter().flat_map(|file| ["--file", file]))
            .env("CARGO_TARGET_DIR", lab.build());
        command
    }
}

fn list(command: &mut Command) -> Result<Vec<Value>> {
    let output = command.output().context("run cargo-mutants")?;
    ensure!(
        output.status.success(),
        "list with cargo-mutants: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("read what cargo-mutants lists")
}

/// A mutant as cargo-mutants writes it; `sources` holds the files read so far.
fn mutant(lab: &Lab, value: &Value, sources: &mut HashMap<String, String>) -> Result<Mutant> {
    let file = text(value, "file")?;
    let place = |which: &str| {
        let number = value["span"]["start"][which].as_u64();
        number.with_context(|| format!("a mutant of {file} without {which}"))
    };
    let (line, column) = (place("line")?, place("column")?);
    let name = text(value, "name")?;
    let change = name
        .strip_prefix(&format!("{file}:{line}:{column}: "))
        .with_context(|| format!("a mutant with the name {name:?}"))?
        .to_owned();
    if !sources.contains_key(&file) {
        sources.insert(file.clone(), lab.source(&file)?);
    }
    Ok(Mutant::new(&sources[&file], file, line, column, change))
}

fn text(value: &Value, field: &str) -> Result<String> {
    let text = value[field].as_str();
    Ok(text
        .with_context(|| format!("no {field} in what cargo-mutants wrote"))?
        .to_owned())
}
