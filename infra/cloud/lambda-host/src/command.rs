//! The command that starts a function's process: its executable, or the interpreter of its language
//! with a program that calls its handler.
//!
//! Must not know: the Runtime API.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Failure, Wiring};
use sam_template::{Function, Interpreter};

const PYTHON: &str = include_str!("shim/handler.py");
const NODE: &str = include_str!("shim/handler.cjs");

/// A program that calls a function's handler, as a file for whoever starts its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandlerProgram {
    /// Command of the interpreter, with its options.
    pub interpreter: &'static str,
    /// How the file's name ends, such as `py`.
    pub extension: &'static str,
    /// What is in the file.
    pub text: &'static str,
}

/// The program of a function whose code is a handler.
pub(super) fn handler_program(function: &Function) -> Option<HandlerProgram> {
    function.interpreter().map(|interpreter| match interpreter {
        Interpreter::Python => HandlerProgram {
            interpreter: "python3 -B -u",
            extension: "py",
            text: PYTHON,
        },
        Interpreter::Node => HandlerProgram {
            interpreter: "node",
            extension: "cjs",
            text: NODE,
        },
    })
}

/// The command, without environment. `code` is an executable, or the folder of a handler.
pub(super) fn command(
    function: &Function,
    code: &Path,
    wiring: &Wiring,
) -> Result<Command, Failure> {
    let Some(interpreter) = of_folder(function, code) else {
        return Ok(Command::new(code));
    };
    let Some(path) = wiring.interpreters.get(&function.runtime) else {
        let runtime = &function.runtime;
        let message = format!("no interpreter for {runtime}: name one in `interpreters`");
        return Err(Failure::new("Runtime.InvalidEntrypoint", message));
    };
    let mut command = Command::new(path);
    match interpreter {
        Interpreter::Python => command.args(["-B", "-u", "-c", PYTHON]),
        Interpreter::Node => command.args(["-e", NODE]),
    };
    command.current_dir(code);
    Ok(command)
}

/// The interpreter of a function whose code is this folder; `None` for an executable.
fn of_folder(function: &Function, code: &Path) -> Option<Interpreter> {
    function.interpreter().filter(|_| code.is_dir())
}

/// The folder that Lambda calls the task root.
pub(super) fn task_root(code: &Path) -> PathBuf {
    if code.is_dir() {
        return code.to_owned();
    }
    code.parent().unwrap_or(Path::new("/")).to_owned()
}

/// Variables that let a process find its layers, and say which runtime it has. Folders come before
/// what the variable had.
pub(super) fn search_paths(function: &Function, wiring: &Wiring) -> Vec<(&'static str, String)> {
    let folders = function
        .layers
        .iter()
        .filter_map(|arn| wiring.layers.get(arn));
    let folders: Vec<&PathBuf> = folders.collect();
    let mut found = Vec::new();
    let packages = format!("python/lib/{}/site-packages", function.runtime);
    let inside: [(&'static str, &[&str]); 4] = [
        ("PYTHONPATH", &["python", &packages]),
        ("NODE_PATH", &["nodejs/node_modules", "nodejs"]),
        ("LD_LIBRARY_PATH", &["lib"]),
        ("PATH", &["bin"]),
    ];
    for (variable, parts) in inside {
        let of_layers = folders
            .iter()
            .flat_map(|folder| parts.iter().map(|part| folder.join(part)));
        let mut paths: Vec<String> = of_layers
            .filter(|path| path.is_dir())
            .map(|path| path.display().to_string())
            .collect();
        paths.extend(function.environment.get(variable).cloned());
        if variable == "PATH" {
            paths.extend(std::env::var(variable).ok());
        }
        if !paths.is_empty() {
            found.push((variable, paths.join(":")));
        }
    }
    if function.interpreter().is_some() {
        let name = format!("AWS_Lambda_{}", function.runtime);
        found.push(("AWS_EXECUTION_ENV", name));
    }
    found
}
