//! A stack, and a house that `lockctl home-assistant` has joined to it: a broker, the line of its
//! bridge, and the house's own client.
//!
//! Must not know: what a test does with them.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use e2e::World;
use e2e::line::Line;
use e2e::mosquitto::Mosquitto;
use e2e::mqtt::Client;
use serde_json::Value;

use crate::message::{Discovery, lock_component, render, word};

/// Name of the bridge: its thing, its client id, and the actor of its requests.
pub const BRIDGE: &str = "home-assistant";
/// The option that names a door which the house may lock but not unlock.
pub const LOCK_ONLY: &str = "--lock-only";

/// A running house.
pub struct House {
    pub world: World,
    pub line: Line,
    pub broker: Mosquitto,
    /// The client of Home Assistant, subscribed to the state of every door.
    pub client: Client,
    pub discovery: Discovery,
}

/// Writes the folder of a bridge with these arguments; returns its path.
pub async fn join(world: &World, arguments: &[&str]) -> Result<PathBuf> {
    let begin = ["home-assistant", "--bridge", BRIDGE];
    let output = world.lockctl(&[&begin[..], arguments].concat()).await?;
    ensure!(
        output.status.success(),
        "lockctl home-assistant ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(world.folder().join("devices").join(BRIDGE))
}

/// Topic of a door's state on the house's broker.
pub fn state_topic(lock: &str) -> String {
    format!("remote-lock/{lock}/state")
}

/// Topic of a door's events on the house's broker.
pub fn event_topic(lock: &str) -> String {
    format!("remote-lock/{lock}/event")
}

/// Topic by which the broker says whether its line to the cloud is up: 1 or 0.
pub fn line_topic() -> String {
    format!("remote-lock-bridge/{BRIDGE}")
}

impl House {
    /// A house with one door, whose line is free of faults.
    pub async fn start() -> Result<Self> {
        let world = World::start().await?;
        Self::join(world, &["lock-1"], &[]).await
    }

    /// A house in this world, with these arguments of the command and settings of the bridge.
    pub async fn join(world: World, arguments: &[&str], settings: &[(&str, &str)]) -> Result<Self> {
        world.until_settled("lock-1", "locked").await?;
        let folder = join(&world, arguments).await?;
        let discovery = Discovery::read(&folder)?;
        let line = Line::start(world.at("mqtts")).await?;
        let authority = Path::new(world.at("ca"));
        let broker = Mosquitto::start(&folder, &line.address, authority, settings).await?;
        let mut client = subscribe_to_states(&broker, "maker").await?;
        // The line may have come up before: what it asked for then was for nobody.
        client.publish(&format!("{}/ask", line_topic()), "").await?;
        let mut house = Self {
            world,
            line,
            broker,
            client,
            discovery,
        };
        house.until_shown("lock-1", "locked").await?;
        Ok(house)
    }

    /// Kills the broker and starts it again. Home Assistant's client connects before the line to
    /// the cloud is up, and asks for nothing.
    pub async fn restart(&mut self) -> Result<()> {
        self.line.hold();
        self.broker.restart().await?;
        self.client = subscribe_to_states(&self.broker, "maker").await?;
        self.line.resume();
        Ok(())
    }

    /// A client of the house that reads whether the line is up. It may stay unread for minutes.
    pub async fn watch_line(&self) -> Result<Client> {
        let mut client = self.broker.client("watcher").await?;
        client.subscribe(&line_topic()).await?;
        client.until(&line_topic(), "a line", |up| *up == 1).await?;
        Ok(client)
    }

    /// Waits until the state of a door is settled and says `latch`, and Home Assistant shows that.
    pub async fn until_shown(&mut self, lock: &str, latch: &str) -> Result<Value> {
        let fits = |state: &Value| state["lock"] == latch && state["status"] == "settled";
        let topic = state_topic(lock);
        let found = self.client.until(&topic, latch, fits).await;
        let state = found.map_err(|error| error.context(self.broker.log()))?;
        let component = lock_component(&self.discovery, lock)?;
        let shown = word(component, &state, None)?;
        ensure!(shown == latch, "{state} is shown as {shown}");
        Ok(state)
    }

    /// Sends what Home Assistant sends when somebody uses its entity of a door.
    pub async fn use_entity(&mut self, lock: &str, action: &str) -> Result<()> {
        let component = lock_component(&self.discovery, lock)?;
        let (topic, payload) = command(component, action)?;
        self.client.publish(&topic, payload).await
    }
}

/// The topic and the message of a command of an entity, made at this moment.
pub fn command(component: &Value, action: &str) -> Result<(String, String)> {
    let default = action.to_uppercase();
    let word = component[format!("payload_{action}")].as_str();
    let word = word.unwrap_or(&default);
    let variables = serde_json::json!({ "value": word, "code": null });
    let template = component["command_template"]
        .as_str()
        .unwrap_or("{{ value }}");
    let topic = component["command_topic"].as_str().unwrap_or_default();
    Ok((topic.to_owned(), render(template, &variables, None)?))
}

async fn subscribe_to_states(broker: &Mosquitto, client_id: &str) -> Result<Client> {
    let mut client = broker.client(client_id).await?;
    client.subscribe(&state_topic("+")).await?;
    Ok(client)
}
