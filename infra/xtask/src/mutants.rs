//! `cargo xtask mutants`: changes the core and the table's conditions; a test must fail each time.
//!
//! There are mutants of cargo-mutants, and our own, which cargo-mutants does not make: a condition,
//! a bound or a call is left out. All are made in a copy of the checkout.
//!
//! Must not know: what the tests check.

mod accepted;
mod edit;
mod scan;
mod tool;
mod tree;
mod trial;
mod verdict;

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use self::tool::Tool;
use self::verdict::Verdict;
use crate::workspace::{self, Workspace, find_on_path};

/// Cargo's profile: libraries are optimised once, the mutated crates are built fast.
const PROFILE: &str = "mutants";

/// One failure is enough: tests need neither shrink the case nor print a backtrace.
const TEST_SETTINGS: [(&str, &str); 2] =
    [("PROPTEST_MAX_SHRINK_ITERS", "0"), ("RUST_BACKTRACE", "0")];

/// Options of `cargo xtask mutants`.
#[derive(clap::Args)]
pub struct Options {
    /// Only the mutants of files with this in their path (`write.rs`, `lock-aws`). Repeatable.
    #[arg(long, value_name = "PATH")]
    only: Vec<String>,
    /// Only the mutants that no earlier run has caught. Finish with a run without it.
    #[arg(long)]
    iterate: bool,
    /// Only list the mutants.
    #[arg(long)]
    list: bool,
}

/// A package, or some of its files, and the tests that must notice its mutants.
struct Part {
    package: &'static str,
    /// The files that are mutated; all if empty.
    files: &'static [&'static str],
    /// Arguments of cargo that select the tests.
    tests: &'static [&'static str],
}

const PARTS: &[Part] = &[
    Part {
        package: "lock-core",
        files: &[],
        tests: &["--lib"],
    },
    Part {
        package: "lock-aws",
        files: &[
            "lambdas/lock-aws/src/store/change.rs",
            "lambdas/lock-aws/src/store/commit.rs",
            "lambdas/lock-aws/src/store/expression.rs",
        ],
        tests: &[
            "--lib",
            "--test=condition",
            "--test=line",
            "--test=store",
            "--test=operator",
            "--test=register",
            "--test=retry",
        ],
    },
];

/// A small change of the code.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mutant {
    /// The file, from the root.
    file: String,
    line: u64,
    column: u64,
    /// The change in words.
    change: String,
    /// The text of the line, trimmed.
    text: String,
}

/// Result of the tests of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// A test failed.
    Caught,
    /// Its tests did not end in time, which counts as caught.
    RanOutOfTime,
    /// No test noticed.
    Survived,
    /// It does not compile, so it does not count.
    DoesNotBuild,
}

/// The place where mutants are made and tried.
struct Lab<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    /// Folder of everything that is made.
    folder: PathBuf,
}

/// Tries every mutant; `false` if one survives that is not accepted, or the list of those is wrong.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let begun = Instant::now();
    let lab = Lab {
        workspace,
        options,
        folder: workspace.target().join("mutants"),
    };
    fs::create_dir_all(lab.tree()).context("create the folder of the mutants")?;
    let _lock = lab.lock()?;
    let mut accepted = accepted::read(workspace)?;
    let tool = Tool::install(&lab)?;
    tree::copy(workspace, &lab.tree())?;

    let (mut all, mut tried) = (Vec::new(), Vec::new());
    for part in PARTS {
        let files = lab.files(part, &tool.files(&lab, part)?)?;
        if files.is_empty() {
            continue;
        }
        fs::create_dir_all(lab.folder.join(part.package)).context("create the part's folder")?;
        let own = trial::mutants(&lab, &files)?;
        all.extend(tool.mutants(&lab, part, &files)?);
        all.extend(own.iter().map(|own| own.mutant.clone()));
        if !options.list {
            tried.extend(tool.try_all(&lab, part, &files)?);
            tried.extend(trial::try_all(&lab, part, &own)?);
        }
    }
    ensure!(
        !all.is_empty(),
        "no file with mutants has {} in its path",
        options.only.join(" or ")
    );
    if options.list {
        all.iter().for_each(|mutant| println!("{mutant}"));
        return Ok(true);
    }
    if !options.only.is_empty() {
        accepted.retain(|entry| all.iter().any(|mutant| mutant.file == entry.file()));
    }
    let is_whole = !options.iterate && options.only.is_empty();
    let verdict = Verdict::new(&all, &tried, &accepted, is_whole);
    verdict.print(begun.elapsed());
    Ok(verdict.is_good())
}

impl Lab<'_> {
    /// Folder of the copy of the checkout.
    fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Build directory of the copy.
    fn build(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// The text of a file of the copy.
    fn source(&self, file: &str) -> Result<String> {
        let path = self.tree().join(file);
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }

    /// The files of a part, of those listed, that this run selects.
    fn files(&self, part: &Part, listed: &[String]) -> Result<Vec<String>> {
        for file in part.files {
            ensure!(
                listed.iter().any(|other| other == file),
                "{file} is missing"
            );
        }
        let is_chosen = |file: &&String| {
            let of_part = part.files.is_empty() || part.files.contains(&file.as_str());
            let only = &self.options.only;
            of_part && (only.is_empty() || only.iter().any(|part| file.contains(part.as_str())))
        };
        Ok(listed.iter().filter(is_chosen).cloned().collect())
    }

    /// Locks the copy against a second run.
    fn lock(&self) -> Result<File> {
        let path = self.folder.join("lock");
        let file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => bail!(
                "another `cargo xtask mutants` runs in {}",
                self.folder.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).context("lock the folder of the mutants"),
        }
    }

    /// A command that is interrupted when this process ends, if the machine has `setpriv`. Ctrl-C
    /// at a terminal reaches every process, another signal does not.
    fn ending_with_us(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = match find_on_path("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "INT", "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        workspace::forget_this_package(&mut command);
        command
    }
}

impl Mutant {
    fn new(source: &str, file: String, line: u64, column: u64, change: String) -> Self {
        let at = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let text = source.lines().nth(at).unwrap_or_default().trim().to_owned();
        Self {
            file,
            line,
            column,
            change,
            text,
        }
    }

    /// Name for the list of caught mutants.
    fn key(&self) -> String {
        format!("{self} in `{}`", self.text)
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file, self.line, self.column, self.change
        )
    }
}
