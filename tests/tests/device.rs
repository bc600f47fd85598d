//! The device and its stack: power cuts, restarts, other clients of the shadow.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result};
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::World;
use serde_json::{Value, json};

#[tokio::test]
async fn after_a_power_cut_the_lock_comes_back_locked_and_the_record_follows() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    world.power("lock-1", false).await?;
    world.power("lock-1", true).await?;
    let back = world.until_settled("lock-1", "locked").await?;
    let boots = |lock: &Value| lock["shadow"]["reported"]["bootCount"].as_u64();
    assert!(
        boots(&back) > boots(&opened),
        "the device does not count its boots"
    );
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn the_data_survive_a_restart_of_the_stack() -> Result<()> {
    let world = World::start_with(&[]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    let world = World::start_in(world.stop().await?, &[]).await?;
    let back = world.until_settled("lock-1", "locked").await?;
    assert!(
        back["record"]["version"].as_u64() >= opened["record"]["version"].as_u64(),
        "a version has decreased"
    );
    let history = back["history"].as_array();
    let is_kept = history.is_some_and(|events| events.len() > 1);
    assert!(is_kept, "the history is lost: {back:#}");
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.stop().await?;
    Ok(())
}

async fn write_shadow(world: &World, state: &Value) -> Result<()> {
    let update = json!({ "state": state }).to_string();
    let data = world.iot_data();
    let call = data.update_thing_shadow().thing_name("lock-1");
    let written = call.payload(Blob::new(update)).send().await;
    written.context("update the shadow")?;
    Ok(())
}

/// Waits for a report newer than `seen` and for the record to follow. Returns the shadow's report.
async fn until_reported_again(world: &World, seen: &Value, latch: &str) -> Result<Value> {
    let report_id = |lock: &Value| lock["shadow"]["reported"]["reportId"].clone();
    let settled = world
        .until("lock-1", "reported again", |lock| {
            report_id(lock).is_string()
                && report_id(lock) != seen["reportId"]
                && lock["shadow"]["reported"]["lock"] == latch
                && lock["record"]["state"] == latch
                && lock["record"]["status"] == "settled"
        })
        .await?;
    Ok(settled["shadow"]["reported"].clone())
}

#[tokio::test]
async fn a_shadow_that_others_write_is_repaired_and_the_lock_stays_connected() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    let mut reported = opened["shadow"]["reported"].clone();
    // As the AWS console's editor saves it: the whole report with one word changed.
    let mut forged = reported.clone();
    forged["lock"] = json!("locked");
    for state in [
        json!({ "reported": { "lock": "locked" } }),
        json!({ "reported": forged }),
    ] {
        write_shadow(&world, &state).await?;
        reported = until_reported_again(&world, &reported, "unlocked").await?;
    }
    let data = world.iot_data();
    let deletion = data.delete_thing_shadow().thing_name("lock-1").send().await;
    deletion.context("delete the shadow")?;
    reported = until_reported_again(&world, &reported, "unlocked").await?;
    // With its metadata, this is longer than the device can receive.
    let notes: serde_json::Map<_, _> = (0..40)
        .map(|n| (format!("k{n:02}"), json!("x".repeat(40))))
        .collect();
    write_shadow(&world, &json!({ "desired": notes })).await?;
    until_reported_again(&world, &reported, "unlocked").await?;
    for (click, latch) in [("DOUBLE", "locked"), ("LONG", "unlocked")] {
        world.press("button-1", click).await?;
        world.until_settled("lock-1", latch).await?;
    }
    Ok(())
}

/// A process and its descendants.
fn family(pid: u32) -> Result<BTreeSet<u32>> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").context("list the processes")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process that has ended since is skipped.
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let parent = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split(' ').nth(2));
        if let Some(Ok(parent)) = parent.map(str::parse::<u32>) {
            parents.push((child, parent));
        }
    }
    let mut family = BTreeSet::from([pid]);
    loop {
        let known = family.len();
        let children = parents.iter().filter(|(_, parent)| family.contains(parent));
        let children: Vec<u32> = children.map(|(child, _)| *child).collect();
        family.extend(children);
        if family.len() == known {
            return Ok(family);
        }
    }
}

/// The inodes of a process's open sockets.
fn sockets(pid: u32) -> BTreeSet<String> {
    let files = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    let links = files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok());
    let inode = |link: std::path::PathBuf| {
        let text = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        Some(text.to_owned())
    };
    links.filter_map(inode).collect()
}

/// A device's time comes from its shadow alone (D3): nothing speaks SNTP.
#[tokio::test]
async fn no_program_of_a_local_stack_has_a_udp_socket() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let lock = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(lock["shadow"]["reported"]["clock"], "synced", "{lock:#}");
    let mut udp = BTreeSet::new();
    for table in ["/proc/net/udp", "/proc/net/udp6"] {
        let text = fs::read_to_string(table).with_context(|| format!("read {table}"))?;
        let inodes = text
            .lines()
            .skip(1)
            .filter_map(|line| line.split_whitespace().nth(9));
        udp.extend(inodes.map(str::to_owned));
    }
    let family = family(world.pid()?)?;
    let open: BTreeSet<String> = family.iter().flat_map(|pid| sockets(*pid)).collect();
    assert!(family.len() > 4 && open.len() > 10, "{family:?} {open:?}");
    assert_eq!(
        open.intersection(&udp).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
    Ok(())
}

#[tokio::test]
async fn a_lock_that_lost_its_settings_file_keeps_them_and_raises_an_alert() -> Result<()> {
    let world = World::start_with(&[]).await?;
    world.until_settled("lock-1", "locked").await?;
    let file = world.data_dir().join("flash/lock-1/conf9.json");
    for (text, settings) in [
        (r#"{"lock":{"relock_s":600}}"#, "stated"),
        (r#"{"lock":{"rel"#, "kept"),
    ] {
        world.power("lock-1", false).await?;
        fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
        world.power("lock-1", true).await?;
        world
            .until("lock-1", "a report of its settings", |lock| {
                lock["shadow"]["reported"]["settings"] == settings
                    && lock["shadow"]["reported"]["relockMs"] == 600_000
            })
            .await?;
    }
    world.until_history("lock-1", "settings-kept").await?;
    let status = world.lockctl(&["status"]).await?;
    let text = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(text.contains("settings kept"), "{text}");
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}
