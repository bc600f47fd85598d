//! What `lockctl` says about itself: completions of a shell, manual pages, the schema of its
//! answers. No target is needed.

use std::path::Path;

use anyhow::{Result, anyhow};
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::screen;

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
    screen::write(&script)
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
        return screen::write(&page);
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
    screen::write(SCHEMA.as_bytes())
}
