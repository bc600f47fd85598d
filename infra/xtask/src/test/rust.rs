//! The Rust tests: cargo-nextest if it is installed, else `cargo test`. Tests whose tools are
//! missing are left out by name.
//!
//! Must not know: what the tests do. Those that need a tool have its word in front of their names.

use std::process::Command;

use anyhow::Result;

use super::previous;
use crate::process;
use crate::setup;
use crate::workspace::{Workspace, find_on_path};

/// Tests that need a tool begin with its word and an underscore, so that they can be left out by
/// name.
const PARTS: &[(&str, &[&str])] = &[
    ("browser", &["chromium", "chromedriver"]),
    ("mosquitto", &["mosquitto_pub", "mosquitto", "python tools"]),
    ("home_assistant", &["python tools"]),
    (
        "boto3",
        &["python tools", "python clients", "mosquitto_pub"],
    ),
    ("device_sdk", &["python clients"]),
    ("paho", &["python clients"]),
    ("node", &["node", "node packages"]),
];

/// Tests that cannot run on this machine.
pub struct LeftOut {
    /// First word of their names.
    pub tests: &'static str,
    /// Names of the tools that are missing.
    pub missing: Vec<&'static str>,
}

/// The parts of the Rust tests that cannot run on this machine.
pub fn left_out(workspace: &Workspace) -> Vec<LeftOut> {
    PARTS
        .iter()
        .map(|(tests, tools)| LeftOut {
            tests,
            missing: setup::missing_of(workspace, tools)
                .iter()
                .map(|tool| tool.name)
                .collect(),
        })
        .filter(|part| !part.missing.is_empty())
        .collect()
}

/// Runs the unit, integration and end-to-end tests, then the examples in the documentation.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut words: Vec<&str> = left_out(workspace).iter().map(|part| part.tests).collect();
    // They have a step of their own.
    words.push(previous::WORD);
    let mut tests = workspace.cargo();
    if find_on_path("cargo-nextest").is_some() {
        nextest(&mut tests, &words);
        let passed = process::run(&mut tests)?;
        let examples =
            process::run(
                workspace
                    .cargo()
                    .args(["test", "--workspace", "--doc", "--quiet"]),
            )?;
        Ok(passed && examples)
    } else {
        println!("cargo-nextest is not installed; using cargo test");
        cargo_test(&mut tests, &words);
        process::run(&mut tests)
    }
}

/// Runs the tests whose names begin with `word`, with these variables.
pub fn run_only(workspace: &Workspace, word: &str, variables: &[(&str, &str)]) -> Result<bool> {
    let mut tests = workspace.cargo();
    tests.envs(variables.iter().copied());
    if find_on_path("cargo-nextest").is_some() {
        let filter = format!("test(/(^|::){word}_/)");
        tests.args(["nextest", "run", "--workspace", "-E", &filter]);
    } else {
        tests.args(["test", "--workspace", "--no-fail-fast", "--"]);
        tests.arg(format!("{word}_"));
    }
    process::run(&mut tests)
}

fn nextest(command: &mut Command, left_out: &[&str]) {
    command.args(["nextest", "run", "--workspace"]);
    if !left_out.is_empty() {
        let filters: Vec<String> = left_out
            .iter()
            .map(|word| format!("test(/(^|::){word}_/)"))
            .collect();
        command
            .arg("-E")
            .arg(format!("not ({})", filters.join(" or ")));
    }
}

fn cargo_test(command: &mut Command, left_out: &[&str]) {
    command.args(["test", "--workspace", "--no-fail-fast"]);
    if !left_out.is_empty() {
        command.arg("--");
        command.args(
            left_out
                .iter()
                .flat_map(|word| ["--skip".to_owned(), format!("{word}_")]),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<String> {
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn tests_without_their_tools_are_left_out_by_name() {
        let mut command = Command::new("cargo");
        nextest(&mut command, &["browser", "mosquitto"]);
        let filter = "not (test(/(^|::)browser_/) or test(/(^|::)mosquitto_/))";
        assert_eq!(
            words(&command),
            ["nextest", "run", "--workspace", "-E", filter]
        );

        let mut command = Command::new("cargo");
        cargo_test(&mut command, &["browser"]);
        assert_eq!(
            words(&command),
            [
                "test",
                "--workspace",
                "--no-fail-fast",
                "--",
                "--skip",
                "browser_"
            ]
        );
    }

    #[test]
    fn with_every_tool_nothing_is_left_out() {
        let mut command = Command::new("cargo");
        nextest(&mut command, &[]);
        assert_eq!(words(&command), ["nextest", "run", "--workspace"]);
    }
}
