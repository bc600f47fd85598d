//! Faults of the line between the house and the cloud.
//!
//! Must not know: how bytes are held.

use std::time::Duration;

use anyhow::Result;
use e2e::World;
use e2e::mqtt::Client;

use crate::house::{BRIDGE, House, line_topic};

/// Longer than an unlock lives (C4).
const STALL: Duration = Duration::from_secs(36);

/// The bridge finds out sooner than by default that its line is dead, and tries again sooner.
const QUICK: [(&str, &str); 2] = [("keepalive_interval", "5"), ("restart_timeout", "1")];

/// Waits until the broker has said that the line is down, and then that it is up again.
async fn until_down_and_up(watcher: &mut Client) -> Result<()> {
    let topic = line_topic();
    watcher.until(&topic, "no line", |up| *up == 0).await?;
    watcher.until(&topic, "a line", |up| *up == 1).await?;
    Ok(())
}

#[tokio::test]
async fn mosquitto_opens_nothing_when_a_stalled_line_goes_on() -> Result<()> {
    let mut house = House::start().await?;
    house.line.hold();
    house.use_entity("lock-1", "unlock").await?;
    house.client.idle(STALL).await?;
    house.line.resume();
    let stale = format!("{BRIDGE} requests unlock: ignored: stale");
    let lock = house.world.until_history("lock-1", &stale).await?;
    assert_eq!(lock["device"]["movements"], 0, "{lock:#}");
    assert_eq!(lock["device"]["latch"], "locked", "{lock:#}");
    // The line works again, for a new command.
    house.use_entity("lock-1", "unlock").await?;
    house.until_shown("lock-1", "unlocked").await?;
    let lock = house.world.lock("lock-1").await?;
    assert_eq!(lock["device"]["movements"], 1, "{lock:#}");
    house.world.log()?.check_invariants()
}

#[tokio::test]
async fn mosquitto_leaves_a_half_open_line_and_catches_up() -> Result<()> {
    let world = World::start().await?;
    let mut house = House::join(world, &["lock-1"], &QUICK).await?;
    let mut watcher = house.watch_line().await?;
    let before = house.line.connections();
    house.line.strand();
    house.world.press("button-1", "LONG").await?;
    house.world.until_settled("lock-1", "unlocked").await?;
    house.line.until_more_than(before).await?;
    // An older mosquitto does not publish that a line has died silently.
    watcher
        .until(&line_topic(), "a line", |up| *up == 1)
        .await?;
    // The message about the unlock went into a dead line. What comes is what the bridge asked for.
    house.until_shown("lock-1", "unlocked").await?;
    house.use_entity("lock-1", "lock").await?;
    house.until_shown("lock-1", "locked").await?;
    Ok(())
}

#[tokio::test]
async fn mosquitto_reconnects_and_catches_up() -> Result<()> {
    let world = World::start().await?;
    let mut house = House::join(world, &["lock-1"], &QUICK).await?;
    let mut watcher = house.watch_line().await?;
    for latch in ["unlocked", "locked"] {
        let before = house.line.connections();
        // Held, so that no new line is up before the latch has moved.
        house.line.hold();
        house.line.cut();
        house.world.press("button-1", "SINGLE").await?;
        house.world.until_settled("lock-1", latch).await?;
        house.line.resume();
        house.line.until_more_than(before).await?;
        until_down_and_up(&mut watcher).await?;
        house.until_shown("lock-1", latch).await?;
    }
    house.use_entity("lock-1", "unlock").await?;
    house.until_shown("lock-1", "unlocked").await?;
    house.world.log()?.check_invariants()
}
