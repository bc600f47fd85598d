//! `cargo xtask scale`: writes the table of outages in infra/docs/SCALE.md.
//!
//! Must not know: what an outage is.

use std::fs;

use anyhow::{Context, Result};

use crate::process;
use crate::publish;
use crate::workspace::Workspace;

/// Path of the page.
const PAGE: &str = "infra/docs/SCALE.md";
/// Name of the marks around the table.
const TABLE: &str = "outages";

/// Builds the simulation optimised, runs it, and writes its table into the page.
///
/// # Errors
/// The simulation fails, or the page has no place for the table.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut simulation = workspace.cargo();
    simulation.args(["run", "--quiet", "--profile", "fast", "--package", "scale"]);
    println!("scale: a million locks, three times; some minutes");
    let table = process::output(&mut simulation)?;
    let path = workspace.path(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("read {PAGE}"))?;
    let page = publish::replace_between(&page, TABLE, &table).context(PAGE)?;
    fs::write(&path, page).with_context(|| format!("write {PAGE}"))?;
    println!("scale: {PAGE} written");
    Ok(true)
}
