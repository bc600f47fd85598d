//! The folder for files that are not the cloud's own data: code from a template, and objects that
//! rules write. It is in the data directory, or temporary.
//!
//! Must not know: what is in the files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

/// A folder; clones share it, and the last one removes it if it is temporary.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    _temporary: Option<Arc<TempDir>>,
}

impl Folder {
    /// Opens the folder of this data directory, or makes a temporary one.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn open(data_dir: Option<&Path>) -> io::Result<Self> {
        if let Some(path) = data_dir {
            // Processes start in other folders, so it must be absolute.
            let path = path.canonicalize()?;
            return Ok(Self {
                path,
                _temporary: None,
            });
        }
        let directory = tempfile::Builder::new().prefix("local-cloud-").tempdir()?;
        Ok(Self {
            path: directory.path().to_owned(),
            _temporary: Some(Arc::new(directory)),
        })
    }

    /// The folder of the buckets: one folder in it for each bucket.
    pub fn buckets(&self) -> PathBuf {
        self.path.join("buckets")
    }

    /// The folder of code that a template holds itself.
    pub fn code(&self) -> PathBuf {
        self.path.join("code")
    }
}
