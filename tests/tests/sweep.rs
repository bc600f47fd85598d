//! Messages that were lost or never answered, and the sweep that repairs them (C8, C10). A minute
//! lasts 1.2 s here, and an unlock lives 5 s.

use anyhow::{Context, Result};
use e2e::World;
use e2e::world::has_event;
use serde_json::Value;

const SHORT: [&str; 6] = [
    "--memory",
    "--no-button-devices",
    "--time-scale",
    "0.02",
    "--parameter",
    "CommandTtlMs=5000",
];

/// A stack with short times and a settled, locked door.
async fn short() -> Result<World> {
    let world = World::start_with(&SHORT).await?;
    world.until_settled("lock-1", "locked").await?;
    Ok(world)
}

fn movements(lock: &Value) -> Result<u64> {
    lock["device"]["movements"].as_u64().context("no movements")
}

/// Number of events in a lock's history that contain `text`.
fn count(lock: &Value, text: &str) -> usize {
    let lines = lock["history"].as_array().into_iter().flatten();
    lines
        .filter_map(|line| line["text"].as_str())
        .filter(|line| line.contains(text))
        .count()
}

#[tokio::test]
async fn a_lost_report_event_is_recovered_from_the_shadow() -> Result<()> {
    let world = short().await?;
    // Ten minutes late is as good as lost.
    world.arm("late:report@1-9+10m").await?;
    world.send_press("LONG", 1).await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(movements(&opened)?, 1);
    assert!(has_event(&opened, "executed"), "{:#}", opened["history"]);
    let log = world.log()?;
    assert!(log.strikes("late:report@1-9+600000ms") > 0);
    assert!(log.successes("SweepFunction") > 0);
    log.check_invariants()
}

#[tokio::test]
async fn a_lock_command_is_sent_again_until_it_is_acknowledged() -> Result<()> {
    let world = short().await?;
    world.send_press("LONG", 1).await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.arm("drop:remote-lock/+@1-3").await?;
    world.send_press("DOUBLE", 2).await?;
    let closed = world.until_settled("lock-1", "locked").await?;
    assert_eq!(movements(&closed)?, 2);
    assert_eq!(
        closed["record"]["command"]["attempts"], 4,
        "not three commands were lost"
    );
    assert!(
        count(&closed, "resend: not answered") >= 3,
        "{:#}",
        closed["history"]
    );
    let log = world.log()?;
    assert_eq!(log.strikes("drop:remote-lock/+@1-3"), 3);
    log.check_invariants()
}

#[tokio::test]
async fn an_unlock_without_power_ends_in_an_alert_and_a_system_lock() -> Result<()> {
    let world = short().await?;
    let before = world.until_settled("lock-1", "locked").await?;
    world.power("lock-1", false).await?;
    world.send_press("LONG", 1).await?;
    // After the unlock's life and ten seconds of grace nobody waits for the answer.
    let given_up = world
        .until_history("lock-1", "[alert: unlock-not-answered]")
        .await?;
    assert_eq!(given_up["record"]["command"]["action"], "lock");
    assert!(
        given_up["record"]["version"].as_u64() > before["record"]["version"].as_u64(),
        "the system lock has no version of its own"
    );
    world.power("lock-1", true).await?;
    let back = world.until_settled("lock-1", "locked").await?;
    assert_eq!(
        movements(&back)?,
        movements(&before)?,
        "the latch has moved"
    );
    assert_eq!(count(&back, "[alert: unlock-not-answered]"), 1);
    assert_eq!(
        back["record"]["version"],
        back["shadow"]["reported"]["version"]
    );
    world.log()?.check_invariants()
}

#[tokio::test]
async fn a_lock_that_does_not_answer_is_unresponsive_and_locks_when_it_is_back() -> Result<()> {
    let world = short().await?;
    world.send_press("LONG", 1).await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.network("lock-1", false).await?;
    world.send_press("DOUBLE", 2).await?;
    world
        .until("lock-1", "called unresponsive", |lock| {
            lock["record"]["status"] == "unresponsive"
        })
        .await?;
    let status = world.lockctl(&["status", "lock-1"]).await?;
    let text = String::from_utf8(status.stdout)?;
    assert!(
        text.contains("unresponsive") && text.contains("no answer"),
        "{text}"
    );
    world.network("lock-1", true).await?;
    let closed = world.until_settled("lock-1", "locked").await?;
    assert_eq!(movements(&closed)?, 2);
    assert_eq!(
        count(&closed, "[alert: unresponsive]"),
        1,
        "not exactly one alert: {:#}",
        closed["history"]
    );
    world.log()?.check_invariants()
}

#[tokio::test]
async fn a_settled_door_is_left_alone_by_every_sweep() -> Result<()> {
    let world = short().await?;
    let before = world.lock("lock-1").await?;
    let log = world
        .until_log("three sweeps", |log| log.successes("SweepFunction") >= 3)
        .await?;
    let after = world.lock("lock-1").await?;
    assert_eq!(after["record"]["version"], before["record"]["version"]);
    assert_eq!(movements(&after)?, movements(&before)?);
    assert_eq!(count(&after, "timeout"), 0, "{:#}", after["history"]);
    log.check_invariants()
}
