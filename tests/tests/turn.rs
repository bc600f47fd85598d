//! Two reports at once, while a system lock waits for its turn (C15).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::World;
use serde_json::{Value, json};

/// How far the other program's clock is ahead of its last command's.
const AHEAD: Duration = Duration::from_secs(3_600);
/// A function that handles a report commits late, within its wait for the table's answer.
const LATE_COMMIT: &str = "slow:report.commit@1+1800ms";
/// The second command from now on is lost: the first is the other program's.
const LOST_COMMAND: &str = "drop:remote-lock/+@2";

/// Another program locks lock-1 for the `n`th time. Returns the lock when the system has answered
/// with a later version.
async fn overtake(world: &World, n: u32) -> Result<Value> {
    let version = world.lock_by_another("lock-1", AHEAD * n).await?;
    until_past(world, version).await
}

async fn until_past(world: &World, version: u64) -> Result<Value> {
    let is_past = |lock: &Value| lock["record"]["version"].as_u64() > Some(version);
    world.until("lock-1", "past another program", is_past).await
}

/// Lets another program command lock-1 until the system's lock waits for its turn. Returns the lock
/// when that turn has come, and how often the program has commanded.
async fn until_a_turn_has_come(world: &World) -> Result<(Value, u32)> {
    for n in 1..=6 {
        let lock = overtake(world, n).await?;
        let command = &lock["record"]["command"];
        if command["attempts"] != 0 {
            continue;
        }
        let due_ms = command["nextSendAt"].as_u64().context("no next send")?;
        let due = UNIX_EPOCH + Duration::from_millis(due_ms);
        let is_due = |_: &Value| SystemTime::now() >= due;
        world.until("lock-1", "due to be locked", is_due).await?;
        return Ok((lock, n));
    }
    bail!("no system lock waited: each was sent at once")
}

/// Delivers the report that the record has used last once more, as AWS may.
async fn deliver_again(world: &World, reported: &Value) -> Result<()> {
    let event = json!({
        "version": reported["shadowVersion"], "timestamp": reported["shadowAt"],
        "clientToken": reported["reportId"], "state": { "reported": reported },
    });
    let topic = "$aws/rules/remote_lock_report/$aws/things/lock-1/shadow/update/accepted";
    let publish = world.iot_data().publish().topic(topic).qos(1);
    let publish = publish.payload(Blob::new(event.to_string()));
    publish.send().await.context("publish the report again")?;
    Ok(())
}

#[tokio::test]
async fn two_reports_at_once_take_two_turns_for_two_system_locks() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    // The first report began a series: a person's command ends it.
    world.lockctl_json(&["lock", "lock-1"]).await?;
    // The reports alone send what waits.
    world.arm("late:sweep@1-9+10m").await?;
    let (waiting, commands) = until_a_turn_has_come(&world).await?;
    let record = &waiting["record"];
    let locks = record["command"]["systemLocks"].as_u64();
    let locks = locks.context("no count of system locks")?;

    world.arm(LATE_COMMIT).await?;
    world.arm(LOST_COMMAND).await?;
    let ahead = AHEAD * (commands + 1);
    let version = world.lock_by_another("lock-1", ahead).await?;
    // One function has decided to replace the lock that waits; another one sends that lock.
    world
        .until_log("a late commit", |log| log.strikes(LATE_COMMIT) > 0)
        .await?;
    deliver_again(&world, &record["reported"]).await?;
    world
        .until_log("the lock that waited", |log| log.strikes(LOST_COMMAND) > 0)
        .await?;
    let replaced = until_past(&world, version).await?;
    let command = &replaced["record"]["command"];
    assert_eq!(command["systemLocks"], locks + 1, "{replaced:#}");
    let is_second = |line: &Value| line["decisions"].as_u64() > Some(1);
    world
        .until_log("a second decision", |log| {
            log.function_log("ReportFunction").iter().any(is_second)
        })
        .await?;

    // A person's command ends the series.
    world.lockctl_json(&["lock", "lock-1"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.log()?.check_invariants()
}
