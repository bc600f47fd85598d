//! `cargo xtask mutants`: changes the pure core and the table's conditions in small ways, and demands a red test for each.
//!
//! Two kinds of mutants: those of cargo-mutants, and those of our own that it does not make (a condition taken away, a bound
//! or a call left out). All are made in a copy below the build directory, never in the checkout itself.
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

/// Cargo's profile for it: libraries optimised once, the mutated crates built fast (Cargo.toml).
const PROFILE: &str = "mutants";

/// A test that fails has done its work: it need not look for the smallest case, nor say where it was.
const TEST_SETTINGS: [(&str, &str); 2] =
    [("PROPTEST_MAX_SHRINK_ITERS", "0"), ("RUST_BACKTRACE", "0")];

/// Options of `cargo xtask mutants`.
#[derive(clap::Args)]
pub struct Options {
    /// Only the mutants of files with this in their path (`write.rs`, `lock-aws`); may be given more than once.
    #[arg(long, value_name = "PATH")]
    only: Vec<String>,
    /// Only the mutants that no earlier run has caught: for work on the survivors. The last word has a run without it.
    #[arg(long)]
    iterate: bool,
    /// Only list the mutants.
    #[arg(long)]
    list: bool,
}

/// A package, or some files of one, and the tests that must notice its mutants: the narrowest that can.
struct Part {
    package: &'static str,
    /// The files that are mutated; all, where none is named.
    files: &'static [&'static str],
    /// The arguments of cargo that choose the tests.
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
            "lambdas/lock-aws/src/store/commit.rs",
            "lambdas/lock-aws/src/store/condition.rs",
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

/// One mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mutant {
    /// The file, from the root.
    file: String,
    line: u64,
    column: u64,
    /// What is changed, in words.
    change: String,
    /// The text of the line, without the blanks around it.
    text: String,
}

/// What became of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// A test failed.
    Caught,
    /// Its tests did not end in time, so it was noticed.
    RanOutOfTime,
    /// No test noticed.
    Survived,
    /// The compiler refused it, so it was none.
    DoesNotBuild,
}

/// Where mutants are made and tried.
struct Lab<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    /// Everything that is made lies below it.
    folder: PathBuf,
}

/// Tries every mutant; `false` where one survives that is not accepted, or the list of the accepted ones is wrong.
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
    /// The copy of the checkout.
    fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// What is built of the copy.
    fn build(&self) -> PathBuf {
        self.folder.join("build")
    }

    /// A file of the copy.
    fn source(&self, file: &str) -> Result<String> {
        let path = self.tree().join(file);
        fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
    }

    /// The files of a part that this run is about, of those that can have mutants.
    fn files(&self, part: &Part, listed: &[String]) -> Result<Vec<String>> {
        for file in part.files {
            ensure!(
                listed.iter().any(|other| other == file),
                "{file} is not there"
            );
        }
        let is_chosen = |file: &&String| {
            let of_part = part.files.is_empty() || part.files.contains(&file.as_str());
            let only = &self.options.only;
            of_part && (only.is_empty() || only.iter().any(|part| file.contains(part.as_str())))
        };
        Ok(listed.iter().filter(is_chosen).cloned().collect())
    }

    /// Keeps a second run away from the copy while this one lasts.
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

    /// A program that is interrupted when this one ends, however it ends, where the machine can do that (`setpriv`).
    ///
    /// At a terminal Ctrl-C reaches every process; this is for an end that comes from elsewhere.
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

    /// The name under which a run remembers it for the next one.
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
