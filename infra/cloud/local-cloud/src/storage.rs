//! Files of the data directory, and directories of JSON records, one file each.
//!
//! A write replaces a whole file, so after a crash the file has the old content or the new, never a
//! mixture. Must not know: the content.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const RECORD_EXTENSION: &str = "json";

/// Why a file or directory of the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("{operation} {path}")]
    File {
        operation: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("parse {path}: remove the file to drop this record")]
    Damaged {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
}

impl StorageError {
    fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File {
            operation,
            path: path.to_owned(),
            source,
        }
    }
}

pub fn create_directory(path: &Path) -> Result<(), StorageError> {
    fs::create_dir_all(path).map_err(|e| StorageError::new("create directory", path, e))
}

/// The content of `path`; `None` if there is no such file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StorageError::new("read", path, e)),
    }
}

/// Replaces the content of `path`. It is not flushed to disk: a crash of this process loses
/// nothing. Only the owner may read the file, since some are keys.
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
    file.write_all(bytes)
}

/// A directory of named records, one file each, so that a change costs the same with ten records or
/// ten thousand.
#[derive(Debug, Clone)]
pub struct Shelf {
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Record<T> {
    name: String,
    value: T,
}

impl Shelf {
    /// Opens the directory, creating it if necessary.
    pub fn open(directory: PathBuf) -> Result<Self, StorageError> {
        create_directory(&directory)?;
        Ok(Self { directory })
    }

    /// Every record, by name.
    pub fn load<T: DeserializeOwned>(&self) -> Result<BTreeMap<String, T>, StorageError> {
        let list = |e| StorageError::new("list", &self.directory, e);
        let mut records = BTreeMap::new();
        for entry in fs::read_dir(&self.directory).map_err(list)? {
            let path = entry.map_err(list)?.path();
            if path.extension().is_none_or(|e| e != RECORD_EXTENSION) {
                continue;
            }
            let bytes = read(&path)?.unwrap_or_default();
            let record: Record<T> = serde_json::from_slice(&bytes)
                .map_err(|source| StorageError::Damaged { path, source })?;
            records.insert(record.name, record.value);
        }
        Ok(records)
    }

    /// Writes a record, or removes it with `None`.
    pub fn put<T: Serialize>(&self, name: &str, value: Option<&T>) -> Result<(), StorageError> {
        let path = self
            .directory
            .join(format!("{}.{RECORD_EXTENSION}", file_name(name)));
        let Some(value) = value else {
            return match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    Err(StorageError::new("remove", &path, e))
                }
                _ => Ok(()),
            };
        };
        let record = Record {
            name: name.to_owned(),
            value,
        };
        let bytes = serde_json::to_vec(&record).expect("records have string keys only");
        write(&path, &bytes)
    }
}

/// A safe file name for any `name`: letters, digits, `-` and `_` stay, every other byte becomes
/// `%xx`.
fn file_name(name: &str) -> String {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let safe = name.bytes().map(|byte| match byte {
        byte if is_safe(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02x}"),
    });
    safe.collect()
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
    fn a_shelf_returns_the_records_put_there() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(dir.path().join("deep/shelf")).unwrap();
        shelf.put("a/b", Some(&1)).unwrap();
        shelf.put("a:b", Some(&2)).unwrap();
        shelf.put("gone", Some(&3)).unwrap();
        shelf.put::<i32>("gone", None).unwrap();
        shelf.put::<i32>("gone", None).unwrap();
        let expected = BTreeMap::from([("a/b".to_owned(), 1), ("a:b".to_owned(), 2)]);
        assert_eq!(shelf.load::<i32>().unwrap(), expected);
    }

    #[test]
    fn a_damaged_record_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.json"), "{").unwrap();
        let shelf = Shelf::open(dir.path().to_owned()).unwrap();
        let error = shelf.load::<i32>().unwrap_err();
        assert!(error.to_string().contains("x.json"), "{error}");
    }

    #[test]
    fn file_names_cannot_leave_their_directory() {
        assert_eq!(file_name("../a:b"), "%2e%2e%2fa%3ab");
        assert_eq!(file_name("thing-1_x"), "thing-1_x");
    }
}
