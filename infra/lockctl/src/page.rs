//! What `lockctl` says about itself: completions of a shell, manual pages, the schema of its
//! answers. No target is needed.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// The schema of the answers of `--output json`.
pub const SCHEMA: &str = include_str!("../schema.json");

/// Runs `lockctl completions`.
///
/// # Errors
///
/// The output cannot be written.
pub fn print_completions(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lockctl", &mut script);
    print(&script)
}

/// Runs `lockctl man`.
///
/// # Errors
///
/// The output or the directory cannot be written.
pub fn print_manual(directory: Option<&Path>) -> Result<()> {
    let Some(directory) = directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return print(&page);
    };
    clap_mangen::generate_to(Cli::command(), directory).map_err(|error| {
        let directory = directory.display();
        anyhow!("write the pages to {directory}: {error}; make the directory with `mkdir -p`")
    })
}

/// Runs `lockctl schema`.
///
/// # Errors
///
/// The output cannot be written.
pub fn print_schema() -> Result<()> {
    print(SCHEMA.as_bytes())
}

fn print(bytes: &[u8]) -> Result<()> {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(bytes).and_then(|()| output.flush());
    written.context("write the answer")
}
