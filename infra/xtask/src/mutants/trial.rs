//! Tries our own mutants: each is written into the copy, built and tested, and then undone.
//!
//! Must not know: how mutants are made.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::edit::{self, Edit};
use super::tool::TEST_SECONDS_MAX;
use super::{Lab, Mutant, Outcome, Part};

/// Number of mutants between two lines of progress.
const LINE_EVERY: usize = 20;
/// Interval between two looks at a running test.
const POLL: Duration = Duration::from_millis(10);
/// File of the keys of the mutants that earlier runs have caught.
const CAUGHT: &str = "own-caught.txt";

/// A mutant of our own with its edit.
pub struct Own {
    pub mutant: Mutant,
    edit: Edit,
}

/// Our own mutants of these files.
pub fn mutants(lab: &Lab, files: &[String]) -> Result<Vec<Own>> {
    let mut all = Vec::new();
    for file in files {
        let source = lab.source(file)?;
        for edit in edit::edits(&source) {
            let before = &source[..edit.range.start];
            let line = before.matches('\n').count() as u64 + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() as u64 + 1;
            let mutant = Mutant::new(&source, file.clone(), line, column, edit.change.clone());
            all.push(Own { mutant, edit });
        }
    }
    Ok(all)
}

/// Tries each of them, or with `--iterate` those that no earlier run has caught.
///
/// # Errors
/// The tests fail without a mutant, or a file cannot be written.
pub fn try_all(lab: &Lab, part: &Part, own: &[Own]) -> Result<Vec<(Mutant, Outcome)>> {
    let bench = Bench { lab, part };
    let mut known = bench.caught_before()?;
    let left: Vec<&Own> = own
        .iter()
        .filter(|own| !lab.options.iterate || !known.contains(&own.mutant.key()))
        .collect();
    println!("mutants: {} of our own in {}", left.len(), part.package);
    if left.is_empty() {
        return Ok(Vec::new());
    }
    ensure!(
        bench.outcome()? == Outcome::Survived,
        "the tests of {} fail without a mutant: see {}",
        part.package,
        bench.file("own.log").display()
    );
    let mut tried = Vec::new();
    for own in &left {
        let outcome = bench.try_one(own)?;
        if outcome == Outcome::Survived {
            println!("SURVIVED {}", own.mutant);
        }
        // An interrupted run keeps what it has found.
        if outcome != Outcome::Survived && known.insert(own.mutant.key()) {
            bench.remember(&known)?;
        }
        tried.push((own.mutant.clone(), outcome));
        if tried.len() % LINE_EVERY == 0 {
            println!("mutants: {} of {} tried", tried.len(), left.len());
        }
    }
    Ok(tried)
}

/// The place where the mutants of a part are tried.
struct Bench<'a> {
    lab: &'a Lab<'a>,
    part: &'a Part,
}

impl Bench<'_> {
    /// Path of a file of this part.
    fn file(&self, name: &str) -> PathBuf {
        self.lab.folder.join(self.part.package).join(name)
    }

    fn caught_before(&self) -> Result<BTreeSet<String>> {
        let file = self.file(CAUGHT);
        if !file.is_file() {
            return Ok(BTreeSet::new());
        }
        let lines = fs::read_to_string(&file);
        let lines = lines.with_context(|| format!("read {}", file.display()))?;
        Ok(lines.lines().map(str::to_owned).collect())
    }

    fn remember(&self, known: &BTreeSet<String>) -> Result<()> {
        let lines: String = known.iter().map(|key| format!("{key}\n")).collect();
        fs::write(self.file(CAUGHT), lines).context("write what was caught")
    }

    fn try_one(&self, own: &Own) -> Result<Outcome> {
        let path = self.lab.tree().join(&own.mutant.file);
        let source = self.lab.source(&own.mutant.file)?;
        let write = |text: &str| {
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))
        };
        write(&own.edit.apply(&source))?;
        let outcome = self.outcome();
        write(&source)?;
        outcome
    }

    /// Builds and tests the copy.
    fn outcome(&self) -> Result<Outcome> {
        let Some(tests) = self.build()? else {
            return Ok(Outcome::DoesNotBuild);
        };
        for test in tests {
            match self.run(&test)? {
                Some(true) => {}
                Some(false) => return Ok(Outcome::Caught),
                None => return Ok(Outcome::RanOutOfTime),
            }
        }
        Ok(Outcome::Survived)
    }

    /// Builds the tests and returns their programs, or none if the copy does not build.
    fn build(&self) -> Result<Option<Vec<PathBuf>>> {
        let log = self.file("own.log");
        let log = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let output = self
            .lab
            .ending_with_us(self.lab.workspace.cargo().get_program())
            .args([
                "test",
                "--no-run",
                "--message-format",
                "json-render-diagnostics",
            ])
            .args(["--profile", super::PROFILE, "--package", self.part.package])
            .args(self.part.tests)
            .current_dir(self.lab.tree())
            .env("CARGO_TARGET_DIR", self.lab.build())
            .stderr(log)
            .output()
            .context("run cargo")?;
        if !output.status.success() {
            return Ok(None);
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        let programs = messages.lines().filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            Some(PathBuf::from(message["executable"].as_str()?))
        });
        let programs: Vec<PathBuf> = programs.collect();
        ensure!(!programs.is_empty(), "cargo built no test");
        Ok(Some(programs))
    }

    /// Whether this test program passes; `None` if it ran out of time.
    fn run(&self, program: &Path) -> Result<Option<bool>> {
        let log = File::options()
            .append(true)
            .open(self.file("own.log"))
            .context("open the log")?;
        let mut child = self
            .lab
            .ending_with_us(program.as_os_str())
            .current_dir(self.lab.tree().join("lambdas").join(self.part.package))
            .envs(super::TEST_SETTINGS)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("open the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("run {}", program.display()))?;
        let deadline = Instant::now() + Duration::from_secs(TEST_SECONDS_MAX);
        loop {
            if let Some(status) = child.try_wait().context("wait for a test")? {
                return Ok(Some(status.success()));
            }
            if Instant::now() > deadline {
                child.kill().context("end a test")?;
                child.wait().context("wait for a test")?;
                return Ok(None);
            }
            thread::sleep(POLL);
        }
    }
}
