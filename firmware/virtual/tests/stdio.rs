//! The virtual device as its parent sees it: settings, pins and lines, without a broker.

#[path = "harness/device.rs"]
mod device;

use std::net::TcpListener;

use device::{Device, flash};
use serde_json::{Value, json};

#[test]
fn at_power_on_the_lock_takes_its_declared_state_for_any_wiring() {
    for (settings, level, latch) in [
        (&[] as &[&str], false, "locked"),
        (&["lock.unlocked_level=0"], true, "locked"),
        (&["lock.power_on=unlocked"], true, "unlocked"),
        (
            &["lock.power_on=unlocked", "lock.unlocked_level=0"],
            false,
            "unlocked",
        ),
    ] {
        let flash = flash();
        let device = Device::start(flash.path(), "lock", settings);
        let lines = device.until_ready();
        let relay: Vec<&Value> = lines.iter().filter(|l| l["pin"] == 4).collect();
        assert_eq!(relay.len(), 1, "the relay moves once at boot: {lines:?}");
        assert_eq!(relay[0]["level"], level, "{settings:?}");
        assert!(
            lines.contains(&json!({"event": "latch", "latch": latch})),
            "{settings:?}: {lines:?}"
        );
        assert!(device.end(), "{settings:?}");
    }
}

#[test]
fn the_relay_takes_its_level_before_anything_else() {
    let flash = flash();
    let device = Device::start(flash.path(), "both", &[]);
    let lines = device.until_ready();
    assert_eq!(lines[0]["pin"], 4, "{lines:?}");
}

#[test]
fn a_fail_safe_strike_relocks_by_itself() {
    let flash = flash();
    let device = Device::start(
        flash.path(),
        "lock",
        &["lock.power_on=unlocked", "lock.pulse_ms=300"],
    );
    device.until(|l| *l == json!({"event": "latch", "latch": "unlocked"}));
    device.until(|l| *l == json!({"event": "latch", "latch": "locked"}));
}

