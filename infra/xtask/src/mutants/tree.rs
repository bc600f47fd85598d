//! A copy of the checkout, in which mutants are made.
//!
//! Its place is fixed and only files that differ are written, so that a second run builds little.
//!
//! Must not know: what a mutant is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::workspace::Workspace;

/// Makes `copy` the same as the checkout, with uncommitted files and without ignored ones.
pub fn copy(workspace: &Workspace, copy: &Path) -> Result<()> {
    let files = files(workspace)?;
    for file in &files {
        copy_file(&workspace.root().join(file), &copy.join(file))?;
    }
    remove_others(copy, copy, &files)
}

/// Every file that git does not ignore, relative to the root.
fn files(workspace: &Workspace) -> Result<BTreeSet<PathBuf>> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listed = process::output(git.current_dir(workspace.root()))?;
    Ok(listed
        .split_terminator('\0')
        .map(PathBuf::from)
        .filter(|file| workspace.root().join(file).is_file())
        .collect())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let wanted = fs::read(from).with_context(|| format!("read {}", from.display()))?;
    if fs::read(to).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    let folder = to.parent().expect("a file is in a folder");
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    fs::write(to, wanted).with_context(|| format!("write {}", to.display()))
}

fn remove_others(root: &Path, folder: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    let list = || format!("list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(list)? {
        let path = entry.with_context(list)?.path();
        let own = path.strip_prefix(root).expect("found below the root");
        if path.is_dir() {
            remove_others(root, &path, files)?;
        } else if !files.contains(own) {
            fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_what_the_checkout_holds_and_nothing_else() {
        let workspace = Workspace::here();
        let folder = workspace
            .target()
            .join(format!("xtask-tree-test-{}", std::process::id()));
        fs::create_dir_all(folder.join("lambdas")).unwrap();
        fs::write(folder.join("lambdas/left-over.rs"), "old").unwrap();
        fs::write(folder.join("template.yaml"), "old").unwrap();
        let copied = copy(&workspace, &folder);
        let here = fs::read(workspace.path("template.yaml")).unwrap();
        let there = fs::read(folder.join("template.yaml"));
        let left_over = folder.join("lambdas/left-over.rs").exists();
        fs::remove_dir_all(&folder).unwrap();
        copied.unwrap();
        assert_eq!(there.unwrap(), here);
        assert!(!left_over);
    }
}
