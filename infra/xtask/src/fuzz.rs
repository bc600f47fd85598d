//! `cargo xtask fuzz`: campaigns of the local cloud's fuzzers and of the firmware's. The test
//! command runs the corpus and a fixed sequence of inputs.
//!
//! libFuzzer runs on stable Rust: only members of the workspace are built with coverage
//! (infra/cloud/fuzz), libraries are those of every other build. `make` builds the firmware's
//! fuzzers (firmware/test/fuzz).
//!
//! Must not know: what a target checks.

mod firmware;
mod log;
mod target;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use self::firmware::Firmware;
use self::target::{Found, TARGETS, Target};
use crate::process;
use crate::workspace::Workspace;

/// Folder and package of the local cloud's fuzz targets.
const FOLDER: &str = "infra/cloud/fuzz";
const PACKAGE: &str = "cloud-fuzz";

/// Options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Options {
    /// Minutes to fuzz each target.
    #[arg(long, default_value_t = 10, value_name = "N")]
    minutes: u64,
    /// Add what campaigns keep to the committed corpus, minimised; fuzz nothing.
    #[arg(long)]
    merge: bool,
    /// Run these files or the files in these folders up to the first failure; fuzz nothing.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "target")]
    replay: Vec<PathBuf>,
    /// A target of infra/cloud/fuzz, or one of firmware/test/fuzz/Makefile; all by default.
    target: Option<String>,
}

/// Builds the fuzzers, then fuzzes, replays or merges; `true` when nothing was found.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let firmware = Firmware::of(workspace)?;
    let wanted = |name: &str| options.target.as_deref().is_none_or(|asked| asked == name);
    let cloud: Vec<&Target> = TARGETS.iter().filter(|t| wanted(t.name)).collect();
    let device: Vec<&String> = firmware.targets().iter().filter(|t| wanted(t)).collect();
    if cloud.is_empty() && device.is_empty() {
        let names = TARGETS.iter().map(|target| target.name);
        let names: Vec<&str> = names
            .chain(firmware.targets().iter().map(String::as_str))
            .collect();
        bail!("no such target: there are {}", names.join(", "));
    }
    let mut good = true;
    if !cloud.is_empty() {
        let fuzzers = build(workspace)?;
        for target in cloud {
            let fuzzer = fuzzers.of(target);
            good &= if options.merge {
                fuzzer.merge()?
            } else if options.replay.is_empty() {
                let time = Duration::from_secs(options.minutes * 60);
                say(&fuzzer.campaign(time)?)
            } else {
                fuzzer.replay(&options.replay)?
            };
        }
    }
    for target in device {
        good &= if options.merge {
            firmware.merge(target)?
        } else if options.replay.is_empty() {
            firmware.campaign(target, options.minutes)?
        } else {
            firmware.replay(target, &options.replay)?
        };
    }
    Ok(good)
}

/// Builds the local cloud's fuzzers and runs each over its corpus and a fixed sequence of inputs.
pub fn fixed(workspace: &Workspace) -> Result<bool> {
    let fuzzers = build(workspace)?;
    let found: Vec<Result<Found>> = std::thread::scope(|scope| {
        let runs: Vec<_> = TARGETS
            .iter()
            .map(|target| scope.spawn(|| fuzzers.of(target).fixed()))
            .collect();
        runs.into_iter()
            .map(|run| {
                run.join()
                    .unwrap_or_else(|_| bail!("a fuzzer's thread panicked"))
            })
            .collect()
    });
    let mut good = true;
    for found in found {
        good &= say(&found?);
    }
    Ok(good)
}

fn say(found: &Found) -> bool {
    println!("{found}");
    found.is_good()
}

/// The folders of the built fuzzers.
struct Fuzzers {
    programs: PathBuf,
    /// Committed corpora and dictionaries.
    corpus: PathBuf,
    /// Logs, findings and what campaigns keep.
    out: PathBuf,
}

impl Fuzzers {
    fn of<'a>(&self, target: &'a Target) -> target::Fuzzer<'a> {
        target::Fuzzer {
            target,
            program: self.programs.join(format!("fuzz-{}", target.name)),
            corpus: self.corpus.join(target.name),
            words: self.corpus.join(format!("{}.dict", target.name)),
            out: self.out.join(target.name),
        }
    }
}

fn build(workspace: &Workspace) -> Result<Fuzzers> {
    let library = libfuzzer()?;
    let built = process::run(
        workspace
            .cargo()
            .args(["build", "--quiet", "--package", PACKAGE])
            .args(["--features", "libfuzzer", "--bins"])
            .env(
                "RUSTC_WORKSPACE_WRAPPER",
                workspace.path(FOLDER).join("instrument.sh"),
            )
            .env("CUSTOM_LIBFUZZER_PATH", library),
    )?;
    ensure!(built, "the fuzzers do not build");
    let out = workspace.target().join("fuzz");
    fs::create_dir_all(&out).with_context(|| format!("create {}", out.display()))?;
    Ok(Fuzzers {
        programs: workspace.target().join("debug"),
        corpus: workspace.path(FOLDER).join("corpus"),
        out,
    })
}

/// Path of clang's libFuzzer, which the firmware's fuzzers use as well.
fn libfuzzer() -> Result<PathBuf> {
    let name = format!("libclang_rt.fuzzer-{}.a", std::env::consts::ARCH);
    let output = Command::new("clang")
        .arg(format!("-print-file-name={name}"))
        .output()
        .context("ask clang for libFuzzer (cargo xtask setup)")?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    ensure!(
        path.is_file(),
        "clang has no {name}: install libclang-rt-14-dev (cargo xtask setup)"
    );
    Ok(path)
}
