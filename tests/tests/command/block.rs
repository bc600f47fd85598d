//! The commands in the `console` blocks of every document.
//!
//! Must not know: what a command does.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold no documents of this project.
const NOT_OURS: [&str; 4] = ["target", "node_modules", "out", "deps"];

/// A command of a document.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// The document, from the project's root.
    pub document: String,
    /// Number of its line.
    pub line: usize,
    /// Its first line, without the comment.
    pub text: String,
}

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The commands of all documents, by document and in order.
pub fn read_all() -> Result<Vec<Command>> {
    let (root, mut documents) = (root(), Vec::new());
    let mut left = vec![root.clone()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).context("list a folder")? {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            let name = name.to_string_lossy().into_owned();
            if path.is_dir() && !NOT_OURS.contains(&name.as_str()) && !name.starts_with('.') {
                left.push(path);
            } else if name.ends_with(".md") {
                documents.push(path);
            }
        }
    }
    documents.sort();
    let mut commands = Vec::new();
    for path in documents {
        let text = std::fs::read_to_string(&path);
        let text = text.with_context(|| path.display().to_string())?;
        let document = path.strip_prefix(&root)?.display().to_string();
        commands.extend(commands_of(&document, &text));
    }
    Ok(commands)
}

fn commands_of(document: &str, text: &str) -> Vec<Command> {
    let (mut commands, mut is_inside) = (Vec::new(), false);
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if line.starts_with("```") {
            is_inside = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_inside) {
            let command = command.split(" # ").next().unwrap_or_default();
            commands.push(Command {
                document: document.to_owned(),
                line: index + 1,
                text: command.trim().to_owned(),
            });
        }
    }
    commands
}

#[test]
fn the_commands_of_console_blocks_are_found() {
    let text = "```console\n$ a b   # why\nit prints\n$ c '#1'\n```\n1. x\n   ```console\n   \
                $ d \\\n     e\n   ```\n```text\n$ f\n```\n```sh\n$ g\n```\n$ h";
    let found = commands_of("a.md", text);
    let found: Vec<(usize, &str)> = found.iter().map(|c| (c.line, c.text.as_str())).collect();
    assert_eq!(found, [(2, "a b"), (4, "c '#1'"), (8, "d \\")]);
}
