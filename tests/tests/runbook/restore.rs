//! The section "Restore the table to an earlier time". The backup is a copy of the items, as the
//! local cloud has no recovery to a point in time.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::World;
use serde_json::Value;

use crate::pause::drain_rules;

type Item = HashMap<String, AttributeValue>;

/// Every item of the table, as `aws dynamodb scan` prints them.
async fn scan(world: &World) -> Result<Vec<Item>> {
    let pages = world.dynamodb().scan().table_name(world.at("table"));
    let mut pages = pages.into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(item) = pages.next().await {
        items.push(item.context("scan the table")?);
    }
    Ok(items)
}

fn key(item: &Item) -> Item {
    let part = |name: &str| (name.to_owned(), item[name].clone());
    HashMap::from([part("pk"), part("sk")])
}

fn is_event(item: &Item) -> bool {
    let sk = item["sk"].as_s().map(String::as_str).unwrap_or_default();
    sk.starts_with("event#")
}

/// Step 5: deletes what the backup does not know, except events, then writes what it knows.
async fn copy_back(world: &World, backup: &[Item]) -> Result<()> {
    let (table, dynamodb) = (world.at("table"), world.dynamodb());
    let known: Vec<Item> = backup.iter().map(key).collect();
    let unknown = scan(world)
        .await?
        .into_iter()
        .filter(|item| !is_event(item));
    for key in unknown
        .map(|item| key(&item))
        .filter(|key| !known.contains(key))
    {
        let delete = dynamodb.delete_item().table_name(table);
        delete
            .set_key(Some(key))
            .send()
            .await
            .context("delete an item")?;
    }
    for item in backup {
        let put = dynamodb.put_item().table_name(table);
        let put = put.set_item(Some(item.clone()));
        put.send().await.context("write an item")?;
    }
    Ok(())
}

#[tokio::test]
async fn after_a_restore_every_lock_is_known_again_and_a_press_works() -> Result<()> {
    let parameters = ["--parameter", "CommandTtlMs=5000"];
    let base = ["--memory", "--no-button-devices", "--time-scale", "0.2"];
    let arguments = [&base[..], &parameters].concat();
    let world = World::start_with(&arguments).await?;
    world.until_settled("lock-1", "locked").await?;
    let backup = scan(&world).await?;
    // What the backup does not know: a press, an open door, a button.
    world.lockctl_json(&["press", "button-1"]).await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    let version = opened["record"]["version"].as_u64().context("no version")?;
    world
        .lockctl_json(&["register", "button", "button-9", "--record-only"])
        .await?;

    // A recovery while the rules run is refused, and says what to do.
    let refused = world.lockctl(&["recover", "--all"]).await?;
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success(), "{text}");
    assert!(
        text.contains("rules are enabled: remote_lock_button"),
        "{text}"
    );
    assert!(text.contains("`lockctl pause`"), "{text}");

    world.lockctl_json(&["pause"]).await?;
    drain_rules(&world).await?;
    copy_back(&world, &backup).await?;
    let recovered = world.lockctl_json(&["recover", "--all"]).await?;
    assert_eq!(recovered["locks"][0]["recovered"], true, "{recovered}");
    assert_eq!(recovered["enabledButtons"][0], "button-1");
    world.lockctl_json(&["resume"]).await?;

    let known = world.until_settled("lock-1", "locked").await?;
    let after = known["record"]["version"].as_u64().context("no version")?;
    assert!(after > version, "{after} is not above {version}");
    let bindings = world.lockctl_json(&["bindings"]).await?;
    assert_eq!(
        bindings["bindings"].as_array().map(Vec::len),
        Some(1),
        "{bindings}"
    );
    // The press after the backup stays in the history.
    world.until_history("lock-1", "button-1 SINGLE").await?;
    world.lockctl_json(&["press", "button-1"]).await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.log()?.check_invariants()
}

