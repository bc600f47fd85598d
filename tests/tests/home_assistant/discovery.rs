//! The discovery messages: their topics, the requests that they make, and what Home Assistant's
//! entities show of each state. The tests of `lockctl` check their keys.
//!
//! Tests whose names begin with `home_assistant` need the Python of the set-up.
//!
//! Must not know: how the messages are made.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use e2e::World;
use serde_json::{Value, json};

use crate::house::{BRIDGE, LOCK_ONLY, command, event_topic, join, line_topic, state_topic};
use crate::message::{Discovery, binary, is_available, lock_component, word};

/// What a request may have; lock-core refuses no other field, but reads none.
const REQUEST: [&str; 5] = ["action", "actor", "requestId", "requestedAt", "v"];

/// Longest life of an unlock in seconds (C4): a command that waits longer may be dropped.
const COMMAND_LIFE_S: u64 = 30;

fn table() -> Result<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/vectors/home-assistant-states.json"
    );
    let text = std::fs::read_to_string(path).with_context(|| format!("read {path}"))?;
    Ok(serde_json::from_str(&text)?)
}

/// The keys of an object.
fn keys(object: &Value) -> BTreeSet<&str> {
    let object = object.as_object().into_iter().flatten();
    object.map(|(key, _)| key.as_str()).collect()
}

/// The messages for a door, and one for locking only.
async fn written(world: &World) -> Result<Discovery> {
    let folder = join(world, &["lock-1", "lock-2", LOCK_ONLY, "lock-2"]).await?;
    Discovery::read(&folder)
}

async fn two_doors() -> Result<World> {
    let contact = ["--device-set", "pins.door=14"];
    World::start_with(&[&["--memory", "--locks", "2"][..], &contact].concat()).await
}

#[tokio::test]
async fn home_assistant_uses_for_each_entity_the_topics_of_its_door() -> Result<()> {
    let world = two_doors().await?;
    let discovery = written(&world).await?;
    for (id, component) in discovery.components() {
        let topic = component["state_topic"].as_str().unwrap_or_default();
        let platform = component["platform"].as_str().unwrap_or_default();
        let topics = ["lock-1", "lock-2"].map(|lock| match platform {
            "event" => event_topic(lock),
            _ => state_topic(lock),
        });
        assert!(topics.iter().any(|own| own == topic), "{id}: {topic}");
        let own = topics.iter().position(|own| own == topic);
        let lock = ["lock-1", "lock-2"][own.context("no door")?];
        let items = component["availability"].as_array();
        let items = items.context("no availability")?.iter();
        let decides: Vec<&Value> = items.map(|item| &item["topic"]).collect();
        assert_eq!(decides, [&json!(line_topic()), &json!(state_topic(lock))]);
        if platform != "lock" {
            assert_eq!(component["command_topic"], Value::Null, "{id}");
        }
    }
    for lock in ["lock-1", "lock-2"] {
        let component = lock_component(&discovery, lock)?;
        assert_eq!(component["state_topic"], state_topic(lock).as_str());
        // A retained command would move the door at each start of the broker.
        assert_ne!(component["retain"], true, "{lock}");
        assert_ne!(component["optimistic"], true, "{lock}");
        // Its presence offers to open the door, which is another action than to unlock it.
        assert_eq!(component["payload_open"], Value::Null, "{lock}");
        assert_eq!(component["qos"], 1, "{lock}");
        let expiry = component["message_expiry_interval"].as_u64();
        assert!(expiry.is_some_and(|s| s <= COMMAND_LIFE_S), "{lock}");
    }
    Ok(())
}

#[tokio::test]
async fn home_assistant_sends_requests_with_their_time_and_an_id_of_their_own() -> Result<()> {
    let world = two_doors().await?;
    let discovery = written(&world).await?;
    let component = lock_component(&discovery, "lock-1")?;
    let mut ids = BTreeSet::new();
    for action in ["lock", "unlock", "unlock"] {
        let (topic, payload) = command(component, action)?;
        assert_eq!(topic, "remote-lock/lock-1/request");
        let request: Value = serde_json::from_str(&payload).context(payload)?;
        let unknown: Vec<&str> = keys(&request)
            .difference(&REQUEST.into())
            .copied()
            .collect();
        assert!(unknown.is_empty(), "{request}");
        assert_eq!(request["action"], action);
        assert_eq!(request["actor"], BRIDGE);
        assert!(request["requestedAt"].is_u64(), "{request}");
        let id = request["requestId"].as_str().context("no requestId")?;
        assert!(ids.insert(id.to_owned()), "{id} is given twice");
    }
    Ok(())
}

#[tokio::test]
async fn home_assistant_shows_every_state_of_the_table() -> Result<()> {
    let world = two_doors().await?;
    let discovery = written(&world).await?;
    let table = table()?;
    let states = table["states"].as_array().context("no states")?;
    let topic = state_topic("lock-1");
    let lock = lock_component(&discovery, "lock-1")?;
    let sensor = |class: &str| {
        let mut all = discovery.components().into_iter();
        let found = all.find(|(_, component)| {
            component["platform"] == "binary_sensor"
                && component["device_class"] == class
                && component["state_topic"] == topic.as_str()
        });
        let found = found.with_context(|| format!("no binary sensor of class {class}"));
        found.map(|(_, component)| component)
    };
    let (door, problem) = (sensor("door")?, sensor("problem")?);
    let line = line_topic();
    let [up, down] = [json!(1), json!(0)];
    for row in states {
        let (name, state) = (&row["name"], &row["state"]);
        let reported = state["reportedAt"].as_u64();
        let age = row["ageMs"].as_u64().context("no ageMs")?;
        let shown = word(lock, state, reported.map(|at| at + age))?;
        assert_eq!(row["lock"], shown, "{name}");
        let seen = [(line.as_str(), &up), (topic.as_str(), state)];
        assert_eq!(row["available"], is_available(lock, &seen)?, "{name}");
        assert!(is_available(problem, &seen)?, "{name}: problem");
        assert_eq!(row["door"].as_bool(), binary(door, state)?, "{name}: door");
        let problem = binary(problem, state)?;
        assert_eq!(row["problem"].as_bool(), problem, "{name}: problem");
    }
    // While the line is down nothing is known. That it is up again makes nothing known.
    let state = &states[0]["state"];
    for said in [&[&down][..], &[&up], &[&down, &up]] {
        let mut all = vec![(topic.as_str(), state)];
        all.extend(said.iter().map(|one| (line.as_str(), *one)));
        for component in [lock, door, problem] {
            assert!(!is_available(component, &all)?, "{said:?}: {component}");
        }
    }
    // Before the first state nothing is shown.
    for (id, component) in discovery.components() {
        assert!(!is_available(component, &[(line.as_str(), &up)])?, "{id}");
    }
    Ok(())
}
