//! `lockctl doctor`: each link of the way from a button to its door is broken through the real
//! calls, and exactly that link must be named first.

mod account;
mod device;
mod record;
mod service;
mod template;

use std::collections::BTreeSet;
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

/// Links that a test without a table breaks.
const ALONE: [&str; 8] = [
    "alarms",
    "credentials",
    "failure queue",
    "poison queue",
    "registered",
    "region",
    "stack",
    "table",
];
/// A link that is never broken: it is unknown until a function has written its limits.
const NEVER_BROKEN: &str = "functions run";

/// A link without its device or its part: `rule` of `rule button`.
fn kind(title: &str) -> &str {
    let devices = ["lock-1 ", "button-1 ", "button-9 "];
    let link = devices
        .into_iter()
        .find_map(|device| title.strip_prefix(device));
    let link = link.unwrap_or(title);
    let parts = ["function", "rule", "permission"];
    let part = parts.into_iter().find(|part| {
        let rest = link.strip_prefix(part);
        rest.is_some_and(|rest| rest.starts_with(' '))
    });
    part.unwrap_or(link)
}

#[tokio::test]
async fn each_link_that_is_shown_is_broken_by_a_test() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    until_named(&world, None).await?;
    let shown = world.lockctl_json(&["doctor"]).await?;
    let links = shown["links"].as_array().context("no links")?.iter();
    let shown: BTreeSet<&str> = links.filter_map(|link| link["link"].as_str()).collect();
    ensure!(shown.contains(NEVER_BROKEN), "{shown:?}");
    let shown = shown.into_iter().filter(|link| *link != NEVER_BROKEN);
    let shown: BTreeSet<&str> = shown.map(kind).collect();
    let of_devices = device::ROWS.iter().map(|row| row.1);
    let of_items = record::ROWS.iter().map(|row| row.2);
    let of_template = template::ROWS.iter().map(|row| row.2);
    let titles = of_devices.chain(of_items).chain(of_template).chain(ALONE);
    let broken: BTreeSet<&str> = titles.map(kind).collect();
    assert_eq!(broken, shown);
    Ok(())
}
