//! `lockctl doctor`: each link of the way from a button to its door is broken through the real
//! calls, and exactly that link must be named first.

mod account;
mod device;
mod record;
mod service;
mod template;

use std::process::Output;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::World;
use serde_json::Value;

/// How long a link may take to be named. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// The first broken link of an answer in JSON: `lock-1 connected`, and what fixes it.
fn first_broken(output: &Output) -> Result<Option<(String, String)>> {
    let errors = String::from_utf8_lossy(&output.stderr);
    let body: Value =
        serde_json::from_slice(&output.stdout).with_context(|| errors.into_owned())?;
    let broken = &body["firstBroken"];
    ensure!(output.status.success() == broken.is_null(), "{output:?}");
    let Some(link) = broken["link"].as_str() else {
        return Ok(None);
    };
    let title = match broken["device"].as_str() {
        Some(device) => format!("{device} {link}"),
        None => link.to_owned(),
    };
    let fix = broken["fix"].as_str().context("nothing fixes it")?;
    Ok(Some((title, fix.to_owned())))
}

/// Asks the doctor until it names `wanted` first; `None`: until no link is broken. Returns what
/// fixes it.
async fn until_named(world: &World, wanted: Option<&str>) -> Result<String> {
    let deadline = Instant::now() + DEADLINE;
    let shell = world.shell()?;
    loop {
        let output = shell.lockctl(&["doctor", "--output", "json"]).await?;
        let found = first_broken(&output)?;
        if found.as_ref().map(|(title, _)| title.as_str()) == wanted {
            return Ok(found.map(|(_, fix)| fix).unwrap_or_default());
        }
        if Instant::now() > deadline {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            bail!("not {wanted:?} but {found:?} is named:\n{text}");
        }
    }
}
