//! The discovery messages on the house's broker: `--mqtt` puts them there, and takes away those of
//! a door that leaves.
//!
//! Must not know: what the messages say.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use e2e::World;
use serde_json::Value;

use crate::house::{House, join, state_topic};

const DISCOVERY: &str = "homeassistant/#";

fn topic(lock: &str) -> String {
    format!("homeassistant/device/remote-lock-{lock}/config")
}

/// What the broker keeps for a new client, by topic.
async fn kept(house: &House, client: &str) -> Result<BTreeMap<String, String>> {
    house.broker.client(client).await?.kept(DISCOVERY).await
}

#[tokio::test]
async fn mosquitto_keeps_the_discovery_of_a_door_until_it_leaves() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "2"]).await?;
    world.until_settled("lock-2", "locked").await?;
    let house = House::join(world, &["lock-1", "lock-2"], &[]).await?;
    let before = kept(&house, "before").await?;
    assert!(before.is_empty(), "{before:?}");

    let mut readers = Vec::new();
    for lock in ["lock-1", "lock-2"] {
        let mut reader = house.broker.client(&format!("reader-{lock}")).await?;
        reader.subscribe(&state_topic(lock)).await?;
        readers.push((lock, reader));
    }
    join(&house.world, &["--mqtt", &house.broker.address]).await?;
    let published = kept(&house, "published").await?;
    let topics: Vec<&String> = published.keys().collect();
    assert_eq!(topics, [&topic("lock-1"), &topic("lock-2")]);
    for (lock, message) in ["lock-1", "lock-2"].into_iter().zip(published.values()) {
        let message: Value = serde_json::from_str(message).context("read the message")?;
        assert_eq!(message["device"]["serial_number"], lock);
    }
    // The command has then asked for the states, for the entities that are new.
    for (lock, reader) in &mut readers {
        let is_locked = |state: &Value| state["lock"] == "locked";
        reader
            .until(&state_topic(lock), "locked", is_locked)
            .await?;
    }

    let address = house.broker.address.as_str();
    join(&house.world, &["--mqtt", address, "--remove", "lock-2"]).await?;
    let left = kept(&house, "left").await?;
    assert_eq!(left.get(&topic("lock-1")), published.get(&topic("lock-1")));
    assert_eq!(left.len(), 1, "{left:?}");
    Ok(())
}
