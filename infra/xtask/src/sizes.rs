//! `cargo xtask sizes`: measures the firmware for the ESP8266 and publishes the figures.
//!
//! The figures depend on the compiler and the C library. A page made with other versions is not
//! compared, which is a failure in CI and a skip elsewhere. The bounds hold with any compiler.
//!
//! Must not know: what the C does.

mod figure;
mod measure;
mod object;
mod page;
mod stack;

use std::fs;

use anyhow::{Context, Result};

use self::figure::Figures;
use self::measure::measure;
use crate::publish;
use crate::workspace::{Workspace, in_ci};

const PAGE: &str = "firmware/SIZES.md";

/// Options of `cargo xtask sizes`.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing; fail when the page is stale.
    #[arg(long)]
    check: bool,
}

pub enum Checked {
    /// The bounds are kept and the page is current.
    Good,
    /// A bound is broken or the page is stale; the details were printed.
    Wrong,
    /// The bounds are kept; the page was made with other tools, which the text names.
    OtherTools(String),
}

/// Writes or checks the page; `true` when the bounds are kept and a checked page is current. With
/// other tools than the page's a check passes outside CI.
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
    let made_with = page::tools(&old).unwrap_or("unnamed tools");
    if made_with != figures.tools {
        let reason = format!(
            "{PAGE} was made with {made_with}, not with {}: figures not compared",
            figures.tools
        );
        println!("sizes: {reason}");
        return Ok(Checked::OtherTools(reason));
    }
    if publish::is_current("sizes", PAGE, &old, &page::page(&figures)) {
        println!("sizes: {PAGE} is current, bounds kept");
        return Ok(Checked::Good);
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
