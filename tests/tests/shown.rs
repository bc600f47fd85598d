//! Readers, such as a home's own hub: the state of a lock, also for one that joins late, and each
//! line of its history. Every message is as its schema says.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::mqtt::Client;
use serde_json::{Value, json};

const SCHEMA: &str = include_str!("../vectors/state.schema.json");
const VECTORS: &str = include_str!("../vectors/states.json");
const STATE: &str = "remote-lock-state/lock-1";
const LINE: &str = "remote-lock-event/lock-1";
/// How many messages may come before the awaited one.
const MESSAGES_MAX: usize = 50;

/// Whether a message is as the schema's `definition` says.
fn check(definition: &str, message: &Value) -> Result<()> {
    let schema: Value = serde_json::from_str(SCHEMA)?;
    let one = json!({
        "$schema": schema["$schema"], "$defs": schema["$defs"],
        "$ref": format!("#/$defs/{definition}"),
    });
    let validator = jsonschema::validator_for(&one).context("read the schema")?;
    let errors: Vec<String> = validator
        .iter_errors(message)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    ensure!(errors.is_empty(), "{definition}: {errors:#?}\n{message:#}");
    Ok(())
}

/// A reader that may read these topics alone, connected and subscribed to them one by one. What is
/// kept on the last of them is its next message.
async fn reader(world: &World, name: &str, topics: &[&str]) -> Result<Client> {
    let iot = world.iot();
    let arn = |kind: &str, topic: &str| {
        let region = world.at("region");
        format!("arn:aws:iot:{region}:*:{kind}/{topic}")
    };
    let filters: Vec<String> = topics.iter().map(|it| arn("topicfilter", it)).collect();
    let messages: Vec<String> = topics.iter().map(|it| arn("topic", it)).collect();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": arn("client", name)},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": filters},
        {"Effect": "Allow", "Action": "iot:Receive", "Resource": messages},
    ]});
    let create = iot.create_policy().policy_name(name);
    create.policy_document(policy.to_string()).send().await?;
    let made = iot.create_keys_and_certificate().set_as_active(true);
    let made = made.send().await?;
    let attach = iot.attach_policy().policy_name(name);
    let attach = attach.set_target(made.certificate_arn().map(str::to_owned));
    attach.send().await?;
    let pair = made.key_pair().context("no keys")?;
    let parts = [("pem", made.certificate_pem()), ("key", pair.private_key())];
    let mut files = vec![PathBuf::from(world.at("ca"))];
    for (end, text) in parts {
        let path = world.folder().join(format!("{name}.{end}"));
        std::fs::write(&path, text.context("no certificate")?)?;
        files.push(path);
    }
    let files: [PathBuf; 3] = files.try_into().ok().context("three files")?;
    let mut client = Client::connect(name, world.at("mqtts"), &files).await?;
    for topic in topics {
        client.subscribe(topic).await?;
    }
    Ok(client)
}

