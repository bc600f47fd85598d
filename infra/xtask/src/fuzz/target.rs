//! A fuzzer of the local cloud: its runs and their results.
//!
//! Must not know: how it is built.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::log;

pub struct Target {
    /// Name of the corpus's folder, of the dictionary and, after `fuzz-`, of the program.
    pub name: &'static str,
    /// Inputs of a fixed run with those of the corpus: about ten seconds.
    runs: u64,
    /// Inputs that are tried twice first, to check that the run is reproducible: about a second.
    runs_twice: u64,
    /// Length of the longest input.
    bytes_max: usize,
}

/// The targets of the local cloud.
pub const TARGETS: &[Target] = &[
    Target::new("mqtt", 6_000, 500, 500),
    Target::new("sql", 100_000, 10_000, 1_000),
    Target::new("policy", 70_000, 10_000, 2_400),
    Target::new("topic", 150_000, 10_000, 600),
    Target::new("shadow", 60_000, 5_000, 1_500),
    Target::new("signature", 20_000, 2_000, 1_000),
    Target::new("template", 20_000, 5_000, 2_000),
    Target::new("host", 60_000, 5_000, 800),
];

impl Target {
    const fn new(name: &'static str, runs: u64, runs_twice: u64, bytes_max: usize) -> Self {
        Self {
            name,
            runs,
            runs_twice,
            bytes_max,
        }
    }
}

/// Longest run of an input. Generous, so that a busy machine does not decide what is found.
const INPUT_TIME: Duration = Duration::from_secs(120);
/// File of the tests of each crash.
const CRASHES: &str = "infra/cloud/fuzz/tests/crash.rs";
/// More memory than this is a finding; a few hundred MB are libFuzzer's own.
const MEMORY_MB_MAX: u32 = 1_500;

/// A target with its program and folders.
pub struct Fuzzer<'a> {
    pub target: &'a Target,
    pub program: PathBuf,
    /// Folder of the committed inputs.
    pub corpus: PathBuf,
    /// Committed dictionary of the mutator.
    pub words: PathBuf,
    /// Folder of logs, findings and what campaigns keep.
    pub out: PathBuf,
}

/// The result of a run.
#[derive(Debug)]
pub struct Found {
    /// A line, or several for a finding.
    text: String,
    good: bool,
}

impl Found {
    /// Whether nothing was found.
    pub fn is_good(&self) -> bool {
        self.good
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Fuzzer<'_> {
    /// Runs the corpus, then a fixed sequence of inputs: one process, one seed, and neither time
    /// nor addresses nor the order of a folder decide what is tried. A short run checks this first.
    pub fn fixed(&self) -> Result<Found> {
        let twice = self.target.runs_twice;
        let mut courses = Vec::new();
        for name in ["first", "second"] {
            let (found, log) = self.run(name, |command| self.fix(command, twice))?;
            if !found.is_good() {
                return Ok(found);
            }
            courses.push(log::progress(&log));
        }
        ensure!(
            courses[0] == courses[1],
            self.says(&format!(
                "{twice} inputs behaved differently in a second run, so the step is not \
                 reproducible: compare {} and {}",
                self.log_path("first").display(),
                self.log_path("second").display()
            ))
        );
        let runs = self.target.runs;
        let (found, log) = self.run("fixed", |command| self.fix(command, runs))?;
        let done = log::executions(&log).unwrap_or_default();
        ensure!(
            !found.is_good() || done >= runs,
            self.says(&format!("only {done} of {runs} executions"))
        );
        Ok(found)
    }

    fn fix(&self, command: &mut Command, runs: u64) -> Result<()> {
        let seeds = self.out.join("seeds");
        fs::write(&seeds, self.seeds()?).with_context(|| format!("write {}", seeds.display()))?;
        command
            .arg(format!("-runs={runs}"))
            .args(["-seed=1", "-len_control=10", "-reload=0", "-use_cmp=0"])
            .arg(format!("-seed_inputs=@{}", seeds.display()));
        Ok(())
    }

    /// The files of the corpus by name, as libFuzzer reads a list.
    fn seeds(&self) -> Result<String> {
        let entries = fs::read_dir(&self.corpus).with_context(|| self.says("read the corpus"))?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.with_context(|| self.says("read the corpus"))?.path();
            paths.push(path.display().to_string());
        }
        ensure!(!paths.is_empty(), self.says("no corpus"));
        ensure!(
            !paths.iter().any(|path| path.contains(',')),
            self.says("a path of the corpus holds a comma, which ends a path for libFuzzer")
        );
        paths.sort();
        Ok(paths.join(","))
    }

