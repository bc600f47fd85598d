//! `lockctl` in a place, with every right. Must not know: what a command does.

use anyhow::{Context, Result, ensure};
use e2e::place::Place;
use e2e::shell::succeeds;

/// Runs a command that must succeed. Returns what it prints.
pub async fn run(place: &Place, arguments: &[&str]) -> Result<String> {
    let output = place.lockctl(place.cloud.credentials(), arguments).await?;
    succeeds(&output).with_context(|| format!("{arguments:?}"))
}

/// Runs a command that must fail. Returns its error.
pub async fn refused(place: &Place, arguments: &[&str]) -> Result<String> {
    let output = place.lockctl(place.cloud.credentials(), arguments).await?;
    ensure!(!output.status.success(), "{arguments:?}");
    Ok(String::from_utf8(output.stderr)?)
}
