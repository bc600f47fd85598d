//! The steps of a test run, in order: the quick ones first, so that a slip is told in seconds.
//!
//! Must not know: how outcomes are shown.

use std::fmt;
use std::num::NonZero;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use super::rust;
use super::summary::Outcome;
use crate::fuzz;
use crate::gaps;
use crate::process;
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
    /// sam validate and cfn-lint
    Template,
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
    /// lints, warnings as errors
    Clippy,
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no step is hidden");
        f.write_str(value.get_name())
    }
}

/// One step.
pub struct Step {
    /// Its name.
    pub name: StepName,
    /// What it does, for the heading.
    pub what: &'static str,
    /// The tools without which it cannot run at all.
    pub tools: &'static [&'static str],
    /// The step whose failure makes this one pointless.
    pub after: Option<StepName>,
    /// Runs it.
    pub run: fn(&Workspace) -> Result<Outcome>,
}

/// Every step, in the order of running.
pub const STEPS: &[Step] = &[
    Step {
        name: StepName::Format,
        what: "is every Rust file as rustfmt would write it?",
        tools: &[],
        after: None,
        run: |workspace| ran(workspace.cargo().args(["fmt", "--all", "--check"])),
    },
    Step {
        name: StepName::Tidy,
        what: "the rules that no compiler checks",
        tools: &[],
        after: None,
        run: |workspace| tidy::run(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::Gaps,
        what: "is each GAPS.md what the tests say?",
        tools: &[],
        after: None,
        run: |workspace| gaps::run(workspace, &gaps::Options { check: true }).map(Outcome::from),
    },
    Step {
        name: StepName::Template,
        what: "is template.yaml what AWS takes?",
        tools: &["python tools"],
        after: None,
        run: template,
    },
    Step {
        name: StepName::C,
        what: "the firmware's host tests, under sanitizers, and every platform's warnings",
        tools: &["cc", "make", "sanitizers", "python3-venv"],
        after: None,
        run: |workspace| make(workspace, "firmware/test", &["check", "strict"]),
    },
    Step {
        name: StepName::Lx106,
        what: "the same tests on the ESP8266's instruction set",
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
        what: "the same tests on the ESP32-C3's instruction set",
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
        what: "static analysis of the firmware",
        tools: &["make", "cppcheck"],
        after: None,
        run: |workspace| make(workspace, "firmware/test", &["cppcheck"]),
    },
    Step {
        name: StepName::Fuzz,
        what: "the firmware's fuzzers: the corpus, and the same inputs each time",
        tools: &["make", "fuzzer"],
        after: None,
        run: fuzz_firmware,
    },
    Step {
        name: StepName::Sizes,
        what: "is firmware/SIZES.md true, and are the bounds kept?",
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
        what: "every binary, as the end-to-end tests start them",
        tools: &["cc"],
        after: None,
        run: |workspace| ran(workspace.cargo().args(["build", "--workspace"])),
    },
    Step {
        name: StepName::FuzzCloud,
        what: "the local cloud's fuzzers: the corpus, and the same inputs each time",
        tools: &["cc", "fuzzer"],
        after: Some(StepName::Build),
        run: |workspace| fuzz::fixed(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::Rust,
        what: "unit, end-to-end and browser tests",
        tools: &["cc"],
        after: Some(StepName::Build),
        run: |workspace| rust::run(workspace).map(Outcome::from),
    },
    Step {
        name: StepName::Clippy,
        what: "lints, warnings as errors",
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
];

fn ran(command: &mut Command) -> Result<Outcome> {
    process::run(command).map(Outcome::from)
}

/// Makes targets of the firmware's C one after another, each with as many jobs as there are processors.
fn make(workspace: &Workspace, folder: &str, targets: &[&str]) -> Result<Outcome> {
    for target in targets {
        let jobs = format!("-j{}", processors());
        if !process::run(make_of(workspace, folder, target).arg(jobs))? {
            return Ok(Outcome::from(false));
        }
    }
    Ok(Outcome::Passed)
}

/// Makes `check` of the fuzzers, whose Makefile deals out the jobs itself.
fn fuzz_firmware(workspace: &Workspace) -> Result<Outcome> {
    ran(make_of(workspace, "firmware/test/fuzz", "check").arg(format!("JOBS={}", processors())))
}

fn make_of(workspace: &Workspace, folder: &str, target: &str) -> Command {
    let mut make = Command::new("make");
    make.arg("--no-print-directory")
        .arg("-C")
        .arg(workspace.path(folder))
        .arg(target);
    make
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn template(workspace: &Workspace) -> Result<Outcome> {
    let linted = process::run(
        Command::new(workspace.python_tool("cfn-lint"))
            .current_dir(workspace.root())
            .arg("template.yaml"),
    )?;
    let validated = process::run(
        Command::new(workspace.python_tool("sam"))
            .current_dir(workspace.root())
            .args([
                "validate",
                "--lint",
                "--template",
                "template.yaml",
                "--region",
                "us-east-1",
            ])
            .env("SAM_CLI_TELEMETRY", "0")
            // Its notes belong to the build directory, not to the home of whoever runs this.
            .env("__SAM_CLI_APP_DIR", workspace.target().join("sam")),
    )?;
    Ok(Outcome::from(linted && validated))
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
