//! No setting in effect chooses a processor: a program that is built for this machine's own
//! processor may meet another one in AWS, and ends there with an illegal instruction.
//!
//! Must not know: what is built.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::template::Function;
use crate::workspace::Workspace;

/// Words that choose a processor: for rustc, and for a C compiler.
const WORDS: &[&str] = &["target-cpu", "target-feature", "-march=", "-mcpu="];

/// Every cargo configuration and variable in effect that chooses a processor.
///
/// # Errors
/// A configuration exists and cannot be read.
pub fn violations(workspace: &Workspace, functions: &[Function]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for path in configurations(workspace, functions) {
        if !path.is_file() {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let found = chosen(&text).map(|word| format!("{} sets {word}", path.display()));
        wrong.extend(found);
    }
    let variables = env::vars_os().filter_map(|(name, value)| in_variable(&name, &value));
    wrong.extend(variables);
    Ok(wrong)
}

/// The files that cargo reads for a crate: its folder's, each folder's above, and cargo's own.
fn configurations(workspace: &Workspace, functions: &[Function]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for function in functions {
        let folder = workspace.path(&function.folder);
        let above = folder.ancestors().map(|above| above.join(".cargo"));
        folders.extend(above);
    }
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    folders.extend(home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))));
    folders.sort();
    folders.dedup();
    let files = |folder: &PathBuf| ["config.toml", "config"].map(|name| folder.join(name));
    folders.iter().flat_map(files).collect()
}

/// The first word in a configuration, comments apart, that chooses a processor.
fn chosen(text: &str) -> Option<&'static str> {
    let lines = text.lines().map(|line| line.split('#').next());
    lines.flatten().find_map(word_in)
}

fn word_in(text: &str) -> Option<&'static str> {
    WORDS.iter().find(|word| text.contains(**word)).copied()
}

/// A variable of flags that chooses a processor.
fn in_variable(name: &OsString, value: &OsString) -> Option<String> {
    let name = name.to_string_lossy();
    let word = word_in(&value.to_string_lossy())?;
    name.contains("FLAGS")
        .then(|| format!("the variable {name} sets {word}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_of_this_machine_is_found() {
        let rows = [
            (
                "rustflags = [\"-C\", \"target-cpu=native\"]",
                Some("target-cpu"),
            ),
            ("CFLAGS = \"-march=native\"", Some("-march=")),
            ("# rustflags = target-cpu=native", None),
            ("[alias]\nxtask = \"run\"", None),
        ];
        for (text, expected) in rows {
            assert_eq!(chosen(text), expected, "{text}");
        }
        let variable = |name: &str, value: &str| in_variable(&name.into(), &value.into());
        let found = variable("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-cpu=native");
        let expected = "the variable CARGO_ENCODED_RUSTFLAGS sets target-cpu";
        assert_eq!(found.as_deref(), Some(expected));
        assert_eq!(variable("PATH", "/opt/target-cpu"), None);
    }

    #[test]
    fn the_search_goes_from_the_crate_to_the_root() {
        let workspace = Workspace::here();
        let function = Function {
            logical_id: "PressFunction".to_owned(),
            binary: "press".to_owned(),
            folder: "lambdas/press".to_owned(),
        };
        let found = configurations(&workspace, &[function]);
        let above = workspace.root().parent().expect("a folder above");
        for folder in [
            workspace.path("lambdas/press"),
            workspace.path("lambdas"),
            workspace.root().to_path_buf(),
            above.to_path_buf(),
        ] {
            let file = folder.join(".cargo/config.toml");
            assert!(found.contains(&file), "{}", file.display());
        }
    }
}