#[tokio::test]
async fn a_warm_process_does_not_open_the_lock_of_a_binding_that_was_undone() -> Result<()> {
    let base = ["--memory", "--locks", "2", "--no-button-devices"];
    let world = World::start_with(&[&base[..], &["--time-scale", "0.2"]].concat()).await?;
    for lock in ["lock-1", "lock-2"] {
        world.until_settled(lock, "locked").await?;
    }
    let backup = scan(&world).await?;
    world.lockctl_json(&["bind", "button-1", "lock-2"]).await?;
    // Not a toggle: that has a condition on the last press, which the backup does not know.
    world.lockctl_json(&["press", "button-1", "long"]).await?;
    world.until_settled("lock-2", "unlocked").await?;

    world.lockctl_json(&["pause"]).await?;
    drain_rules(&world).await?;
    copy_back(&world, &backup).await?;
    world.lockctl_json(&["recover", "--all"]).await?;
    world.lockctl_json(&["resume"]).await?;
    for lock in ["lock-1", "lock-2"] {
        world.until_settled(lock, "locked").await?;
    }
    // Step 6: the binding is undone, and the history still shows it.
    let bindings = world.lockctl_json(&["bindings"]).await?;
    let all = bindings["bindings"].as_array().into_iter().flatten();
    let lock = all
        .filter(|binding| binding["button"] == "button-1")
        .map(|binding| &binding["lock"]);
    assert_eq!(lock.collect::<Vec<_>>(), ["lock-1"], "{bindings:#}");
    world.until_history("lock-2", "binds button-1").await?;
    // As many changes since the backup as the binding had that the process knows.
    world.lockctl_json(&["bind", "button-1", "lock-1"]).await?;
    let press = ["press", "button-1", "long", "--no-wait"];
    world.lockctl_json(&press).await?;
    let is_open = |lock: &Value| lock["device"]["latch"] == "unlocked";
    let has_open = |state: &Value| {
        let locks = state["locks"].as_array();
        locks.is_some_and(|locks| locks.iter().any(is_open))
    };
    let state = world.until_state("an open door", has_open).await?;
    let locks = state["locks"].as_array().into_iter().flatten();
    let open: Vec<_> = locks
        .filter(|lock| is_open(lock))
        .map(|lock| &lock["thing"])
        .collect();
    assert_eq!(open, ["lock-1"], "{state:#}");
    world.until_settled("lock-1", "unlocked").await?;
    let log = world.log()?;
    assert_eq!(log.cold_starts("PressFunction"), 1, "one warm process");
    log.check_invariants()
}

#[tokio::test]
async fn a_version_is_repaired_while_everything_runs() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let recovered = world
        .lockctl_json(&["recover", "lock-1", "--running"])
        .await?;
    assert_eq!(recovered["locks"][0]["recovered"], true, "{recovered}");
    world.until_settled("lock-1", "locked").await?;
    Ok(())
}

/// Recovers lock-1, as a person and then as a script. Returns both warnings, the person's without
/// its prefix.
async fn recovery_warnings(world: &World) -> Result<(Option<String>, Option<String>)> {
    let shown = world.lockctl(&["recover", "--all"]).await?;
    let errors = String::from_utf8_lossy(&shown.stderr).into_owned();
    ensure!(shown.status.success(), "{errors}");
    let mut lines = errors
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("WARN "));
    let for_person = lines.next().map(str::to_owned);
    ensure!(lines.next().is_none(), "more than one warning: {errors}");
    let answer = world.lockctl_json(&["recover", "--all"]).await?;
    let lock = &answer["locks"][0];
    ensure!(lock["recovered"] == true, "{answer:#}");
    let for_script = lock["warning"].as_str().map(str::to_owned);
    Ok((for_person, for_script))
}

#[tokio::test]
async fn a_recovery_says_that_it_could_not_read_the_report_of_a_lock() -> Result<()> {
    let base = ["--memory", "--no-button-devices"];
    let world = World::start_with(&[&base[..], &["--time-scale", "0.2"]].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    world.lockctl_json(&["pause"]).await?;
    drain_rules(&world).await?;
    // Without power, or it would report again at once.
    world.power("lock-1", false).await?;
    let edit = r#"{"state":{"reported":{"version":"seven"}}}"#;
    let update = world.iot_data().update_thing_shadow().thing_name("lock-1");
    let update = update.payload(Blob::new(edit)).send().await;
    update.context("edit the shadow")?;
    let wanted = "lock-1: the report in its shadow cannot be read: field version is not a whole \
                  number below 2^53; the command's version is later than the table and the clock \
                  know, and may repeat one that only the report showed; switch the lock off and \
                  on, so that it reports again, and repeat the command";
    let both = (Some(wanted.to_owned()), Some(wanted.to_owned()));
    assert_eq!(recovery_warnings(&world).await?, both);

    // As the warning advises.
    world.power("lock-1", true).await?;
    let is_report = |lock: &Value| lock["shadow"]["reported"]["version"].is_u64();
    world
        .until("lock-1", "with a new report", is_report)
        .await?;
    assert_eq!(recovery_warnings(&world).await?, (None, None));
    world.lockctl_json(&["resume"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.log()?.check_invariants()
}

#[tokio::test]
async fn a_stack_works_on_the_table_that_another_one_left() -> Result<()> {
    let world = World::start_with(&["--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.lockctl_json(&["press", "button-1"]).await?;
    world.until_settled("lock-1", "unlocked").await?;
    let directory = world.stop().await?;
    let world = World::start_in(directory, &["--no-button-devices", "--headless"]).await?;
    world.lockctl_json(&["pause"]).await?;
    drain_rules(&world).await?;
    world.lockctl_json(&["recover", "--all"]).await?;
    world.lockctl_json(&["resume"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.until_history("lock-1", "button-1 SINGLE").await?;
    Ok(())
}
