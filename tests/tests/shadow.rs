//! A shadow that other people and programs write: what the record accepts, and how the shadow
//! becomes right again.

use anyhow::{Context, Result};
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::World;
use e2e::world::has_event;
use serde_json::{Value, json};

async fn update(world: &World, thing: &str, document: &Value) -> Result<()> {
    let update = world.iot_data().update_thing_shadow().thing_name(thing);
    update
        .payload(Blob::new(document.to_string()))
        .send()
        .await
        .context("call UpdateThingShadow")?;
    Ok(())
}

/// The shadow's report without its name.
async fn reported(world: &World, thing: &str) -> Result<Value> {
    let shadow = world.shadow(thing).await?;
    Ok(shadow["state"]["reported"].clone())
}

#[tokio::test]
async fn a_report_edited_by_hand_is_ignored_and_the_lock_repairs_it() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    let honest = reported(&world, "lock-1").await?;

    let mut edited = honest.clone();
    edited["lock"] = json!("locked");
    update(
        &world,
        "lock-1",
        &json!({ "state": { "reported": edited } }),
    )
    .await?;
    let lock = world.until_history("lock-1", "not from lock").await?;
    assert_eq!(
        (&lock["record"]["state"], &lock["device"]["latch"]),
        (&json!("unlocked"), &json!("unlocked"))
    );
    let lock = world
        .until("lock-1", "reporting again", |lock| {
            let reported = &lock["shadow"]["reported"];
            reported["lock"] == "unlocked" && reported["reportId"] != honest["reportId"]
        })
        .await?;
    assert_eq!(lock["device"]["movements"], 1, "the latch has moved");
    let settled = world.until_settled("lock-1", "unlocked").await?;
    assert!(
        !has_event(&settled, "reports locked (remote): settled: confirmed"),
        "{settled:#}"
    );
    Ok(())
}

#[tokio::test]
async fn one_field_edited_by_hand_is_repaired_too() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    update(
        &world,
        "lock-1",
        &json!({ "state": { "reported": { "lock": "unlocked" } } }),
    )
    .await?;
    world.until_settled("lock-1", "locked").await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_shadow_is_written_again_and_presses_act() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let delete = world.iot_data().delete_thing_shadow().thing_name("lock-1");
    delete.send().await.context("call DeleteThingShadow")?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn a_lock_that_reports_an_impossible_version_does_not_spoil_its_record() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let mut report = reported(&world, "lock-1").await?;
    world.power("lock-1", false).await?;
    let before = world.lock("lock-1").await?;

    // A client with the lock's own key.
    let mut client = world.client("lock-1").await?;
    let token = format!("{}-900", report["bootCount"]);
    report["version"] = json!(9_007_199_254_740_990_u64);
    report["reportId"] = json!(token);
    let payload = json!({ "state": { "reported": report }, "clientToken": token });
    client
        .publish("$aws/things/lock-1/shadow/update", &payload.to_string())
        .await?;
    let lock = world
        .until("lock-1", "unresponsive", |lock| {
            lock["record"]["status"] == "unresponsive"
                && has_event(lock, "[alert: implausible-version]")
        })
        .await?;
    assert_eq!(lock["record"]["version"], before["record"]["version"]);

    drop(client);
    world.power("lock-1", true).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn another_thing_of_the_account_is_not_a_lock() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let mut whole = reported(&world, "lock-1").await?;
    whole["reportId"] = json!("1-1");
    whole["bootCount"] = json!(1);
    update(
        &world,
        "thermostat-1",
        &json!({ "state": { "reported": { "bootCount": 3, "temp": 20 } } }),
    )
    .await?;
    update(
        &world,
        "thermostat-1",
        &json!({ "state": { "reported": whole }, "clientToken": "1-1" }),
    )
    .await?;
    let log = world
        .until_log("both updates by the function", |log| {
            let lines = log.function_log("ReportFunction");
            let passed_over = lines
                .iter()
                .filter(|line| line["UnregisteredMessages"] == 1);
            passed_over.count() == 2
        })
        .await?;
    assert_eq!(log.commands("thermostat-1"), 0);
    let status = world.lockctl_json(&["status"]).await?;
    let locks: Vec<&Value> = status["locks"]
        .as_array()
        .context("no list of locks")?
        .iter()
        .map(|lock| &lock["lock"])
        .collect();
    assert_eq!(locks, [&json!("lock-1")]);
    let history = world.lockctl_json(&["history", "thermostat-1"]).await?;
    assert_eq!(history["history"], json!([]));
    Ok(())
}
