//! Puts code that is a single file into a folder of its own, as the archive that AWS's command
//! lines make of it holds that file alone.
//!
//! Source: AWS CLI reference, "cloudformation package".
//!
//! Must not know: how code is run.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use super::ExecutableError;
use sam_template::Function;

/// Copies the file, and returns its folder. Changed code gets another folder, so that a running
/// process keeps its own.
pub(super) fn copy(
    function: &Function,
    file: &Path,
    all: &Path,
) -> Result<PathBuf, ExecutableError> {
    let failed = |source| ExecutableError::Inline {
        function: function.logical_id.clone(),
        path: file.to_owned(),
        source,
    };
    let content = std::fs::read(file).map_err(failed)?;
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let folder = all.join(format!("{}-{:016x}", function.logical_id, hasher.finish()));
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let name = file.file_name().unwrap_or_default();
    std::fs::write(folder.join(name), content).map_err(failed)?;
    Ok(folder)
}
