//! A device as lockctl handles it: its arguments, its power, what is said to it, and what is seen of it.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::json;

use super::*;

/// A device that says its arguments, then every line that is said to it.
const ECHO: &str = r#"#!/bin/sh
for argument; do printf '{"argument":"%s"}\n' "$argument"; done
exec cat
"#;

fn device(folder: &std::path::Path, settings: &[&str]) -> (Device, broadcast::Receiver<Notice>) {
    let program = folder.join("echo");
    std::fs::write(&program, ECHO).expect("a writable folder");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("a file of ours");
    let plan = Plan {
        program,
        thing: "lock-1".to_owned(),
        kind: Kind::Lock,
        broker: "broker:1".to_owned(),
        ca: PathBuf::from("ca"),
        cert: PathBuf::from("cert"),
        key: PathBuf::from("key"),
        flash: PathBuf::from("flash"),
        settings: settings.iter().map(|text| (*text).to_owned()).collect(),
    };
    let (notices, heard) = broadcast::channel(64);
    (Device::new(plan, notices), heard)
}

/// The lines up to `last`.
async fn lines(heard: &mut broadcast::Receiver<Notice>, last: &Value) -> Vec<Value> {
    let mut lines = Vec::new();
    let all = async {
        while lines.last() != Some(last) {
            lines.push(heard.recv().await.expect("a line").line);
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), all).await;
    in_time.unwrap_or_else(|_| panic!("no line {last}"));
    lines
}

#[tokio::test]
async fn what_a_clock_is_exposed_to_outlives_the_devices_power() {
    let folder = tempfile::tempdir().expect("a folder");
    let (device, mut heard) = device(folder.path(), &["lock.relock_s=30"]);
    let deaf = json!({"clock": {"hears_time": false}});
    device.clock("hears_time", json!(false)).await.expect("off");
    device.power(true).await.expect("it starts");
    let said = lines(&mut heard, &deaf).await;
    let arguments: Vec<_> = said
        .iter()
        .filter_map(|line| line["argument"].as_str())
        .collect();
    let (mut wanted, given) = (Vec::new(), ["lock.relock_s=30"]);
    for setting in STATED.iter().chain(&given) {
        wanted.extend(["--set", setting]);
    }
    assert!(arguments.ends_with(&wanted), "{arguments:?}");

    let fast = json!({"clock": {"drift_ppm": 200}});
    device.clock("drift_ppm", json!(200)).await.expect("on");
    assert_eq!(lines(&mut heard, &fast).await, [fast]);
    device.power(false).await.expect("it ends");
    device.power(true).await.expect("it starts again");
    let both = json!({"clock": {"hears_time": false, "drift_ppm": 200}});
    lines(&mut heard, &both).await;
    device.power(false).await.expect("it ends");
}

#[test]
fn what_a_board_must_be_told_is_stated_unless_it_is_given() {
    for (given, wanted) in [
        (
            &[][..],
            &["lock.unlocked_level=1", "lock.power_on=locked"][..],
        ),
        (
            &["lock.power_on=unlocked"],
            &["lock.unlocked_level=1", "lock.power_on=unlocked"],
        ),
        (
            &["lock.unlocked_level=0", "lock.relock_s=30"],
            &[
                "lock.power_on=locked",
                "lock.unlocked_level=0",
                "lock.relock_s=30",
            ],
        ),
        (
            &["lock.power_on_x=1"],
            &[
                "lock.unlocked_level=1",
                "lock.power_on=locked",
                "lock.power_on_x=1",
            ],
        ),
    ] {
        let given: Vec<_> = given.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(settings(&given).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn only_a_change_of_the_latch_counts_as_a_movement() {
    let mut seen = Seen::default();
    for (latch, movements) in [
        ("locked", 0),
        ("locked", 0),
        ("unlocked", 1),
        ("unlocked", 1),
        ("locked", 2),
    ] {
        note(
            &serde_json::json!({ "event": "latch", "latch": latch }),
            &mut seen,
        );
        assert_eq!(
            (seen.latch.as_deref(), seen.movements),
            (Some(latch), movements)
        );
    }
}

#[test]
fn connection_follows_what_the_device_says() {
    let mut seen = Seen::default();
    note(&serde_json::json!({ "event": "connected" }), &mut seen);
    assert!(seen.connected);
    note(&serde_json::json!({ "event": "disconnected" }), &mut seen);
    assert!(!seen.connected);
}
