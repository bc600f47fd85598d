//! One fuzzer: how it is run, and what its log says.
//!
//! Must not know: how it was built, or which others there are.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// A fuzz target.
pub struct Target {
    /// Its name: of the program after `fuzz-`, of the corpus's folder, of the dictionary.
    pub name: &'static str,
    /// Inputs of a bounded run: 20 to 30 seconds of them.
    runs: u64,
    /// Longest input.
    bytes_max: usize,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "mqtt",
        runs: 15_000,
        bytes_max: 2_000,
    },
    Target {
        name: "sql",
        runs: 300_000,
        bytes_max: 1_000,
    },
    Target {
        name: "policy",
        runs: 200_000,
        bytes_max: 2_000,
    },
];

/// A run that takes longer than this on one input hangs.
const INPUT_TIME: Duration = Duration::from_secs(20);
/// More memory than this is a finding: a few hundred MB are libFuzzer's own.
const MEMORY_MB_MAX: u32 = 1_500;

/// A target with its places.
pub struct Fuzzer<'a> {
    pub target: &'a Target,
    pub program: PathBuf,
    /// Inputs that are checked in.
    pub corpus: PathBuf,
    /// Words for the mutator, checked in.
    pub words: PathBuf,
    /// Log, findings, and what campaigns keep.
    pub out: PathBuf,
    /// How a person calls this chore.
    pub replay: &'a str,
}

/// How a run ended.
#[derive(Debug)]
pub struct Found {
    /// One line, or a few for a finding.
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
    /// The corpus, then a fixed number of inputs from a fixed seed.
    pub fn bounded(&self) -> Result<Found> {
        let work = self.fresh("work")?;
        let runs = self.target.runs;
        let found = self.run("bounded", &[work], |command| {
            command
                .arg(format!("-runs={runs}"))
                .args(["-seed=1", "-len_control=10"]);
        })?;
        let done = found.1.unwrap_or_default();
        ensure!(
            !found.0.good || done >= runs,
            "fuzz {}: only {done} of {runs} executions",
            self.target.name
        );
        Ok(found.0)
    }

    /// As long as asked, on all processors but one, from a seed of its own; what is new stays for [`Fuzzer::merge`].
    pub fn campaign(&self, time: Duration) -> Result<Found> {
        let kept = self.folder("campaign")?;
        let found = self.run("campaign", &[kept], |command| {
            command.arg(format!("-max_total_time={}", time.as_secs()));
        })?;
        Ok(found.0)
    }

    /// Adds what campaigns keep to the corpus, as far as it reaches code that the corpus does not.
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

    /// Runs these files alone, each in sight.
    pub fn replay(&self, files: &[PathBuf]) -> Result<bool> {
        let status = self.command().arg("-runs=1").args(files).status();
        Ok(status
            .with_context(|| self.says("start the replay"))?
            .success())
    }

    /// Runs the fuzzer over `folders` and the corpus; how it ended, and the number of executions.
    fn run(
        &self,
        name: &str,
        folders: &[PathBuf],
        set: impl FnOnce(&mut Command),
    ) -> Result<(Found, Option<u64>)> {
        let files = fs::read_dir(&self.corpus).with_context(|| self.says("read the corpus"))?;
        let files = files.count();
        ensure!(files > 0, self.says("no corpus"));
        let mut command = self.command();
        command.arg("-print_final_stats=1");
        set(&mut command);
        let status = command
            .args(folders)
            .arg(&self.corpus)
            .stdout(self.log(name)?)
            .stderr(self.log(name)?)
            .status()
            .with_context(|| format!("start {}", self.program.display()))?;
        let path = self.log_path(name);
        let log = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let log = String::from_utf8_lossy(&log);
        let done = executions(&log);
        let text = if status.success() {
            let done = done.unwrap_or_default();
            self.says(&format!(
                "{done} executions, {files} corpus files, nothing found"
            ))
        } else {
            self.finding(&log, &path)
        };
        let found = Found {
            text,
            good: status.success(),
        };
        Ok((found, done))
    }

    /// What was found, where it is kept, and how to see it again.
    fn finding(&self, log: &str, path: &Path) -> String {
        let target = self.target.name;
        let mut text = self.says("FOUND");
        for line in reasons(log) {
            text.push_str("\n  ");
            text.push_str(line);
        }
        if let Some(file) = kept(log) {
            text.push_str(&format!(
                "\n  replay: {} {target} --replay {file}",
                self.replay
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

    /// A folder of this target, made if need be; that of findings always is.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        for name in ["found", name] {
            let path = self.out.join(name);
            fs::create_dir_all(&path).with_context(|| format!("create {}", path.display()))?;
        }
        Ok(self.out.join(name))
    }

    /// The same, emptied.
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

/// The number of executions that libFuzzer says at its end.
fn executions(log: &str) -> Option<u64> {
    let line = log
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

/// The lines that say what went wrong: the panic with its text, else libFuzzer's own words.
fn reasons(log: &str) -> Vec<&str> {
    let lines: Vec<&str> = log.lines().collect();
    if let Some(at) = lines.iter().rposition(|line| line.contains("panicked at")) {
        return lines[at..].iter().take(4).copied().collect();
    }
    lines
        .iter()
        .filter(|line| line.contains("ERROR:") || line.contains("SUMMARY:"))
        .copied()
        .collect()
}

/// The file that holds the input.
fn kept(log: &str) -> Option<&str> {
    log.lines()
        .rev()
        .find_map(|line| line.split_once("Test unit written to "))
        .map(|(_, path)| path.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANIC: &str = "\
#12 NEW cov: 4\n\
thread '<unnamed>' (7) panicked at infra/local-cloud/src/sql/parse.rs:1:2:\n\
attempt to subtract with overflow\n\
==7== ERROR: libFuzzer: deadly signal\n\
artifact_prefix='target/fuzz/sql/found/'; Test unit written to target/fuzz/sql/found/crash-0a\n\
stat::number_of_executed_units: 4711\n";

    #[test]
    fn a_log_says_what_was_found_and_where_it_is() {
        assert_eq!(executions(PANIC), Some(4711));
        assert_eq!(kept(PANIC), Some("target/fuzz/sql/found/crash-0a"));
        assert!(reasons(PANIC)[0].ends_with("parse.rs:1:2:"));
        let hang =
            "==7== ERROR: libFuzzer: timeout after 20 seconds\nSUMMARY: libFuzzer: timeout\n";
        assert_eq!(reasons(hang).len(), 2);
        assert_eq!(executions("nothing of that kind"), None);
    }
}
