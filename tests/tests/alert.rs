//! Alerts reach a person: what was committed with an alert, and what CloudWatch's alarms find, end
//! in a message on the stack's topic.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use e2e::World;
use serde_json::Value;

/// A minute of the stack lasts 3 s: what must arrive within a minute of its time arrives in that.
const MINUTES: [&str; 2] = ["--time-scale", "0.05"];
/// How long a message may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// Every message on the stack's topic so far.
async fn messages(world: &World) -> Result<Vec<Value>> {
    let url = format!("{}/notifications", world.at("iot"));
    let answer = reqwest::get(url).await?.error_for_status()?;
    Ok(answer.json().await?)
}

/// Waits for a message that `fits`, and returns all so far.
async fn until_message(world: &World, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
    let patience = tokio::time::Instant::now() + DEADLINE;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    loop {
        let all = messages(world).await?;
        if let Some(found) = all.iter().find(|message| fits(message)) {
            return Ok(found.clone());
        }
        ensure!(
            tokio::time::Instant::now() < patience,
            "no message {what}: {all:#?}"
        );
        ticks.tick().await;
    }
}

fn text<'a>(message: &'a Value, field: &str) -> &'a str {
    message[field].as_str().unwrap_or_default()
}

/// The code of an alert, which the message carries as an attribute.
fn code(message: &Value) -> &str {
    text(&message["attributes"], "code")
}

#[tokio::test]
async fn a_forced_door_ends_in_one_message_that_names_it() -> Result<()> {
    let arguments = ["--memory", "--device-set", "pins.door=14"];
    let world = World::start_with(&arguments).await?;
    let is_closed = |lock: &Value| lock["shadow"]["reported"]["door"] == "closed";
    world
        .until("lock-1", "with its door closed", is_closed)
        .await?;
    world.until_settled("lock-1", "locked").await?;
    world.open_door("lock-1", true).await?;
    let message = until_message(&world, "about a forced door", |m| code(m) == "forced").await?;
    ensure!(text(&message, "message").contains("lock-1"), "{message}");
    ensure!(text(&message, "subject").contains("lock-1"), "{message}");

    // A door that was unlocked first is not forced.
    world.open_door("lock-1", false).await?;
    world.until("lock-1", "closed again", is_closed).await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.open_door("lock-1", true).await?;
    let is_open = |lock: &Value| lock["shadow"]["reported"]["door"] == "open";
    world.until("lock-1", "open", is_open).await?;
    world.press("button-1", "DOUBLE").await?;
    world.until_settled("lock-1", "locked").await?;
    let forced = messages(&world).await?;
    let forced = forced.iter().filter(|message| code(message) == "forced");
    ensure!(forced.count() == 1, "{:#?}", messages(&world).await?);
    Ok(())
}

#[tokio::test]
async fn a_door_left_open_ends_in_one_message() -> Result<()> {
    let arguments = [
        "--memory",
        "--device-set",
        "pins.door=14",
        "--parameter",
        "LeftOpenMinutes=1",
    ];
    let world = World::start_with(&[&arguments[..], &MINUTES].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.open_door("lock-1", true).await?;
    let message = until_message(&world, "about an open door", |m| code(m) == "left-open").await?;
    ensure!(
        text(&message, "message").contains("open since"),
        "{message}"
    );
    Ok(())
}

#[tokio::test]
async fn an_unlock_is_announced_if_the_deployment_asks_for_it() -> Result<()> {
    let arguments = ["--memory", "--parameter", "AnnounceUnlocks=true"];
    let world = World::start_with(&arguments).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    let message = until_message(&world, "about the unlock", |m| code(m) == "unlocked").await?;
    let sentence = text(&message, "message");
    ensure!(
        sentence.contains("lock-1 was unlocked by button-1"),
        "{sentence}"
    );
    Ok(())
}

#[tokio::test]
async fn a_dead_sweep_ends_in_a_message() -> Result<()> {
    // The schedule stops: the function is never invoked, and only the missing metric shows it.
    let template = std::fs::read_to_string("../template.yaml").context("read the template")?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("template.yaml");
    let dead = template.replace("rate(1 minute)", "rate(1 day)");
    ensure!(
        dead != template,
        "the template's schedule is written otherwise"
    );
    std::fs::write(&path, dead)?;
    let path = path.to_str().context("the path is not UTF-8")?;
    let world =
        World::start_with(&[&["--memory", "--template", path][..], &MINUTES].concat()).await?;
    let is_sweep = |message: &Value| {
        let subject = text(message, "subject");
        subject.starts_with("ALARM:") && subject.contains("sweep-silent")
    };
    until_message(&world, "about the sweep", is_sweep).await?;
    Ok(())
}

#[tokio::test]
async fn a_poisoned_event_ends_in_a_message_and_stops_no_other() -> Result<()> {
    let world = World::start_with(&[&["--memory"][..], &MINUTES].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    let word = |text: &str| AttributeValue::S(text.to_owned());
    let put = world.dynamodb().put_item().table_name(world.at("table"));
    let put = put.item("pk", word("lock#lock-1"));
    put.item("sk", word("event#1763779512345#poison"))
        .send()
        .await?;
    // Another alert, committed after the poison, is announced without waiting for it.
    world.power("lock-1", false).await?;
    let lock = world.lockctl(&["lock", "lock-1", "--no-wait"]).await?;
    ensure!(lock.status.success(), "{lock:?}");
    until_message(&world, "about the silent lock", |m| {
        code(m) == "unresponsive"
    })
    .await?;
    let is_poison = |message: &Value| {
        let subject = text(message, "subject");
        subject.starts_with("ALARM:") && subject.contains("poison-queue")
    };
    until_message(&world, "about the poison", is_poison).await?;
    Ok(())
}
