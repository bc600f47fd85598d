//! A device as lockctl runs it: its arguments, its power, the lines to it and from it.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::json;

use super::*;

/// A device that prints its arguments, then every line that it receives.
const ECHO: &str = r#"#!/bin/sh
for argument; do printf '{"argument":"%s"}\n' "$argument"; done
exec cat
"#;

fn device(
    folder: &std::path::Path,
    settings: &[&str],
) -> (Device, broadcast::Receiver<DeviceLine>) {
    let program = folder.join("echo");
    std::fs::write(&program, ECHO).expect("a writable folder");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("a file of ours");
    let options = DeviceOptions {
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
    let (lines, received) = broadcast::channel(64);
    (Device::new(options, lines), received)
}

/// The lines up to `last`.
async fn lines(received: &mut broadcast::Receiver<DeviceLine>, last: &Value) -> Vec<Value> {
    let mut lines = Vec::new();
    let all = async {
        while lines.last() != Some(last) {
            lines.push(received.recv().await.expect("a line").line);
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), all).await;
    in_time.unwrap_or_else(|_| panic!("no line {last}"));
    lines
}

#[tokio::test]
async fn clock_conditions_outlive_the_power_of_the_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let (device, mut received) = device(folder.path(), &["lock.relock_s=30"]);
    let deaf = json!({"clock": {"hears_time": false}});
    device.set_hearing(false).await.expect("off");
    device.set_power(true).await.expect("it starts");
    let said = lines(&mut received, &deaf).await;
    let arguments: Vec<_> = said
        .iter()
        .filter_map(|line| line["argument"].as_str())
        .collect();
    let (mut wanted, given) = (Vec::new(), ["lock.relock_s=30"]);
    for setting in REQUIRED.iter().chain(&given) {
        wanted.extend(["--set", setting]);
    }
    assert!(arguments.ends_with(&wanted), "{arguments:?}");

    let fast = json!({"clock": {"drift_ppm": 200}});
    device.set_drift(200).await.expect("on");
    assert_eq!(lines(&mut received, &fast).await, [fast]);
    device.set_power(false).await.expect("it ends");
    device.set_power(true).await.expect("it starts again");
    let both = json!({"clock": {"hears_time": false, "drift_ppm": 200}});
    lines(&mut received, &both).await;

    let none = json!({"clock": {"hears_time": false, "forgets": true}});
    device.take_time().await.expect("on");
    assert_eq!(lines(&mut received, &none).await, [none]);
    device.set_hearing(true).await.expect("on");
    device.set_drift(0).await.expect("on");
    device.set_ahead(-600).await.expect("on");
    device.set_power(false).await.expect("it ends");
    device.set_power(true).await.expect("it starts again");
    lines(&mut received, &json!({"clock": {"ahead_s": -600}})).await;
    let clock = device.state().clock;
    assert_eq!(
        (clock.hears, clock.ahead_s, clock.drift_ppm),
        (true, -600, 0)
    );
    device.set_power(false).await.expect("it ends");
}

#[tokio::test]
async fn an_exit_button_and_a_bolt_need_their_contacts_and_outlive_the_power() {
    let folder = tempfile::tempdir().expect("a folder");
    let (lock, _lines) = device(folder.path(), &[]);
    let refused = lock.set_exit(true).await.expect_err("no button");
    assert!(refused.to_string().contains("pins.exit"), "{refused}");
    let refused = lock.set_bolt(true).await.expect_err("no contact");
    assert!(refused.to_string().contains("pins.bolt"), "{refused}");
    let state = lock.state();
    assert_eq!((state.exit_pressed, state.bolt_jammed), (None, None));

    let settings = ["pins.exit=13", "lock.exit_level=1", "pins.bolt=12"];
    let (lock, mut received) = device(folder.path(), &settings);
    let pressed = json!({"pin": {"number": 13, "level": true}});
    lock.set_power(true).await.expect("it starts");
    lock.set_exit(true).await.expect("on");
    let said = lines(&mut received, &pressed).await;
    assert!(
        !said.iter().any(|line| line["bolt"].is_string()),
        "{said:?}"
    );
    let bolt_in = json!({"event": "bolt", "bolt": "in"});
    lock.send(&bolt_in).await.expect("the echo says it");
    lines(&mut received, &bolt_in).await;
    lock.set_bolt(true).await.expect("on");
    assert_eq!(
        lines(&mut received, &json!({"bolt": "held"})).await.len(),
        1
    );
    lock.set_power(false).await.expect("it ends");
    lock.set_power(true).await.expect("it starts again");
    let said = lines(&mut received, &json!({"bolt": "in"})).await;
    assert!(said.contains(&pressed), "{said:?}");
    // What a new process thinks of a stuck bolt does not count.
    let bolt_out = json!({"event": "bolt", "bolt": "out"});
    lock.send(&bolt_out).await.expect("the echo says it");
    lines(&mut received, &bolt_out).await;
    let state = lock.state();
    assert_eq!(
        (state.exit_pressed, state.bolt_jammed, state.bolt.as_deref()),
        (Some(true), Some(true), Some("in"))
    );
    lock.set_bolt(false).await.expect("on");
    lines(&mut received, &json!({"bolt": "free"})).await;
    lock.set_power(false).await.expect("it ends");
}

