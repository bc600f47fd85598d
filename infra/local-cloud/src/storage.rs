//! Small files that survive a power cut: whole or not at all.
//!
//! Must not know what is in them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file or directory of the data directory could not be used.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {path}")]
pub struct StorageError {
    /// Such as `write`.
    pub operation: &'static str,
    /// The file or directory.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl StorageError {
    fn new(operation: &'static str, path: &Path, source: io::Error) -> StorageError {
        StorageError {
            operation,
            path: path.to_owned(),
            source,
        }
    }
}

/// Makes `path` and its parents.
pub fn create_directory(path: &Path) -> Result<(), StorageError> {
    fs::create_dir_all(path).map_err(|e| StorageError::new("create directory", path, e))
}

/// The content of `path`; `None` where there is no such file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StorageError::new("read", path, e)),
    }
}

/// Replaces `path` by `bytes`: a reader, or a start after a crash, sees the old content or the new, never a mixture.
/// Only the owner may read the result, since some of these files are keys.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), StorageError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    write_private(&fresh, bytes).map_err(|e| StorageError::new("write", &fresh, e))?;
    fs::rename(&fresh, path).map_err(|e| StorageError::new("replace", path, e))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

/// A file name that is safe for any `name`: letters, digits, `-` and `_` stay, everything else becomes `%xx`.
pub fn file_name(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            safe.push(char::from(byte));
        } else {
            safe.push_str(&format!("%{byte:02x}"));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_read_back_and_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, b"long content").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"new"[..]));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn file_names_cannot_leave_their_directory() {
        assert_eq!(file_name("../a:b"), "%2e%2e%2fa%3ab");
        assert_eq!(file_name("thing-1_x"), "thing-1_x");
    }
}
