//! `cargo xtask sizes`: measures the firmware on the ESP8266's instruction set and publishes the figures.
//!
//! The figures depend on the compiler and the C library, so a page made with other versions is not compared: outside CI
//! that is said and skipped, in CI it is a failure. The bounds hold with any compiler. Must not know: what the C does.

mod figure;
mod measure;
mod object;
mod page;
mod stack;

use std::fs;

use anyhow::{Context, Result};

use self::figure::Figures;
use self::measure::measure;
use crate::workspace::{Workspace, in_ci};

const PAGE: &str = "firmware/SIZES.md";

/// Options of `cargo xtask sizes`.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing; fail when the page is stale.
    #[arg(long)]
    check: bool,
}

/// How a check ended.
pub enum Checked {
    /// The bounds are kept and the page is true.
    Good,
    /// A bound is broken or the page is stale; what, was printed.
    Wrong,
    /// The bounds are kept; the page was made with other tools, as the text says.
    OtherTools(String),
}

/// Writes the page, or checks it; `true` when the bounds are kept and, in a check, the page is true. With other tools than
/// the page's a check passes outside CI, and says what it did not compare.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    if options.check {
        return Ok(match check(workspace)? {
            Checked::Good => true,
            Checked::Wrong => false,
            Checked::OtherTools(_) => !in_ci(),
        });
    }
    let figures = measure(workspace)?;
    let path = workspace.path(PAGE);
    fs::write(&path, page::page(&figures)).with_context(|| format!("write {PAGE}"))?;
    println!("sizes: {PAGE} written, with {}", figures.tools);
    Ok(bounds_are_kept(&figures))
}

/// Measures again and compares with the page.
pub fn check(workspace: &Workspace) -> Result<Checked> {
    let figures = measure(workspace)?;
    let old = fs::read_to_string(workspace.path(PAGE)).with_context(|| format!("read {PAGE}"))?;
    if !bounds_are_kept(&figures) {
        return Ok(Checked::Wrong);
    }
    let made_with = page::tools(&old).unwrap_or("nothing it names");
    if made_with != figures.tools {
        let reason = format!(
            "{PAGE} was made with {made_with}, here is {}: figures not compared",
            figures.tools
        );
        println!("sizes: {reason}");
        return Ok(Checked::OtherTools(reason));
    }
    let differences = page::differences(&old, &page::page(&figures));
    if differences.is_empty() {
        println!("sizes: {PAGE} is true, bounds kept");
        return Ok(Checked::Good);
    }
    println!("sizes: {PAGE} is stale (run `cargo xtask sizes`):");
    for line in differences {
        println!("  {line}");
    }
    Ok(Checked::Wrong)
}

fn bounds_are_kept(figures: &Figures) -> bool {
    let broken = figures.broken();
    for sentence in &broken {
        println!("sizes: {sentence}");
    }
    broken.is_empty()
}
