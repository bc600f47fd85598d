//! `cargo xtask costs`: writes infra/docs/COSTS.md from stated prices, from counts that tests of
//! the functions hold, and from the template's alarms.
//!
//! Must not know: what a step does.

mod alarm;
mod count;
mod page;
mod price;
mod quota;
mod usage;

use std::fs;

use anyhow::{Context, Result};

use crate::publish;
use crate::workspace::Workspace;

/// Path of the sheet.
pub const PAGE: &str = "infra/docs/COSTS.md";
/// Path of the prices.
pub const PRICES: &str = "infra/docs/prices.toml";
/// Path of the counts.
pub const COUNTS: &str = "infra/docs/counts.json";

/// Path of the template.
pub const TEMPLATE: &str = "template.yaml";

/// Options of `cargo xtask costs`.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing; fail when the sheet is stale.
    #[arg(long)]
    check: bool,
}

/// Writes or checks the sheet; `true` when it is current.
///
/// # Errors
/// The prices or the counts cannot be read.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let read = |path: &str| {
        fs::read_to_string(workspace.path(path)).with_context(|| format!("read {path}"))
    };
    let new = sheet(&read(PRICES)?, &read(COUNTS)?, &read(TEMPLATE)?)?;
    if options.check {
        return Ok(publish::is_current("costs", PAGE, &read(PAGE)?, &new));
    }
    fs::write(workspace.path(PAGE), new).with_context(|| format!("write {PAGE}"))?;
    println!("costs: {PAGE} written");
    Ok(true)
}

/// The sheet that follows from these prices, counts and alarms.
///
/// # Errors
/// A price or a count is missing, or the template cannot be read.
pub fn sheet(prices: &str, counts: &str, template: &str) -> Result<String> {
    let prices = price::Prices::parse(prices).context(PRICES)?;
    let counts = count::Counts::parse(counts).context(COUNTS)?;
    let alarms = alarm::Alarms::count(template).context(TEMPLATE)?;
    page::page(&prices, &counts, alarms)
}