/// The messages on a topic up to the one that `fits`.
async fn until(
    client: &mut Client,
    topic: &str,
    definition: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>> {
    let mut messages = Vec::new();
    while messages.len() < MESSAGES_MAX {
        let message: Value = serde_json::from_slice(&client.message(topic).await?)?;
        check(definition, &message)?;
        messages.push(message);
        if messages.last().is_some_and(&fits) {
            return Ok(messages);
        }
    }
    anyhow::bail!("not among {MESSAGES_MAX} messages on {topic}: {messages:#?}")
}

#[test]
fn the_vectors_are_as_the_schema_says() -> Result<()> {
    let vectors: Value = serde_json::from_str(VECTORS)?;
    for (section, definition) in [("states", "State"), ("lines", "Line")] {
        let cases = vectors[section].as_array().context("no cases")?;
        ensure!(!cases.is_empty(), "{section}");
        for case in cases {
            let text = case["text"].as_str().context("no text")?;
            check(definition, &serde_json::from_str(text)?)?;
        }
    }
    let without = json!({"v": 1, "lock": "locked"});
    ensure!(check("State", &without).is_err(), "a field may be left out");
    Ok(())
}

#[tokio::test]
async fn a_reader_that_joins_late_knows_the_door_and_then_follows_it() -> Result<()> {
    let arguments = ["--memory", "--device-set", "pins.door=14"];
    let world = World::start_with(&arguments).await?;
    world.until_settled("lock-1", "locked").await?;
    let label = ["label", "lock-1", "Front door", "--room", "Hall"];
    world.lockctl_json(&label).await?;
    let mut early = reader(&world, "early", &[STATE]).await?;
    let is_locked = |state: &Value| state["lock"] == "locked" && state["status"] == "settled";
    until(&mut early, STATE, "State", is_locked).await?;
    let mut lines = reader(&world, "lines", &[LINE]).await?;

    world.press("button-1", "LONG").await?;
    let is_open = |state: &Value| state["lock"] == "unlocked" && state["status"] == "settled";
    let states = until(&mut early, STATE, "State", is_open).await?;
    // In the order of the record's changes: the command, then the lock's answer.
    let versions: Vec<u64> = states
        .iter()
        .filter_map(|it| it["version"].as_u64())
        .collect();
    ensure!(versions.is_sorted(), "{states:#?}");
    let moving = states.iter().position(|it| it["moving"] == "unlocking");
    let moving = moving.with_context(|| format!("nothing moved: {states:#?}"))?;
    ensure!(states[moving]["certainty"] == "assumed", "{states:#?}");
    ensure!(moving < states.len() - 1, "{states:#?}");
    let open = states.last().context("no state")?;
    ensure!(open["certainty"] == "sensed", "{open:#}");
    ensure!(open["actor"] == "button-1", "{open:#}");
    ensure!(open["since"] == open["reportedAt"], "{open:#}");
    ensure!(open["label"] == "Front door", "{open:#}");
    ensure!(open["room"] == "Hall", "{open:#}");

    // The lines of the history, in their order. None is kept: the late reader's first message is
    // the state.
    let reported = |line: &Value| {
        line["text"]
            .as_str()
            .is_some_and(|it| it.contains("unlocked"))
    };
    let lines_seen = until(&mut lines, LINE, "Line", reported).await?;
    let press = lines_seen.iter().find(|line| line["kind"] == "press");
    let press = press.with_context(|| format!("no press before its report: {lines_seen:#?}"))?;
    ensure!(press["button"] == "button-1", "{press:#}");
    ensure!(press["action"] == "unlock", "{press:#}");

    let mut late = reader(&world, "late", &[LINE, STATE]).await?;
    let first: Value = serde_json::from_slice(&late.message(STATE).await?)?;
    check("State", &first)?;
    ensure!(first["lock"] == "unlocked", "{first:#}");
    ensure!(first["version"] == open["version"], "{first:#}");

    // What a person asks for is shown with who asked.
    world
        .lockctl_json(&["lock", "lock-1", "--actor", "alice"])
        .await?;
    let states = until(&mut late, STATE, "State", is_locked).await?;
    let locked = states.last().context("no state")?;
    ensure!(locked["actor"] == "alice", "{locked:#}");
    Ok(())
}

#[tokio::test]
async fn a_forgotten_lock_leaves_no_state_behind() -> Result<()> {
    let world = World::start_with(&["--memory"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let topic = "remote-lock-state/lock-9";
    let mut reader = reader(&world, "reader", &[topic]).await?;
    world
        .lockctl_json(&["register", "lock", "lock-9", "--record-only"])
        .await?;
    let is_new = |state: &Value| state["certainty"] == "unknown" && state["version"] == 0;
    until(&mut reader, topic, "State", is_new).await?;
    world.lockctl_json(&["forget", "lock-9"]).await?;
    let gone = reader.message(topic).await?;
    ensure!(gone.is_empty(), "{}", String::from_utf8_lossy(&gone));
    let kept = world.iot_data().get_retained_message().topic(topic);
    ensure!(kept.send().await.is_err(), "the state is still kept");
    Ok(())
}
