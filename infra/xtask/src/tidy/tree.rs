//! The project's text files, read once: path relative to the root, and text.
//!
//! Must not know: the rules.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Endings of the files that rules are about.
const ENDINGS: &[&str] = &[
    "rs", "c", "h", "js", "cjs", "css", "html", "toml", "md", "yaml", "yml", "json", "py", "sh",
];

/// Folders of generated files.
const NOT_OURS: &[&str] = &["target", "node_modules", "out"];

/// A text file with its path.
pub struct File {
    /// Path from the root, with forward slashes.
    pub path: String,
    pub text: String,
    /// Whether another file declares it as a module for tests alone.
    declared_test: bool,
}

/// All files, sorted by path.
#[derive(Default)]
pub struct Tree {
    files: Vec<File>,
    /// Every file's path, binary files and links included.
    paths: Vec<String>,
}

impl Tree {
    /// Reads every text file below `root`, without hidden folders and build output.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.collect(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.mark_test_modules();
        Ok(tree)
    }

    /// An example tree for a test.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File::new((*path).to_owned(), (*text).to_owned()))
            .collect();
        let paths = files.iter().map(|file| file.path.clone()).collect();
        let mut tree = Self { files, paths };
        tree.mark_test_modules();
        tree
    }

    /// Whether there is a file, or a folder with files, at this path.
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.paths.iter().any(|known| {
            known
                .strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    fn mark_test_modules(&mut self) {
        let declared: Vec<String> = self.files.iter().flat_map(File::test_modules).collect();
        for file in &mut self.files {
            file.declared_test = declared.contains(&file.path);
        }
    }

    fn collect(&mut self, directory: &Path, relative: &str) -> Result<()> {
        let list = || format!("list {}", directory.display());
        for entry in fs::read_dir(directory).with_context(list)? {
            let entry = entry.with_context(list)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || NOT_OURS.contains(&name.as_str()) {
                continue;
            }
            let path = if relative.is_empty() {
                name
            } else {
                format!("{relative}/{name}")
            };
            let kind = entry
                .file_type()
                .with_context(|| format!("look at {path}"))?;
            if kind.is_dir() {
                self.collect(&entry.path(), &path)?;
                continue;
            }
            // A link may lead to what is not built yet.
            if kind.is_file() && ENDINGS.contains(&ending_of(&path)) {
                let text =
                    fs::read_to_string(entry.path()).with_context(|| format!("read {path}"))?;
                self.files.push(File::new(path.clone(), text));
            }
            self.paths.push(path);
        }
        Ok(())
    }

    /// Every text file, sorted by path.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The paths of the files below `folder`, at any depth and of any type.
    pub fn files_below(&self, folder: &str) -> impl Iterator<Item = &str> {
        let folder = format!("{}/", folder.trim_end_matches('/'));
        self.paths
            .iter()
            .map(String::as_str)
            .filter(move |path| path.starts_with(&folder))
    }

    /// The text of the file at exactly this path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        Self {
            path,
            text,
            declared_test: false,
        }
    }

    /// The files of the modules that this one declares for tests alone.
    fn test_modules(&self) -> Vec<String> {
        let folder = match self
            .path
            .strip_suffix("lib.rs")
            .or(self.path.strip_suffix("main.rs"))
        {
            Some(folder) => folder.to_owned(),
            None => format!("{}/", self.path.trim_end_matches(".rs")),
        };
        let lines: Vec<&str> = self.text.lines().collect();
        lines
            .windows(2)
            .filter(|pair| pair[0] == "#[cfg(test)]")
            .filter_map(|pair| pair[1].strip_prefix("mod ")?.strip_suffix(';'))
            .map(|module| format!("{folder}{module}.rs"))
            .collect()
    }

    /// The part of the name after the last dot.
    pub fn ending(&self) -> &str {
        ending_of(&self.path)
    }

    /// Whether the whole file is test code: by its place, its name or its declaration.
    pub fn is_test(&self) -> bool {
        let by_name = self.path.split('/').any(|part| {
            matches!(part, "tests" | "test" | "lock-testing") || part.ends_with("tests.rs")
        });
        // This folder is named after the chore.
        self.declared_test || by_name && !self.path.starts_with("infra/xtask/src/test/")
    }

    /// The lines of code, numbered from 1, without whole-line comments and the inline test module.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let end = lines
            .windows(2)
            .position(|pair| {
                pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
            })
            .unwrap_or(lines.len());
        lines
            .into_iter()
            .take(end)
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn ending_of(path: &str) -> &str {
    path.rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or("", |(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_lines_leave_out_comments_and_the_test_module() {
        let tree = Tree::of(&[(
            "a.rs",
            "//! Doc.\nfn a() {}\n#[cfg(test)]\nfn b() {}\n#[cfg(test)]\nmod tests {\n}\n",
        )]);
        let lines: Vec<usize> = tree.files()[0]
            .code_lines()
            .map(|(number, _)| number)
            .collect();
        assert_eq!(lines, [2, 3, 4]);
    }

    #[test]
    fn a_module_for_tests_alone_is_test_code() {
        let parent = "//! Doc.\n#[cfg(test)]\nmod law;\nmod press;\n";
        let tree = Tree::of(&[
            ("a/src/decide.rs", parent),
            ("a/src/decide/law.rs", ""),
            ("a/src/decide/press.rs", ""),
        ]);
        let tests: Vec<bool> = tree.files().iter().map(File::is_test).collect();
        assert_eq!(tests, [false, true, false]);
        let tree = Tree::of(&[("a/src/lib.rs", parent), ("a/src/law.rs", "")]);
        assert!(tree.files()[1].is_test());
    }

    #[test]
    fn test_files_are_known_by_their_place() {
        let cases = [
            ("tests/src/story.rs", true),
            ("lambdas/lock-core/src/decide/tests.rs", true),
            ("infra/cloud/local-cloud/tests/broker.rs", true),
            ("lambdas/lock-testing/src/table.rs", true),
            ("firmware/virtual/src/schema_tests.rs", true),
            ("infra/xtask/src/test/rust.rs", false),
            ("lambdas/press/src/main.rs", false),
        ];
        for (path, expected) in cases {
            assert_eq!(
                Tree::of(&[(path, "")]).files()[0].is_test(),
                expected,
                "{path}"
            );
        }
    }
}
