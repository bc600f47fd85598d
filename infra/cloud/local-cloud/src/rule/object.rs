//! The action `S3`: writes the message to a file, the object, in the folder of its bucket.
//!
//! Source: AWS IoT developer guide, "S3" below "AWS IoT rule actions".
//!
//! Must not know: the statement whose output it gets.

use std::path::{Component, Path, PathBuf};

/// Writes an object; the error says what went wrong.
pub async fn write(buckets: &Path, bucket: &str, key: &str, body: &[u8]) -> Result<(), String> {
    let path = path_of(buckets, bucket, key)?;
    let failed = |error: std::io::Error| format!("write {}: {error}", path.display());
    if let Some(parent) = path.parent() {
        tokio::fs::create_dir_all(parent).await.map_err(failed)?;
    }
    tokio::fs::write(&path, body).await.map_err(failed)
}

/// The file of an object. A key that leaves the bucket's folder is refused.
fn path_of(buckets: &Path, bucket: &str, key: &str) -> Result<PathBuf, String> {
    let plain = |text: &str| {
        let parts = Path::new(text).components();
        let mut parts = parts.map(|part| matches!(part, Component::Normal(_)));
        !text.is_empty() && !text.ends_with('/') && parts.all(|is_plain| is_plain)
    };
    if !plain(bucket) || bucket.contains('/') {
        return Err(format!("{bucket:?} cannot be the name of a bucket"));
    }
    if !plain(key) || key.contains("//") {
        return Err(format!(
            "key {key:?}: here objects are files, so a key has no empty part, no `.` and no `..`"
        ));
    }
    Ok(buckets.join(bucket).join(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_a_file_in_the_folder_of_its_bucket() {
        let path = path_of(Path::new("/b"), "heap", "huts/h1/7.json");
        assert_eq!(path, Ok(PathBuf::from("/b/heap/huts/h1/7.json")));
        for (bucket, key) in [
            ("heap", "../other"),
            ("heap", "/etc/x"),
            ("heap", "a//b"),
            ("heap", "a/"),
            ("heap", ""),
            ("..", "a"),
            ("a/b", "c"),
        ] {
            assert!(
                path_of(Path::new("/b"), bucket, key).is_err(),
                "{bucket} {key}"
            );
        }
    }
}
