//! Detects changes of files and folders by polling.
//!
//! A change is reported when two polls in a row see the same state, so a file is not read while it
//! is being written.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// Folders of generated files.
const GENERATED: [&str; 4] = ["target", ".git", "__pycache__", "node_modules"];
/// Depth of the deepest folder that is read.
const DEPTH_MAX: usize = 12;

/// Files and folders under watch, in named groups.
#[derive(Debug, Default)]
pub struct Watch {
    groups: BTreeMap<String, Group>,
    /// A folder whose changes are not reported, wherever it is.
    left_out: Option<PathBuf>,
}

#[derive(Debug)]
struct Group {
    paths: Vec<PathBuf>,
    reported: u64,
    seen: u64,
}

impl Watch {
    /// A watch that leaves out this folder, in which the watching program writes.
    pub fn leaving_out(folder: &Path) -> Self {
        Self {
            left_out: folder.canonicalize().ok(),
            ..Self::default()
        }
    }

    /// Watches `paths` as the group `name`; has no effect if the group already watches them.
    pub fn add(&mut self, name: &str, paths: Vec<PathBuf>) {
        if self.groups.get(name).is_some_and(|g| g.paths == paths) {
            return;
        }
        let now = fingerprint(&paths, self.left_out.as_deref());
        let group = Group {
            paths,
            reported: now,
            seen: now,
        };
        self.groups.insert(name.to_owned(), group);
    }

    /// Names of the groups that have changed since the last report and are no longer changing.
    pub fn poll(&mut self) -> Vec<String> {
        let mut changed = Vec::new();
        for (name, group) in &mut self.groups {
            let now = fingerprint(&group.paths, self.left_out.as_deref());
            if now == group.seen && now != group.reported {
                group.reported = now;
                changed.push(name.clone());
            }
            group.seen = now;
        }
        changed
    }
}

/// A hash of the names, sizes and times of all files.
fn fingerprint(paths: &[PathBuf], left_out: Option<&Path>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        add(path, left_out, 0, &mut hasher);
    }
    hasher.finish()
}

fn add(path: &Path, left_out: Option<&Path>, depth: usize, hasher: &mut DefaultHasher) {
    path.hash(hasher);
    let Ok(data) = std::fs::metadata(path) else {
        return;
    };
    if data.is_file() {
        data.len().hash(hasher);
        data.modified().ok().hash(hasher);
    } else if depth < DEPTH_MAX && !is_left_out(path, left_out) {
        let mut entries: Vec<PathBuf> = match std::fs::read_dir(path) {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(_) => return,
        };
        entries.sort();
        for entry in entries {
            let name = entry.file_name().and_then(|name| name.to_str());
            if !name.is_some_and(|name| GENERATED.contains(&name)) {
                add(&entry, left_out, depth + 1, hasher);
            }
        }
    }
}

fn is_left_out(folder: &Path, left_out: Option<&Path>) -> bool {
    left_out.is_some_and(|left_out| folder.canonicalize().is_ok_and(|path| path == left_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_only_when_it_is_still() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a");
        std::fs::write(&file, "1").unwrap();
        let mut watch = Watch::default();
        watch.add("folder", vec![directory.path().to_owned()]);
        watch.add("other", vec![directory.path().join("none")]);
        assert_eq!(watch.poll(), [""; 0]);
        std::fs::write(&file, "12").unwrap();
        assert_eq!(watch.poll(), [""; 0], "just seen");
        std::fs::write(&file, "123").unwrap();
        assert_eq!(watch.poll(), [""; 0], "still being written");
        assert_eq!(watch.poll(), ["folder"]);
        assert_eq!(watch.poll(), [""; 0], "reported once");
    }

    #[test]
    fn generated_files_are_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let own = directory.path().join(".local");
        std::fs::create_dir(&own).unwrap();
        let mut watch = Watch::leaving_out(&own);
        for (made, is_reported) in [("target", false), (".local", false), ("src", true)] {
            let made = directory.path().join(made);
            std::fs::create_dir_all(&made).unwrap();
            watch.add(
                &made.display().to_string(),
                vec![directory.path().join(".")],
            );
            std::fs::write(made.join("new"), "1").unwrap();
            let reported = [watch.poll(), watch.poll()].concat();
            assert_eq!(!reported.is_empty(), is_reported, "{}", made.display());
        }
    }
}
