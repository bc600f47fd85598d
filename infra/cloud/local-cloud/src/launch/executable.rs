//! Finds the executable of each function: the one given for its binary, or `bootstrap` in its
//! folder.
//!
//! Source: AWS Lambda developer guide, "Building a custom runtime".
//!
//! Must not know: how an executable is run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::outside::is_outside;
use crate::Options;
use sam_template::Function;

/// Why a function has no executable.
#[derive(Debug, thiserror::Error)]
pub enum ExecutableError {
    /// No executable was given, and the function's folder does not contain one.
    #[error(
        "function {function}: no executable: put one named `bootstrap` into {folder}, or name \
         one with --binary {binary}=PATH"
    )]
    None {
        /// Logical id.
        function: String,
        /// Folder of its code.
        folder: PathBuf,
        /// Name of its binary.
        binary: String,
    },
    /// The file lacks the permission to execute.
    #[error("function {function}: {path} is not executable: chmod +x it")]
    NotExecutable {
        /// Logical id.
        function: String,
        /// Path of the file.
        path: PathBuf,
    },
}

/// Path of each function's executable, by binary name.
pub(super) fn executables(
    options: &Options,
    functions: &[Function],
) -> Result<BTreeMap<String, PathBuf>, ExecutableError> {
    let mut found = BTreeMap::new();
    for function in functions {
        let path = match options.binaries.get(&function.binary) {
            Some(path) => path.clone(),
            // It may be built later, or run from elsewhere.
            None if is_outside(options, function) => folder(options, function).join("bootstrap"),
            None => bootstrap(options, function)?,
        };
        found.insert(function.binary.clone(), path);
    }
    Ok(found)
}

/// The folder of a function's code.
pub(super) fn folder(options: &Options, function: &Function) -> PathBuf {
    let root = options.template.parent().unwrap_or(Path::new("."));
    root.join(&function.code_uri)
}

fn bootstrap(options: &Options, function: &Function) -> Result<PathBuf, ExecutableError> {
    let folder = folder(options, function);
    let path = folder.join("bootstrap");
    // The process starts in its own folder, so its path must not be relative to ours.
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
