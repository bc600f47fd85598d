//! The way of a command from the house to the latch, and of the state back.
//!
//! Must not know: how the house is set up.

use anyhow::Result;
use e2e::World;
use e2e::log::Log;
use serde_json::Value;

use crate::house::{BRIDGE, House, LOCK_ONLY, command, event_topic, line_topic, state_topic};
use crate::message::lock_component;

#[tokio::test]
async fn mosquitto_carries_a_command_to_the_latch_and_the_state_back() -> Result<()> {
    let mut house = House::start().await?;
    let mut events = house.broker.client("events").await?;
    events.subscribe(&event_topic("lock-1")).await?;
    for (action, latch) in [("unlock", "unlocked"), ("lock", "locked")] {
        house.use_entity("lock-1", action).await?;
        let lock = house.world.until_settled("lock-1", latch).await?;
        let state = house.until_shown("lock-1", latch).await?;
        assert_eq!(state["version"], lock["record"]["version"], "{state:#}");
        assert_eq!(state["moving"], Value::Null, "{state:#}");
        assert_eq!(state["refused"], Value::Null, "{state:#}");
        assert_eq!(state["actor"], BRIDGE, "{state:#}");
        let line = format!("{BRIDGE} requests {action}");
        events
            .until(&event_topic("lock-1"), &line, |event| {
                event["text"]
                    .as_str()
                    .is_some_and(|text| text.contains(&line))
            })
            .await?;
    }
    let lock = house.world.lock("lock-1").await?;
    assert_eq!(lock["device"]["movements"], 2, "{lock:#}");
    house.world.log()?.check_invariants()
}

#[tokio::test]
async fn mosquitto_shows_what_a_button_and_the_command_line_did() -> Result<()> {
    let mut house = House::start().await?;
    house.world.press("button-1", "LONG").await?;
    house.until_shown("lock-1", "unlocked").await?;
    let output = house.world.lockctl(&["lock", "lock-1"]).await?;
    assert!(output.status.success(), "{output:?}");
    house.until_shown("lock-1", "locked").await?;
    Ok(())
}

/// The device is off, so that nothing can ask it. What asks for the state is the line itself.
#[tokio::test]
async fn mosquitto_knows_the_state_after_a_restart_without_asking_the_device() -> Result<()> {
    let mut house = House::start().await?;
    house.use_entity("lock-1", "unlock").await?;
    let before = house.until_shown("lock-1", "unlocked").await?;
    house.world.power("lock-1", false).await?;
    house.restart().await?;
    let after = house.until_shown("lock-1", "unlocked").await?;
    assert_eq!(after["version"], before["version"]);
    assert_eq!(after["reportedAt"], before["reportedAt"]);
    Ok(())
}

/// Home Assistant restarts, and its broker does not.
#[tokio::test]
async fn mosquitto_keeps_no_state_and_gets_it_when_home_assistant_has_started() -> Result<()> {
    let mut house = House::start().await?;
    house.use_entity("lock-1", "unlock").await?;
    let present = house.until_shown("lock-1", "unlocked").await?;
    let mut late = house.broker.client("late").await?;
    let kept = late.kept("remote-lock/#").await?;
    assert!(kept.is_empty(), "{kept:?}");
    let kept = late.kept("remote-lock-bridge/#").await?;
    let kept: Vec<(&str, &str)> = kept.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(kept, [(line_topic().as_str(), "1")]);
    late.say("homeassistant/status", "online").await?;
    let topic = state_topic("lock-1");
    // The first state that comes is the present one.
    let first = late.until(&topic, "a state", |_| true).await?;
    assert_eq!(first["version"], present["version"], "{first:#}");
    assert_eq!(first["lock"], "unlocked", "{first:#}");
    Ok(())
}

#[tokio::test]
async fn mosquitto_cannot_unlock_a_door_for_locking_only() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "2"]).await?;
    world.until_settled("lock-2", "locked").await?;
    let mut house = House::join(world, &["lock-1", "lock-2", LOCK_ONLY, "lock-2"], &[]).await?;
    let output = house.world.lockctl(&["unlock", "lock-2"]).await?;
    assert!(output.status.success(), "{output:?}");
    house.until_shown("lock-2", "unlocked").await?;
    house.use_entity("lock-2", "lock").await?;
    house.until_shown("lock-2", "locked").await?;
    // Somebody in the house writes a request of his own, on the topic of an ordinary door too.
    let component = lock_component(&house.discovery, "lock-2")?;
    let (topic, payload) = command(component, "lock")?;
    let forged = payload.replace("\"lock\"", "\"unlock\"");
    assert_ne!(forged, payload, "the request does not name its action");
    let mut events = house.broker.client("events").await?;
    events.subscribe(&event_topic("lock-2")).await?;
    house.client.publish(&topic, &forged).await?;
    let is_refused = |event: &Value| {
        event["decision"] == "refused"
            && event["reason"] == "lock-only"
            && event["kind"] == "request"
    };
    let topic = event_topic("lock-2");
    events.until(&topic, "refused", is_refused).await?;
    let refused = "refused: lock only";
    house.world.until_history("lock-2", refused).await?;
    let ordinary = "remote-lock/lock-2/request";
    house.client.publish(ordinary, &forged).await?;
    // What the entity itself sends is refused too.
    house.use_entity("lock-2", "unlock").await?;
    events.until(&topic, "refused again", is_refused).await?;
    // The line keeps the order: what comes after them has arrived, and so have they.
    house.use_entity("lock-1", "unlock").await?;
    house.until_shown("lock-1", "unlocked").await?;
    house
        .world
        .until_log("idle functions", Log::is_idle)
        .await?;
    let lock = house.world.lock("lock-2").await?;
    assert_eq!(lock["device"]["latch"], "locked", "{lock:#}");
    assert_eq!(lock["device"]["movements"], 2, "{lock:#}");
    house.world.log()?.check_invariants()
}
