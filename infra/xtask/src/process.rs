//! Starts other programs.
//!
//! Must not know: which programs there are.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Prints and runs `command` with its output on the terminal; `true` if it succeeds.
pub fn run(command: &mut Command) -> Result<bool> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("run {line}"))?;
    Ok(status.success())
}

/// Prints and runs `command` with its output on the terminal.
pub fn run_or_fail(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    ensure!(run(command)?, "{line} failed");
    Ok(())
}

/// Runs `command` and returns its standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("run {program}"))?;
    ensure!(
        output.status.success(),
        "run {program}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).with_context(|| format!("read the answer of {program}"))
}

/// `make` for a goal in a folder.
pub fn make(folder: &Path, goal: &str) -> Command {
    let mut make = Command::new("make");
    make.args(["--no-print-directory", "-C"])
        .arg(folder)
        .arg(goal);
    make
}

/// Whether `command` can be started and succeeds; its output is discarded.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn line_of(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_did_not_succeed() {
        assert!(!succeeds(&mut Command::new("no-such-program-anywhere")));
    }

    #[test]
    fn a_failing_program_is_named_in_the_error() {
        let error = run_or_fail(&mut Command::new("false")).expect_err("false fails");
        assert_eq!(error.to_string(), "false failed");
    }
}
