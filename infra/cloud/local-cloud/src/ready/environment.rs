//! The environments of functions that are not started here, as files for whoever starts them: a
//! shell (`set -a; . FILE`), or a debugger that reads files of variables. A handler in Python or
//! Node also has a program, which calls it.
//!
//! Must not know: why somebody else starts a function.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use lambda_host::Awaited;
use serde::{Deserialize, Serialize};

use super::ReadyError;
use crate::storage;

/// Where a function waits for its process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingFunction {
    /// `host:port` of its Runtime API, as `AWS_LAMBDA_RUNTIME_API` must be.
    pub runtime_api: String,
    /// Path of a file with all variables that its process needs, a line `NAME=value` for each.
    pub environment: PathBuf,
    /// The program to start, with its interpreter, such as `python3 …/Hear.py`. Absent if the
    /// function's code is an executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// How to start it.
impl fmt::Display for WaitingFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (api, file) = (&self.runtime_api, self.environment.display());
        write!(
            f,
            "start it with AWS_LAMBDA_RUNTIME_API={api} and everything else of {file}"
        )?;
        match &self.command {
            Some(command) => write!(f, ": {command}"),
            None => Ok(()),
        }
    }
}

/// Writes `functions/<logical id>.env` in `directory` for each function, and the program that calls
/// its handler. Only their owner may read them, since they hold credentials.
///
/// # Errors
///
/// [`ReadyError`]: the directory or a file cannot be written.
pub fn write_environments(
    awaited: &[Awaited],
    directory: &Path,
) -> Result<BTreeMap<String, WaitingFunction>, ReadyError> {
    let folder = directory.join("functions");
    let mut written = BTreeMap::new();
    for function in awaited {
        let path = folder.join(format!("{}.env", function.logical_id));
        let failed = |source| ReadyError {
            path: path.clone(),
            source,
        };
        storage::create_directory(&folder).map_err(failed)?;
        storage::write(&path, text(&function.environment).as_bytes()).map_err(failed)?;
        let waiting = WaitingFunction {
            runtime_api: function.address.to_string(),
            environment: path,
            command: write_program(function, &folder)?,
        };
        written.insert(function.logical_id.clone(), waiting);
    }
    Ok(written)
}

/// Writes the program that calls a handler; returns the command that starts it.
fn write_program(function: &Awaited, folder: &Path) -> Result<Option<String>, ReadyError> {
    let Some(program) = &function.program else {
        return Ok(None);
    };
    let path = folder.join(format!("{}.{}", function.logical_id, program.extension));
    storage::write(&path, program.text.as_bytes()).map_err(|source| ReadyError {
        path: path.clone(),
        source,
    })?;
    let path = quoted(&path.display().to_string());
    Ok(Some(format!("{} {path}", program.interpreter)))
}

fn text(variables: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (name, value) in variables {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}={}", quoted(value));
    }
    text
}

/// The value as a shell reads it: in quotes only where it must be, as not every reader of such
/// files knows them.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,@%+=".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_value_as_it_was() {
        let values = [
            "",
            "plain:1/x=y",
            "two words",
            "it's",
            "$HOME `id` \"q\"",
            "a\nb",
            "ü",
        ];
        let variables: BTreeMap<String, String> = (0..)
            .zip(values)
            .map(|(n, value)| (format!("V{n}"), value.to_owned()))
            .collect();
        let awaited = Awaited {
            logical_id: "Worker".to_owned(),
            function: "stack-Worker".to_owned(),
            address: ([127, 0, 0, 1], 4000).into(),
            environment: variables.clone(),
            program: None,
        };
        let directory = tempfile::tempdir().unwrap();
        let written = write_environments(&[awaited], directory.path()).unwrap();
        let waiting = &written["Worker"];
        assert_eq!(waiting.runtime_api, "127.0.0.1:4000");
        for (name, value) in &variables {
            let script = format!(
                ". '{}'; printf %s \"${name}\"",
                waiting.environment.display()
            );
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), *value, "{name}");
        }
        let lines = std::fs::read_to_string(&waiting.environment).unwrap();
        assert!(lines.contains("V1=plain:1/x=y\n"), "{lines}");
    }
}