    /// Fuzzes for a time from a random seed; new inputs are kept for [`Fuzzer::merge`].
    pub fn campaign(&self, time: Duration) -> Result<Found> {
        let kept = self.folder("campaign")?;
        let (found, _) = self.run("campaign", |command| {
            command
                .arg(format!("-max_total_time={}", time.as_secs()))
                .args([&kept, &self.corpus]);
            Ok(())
        })?;
        Ok(found)
    }

    /// Adds the inputs of campaigns that reach new code to the corpus.
    pub fn merge(&self) -> Result<bool> {
        let kept = self.folder("campaign")?;
        let merged = self.fresh("merged")?;
        let done = self
            .command()
            .args(["-merge=1", "-set_cover_merge=1"])
            .args([&merged, &self.corpus, &kept])
            .stderr(self.log("merge")?)
            .status();
        let is_good = done
            .with_context(|| self.says("start the merge"))?
            .success();
        ensure!(
            is_good,
            self.says(&format!(
                "the merge failed: see {}",
                self.log_path("merge").display()
            ))
        );
        let mut count = 0;
        for entry in fs::read_dir(&merged).with_context(|| self.says("list what was merged"))? {
            let from = entry
                .with_context(|| self.says("list what was merged"))?
                .path();
            let is_known = fs::read_dir(&self.corpus)
                .with_context(|| self.says("list the corpus"))?
                .flatten()
                .any(|known| fs::read(known.path()).ok() == fs::read(&from).ok());
            if let (false, Some(name)) = (is_known, from.file_name()) {
                let to = self.corpus.join(name);
                fs::copy(&from, &to).with_context(|| format!("write {}", to.display()))?;
                count += 1;
            }
        }
        println!(
            "{}",
            self.says(&format!(
                "{count} inputs added to {}",
                self.corpus.display()
            ))
        );
        Ok(true)
    }

    /// Runs only these files, with the output on the terminal.
    pub fn replay(&self, files: &[PathBuf]) -> Result<bool> {
        let status = self.command().arg("-runs=1").args(files).status();
        Ok(status
            .with_context(|| self.says("start the replay"))?
            .success())
    }

    /// Runs the fuzzer with the options that `set` adds; its result and its log.
    fn run(
        &self,
        name: &str,
        set: impl FnOnce(&mut Command) -> Result<()>,
    ) -> Result<(Found, String)> {
        self.folder("found")?;
        let mut command = self.command();
        command.arg("-print_final_stats=1");
        set(&mut command)?;
        let log = self.log(name)?;
        let path = self.log_path(name);
        let status = command
            .stdout(
                log.try_clone()
                    .with_context(|| format!("open {} twice", path.display()))?,
            )
            .stderr(log)
            .status()
            .with_context(|| format!("start {}", self.program.display()))?;
        let log = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let log = String::from_utf8_lossy(&log).into_owned();
        let text = if status.success() {
            let done = log::executions(&log).unwrap_or_default();
            let reached = log::reached(&log);
            self.says(&format!("{done} executions{reached}, nothing found"))
        } else {
            self.finding(&log, &path)
        };
        let found = Found {
            text,
            good: status.success(),
        };
        Ok((found, log))
    }

    /// Text of a finding: the failure, the input, and how to replay it.
    fn finding(&self, log: &str, path: &Path) -> String {
        let target = self.target.name;
        let mut text = self.says("FOUND");
        for line in log::reasons(log) {
            text.push_str("\n  ");
            text.push_str(line);
        }
        if let Some(file) = log::failing_input(log) {
            text.push_str(&format!(
                "\n  replay: cargo xtask fuzz {target} --replay {file}\n  keep: as \
                 {}/crash-<what it shows>, with a test of that name in {CRASHES}",
                self.corpus.display()
            ));
        }
        text.push_str(&format!("\n  log: {}", path.display()));
        text
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(format!("-max_len={}", self.target.bytes_max))
            .arg(format!("-timeout={}", INPUT_TIME.as_secs()))
            .arg(format!("-rss_limit_mb={MEMORY_MB_MAX}"))
            .arg(format!("-dict={}", self.words.display()))
            .arg(format!("-artifact_prefix={}/found/", self.out.display()));
        command
    }

    fn says(&self, what: &str) -> String {
        format!("fuzz {}: {what}", self.target.name)
    }

    /// A folder of this target, created if missing, as is the folder of findings.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        for name in ["found", name] {
            let path = self.out.join(name);
            fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
        }
        Ok(self.out.join(name))
    }

    /// An empty folder of this target.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder(name)?;
        fs::remove_dir_all(&path).with_context(|| format!("empty {}", path.display()))?;
        self.folder(name)
    }

    fn log_path(&self, name: &str) -> PathBuf {
        self.out.join(format!("{name}.log"))
    }

    fn log(&self, name: &str) -> Result<File> {
        let path = self.log_path(name);
        File::create(&path).with_context(|| format!("create {}", path.display()))
    }
}
