//! An operator in a second shell, and independent clients.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use e2e::World;
use e2e::world::python;
use serde_json::{Value, json};
use tokio::process::Command;

#[tokio::test]
async fn lockctl_presses_unlocks_locks_and_prints_the_state() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let pressed = world.lockctl(&["press", "button-1"]).await?;
    assert!(
        pressed.status.success(),
        "{}",
        String::from_utf8_lossy(&pressed.stderr)
    );
    // It has waited for the outcome: nothing is pending.
    let text = String::from_utf8(pressed.stdout)?;
    assert!(text.contains("button-1 SINGLE: unlock v"), "{text}");
    assert!(text.contains("lock-1 is unlocked after"), "{text}");
    let opened = world.lockctl_json(&["status", "lock-1"]).await?;
    assert_eq!(opened["locks"][0]["certainty"], "acknowledged");
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
    let events = history["history"].as_array().context("no history")?.iter();
    let texts: Vec<_> = events.filter_map(|event| event["text"].as_str()).collect();
    assert!(
        texts
            .iter()
            .any(|text| text.contains("operator-1") && text.contains("unlock")),
        "the history does not name the actor: {texts:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_press_that_is_ignored_fails_with_its_reason() -> Result<()> {
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    // Repetitions within a minute of the clock share an event. Three presses cross at most one
    // minute, so at least two of them share one.
    for reason in ["unknown button"; 3] {
        ignored(&world, reason).await?;
    }
    world
        .lockctl_json(&["register", "button", "button-9", "--record-only"])
        .await?;
    ignored(&world, "not bound").await?;
    let history = world.lockctl(&["history", "button-9"]).await?;
    let text = String::from_utf8(history.stdout)?;
    let repeated = text.lines().filter_map(|line| {
        let (_, count) = line.split_once("SINGLE: ignored: unknown button")?;
        Some(match count.strip_prefix(" (") {
            Some(rest) if rest.contains(" times), the last at ") => {
                rest.split(' ').next()?.parse().ok()?
            }
            _ => 1,
        })
    });
    let counts: Vec<u32> = repeated.collect();
    assert!(counts.len() <= 2, "{text}");
    assert_eq!(counts.iter().sum::<u32>(), 3, "{text}");
    let pressed = world.lockctl_json(&["press", "button-9", "--no-wait"]);
    assert_eq!(pressed.await?["outcome"], "pressed");
    Ok(())
}

async fn ignored(world: &World, reason: &str) -> Result<()> {
    let pressed = world.lockctl(&["press", "button-9"]).await?;
    let text = String::from_utf8(pressed.stdout)?;
    let wanted = format!("button-9 SINGLE: ignored: {reason}");
    anyhow::ensure!(!pressed.status.success(), "{text}");
    anyhow::ensure!(text.matches(&wanted).count() == 1, "{text}");
    anyhow::ensure!(
        pressed.stderr.is_empty(),
        "the reason is printed twice: {text}"
    );
    Ok(())
}

#[tokio::test]
async fn lockctl_uses_the_limits_of_the_functions() -> Result<()> {
    let parameters = [
        "--parameter",
        "CommandTtlMs=20000",
        "--parameter",
        "EventTtlDays=7",
    ];
    let world =
        World::start_with(&[&["--memory", "--no-button-devices"], &parameters[..]].concat())
            .await?;
    world.until_settled("lock-1", "locked").await?;
    let limits = |status: Value| status["limits"].clone();
    let deadline = Instant::now() + Duration::from_secs(120);
    let known = loop {
        let known = limits(world.lockctl_json(&["status"]).await?);
        if known != Value::Null {
            break known;
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "no function has written its limits"
        );
    };
    assert_eq!(
        known,
        json!({"commandTtlMs": 20_000, "quietWindowMs": 1_500, "sameWishMs": 5_000,
            "eventTtlMs": 604_800_000, "leftOpenMs": 600_000, "forcedAlert": true,
            "batteryLowMv": 1_200})
    );
    Ok(())
}

#[tokio::test]
async fn every_answer_for_people_names_its_target_first() -> Result<()> {
    let world = World::start().await?;
    for arguments in [
        &["status"][..],
        &["history", "lock-1"],
        &["bindings"],
        &["register", "button", "button-7", "--record-only"],
        &["bind", "button-7", "lock-1"],
    ] {
        let output = world.lockctl(arguments).await?;
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout)?;
        let first = text.lines().next().unwrap_or_default();
        let wanted = format!("target: local ({}), table remote-lock", world.at("console"));
        assert_eq!(first, wanted, "{arguments:?} printed {text}");
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
    let world = World::start_with(&["--memory", "--no-button-devices"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let files = [
        world.secret("button-1", "cert"),
        world.secret("button-1", "key"),
    ];
    mosquitto_press(&world, "button-1", world.at("mqtts"), &files).await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn boto3_registers_a_button_that_lockctl_binds_and_mosquitto_presses() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let keep = tempfile::tempdir()?;
    let files = [
        keep.path().join("certificate.pem"),
        keep.path().join("private.key"),
    ];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/provision.py");
    let output = Command::new(python()?)
        .arg(script)
        .arg(world.ready_file())
        .args(["button-8", "remote-lock-button"])
        .args(&files)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("run the boto3 script")?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let endpoint = String::from_utf8(output.stdout)?;
    assert_eq!(
        endpoint.trim(),
        world.at("mqtts"),
        "the service returns another endpoint"
    );
    world
        .lockctl_json(&["register", "button", "button-8", "--record-only"])
        .await?;
    let bound = world
        .lockctl_json(&["bind", "button-8", "lock-1", "--single", "unlock"])
        .await?;
    assert_eq!(bound["binding"]["enabled"], true);
    mosquitto_press(&world, "button-8", endpoint.trim(), &files).await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn with_aws_settings_lockctl_names_account_and_region() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let shell = world.shell()?.with("USER", "operator-2");
    let arguments = ["unlock", "lock-1", "--data-dir", "/nowhere"];
    let output = shell.lockctl(&arguments).await?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let first = text.lines().next().unwrap_or_default();
    let stack = "target: stack remote-lock (table remote-lock), account ";
    let place = format!(", us-east-1 ({})", world.at("dynamodb"));
    assert!(
        first.starts_with(stack) && first.ends_with(&place),
        "{first}"
    );
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

/// Presses as `serial` with mosquitto's command-line client.
async fn mosquitto_press(
    world: &World,
    serial: &str,
    address: &str,
    files: &[PathBuf; 2],
) -> Result<()> {
    let (host, port) = address
        .rsplit_once(':')
        .context("the address is not host:port")?;
    let topic = format!("iotbutton/{serial}");
    let payload =
        json!({ "serialNumber": serial, "clickType": "SINGLE", "batteryVoltage": "1568mV" })
            .to_string();
    let output = Command::new("mosquitto_pub")
        .args([
            "-h", host, "-p", port, "-i", serial, "-q", "1", "-V", "mqttv311", "-t", &topic, "-m",
            &payload,
        ])
        .arg("--cafile")
        .arg(world.at("ca"))
        .arg("--cert")
        .arg(&files[0])
        .arg("--key")
        .arg(&files[1])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("run mosquitto_pub: `cargo xtask setup` installs it")?;
    anyhow::ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