#[test]
fn relock_waits_for_an_open_door() {
    let flash = flash();
    let mut device = Device::start(
        flash.path(),
        "both",
        &["lock.power_on=unlocked", "lock.relock_s=1", "pins.door=5"],
    );
    // The pull-up holds the contact open. A long press shows that more than a second has passed.
    device.until_ready();
    device.say(r#"{"press":"long"}"#);
    let locked = json!({"event": "latch", "latch": "locked"});
    let lines = device.until(|l| l["text"] == "button: LONG dropped: offline");
    assert!(!lines.contains(&locked), "{lines:?}");
    device.say(r#"{"pin":{"number":5,"level":false}}"#);
    device.until(|l| *l == locked);
}

#[test]
fn a_broker_that_accepts_but_stays_silent_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound").to_string();
    let flash = flash();
    let settings = [
        "watchdog.reconnect_s=1",
        &format!("mqtt.server={address}"),
        "mqtt.ssl_ca_cert=",
        "mqtt.ssl_cert=",
    ];
    let mut device = Device::start(flash.path(), "lock", &settings);
    // Both stay open and silent: only the watchdog can cause the second one.
    let first = silent.accept().expect("the device connects");
    let second = silent.accept().expect("the device connects again");
    assert_ne!(first.1, second.1);
    assert!(device.child.try_wait().expect("it can be asked").is_none());
}

#[test]
fn a_device_without_a_connection_reboots_eventually() {
    let flash = flash();
    let device = Device::start(flash.path(), "lock", &["watchdog.reboot_s=1"]);
    device.until_ready();
    device.until(|l| l["event"] == "reboot");
    device.until_ready();
}

#[test]
fn a_reboot_that_would_open_a_locked_door_does_not_happen() {
    let flash = flash();
    let settings = [
        "watchdog.reboot_s=1",
        "lock.power_on=unlocked",
        "lock.pulse_ms=300",
    ];
    let mut device = Device::start(flash.path(), "both", &settings);
    device.until(|l| *l == json!({"event": "latch", "latch": "locked"}));
    // A long press shows that more than a second has passed.
    device.say(r#"{"press":"long"}"#);
    let lines = device.until(|l| l["text"] == "button: LONG dropped: offline");
    assert!(!lines.iter().any(|l| l["event"] == "reboot"), "{lines:?}");
}

#[test]
fn a_press_without_a_connection_is_dropped_and_logged() {
    for settings in [&[] as &[&str], &["button.pressed_level=1", "pins.button=5"]] {
        presses_are_dropped(settings);
    }
}

fn presses_are_dropped(settings: &[&str]) {
    let flash = flash();
    let mut device = Device::start(flash.path(), "button", settings);
    device.until_ready();
    for (press, word) in [("single", "SINGLE"), ("double", "DOUBLE"), ("long", "LONG")] {
        device.say(&format!(r#"{{"press":"{press}"}}"#));
        let lines = device.until(|l| l["event"] == "log" && l["level"] == "warn");
        let last = lines.last().expect("until returns at least one");
        assert_eq!(last["text"], format!("button: {word} dropped: offline"));
    }
    assert!(
        !flash.path().join("sequence.0").exists(),
        "a dropped press uses no sequence number"
    );
}

#[test]
fn presses_requested_together_remain_separate_presses() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "button", &[]);
    device.until_ready();
    for press in ["single", "single", "double", "single"] {
        device.say(&format!(r#"{{"press":"{press}"}}"#));
    }
    for word in ["SINGLE", "SINGLE", "DOUBLE", "SINGLE"] {
        let lines = device.until(|l| l["event"] == "log" && l["level"] == "warn");
        let last = lines.last().expect("until returns at least one");
        assert_eq!(last["text"], format!("button: {word} dropped: offline"));
    }
}

#[test]
fn an_invalid_line_is_logged_and_changes_nothing() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "lock", &[]);
    device.until_ready();
    device.say("unlock, please");
    let lines = device.until(|l| {
        l["level"] == "error" && l["text"].as_str().is_some_and(|t| t.contains("please"))
    });
    assert!(!lines.iter().any(|l| l["event"] == "latch"), "{lines:?}");
    assert!(device.end());
}

#[test]
fn the_configuration_of_the_flash_survives_a_power_cut() {
    let flash = flash();
    let conf = r#"{"lock":{"power_on":"unlocked"}}"#;
    std::fs::write(flash.path().join("conf9.json"), conf).expect("the flash can be written");
    for _ in 0..2 {
        let device = Device::start(flash.path(), "lock", &[]);
        device.until(|l| *l == json!({"event": "latch", "latch": "unlocked"}));
        device.until_ready();
        drop(device);
    }
    assert!(flash.path().join("boots.0").exists() && flash.path().join("boots.1").exists());
}

#[test]
fn a_setting_that_does_not_exist_is_refused() {
    for settings in [&["lock.relocks=1"], &["lock.relock_s=soon"]] {
        let flash = flash();
        let mut device = Device::start(flash.path(), "lock", settings);
        assert!(!device.wait(), "{settings:?}");
    }
}

#[test]
fn invalid_settings_are_named_and_the_relay_is_safe_or_not_driven() {
    for (role, settings, named, relay) in [
        (
            "door",
            &[] as &[&str],
            r#"app.role is "door"; allowed: lock, button, both"#,
            false,
        ),
        (
            "lock",
            &["lock.power_on=ajar"],
            r#"lock.power_on is "ajar"; allowed: locked, unlocked"#,
            false,
        ),
        (
            "lock",
            &["pins.relay=7"],
            "pins.relay is 7; allowed: 0 to 5, 12 to 16",
            false,
        ),
        (
            "lock",
            &["pins.door=4"],
            "pins.relay and pins.door are both 4; allowed: pins of their own",
            true,
        ),
        (
            "both",
            &["pins.led=0"],
            "pins.led and pins.button are both 0; allowed: pins of their own",
            true,
        ),
        (
            "lock",
            &["pins.door=16"],
            "pins.door is 16; allowed: -1, 0 to 5, 12 to 15",
            true,
        ),
        (
            "lock",
            &["pins.bolt=2"],
            "pins.bolt and pins.led are both 2; allowed: pins of their own",
            true,
        ),
        (
            "lock",
            &["lock.bolt_ms=0"],
            "lock.bolt_ms is 0; allowed: 1 to 60000",
            true,
        ),
        (
            "button",
            &["pins.button=99"],
            "pins.button is 99; allowed: 0 to 5, 12 to 15",
            false,
        ),
        (
            "button",
            &["pins.button=16"],
            "pins.button is 16; allowed: 0 to 5, 12 to 15",
            false,
        ),
        (
            "button",
            &["button.quiet_ms=-1"],
            "button.quiet_ms is -1; allowed: 1 to 5000",
            false,
        ),
        (
            "lock",
            &["lock.relock_s=-5"],
            "lock.relock_s is -5; allowed: 0 to 86400",
            true,
        ),
        (
            "lock",
            &["watchdog.retry_min_s=9", "watchdog.retry_max_s=8"],
            "watchdog.retry_max_s is 8; allowed: 9 to 86400",
            true,
        ),
        (
            "lock",
            &["topic.command=#"],
            r##"topic.command is "#"; allowed: a topic that ends with /, without + and #"##,
            true,
        ),
    ] {
        let flash = flash();
        let device = Device::start(flash.path(), role, settings);
        let lines = device.until_ready();
        let is_named = |l: &Value| {
            let text = l["text"].as_str().unwrap_or_default();
            l["level"] == "error" && text.starts_with(&format!("settings: {named}"))
        };
        assert!(lines.iter().any(is_named), "{settings:?}: {lines:?}");
        let levels: Vec<&Value> = lines
            .iter()
            .filter(|l| l["pin"] == 4)
            .map(|l| &l["level"])
            .collect();
        let expected: &[Value] = if relay { &[json!(false)] } else { &[] };
        assert!(
            levels.into_iter().eq(expected),
            "{role} {settings:?}: {lines:?}"
        );
    }
}
