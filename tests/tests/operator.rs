//! Stories of an operator at a second shell, and of clients that nobody here wrote.

use std::process::Stdio;

use anyhow::{Context, Result};
use e2e::World;
use serde_json::json;
use tokio::process::Command;

#[tokio::test]
async fn lockctl_presses_unlocks_locks_and_tells_the_state() -> Result<()> {
    let world = World::with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let pressed = world.lockctl(&["press", "button-1"]).await?;
    assert!(
        pressed.status.success(),
        "{}",
        String::from_utf8_lossy(&pressed.stderr)
    );
    world.until_settled("lock-1", "unlocked").await?;
    world
        .lockctl_json(&["lock", "lock-1", "--actor", "operator-1"])
        .await?;
    world.until_settled("lock-1", "locked").await?;
    world
        .lockctl_json(&["unlock", "lock-1", "--actor", "operator-1"])
        .await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;

    let status = world.lockctl_json(&["status", "lock-1"]).await?;
    assert_eq!(status["locks"][0]["state"], "unlocked");
    assert_eq!(status["locks"][0]["status"], "settled");
    assert_eq!(status["locks"][0]["version"], opened["record"]["version"]);
    assert_eq!(
        world.shadow("lock-1").await?["state"]["reported"]["lock"],
        "unlocked"
    );
    let history = world.lockctl_json(&["history", "lock-1"]).await?;
    let told = history["history"].as_array().context("no history")?.iter();
    let told: Vec<_> = told.filter_map(|line| line["text"].as_str()).collect();
    assert!(
        told.iter()
            .any(|text| text.contains("operator-1") && text.contains("unlock")),
        "who asked is told: {told:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn every_answer_for_people_names_its_target_first() -> Result<()> {
    let world = World::start().await?;
    for arguments in [
        &["status"][..],
        &["history", "lock-1"],
        &["bind", "button-7", "lock-1"],
    ] {
        let output = world.lockctl(arguments).await?;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let said = String::from_utf8(output.stdout)?;
        assert!(
            said.lines()
                .next()
                .is_some_and(|line| line.contains("local")),
            "{arguments:?} said {said}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_same_request_twice_acts_once() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world
        .lockctl_json(&["unlock", "lock-1", "--request-id", "once", "--no-wait"])
        .await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    world
        .lockctl_json(&["unlock", "lock-1", "--request-id", "once", "--no-wait"])
        .await?;
    let after = world.until_history("lock-1", "duplicate").await?;
    assert_eq!(after["record"]["version"], opened["record"]["version"]);
    Ok(())
}

#[tokio::test]
async fn mosquitto_pub_with_the_buttons_certificate_is_the_button() -> Result<()> {
    let world = World::with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let (host, port) = world
        .at("mqtts")
        .rsplit_once(':')
        .context("mqtts is host:port")?;
    let payload =
        json!({ "serialNumber": "button-1", "clickType": "SINGLE", "batteryVoltage": "1568mV" })
            .to_string();
    let output = Command::new("mosquitto_pub")
        .args([
            "-h",
            host,
            "-p",
            port,
            "-i",
            "button-1",
            "-q",
            "1",
            "-V",
            "mqttv311",
            "-t",
            "iotbutton/button-1",
            "-m",
            &payload,
        ])
        .arg("--cafile")
        .arg(world.at("ca"))
        .arg("--cert")
        .arg(world.secret("button-1", "cert"))
        .arg("--key")
        .arg(world.secret("button-1", "key"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("run mosquitto_pub: `cargo xtask setup` installs it")?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}
