//! Presses that must have no effect, or no second one, and the reason in the history.

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iotdataplane::primitives::Blob;
use e2e::World;
use serde_json::{Value, json};

fn press(button: &str, sequence: u64) -> String {
    json!({ "serialNumber": button, "clickType": "SINGLE", "batteryVoltage": "1568mV",
        "sequence": sequence })
    .to_string()
}

/// A stack whose button is an MQTT client of the test.
async fn bare() -> Result<World> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    Ok(world)
}

async fn history(world: &World, name: &str) -> Result<Vec<Value>> {
    let answer = world.lockctl_json(&["history", name]).await?;
    Ok(answer["history"].as_array().cloned().unwrap_or_default())
}

/// Backdates the binding of `button-1` by a day: a press made before it is ignored.
async fn bound_yesterday(world: &World) -> Result<()> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = world
        .dynamodb()
        .update_item()
        .table_name(world.at("table"))
        .key("pk", text("button#button-1"))
        .key("sk", text("binding"))
        .update_expression("SET boundAt = :at");
    let at = AttributeValue::N(ms_ago(86_400_000)?.to_string());
    update.expression_attribute_values(":at", at).send().await?;
    Ok(())
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
    // A quiet window that is longer than any delay; the template's maximum is lower.
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    let lifted = std::fs::read_to_string(template)?.replace("MaxValue: 4999", "MaxValue: 100000");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, lifted)?;
    let world = World::start_with(&[
        "--memory",
        "--no-button-devices",
        "--template",
        path.to_str().context("the path is not UTF-8")?,
        "--parameter",
        "QuietWindowMs=100000",
        "--parameter",
        "CommandTtlMs=120000",
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
async fn a_press_that_arrives_late_is_stale_by_its_own_time() -> Result<()> {
    let world = bare().await?;
    bound_yesterday(&world).await?;
    let mut button = world.client("button-1").await?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let made = u64::try_from(now.as_millis())? - 60_000;
    let payload = json!({ "serialNumber": "button-1", "clickType": "SINGLE",
                          "batteryVoltage": "1568mV", "sequence": 7, "pressedAt": made });
    button
        .publish("iotbutton/button-1", &payload.to_string())
        .await?;
    let lock = world.until_history("lock-1", "stale (made ").await?;
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
    let line = tokio::time::timeout(std::time::Duration::from_secs(120), async {
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
    // The same function handles the press after them, so by then the malformed ones were handled.
    button
        .publish("iotbutton/button-1", &press("button-1", 9))
        .await?;
    let after = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(after["device"]["movements"], 1);
    assert!(after["record"]["version"].as_u64() > before["record"]["version"].as_u64());
    Ok(())
}

/// Number of messages that the history counts for this reason.
async fn message_count(world: &World, name: &str, reason: &str) -> Result<u64> {
    let lines = history(world, name).await?;
    let lines = lines.iter().filter(|line| line["reason"] == reason);
    Ok(lines.map(|line| line["count"].as_u64().unwrap_or(1)).sum())
}

/// Waits until the history counts that many messages for this reason.
async fn until_message_count(world: &World, name: &str, reason: &str, count: u64) -> Result<()> {
    let mut glances = tokio::time::interval(std::time::Duration::from_millis(50));
    let seen = async {
        while message_count(world, name, reason).await? < count {
            glances.tick().await;
        }
        anyhow::Ok(())
    };
    let seen = tokio::time::timeout(std::time::Duration::from_secs(120), seen).await;
    let lines = history(world, name).await?;
    seen.with_context(|| format!("not {count} times {reason}: {lines:#?}"))?
}

#[tokio::test]
async fn a_press_or_request_that_is_not_json_leaves_its_reason_and_changes_nothing() -> Result<()> {
    let world = bare().await?;
    let before = world.lock("lock-1").await?;
    let good = r#"{"clickType":"SINGLE"}"#;
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let malformed = [
        format!("\u{feff}{good}").into_bytes(),
        format!("{good}\0").into_bytes(),
        utf16,
        b"SINGLE".to_vec(),
        b"\xff\xfe".to_vec(),
        Vec::new(),
    ];
    let wrong_type = [
        r#"{"clickType":1e400}"#.to_owned(),
        r#"{"clickType":"SINGLE","sequence":1e400}"#.to_owned(),
        r#"{"clickType":"SINGLE","sequence":-1e999}"#.to_owned(),
        format!(r#"{{"clickType":"SINGLE","pressedAt":{deep}}}"#),
    ];
    let mut button = world.client("button-1").await?;
    for payload in &malformed {
        button.publish("iotbutton/button-1", payload).await?;
    }
    for payload in &wrong_type {
        button.publish("iotbutton/button-1", payload).await?;
    }
    for payload in [
        "UNLOCK",
        r#"{"action":"unlock","requestId":"r1","requestedAt":1e400}"#,
    ] {
        let publish = world.iot_data().publish();
        let publish = publish.topic("remote-lock/lock-1/request").qos(1);
        publish.payload(Blob::new(payload)).send().await?;
    }
    until_message_count(&world, "button-1", "malformed", malformed.len() as u64).await?;
    until_message_count(&world, "button-1", "wrong-type", wrong_type.len() as u64).await?;
    until_message_count(&world, "lock-1", "malformed", 1).await?;
    until_message_count(&world, "lock-1", "wrong-type", 1).await?;
    let after = world.lock("lock-1").await?;
    assert_eq!(after["device"]["movements"], 0);
    assert_eq!(after["record"]["version"], before["record"]["version"]);
    // An unreadable battery never keeps a person outside.
    let press = format!(r#"{{"clickType":"SINGLE","sequence":9,"batteryVoltage":{deep}}}"#);
    button.publish("iotbutton/button-1", &press).await?;
    world.until_settled("lock-1", "unlocked").await?;
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
    let world =
        World::start_with(&[&["--memory", "--no-button-devices"], &late[..]].concat()).await?;
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
    let world = World::start_with(&["--memory", "--no-button-devices", "--buttons", "2"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let mut button = world.client("button-2").await?;
    let refused = button
        .publish("iotbutton/button-1", &press("button-1", 1))
        .await;
    assert!(refused.is_err(), "the broker kept the connection");
    assert_eq!(world.lock("lock-1").await?["device"]["movements"], 0);
    Ok(())
}

/// Publishes a request as an app would, with additional fields.
async fn send_request(world: &World, id: &str, fields: Value) -> Result<()> {
    let mut request = json!({ "action": "unlock", "requestId": id, "actor": "phone" });
    for (name, value) in fields.as_object().into_iter().flatten() {
        request[name] = value.clone();
    }
    let publish = world
        .iot_data()
        .publish()
        .topic("remote-lock/lock-1/request")
        .qos(1);
    publish
        .payload(Blob::new(request.to_string()))
        .send()
        .await?;
    Ok(())
}

fn ms_ago(ms: u64) -> Result<u64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(u64::try_from(now.as_millis())? - ms)
}

#[tokio::test]
async fn a_request_delayed_in_a_queue_opens_nothing() -> Result<()> {
    let world = bare().await?;
    send_request(&world, "late", json!({ "requestedAt": ms_ago(48_000)? })).await?;
    world
        .until_history("lock-1", "phone requests unlock: ignored: stale")
        .await?;
    send_request(&world, "timeless", json!({})).await?;
    world
        .until_history("lock-1", "requestedAt: an unlock or toggle must say when")
        .await?;
    send_request(&world, "fresh", json!({ "requestedAt": ms_ago(0)? })).await?;
    let lock = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(lock["device"]["movements"], 1);
    Ok(())
}

#[tokio::test]
async fn a_press_that_its_button_gave_up_opens_nothing_and_the_next_one_does() -> Result<()> {
    let world = bare().await?;
    bound_yesterday(&world).await?;
    let mut button = world.client("button-1").await?;
    let given_up = json!({ "clickType": "SINGLE", "sequence": 7,
        "pressedAt": ms_ago(15_900)?, "goodForMs": 3_000 });
    button
        .publish("iotbutton/button-1", &given_up.to_string())
        .await?;
    let lock = world.until_history("lock-1", "ignored: stale").await?;
    assert_eq!(lock["device"]["movements"], 0);
    let second = json!({ "clickType": "SINGLE", "sequence": 8,
        "pressedAt": ms_ago(0)?, "goodForMs": 10_000 });
    button
        .publish("iotbutton/button-1", &second.to_string())
        .await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn an_impatient_second_press_does_not_lock_the_door_again() -> Result<()> {
    let world = World::start_with(&[
        "--memory",
        "--no-button-devices",
        "--parameter",
        "SameWishMs=60000",
    ])
    .await?;
    world.until_settled("lock-1", "locked").await?;
    let mut button = world.client("button-1").await?;
    button
        .publish("iotbutton/button-1", &press("button-1", 7))
        .await?;
    world.until_settled("lock-1", "unlocked").await?;
    button
        .publish("iotbutton/button-1", &press("button-1", 8))
        .await?;
    let lock = world.until_history("lock-1", "ignored: same wish").await?;
    assert_eq!(lock["device"]["movements"], 1);
    Ok(())
}

#[tokio::test]
async fn an_impatient_second_press_renews_an_unlock_that_waits() -> Result<()> {
    let world = bare().await?;
    world.power("lock-1", false).await?;
    let mut button = world.client("button-1").await?;
    for sequence in [7, 8] {
        button
            .publish("iotbutton/button-1", &press("button-1", sequence))
            .await?;
        let reason = if sequence == 7 {
            "(pressed)"
        } else {
            "(same wish)"
        };
        world.until_history("lock-1", reason).await?;
    }
    world.power("lock-1", true).await?;
    let lock = world
        .until("lock-1", "unlocked", |lock| {
            lock["device"]["latch"] == "unlocked"
        })
        .await?;
    assert_eq!(lock["record"]["command"]["action"], "unlock");
    Ok(())
}

#[tokio::test]
async fn a_battery_of_any_kind_does_not_stop_a_press() -> Result<()> {
    let world = bare().await?;
    let mut button = world.client("button-1").await?;
    for (sequence, battery) in [(7, json!(1568)), (8, json!(null)), (9, json!({ "mV": 1 }))] {
        let click = if sequence == 8 { "DOUBLE" } else { "LONG" };
        let payload =
            json!({ "clickType": click, "batteryVoltage": battery, "sequence": sequence });
        button
            .publish("iotbutton/button-1", &payload.to_string())
            .await?;
        let latch = if sequence == 8 { "locked" } else { "unlocked" };
        world.until_settled("lock-1", latch).await?;
    }
    Ok(())
}
