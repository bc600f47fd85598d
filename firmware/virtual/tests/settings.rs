//! Settings that are missing, damaged or mistyped: none of them opens a door, and each shows in the
//! log, the LED and the report (PROTOCOL D8).

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::fs;
use std::path::Path;

use broker::Broker;
use device::{Device, flash};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A relay that is active low, as on most modules: unlocked is low.
const ACTIVE_LOW: &str =
    r#"{"pins":{"relay":4},"lock":{"unlocked_level":0,"power_on":"locked","relock_s":30}}"#;

/// Damaged forms of [`ACTIVE_LOW`] as a file: name, content; `None` if the file is missing.
fn damages() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let text = ACTIVE_LOW.as_bytes();
    let with = |from: &str, to: &str| Some(ACTIVE_LOW.replace(from, to).into_bytes());
    let mut damages = vec![
        ("lost", None),
        ("empty", Some(Vec::new())),
        ("a byte order mark", Some([b"\xef\xbb\xbf", text].concat())),
        ("a comment", Some([b"// mine\n", text].concat())),
        ("UTF-16", Some(text.iter().flat_map(|b| [*b, 0]).collect())),
        ("text for a number", with(":0,", r#":"0","#)),
        ("a fraction after it", with("30}", "30.5}")),
        ("text after it", with("30}", r#""30"}"#)),
        (
            "a wrong type before all",
            with("{\"pins\"", "{\"led\":{\"on_level\":\"low\"},\"pins\""),
        ),
        ("a section of another type", with("{\"relay\":4}", "4")),
        ("polarity not stated", with("\"unlocked_level\":0,", "")),
        (
            "power-on state not stated",
            with("\"power_on\":\"locked\",", ""),
        ),
        ("power-on state misspelt", with("locked\"", "lokced\"")),
        ("trailing bytes", Some([text, b"}"].concat())),
    ];
    for at in [1, 12, 30, 50, text.len() - 1] {
        damages.push(("cut off", Some(text[..at].to_vec())));
    }
    damages
}

fn write_settings(flash: &TempDir, text: Option<&[u8]>) {
    let path = flash.path().join("conf9.json");
    match text {
        Some(text) => fs::write(path, text).expect("the flash can be written"),
        None => fs::remove_file(path).expect("the file was there"),
    }
}

/// The levels of the relay's pin, in order.
fn levels(lines: &[Value]) -> Vec<bool> {
    let pins = lines
        .iter()
        .filter(|l| l["event"] == "pin" && l["pin"] == 4);
    pins.map(|l| l["level"].as_bool().expect("a level"))
        .collect()
}

fn says(text: &str) -> impl Fn(&Value) -> bool {
    move |line| line["text"].as_str().is_some_and(|t| t.contains(text))
}

fn bare(flash: &Path, role: &str) -> Device {
    Device::start_bare(flash, role, &[])
}

#[test]
fn a_damaged_file_leaves_the_relay_as_declared_and_is_logged() {
    for (name, text) in damages() {
        let flash = flash();
        write_settings(&flash, Some(ACTIVE_LOW.as_bytes()));
        let device = bare(flash.path(), "lock");
        assert_eq!(levels(&device.until_ready()), [true], "{name}: as stated");
        drop(device);

        write_settings(&flash, text.as_deref());
        for _ in 0..2 {
            let device = bare(flash.path(), "lock");
            let lines = device.until_ready();
            assert_eq!(levels(&lines), [true], "{name}: {lines:?}");
            let errors = lines.iter().filter(|l| l["level"] == "error");
            assert!(errors.count() >= 1, "{name}: {lines:?}");
            assert!(lines.iter().any(says("settings kept in flash")), "{name}");
            assert!(lines.iter().any(says("relock after 30000 ms")), "{name}");
        }
    }
}

#[test]
fn with_a_damaged_file_and_no_kept_settings_nothing_is_driven() {
    for (name, text) in damages() {
        let Some(text) = text else { continue };
        let flash = flash();
        write_settings(&flash, Some(&text));
        let device = bare(flash.path(), "lock");
        let lines = device.until_ready();
        assert!(levels(&lines).is_empty(), "{name}: {lines:?}");
        assert!(lines.iter().any(says("not started")), "{name}: {lines:?}");
    }
}

#[test]
fn without_settings_nothing_is_driven_and_the_board_stays_offline() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = Device::start_bare(
        flash.path(),
        "lock",
        &[
            &format!("mqtt.server={}", broker.address()),
            "mqtt.ssl_ca_cert=",
            "mqtt.ssl_cert=",
        ],
    );
    let lines = device.until_ready();
    assert!(levels(&lines).is_empty(), "{lines:?}");
    for named in [
        "lock.power_on is \"\"; allowed: locked, unlocked",
        "lock.unlocked_level is -1; allowed: 0 to 1",
    ] {
        assert!(lines.iter().any(says(named)), "{named}: {lines:?}");
    }
    device.pass(std::time::Duration::from_secs(600));
    assert!(broker.no_connection());
}

#[test]
fn the_report_shows_kept_settings_and_the_values_in_force() {
    let (broker, flash) = (Broker::start(), flash());
    write_settings(&flash, Some(ACTIVE_LOW.as_bytes()));
    for (settings, text) in [
        ("stated", Some(ACTIVE_LOW)),
        ("kept", Some("")),
        ("kept", None),
    ] {
        write_settings(&flash, text.map(str::as_bytes));
        let device = Device::start_bare(
            flash.path(),
            "lock",
            &[
                &format!("mqtt.server={}", broker.address()),
                "mqtt.ssl_ca_cert=",
                "mqtt.ssl_cert=",
            ],
        );
        let mut session = broker.accept_lock("thing-1");
        let report = session.report(|_| true)["state"]["reported"].take();
        assert_eq!(report["settings"], settings, "{text:?}");
        assert_eq!(
            (&report["relockMs"], &report["pulseMs"]),
            (&json!(30000), &json!(0))
        );
        drop(device);
    }
}

#[test]
fn a_button_drives_no_relay_with_damaged_settings_either() {
    let stated = r#"{"app":{"role":"button"},"pins":{"button":5}}"#;
    for text in [Some(stated), Some("{\"app\":{\"ro"), Some(""), None] {
        let flash = flash();
        write_settings(&flash, Some(stated.as_bytes()));
        drop(bare(flash.path(), "").until_ready());
        write_settings(&flash, text.map(str::as_bytes));
        let mut device = bare(flash.path(), "");
        let mut lines = device.until_ready();
        lines.extend(device.pass(std::time::Duration::from_secs(60)));
        assert!(levels(&lines).is_empty(), "{text:?}: {lines:?}");
    }
}

#[test]
fn a_new_role_logs_which_settings_are_missing() {
    let flash = flash();
    write_settings(&flash, Some(br#"{"app":{"role":"button"}}"#));
    drop(bare(flash.path(), "").until_ready());
    write_settings(&flash, Some(br#"{"app":{"role":"lock"}}"#));
    let lines = bare(flash.path(), "").until_ready();
    assert!(
        lines.iter().any(says("lock.unlocked_level is -1")),
        "{lines:?}"
    );
    assert!(levels(&lines).is_empty());
}

#[test]
fn new_settings_replace_the_kept_ones_and_are_kept_in_turn() {
    let flash = flash();
    let other = ACTIVE_LOW.replace(":0,", ":1,");
    for (text, level) in [
        (ACTIVE_LOW, true),
        (&other, false),
        ("", false),
        (ACTIVE_LOW, true),
    ] {
        write_settings(&flash, Some(text.as_bytes()));
        assert_eq!(
            levels(&bare(flash.path(), "lock").until_ready()),
            [level],
            "{text}"
        );
    }
}

#[test]
fn settings_that_are_valid_but_harmful_are_named() {
    for (text, named) in [
        (
            r#"{"topic":{"command":"remote-lock"}}"#,
            "topic.command is \"remote-lock\"; allowed: a topic that ends with /",
        ),
        (r#"{"lock":{"relock":30}}"#, "unknown setting lock.relock"),
        (r#"{"lock":{"relockS":30}}"#, "unknown setting lock.relockS"),
        (
            r#"{"lock":{"relock_s":0}}"#,
            "relock after 0 ms from the unlock (0 = never)",
        ),
        (
            r#"{"pins":{"exit":13}}"#,
            "pins.exit needs lock.relock_s or lock.pulse_ms",
        ),
        (
            r#"{"mqtt":{"client_id":"other"}}"#,
            "mqtt.client_id (or device.id) is \"other\"",
        ),
    ] {
        let flash = flash();
        write_settings(&flash, Some(text.as_bytes()));
        let lines = Device::start(flash.path(), "lock", &[]).until_ready();
        assert!(lines.iter().any(says(named)), "{text}: {lines:?}");
    }
}
