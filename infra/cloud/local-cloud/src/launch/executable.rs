//! Which executable each function runs: the one given for its binary's name, or `bootstrap` in its folder.
//!
//! *Source*: AWS Lambda developer guide, "Building a custom runtime": an executable file `bootstrap` at the top of the code.
//! Must not know how it is run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Options;
use sam_template::Function;

/// Why a function has no executable.
#[derive(Debug, thiserror::Error)]
pub enum ExecutableError {
    /// Nothing was given and nothing is there.
    #[error(
        "function {function}: no executable: put one named `bootstrap` into {folder}, or name one with \
         --binary {binary}=PATH"
    )]
    None {
        /// Logical id.
        function: String,
        /// The folder of its code.
        folder: PathBuf,
        /// The name of its binary.
        binary: String,
    },
    /// It is there and cannot be run.
    #[error("function {function}: {path} is not executable: chmod +x it")]
    NotExecutable {
        /// Logical id.
        function: String,
        /// The file.
        path: PathBuf,
    },
}

/// Executables by the functions' binaries.
pub(super) fn executables(
    options: &Options,
    functions: &[Function],
) -> Result<BTreeMap<String, PathBuf>, ExecutableError> {
    let mut found = BTreeMap::new();
    for function in functions {
        let path = match options.binaries.get(&function.binary) {
            Some(path) => path.clone(),
            None => bootstrap(options, function)?,
        };
        found.insert(function.binary.clone(), path);
    }
    Ok(found)
}

/// The folder of a function's code.
pub(super) fn folder(options: &Options, function: &Function) -> PathBuf {
    let beside = options.template.parent().unwrap_or(Path::new("."));
    beside.join(&function.code_uri)
}

fn bootstrap(options: &Options, function: &Function) -> Result<PathBuf, ExecutableError> {
    let folder = folder(options, function);
    let path = folder.join("bootstrap");
    // A process is started in its folder, so its path must not depend on ours.
    let Ok(path) = path.canonicalize() else {
        return Err(ExecutableError::None {
            function: function.logical_id.clone(),
            folder,
            binary: function.binary.clone(),
        });
    };
    if !is_executable(&path) {
        return Err(ExecutableError::NotExecutable {
            function: function.logical_id.clone(),
            path,
        });
    }
    Ok(path)
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
