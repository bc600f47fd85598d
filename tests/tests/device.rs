//! Stories of the device and of the stack around it: power cuts, restarts, a shadow that others write to.

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
    assert!(boots(&back) > boots(&opened), "the device counts its boots");
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_known_survives_a_restart_of_the_stack() -> Result<()> {
    let world = World::with(&[]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    let world = World::within(world.stop().await?, &[]).await?;
    let back = world.until_settled("lock-1", "locked").await?;
    assert!(
        back["record"]["version"].as_u64() >= opened["record"]["version"].as_u64(),
        "versions never go back"
    );
    let told = back["history"]
        .as_array()
        .is_some_and(|lines| lines.len() > 1);
    assert!(told, "the history is still there: {back:#}");
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

/// Waits for a report of the lock that is newer than `seen`, and for the record to follow; the shadow's report.
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
async fn a_shadow_that_others_write_to_is_right_again_and_the_lock_stays_within_reach() -> Result<()>
{
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    let mut reported = opened["shadow"]["reported"].clone();
    // As the editor of the AWS console saves it: the whole report, one word changed by hand.
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
    // Longer, with its metadata, than what the device can receive.
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