#[tokio::test]
async fn a_half_open_network_ends_with_the_network_and_with_the_power() {
    let folder = tempfile::tempdir().expect("a folder");
    let (lock, mut received) = device(folder.path(), &[]);
    lock.set_half_open(true).await.expect_err("no power");
    assert!(!lock.state().half_open);
    lock.set_power(true).await.expect("it starts");
    let half_open = json!({"network": "half_open"});
    lock.set_half_open(true).await.expect("on");
    lines(&mut received, &half_open).await;
    let networks = |lock: &Device| (lock.state().network, lock.state().half_open);
    assert_eq!(networks(&lock), (true, true));
    // The device starts its program again: the network is as before.
    for event in ["reboot", "ready"] {
        lock.send(&json!({ "event": event }))
            .await
            .expect("the echo says it");
    }
    lines(&mut received, &half_open).await;
    lock.set_network(false).await.expect("on");
    lines(&mut received, &json!({"network": false})).await;
    assert_eq!(networks(&lock), (false, false));
    let refused = lock.set_half_open(true).await.expect_err("it is cut");
    assert!(
        refused.to_string().contains("plug it in first"),
        "{refused}"
    );
    lock.set_power(false).await.expect("it ends");
    lock.set_power(true).await.expect("it starts again");
    assert_eq!(networks(&lock), (true, false));
    lock.set_power(false).await.expect("it ends");
}

#[tokio::test]
async fn a_door_with_a_contact_is_closed_until_it_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let (lock, _lines) = device(folder.path(), &[]);
    let refused = lock.set_door(true).await.expect_err("no contact");
    assert!(refused.to_string().contains("pins.door"), "{refused}");
    assert_eq!(lock.state().door_open, None);

    let (lock, mut received) = device(folder.path(), &["pins.door=14"]);
    let line = |open: bool| json!({"pin": {"number": 14, "level": open}});
    lock.set_power(true).await.expect("it starts");
    lines(&mut received, &line(false)).await;
    lock.set_door(true).await.expect("on");
    lines(&mut received, &line(true)).await;
    lock.set_power(false).await.expect("it ends");
    lock.set_power(true).await.expect("it starts again");
    lines(&mut received, &line(true)).await;
    assert_eq!(lock.state().door_open, Some(true));
    lock.set_power(false).await.expect("it ends");
}

#[test]
fn required_settings_are_added_unless_given() {
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
        assert_eq!(with_required(&given).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn only_a_change_of_the_latch_counts_as_a_movement() {
    let mut state = DeviceState::default();
    for (latch, movements) in [
        ("locked", 0),
        ("locked", 0),
        ("unlocked", 1),
        ("unlocked", 1),
        ("locked", 2),
    ] {
        state.take(&json!({ "event": "latch", "latch": latch }));
        assert_eq!(
            (state.latch.as_deref(), state.movements),
            (Some(latch), movements)
        );
    }
}

#[test]
fn the_connection_state_follows_the_lines_of_the_device() {
    let mut state = DeviceState::default();
    state.take(&json!({ "event": "connected" }));
    assert!(state.connected);
    state.take(&json!({ "event": "disconnected" }));
    assert!(!state.connected);
}
