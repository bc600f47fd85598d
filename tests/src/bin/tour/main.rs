//! The tour of `cargo xtask home-assistant`: the real Home Assistant in a house with a real
//! mosquitto, next to a stack; each situation of a door, and what Home Assistant shows in it.
//!
//! usage: tour RESULT PROGRAM ARGUMENT…   RESULT is the page to write, the rest starts `drive.py`.
//!
//! Must not know: how Home Assistant was installed.

mod home;
mod page;
mod story;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

#[tokio::main]
async fn main() -> ExitCode {
    // Ctrl-C reaches every process of this terminal; whatever is left ends with its handle.
    let outcome = tokio::select! {
        outcome = Box::pin(run()) => outcome,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("ended by Ctrl-C; no page was written")),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the tour and writes the page; `false` if Home Assistant showed something else.
async fn run() -> Result<bool> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: tour RESULT PROGRAM ARGUMENT…";
    let result = PathBuf::from(arguments.next().context(usage)?);
    let program = arguments.next().context(usage)?;
    let home = home::Home::start(program, arguments.collect())?;
    let (version, rows) = story::act(home).await?;
    let text = page::write(&version, &rows);
    print!("\n{text}");
    if let Some(folder) = result.parent() {
        std::fs::create_dir_all(folder).context("make the folder of the page")?;
    }
    std::fs::write(&result, text).with_context(|| format!("write {}", result.display()))?;
    println!("home-assistant: {} written", result.display());
    Ok(rows.iter().all(page::Row::is_good))
}
