//! Errors of a disk without room: the system's words do not say which disk, or what to do.
//!
//! Must not know: what is written.

use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::{Error, anyhow};

/// The words of SQLite: for its file, and for the memory that it shares through a file.
const SQLITE: [&str; 2] = [
    "database or disk is full",
    "(trying to resize an existing shared-memory",
];

/// The error, followed by what to do if the disk of `home` has no room.
pub fn explain(error: Error, home: &Path) -> Error {
    if !is_full(&error) {
        return error;
    }
    anyhow!(
        "{error:#}; the disk is full: make room on the disk of {}, or choose another place with \
         --data-dir",
        home.display()
    )
}

fn is_full(error: &Error) -> bool {
    error.chain().any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let is_full = kind.is_some_and(|kind| {
            matches!(
                kind,
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
            )
        });
        is_full || SQLITE.iter().any(|words| cause.to_string().contains(words))
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn only_an_error_of_a_full_disk_says_to_make_room() {
        let home = Path::new("/home");
        let explained = |error: Error| explain(error.context("start"), home).to_string();
        let advice = "; the disk is full: make room on the disk of /home, or choose another place \
                      with --data-dir";
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let text = explained(io::Error::from(kind).into());
            assert!(text.ends_with(advice), "{text}");
        }
        for words in SQLITE {
            let sqlite = Err::<(), _>(anyhow!("SQLite: {words}")).context("create table t");
            let text = explained(sqlite.expect_err("an error"));
            let wanted = format!("start: create table t: SQLite: {words}{advice}");
            assert_eq!(text, wanted);
        }
        let denied = explained(io::Error::from(ErrorKind::PermissionDenied).into());
        assert_eq!(denied, "start");
    }
}
