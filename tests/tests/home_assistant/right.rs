//! What the certificate of the bridge may do: its doors, and nothing else.
//!
//! Must not know: the policy's text.

use std::path::Path;

use anyhow::{Result, ensure};
use e2e::World;
use e2e::mosquitto::files;
use e2e::mqtt::Client;
use serde_json::{Value, json};

use crate::house::{BRIDGE, LOCK_ONLY, join};

/// What the bridge is refused.
enum Attempt {
    Publish(&'static str),
    Retain(&'static str),
    Subscribe(&'static str),
    Connect(&'static str),
}
use Attempt::{Connect, Publish, Retain, Subscribe};

/// `lock-1` is a door of the bridge, `lock-2` one for locking only, `lock-3` none.
const REFUSED: [Attempt; 24] = [
    Publish("remote-lock/lock-3/request"),
    Publish("remote-lock/lock-3/request/lock"),
    Publish("remote-lock/lock-2/request"),
    Publish("remote-lock/lock-1"),
    Publish("remote-lock-state/lock-1"),
    Publish("remote-lock-live/lock-1"),
    Publish("remote-lock-event/lock-1"),
    // It may ask for its doors together, and in no other way.
    Publish("remote-lock-ask/lock-3"),
    Publish("remote-lock-ask/lock-1"),
    Publish("iotbutton/button-1"),
    Publish("$aws/things/lock-1/shadow/update"),
    Publish("$aws/rules/remote_lock_request/remote-lock/lock-3/request"),
    Retain("remote-lock/lock-1/request"),
    Subscribe("remote-lock-state/lock-1"),
    Subscribe("remote-lock-live/lock-3"),
    Subscribe("remote-lock-event/lock-3"),
    Subscribe("remote-lock-live/+"),
    Subscribe("remote-lock-state/+"),
    Subscribe("remote-lock-event/#"),
    Subscribe("remote-lock-ask/lock-1,lock-2"),
    Subscribe("remote-lock/lock-1"),
    Subscribe("#"),
    Connect("home-assistant-2"),
    Connect("lock-1"),
];

#[tokio::test]
async fn a_bridge_has_the_topics_of_its_doors_and_no_others() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "3"]).await?;
    let folder = join(&world, &["lock-1", "lock-2", LOCK_ONLY, "lock-2"]).await?;
    let files = files(&folder, Path::new(world.at("ca")))?;
    let address = world.at("mqtts");
    let mut bridge = Client::connect(BRIDGE, address, &files).await?;
    for lock in ["lock-1", "lock-2"] {
        for kind in ["live", "event"] {
            bridge
                .subscribe(&format!("remote-lock-{kind}/{lock}"))
                .await?;
        }
    }
    // Not valid, so that it moves nothing; its refusal is in the history.
    let request = json!({ "action": "lock" }).to_string();
    bridge
        .publish("remote-lock/lock-1/request", &request)
        .await?;
    // What it asks for comes on the topics that it may read.
    for lock in ["lock-1", "lock-2"] {
        let topic = format!("remote-lock-live/{lock}");
        bridge.publish("remote-lock-ask/lock-1,lock-2", "").await?;
        let is_state = |state: &Value| state["v"] == 1;
        bridge.until(&topic, "a state", is_state).await?;
    }
    for attempt in &REFUSED {
        let (what, worked) = match attempt {
            Publish(topic) => {
                let mut bridge = Client::connect(BRIDGE, address, &files).await?;
                (topic, bridge.publish(topic, &request).await.is_ok())
            }
            Retain(topic) => {
                let mut bridge = Client::connect(BRIDGE, address, &files).await?;
                (topic, bridge.retain(topic, &request).await.is_ok())
            }
            Subscribe(filter) => {
                let mut bridge = Client::connect(BRIDGE, address, &files).await?;
                (filter, bridge.subscribe(filter).await.is_ok())
            }
            Connect(name) => {
                let connected = Client::connect(name, address, &files).await;
                (name, connected.is_ok())
            }
        };
        ensure!(!worked, "the bridge may use {what}");
    }
    Ok(())
}
