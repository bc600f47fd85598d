//! Stories of presses that must have no effect, or no second one, and of the reason left in the history.

use anyhow::Result;
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::World;
use serde_json::{Value, json};

fn press(button: &str, sequence: u64) -> String {
    json!({ "serialNumber": button, "clickType": "SINGLE", "batteryVoltage": "1568mV", "sequence": sequence }).to_string()
}

/// A world whose button is whoever holds its certificate.
async fn bare() -> Result<World> {
    let world = World::with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    Ok(world)
}

async fn history(world: &World, name: &str) -> Result<Vec<Value>> {
    let answer = world.lockctl_json(&["history", name]).await?;
    Ok(answer["history"].as_array().cloned().unwrap_or_default())
}

#[tokio::test]
async fn the_same_press_twice_moves_the_latch_once() -> Result<()> {
    let world = bare().await?;
    let mut button = world.client("button-1").await?;
    button
        .publish("iotbutton/button-1", &press("button-1", 7))
        .await?;
    world.until_settled("lock-1", "unlocked").await?;
    button
        .publish("iotbutton/button-1", &press("button-1", 7))
        .await?;
    let lock = world.until_history("lock-1", "duplicate").await?;
    assert_eq!(lock["device"]["movements"], 1);
    assert_eq!(
        (&lock["record"]["state"], &lock["record"]["status"]),
        (&json!("unlocked"), &json!("settled"))
    );
    Ok(())
}

#[tokio::test]
async fn a_button_without_a_sequence_is_guarded_by_the_quiet_window() -> Result<()> {
    let world = World::with(&[
        "--memory",
        "--no-button-devices",
        "--parameter",
        "QuietWindowMs=10000",
    ])
    .await?;
    world.until_settled("lock-1", "locked").await?;
    let mut button = world.client("button-1").await?;
    let payload = r#"{"serialNumber":"button-1","clickType":"SINGLE","batteryVoltage":"1568mV"}"#;
    button.publish("iotbutton/button-1", payload).await?;
    world.until_settled("lock-1", "unlocked").await?;
    button.publish("iotbutton/button-1", payload).await?;
    let lock = world.until_history("lock-1", "quiet window").await?;
    assert_eq!(lock["device"]["movements"], 1);
    Ok(())
}

#[tokio::test]
async fn a_press_that_was_long_on_its_way_is_stale_by_its_own_time() -> Result<()> {
    let world = bare().await?;
    let mut button = world.client("button-1").await?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let made = u64::try_from(now.as_millis())? - 60_000;
    let payload = json!({ "serialNumber": "button-1", "clickType": "SINGLE", "batteryVoltage": "1568mV",
                          "sequence": 7, "pressedAt": made });
    button
        .publish("iotbutton/button-1", &payload.to_string())
        .await?;
    let lock = world.until_history("lock-1", "stale").await?;
    assert_eq!(lock["device"]["movements"], 0);
    Ok(())
}

#[tokio::test]
async fn an_unknown_button_is_refused_and_leaves_its_reason() -> Result<()> {
    let world = bare().await?;
    let before = world.lock("lock-1").await?;
    let publish = world
        .iot_data()
        .publish()
        .topic("iotbutton/button-9")
        .qos(1);
    publish
        .payload(Blob::new(press("button-9", 1)))
        .send()
        .await?;
    let mut glances = tokio::time::interval(std::time::Duration::from_millis(50));
    let line = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        loop {
            if let Some(line) = history(&world, "button-9").await?.first() {
                return anyhow::Ok(line.clone());
            }
            glances.tick().await;
        }
    })
    .await??;
    assert!(
        line["text"]
            .as_str()
            .is_some_and(|text| text.contains("unknown button")),
        "{line}"
    );
    let after = world.lock("lock-1").await?;
    assert_eq!(
        (&after["record"]["version"], &after["device"]["movements"]),
        (&before["record"]["version"], &json!(0))
    );
    Ok(())
}

#[tokio::test]
async fn a_malformed_press_is_refused_once_and_changes_nothing() -> Result<()> {
    let world = bare().await?;
    let before = world.lock("lock-1").await?;
    let mut button = world.client("button-1").await?;
    for payload in [
        r#"{"clickType":"TRIPLE","sequence":1}"#,
        r#"{"clickType":7}"#,
        r#"{"sequence":2}"#,
    ] {
        button.publish("iotbutton/button-1", payload).await?;
    }
    // The press after them is handled by the same function, so by then the bad ones have had their chance.
    button
        .publish("iotbutton/button-1", &press("button-1", 9))
        .await?;
    let after = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(after["device"]["movements"], 1);
    assert!(after["record"]["version"].as_u64() > before["record"]["version"].as_u64());
    Ok(())
}

#[tokio::test]
async fn a_press_that_reaches_the_function_late_is_ignored_as_stale() -> Result<()> {
    let late = [
        "--parameter",
        "CommandTtlMs=5000",
        "--fault",
        "late:press@1+6s",
    ];
    let world = World::with(&[&["--memory", "--no-button-devices"], &late[..]].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    let mut button = world.client("button-1").await?;
    button
        .publish("iotbutton/button-1", &press("button-1", 3))
        .await?;
    let lock = world.until_history("lock-1", "stale").await?;
    assert_eq!(
        (&lock["record"]["state"], &lock["device"]["movements"]),
        (&json!("locked"), &json!(0))
    );
    Ok(())
}

#[tokio::test]
async fn a_button_may_not_publish_for_another_button() -> Result<()> {
    let world = World::with(&["--memory", "--no-button-devices", "--buttons", "2"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let mut button = world.client("button-2").await?;
    let refused = button
        .publish("iotbutton/button-1", &press("button-1", 1))
        .await;
    assert!(refused.is_err(), "the broker must end the connection");
    assert_eq!(world.lock("lock-1").await?["device"]["movements"], 0);
    Ok(())
}
