//! Puts code that is a single file into a folder of its own: a zip archive is unpacked, and any
//! other file is alone there, as in the archive that AWS's command lines make of it.
//!
//! Source: AWS CLI reference, "cloudformation package".
//!
//! Must not know: how code is run.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::ExecutableError;

/// The folder with the code, which is made. Changed code gets another folder, so that a running
/// process keeps its own. `id` is the logical id of the function or layer.
pub(super) fn place(id: &str, file: &Path, all: &Path) -> Result<PathBuf, ExecutableError> {
    let failed = |source| ExecutableError::File {
        id: id.to_owned(),
        path: file.to_owned(),
        source: Box::new(source),
    };
    let content = std::fs::read(file).map_err(|error| failed(error.into()))?;
    let folder = folder_of(id, &content, all);
    if folder.exists() {
        return Ok(folder);
    }
    std::fs::create_dir_all(all).map_err(|error| failed(error.into()))?;
    let made = tempfile::tempdir_in(all).map_err(|error| failed(error.into()))?;
    if is_archive(file) {
        let archive = zip::ZipArchive::new(Cursor::new(content));
        let unpacked = archive.and_then(|mut archive| archive.extract(made.path()));
        unpacked.map_err(failed)?;
    } else {
        let name = file.file_name().unwrap_or_default();
        let written = std::fs::write(made.path().join(name), content);
        written.map_err(|error| failed(error.into()))?;
    }
    // The folder appears whole, so an end in between leaves none that is taken for it.
    std::fs::rename(made.keep(), &folder).map_err(|error| failed(error.into()))?;
    Ok(folder)
}

/// The folder of a function's or layer's code: another one for other code.
pub(super) fn folder_of(id: &str, content: &[u8], all: &Path) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    all.join(format!("{id}-{:016x}", hasher.finish()))
}

/// Whether a file is unpacked rather than used as it is.
pub(super) fn is_archive(file: &Path) -> bool {
    file.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("zip"))
}
