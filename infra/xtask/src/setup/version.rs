//! The tools with which a person deploys: found version, minimum version, and what to do.
//!
//! Must not know: how tests use them.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

const TOOLS: &str = include_str!("../../../deploy/tool.json");

/// A tool of infra/deploy/tool.json.
struct Tool {
    name: String,
    /// Commands that print its version; the first that succeeds counts.
    commands: Vec<Vec<String>>,
    minimum: String,
    why: String,
    install: String,
}

/// What was found of a tool.
#[derive(Debug, PartialEq)]
enum Found {
    /// On `PATH`, in this version.
    OnPath(String),
    /// Only in the project's private environment.
    Private(String),
    Nothing,
}

/// A tool and what was found of it.
struct Checked<'a> {
    tool: &'a Tool,
    found: Found,
}

/// Prints a line for each tool; `true` if each is new enough.
///
/// # Errors
/// The list of tools cannot be read.
pub fn check(workspace: &Workspace) -> Result<bool> {
    let tools = read(TOOLS).context("read infra/deploy/tool.json")?;
    let mut all_good = true;
    for tool in &tools {
        let found = find(workspace, tool);
        let checked = Checked { tool, found };
        println!("deploy: {checked}");
        all_good &= checked.is_good();
    }
    Ok(all_good)
}

fn read(text: &str) -> Result<Vec<Tool>> {
    let list: Vec<Value> = serde_json::from_str(text)?;
    let tool = |entry: &Value| {
        let text = |key: &str| {
            let text = entry[key].as_str().map(str::to_owned);
            text.with_context(|| format!("{entry} has no {key}"))
        };
        let commands = serde_json::from_value(entry["commands"].clone());
        Ok(Tool {
            name: text("name")?,
            commands: commands.with_context(|| format!("read the commands of {entry}"))?,
            minimum: text("minimum")?,
            why: text("why")?,
            install: text("install")?,
        })
    };
    list.iter().map(tool).collect()
}

fn find(workspace: &Workspace, tool: &Tool) -> Found {
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(version) = ask(tool, &path) {
        return Found::OnPath(version);
    }
    let private = workspace.python_tool("");
    let all = std::iter::once(private).chain(env::split_paths(&path));
    let private = env::join_paths(all).ok();
    let version = private.and_then(|path| ask(tool, &path));
    version.map_or(Found::Nothing, Found::Private)
}

/// The version that the first working command prints, with this `PATH`.
fn ask(tool: &Tool, path: &OsString) -> Option<String> {
    tool.commands.iter().find_map(|command| {
        let (program, options) = command.split_first()?;
        // `env` looks the program up in the changed PATH; std does so on some platforms only.
        let mut ask = Command::new("env");
        ask.arg(program).args(options).env("PATH", path);
        ask.env("SAM_CLI_TELEMETRY", "0");
        version_in(&process::output(&mut ask).ok()?).map(str::to_owned)
    })
}

/// The first word that begins with a version: `1.170.0` in `SAM CLI, version 1.170.0`.
fn version_in(text: &str) -> Option<&str> {
    text.split_whitespace().find(|word| {
        let mut parts = word.split('.');
        let is_number = |part: Option<&str>| {
            part.is_some_and(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
        };
        is_number(parts.next()) && is_number(parts.next())
    })
}

impl Checked<'_> {
    fn is_good(&self) -> bool {
        match &self.found {
            Found::OnPath(version) => is_at_least(version, &self.tool.minimum),
            Found::Private(_) | Found::Nothing => false,
        }
    }
}

impl fmt::Display for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tool {
            name,
            minimum,
            why,
            install,
            ..
        } = self.tool;
        match &self.found {
            Found::OnPath(version) if self.is_good() => {
                write!(f, "{name} {version}, needed {minimum} or later: good")
            }
            Found::OnPath(version) => {
                write!(
                    f,
                    "{name} {version} is too old, needed {minimum} or later ({why}): {install}"
                )
            }
            Found::Private(version) => write!(
                f,
                "{name} {version} is not on PATH: export PATH=\"$PWD/target/venv/bin:$PATH\""
            ),
            Found::Nothing => {
                write!(
                    f,
                    "{name} is missing, needed {minimum} or later ({why}): {install}"
                )
            }
        }
    }
}

/// Whether a version is the minimum or later, number by number.
fn is_at_least(version: &str, minimum: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.split(|c: char| !c.is_ascii_digit());
        parts.map_while(|part| part.parse().ok()).take(3).collect()
    };
    numbers(version) >= numbers(minimum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool() -> Tool {
        Tool {
            name: "sam".to_owned(),
            commands: vec![],
            minimum: "1.170.0".to_owned(),
            why: "a test".to_owned(),
            install: "install it".to_owned(),
        }
    }

    #[test]
    fn the_list_of_tools_can_be_read() {
        let tools = read(TOOLS).expect("the list");
        assert!(tools.iter().all(|tool| !tool.commands.is_empty()));
        assert!(tools.iter().all(|tool| version_in(&tool.minimum).is_some()));
    }

    #[test]
    fn a_version_is_found_in_what_a_tool_prints() {
        for (text, version) in [
            ("SAM CLI, version 1.170.0", Some("1.170.0")),
            ("cargo-lambda 1.9.2 (2026-02-01Z)\n", Some("1.9.2")),
            ("rustup 1.29.0 (28d1352db 2026-03-05)", Some("1.29.0")),
            ("0.17.0-dev.12+abc", Some("0.17.0-dev.12+abc")),
            ("no version here.", None),
        ] {
            assert_eq!(version_in(text), version, "{text}");
        }
    }

    #[test]
    fn versions_are_compared_by_number() {
        for (version, is_good) in [
            ("1.170.0", true),
            ("1.170.1", true),
            ("2.0", true),
            ("1.169.9", false),
            ("1.99.0", false),
            ("1.170.0-dev", true),
        ] {
            assert_eq!(is_at_least(version, "1.170.0"), is_good, "{version}");
        }
    }

    #[test]
    fn a_line_says_what_was_found_and_what_to_do() {
        let tool = tool();
        for (found, line, is_good) in [
            (
                Found::OnPath("1.171.0".to_owned()),
                "sam 1.171.0, needed 1.170.0 or later: good",
                true,
            ),
            (
                Found::OnPath("1.99.0".to_owned()),
                "sam 1.99.0 is too old, needed 1.170.0 or later (a test): install it",
                false,
            ),
            (
                Found::Private("1.170.0".to_owned()),
                "sam 1.170.0 is not on PATH: export PATH=\"$PWD/target/venv/bin:$PATH\"",
                false,
            ),
            (
                Found::Nothing,
                "sam is missing, needed 1.170.0 or later (a test): install it",
                false,
            ),
        ] {
            let checked = Checked { tool: &tool, found };
            assert_eq!(checked.to_string(), line);
            assert_eq!(checked.is_good(), is_good, "{line}");
        }
    }
}
