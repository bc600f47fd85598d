//! The claim on a data directory: one `lockctl local` at a time uses it, from its first step to its
//! end.
//!
//! Must not know: what the directory holds.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;

use anyhow::{Result, anyhow, bail};

/// The file that is claimed. It holds the process id of whoever claimed it last.
const FILE: &str = "pid";

/// A claim. The system ends it with the process, however that ends.
#[derive(Debug)]
pub struct Claim {
    _file: File,
}

impl Claim {
    /// Claims a directory.
    ///
    /// # Errors
    ///
    /// Another process has claimed it, or it cannot be written.
    pub fn take(directory: &Path) -> Result<Self> {
        let shown = directory.display();
        let unusable = |error: std::io::Error| {
            anyhow!(
                "write in the data directory {shown}: {error}; choose another with --data-dir, or \
                 let this user write there"
            )
        };
        let path = directory.join(FILE);
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "a stack already runs on {shown} (process {}): use it (`lockctl status`), or \
                 choose another --data-dir",
                holder(&path)
            ),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()));
        written.map_err(unusable)?;
        Ok(Self { _file: file })
    }
}

/// The process id in the file; the process may not have written it yet.
fn holder(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let pid = text.parse::<u32>();
    pid.map_or_else(|_| "unknown".to_owned(), |pid| pid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_directory_is_refused_until_the_claim_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let claim = Claim::take(folder.path()).expect("nobody else has it");
        let error = Claim::take(folder.path()).expect_err("it is claimed");
        let shown = folder.path().display();
        assert_eq!(
            error.to_string(),
            format!(
                "a stack already runs on {shown} (process {}): use it (`lockctl status`), or \
                 choose another --data-dir",
                std::process::id()
            )
        );
        drop(claim);
        Claim::take(folder.path()).expect("the claim has ended");
    }
}
