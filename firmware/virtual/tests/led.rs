//! What a person sees: the LED's patterns, its answer to a press, and the health log.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Broker;
use device::{Device, flash};
use serde_json::{Value, json};

/// The LED of an ESP-12 module, lit when low.
const LED: i32 = 2;

fn is_edge(line: &Value) -> bool {
    line["event"] == "pin" && line["pin"] == LED
}

/// Sampling interval of the LED.
const TICK: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);
const LONG_ENOUGH: Duration = Duration::from_secs(60);

/// The next `count` edges of the LED with their times in ms. Time is manual, so that the result
/// does not depend on the machine.
fn edges(device: &mut Device, count: usize) -> Vec<(bool, u64)> {
    let mut edges = Vec::new();
    let mut passed = Duration::ZERO;
    while edges.len() < count {
        assert!(passed < LONG_ENOUGH, "only {edges:?}");
        passed += TICK;
        let lines = device.pass(TICK);
        edges.extend(lines.iter().filter(|line| is_edge(line)).map(|edge| {
            let at = edge["uptime_ms"].as_u64().expect("an edge has a time");
            (edge["level"] == json!(false), at)
        }));
    }
    edges
}

/// The next `count` durations in ms for which the LED was lit, or dark if not `lit`.
fn lengths(device: &mut Device, lit: bool, count: usize) -> Vec<u64> {
    let edges = edges(device, 2 * count + 2);
    let pairs = edges.windows(2).filter(|pair| pair[0].0 == lit);
    pairs
        .map(|pair| pair[1].1 - pair[0].1)
        .take(count)
        .collect()
}

/// Checks that all durations are as expected, within one sampling interval.
fn check(what: &str, measured: &[u64], expected: u64) {
    let off_ms = |ms: &u64| u128::from(ms.abs_diff(expected));
    assert!(
        measured.iter().all(|ms| off_ms(ms) <= TICK.as_millis()),
        "{what}: {measured:?} ms, not {expected}"
    );
}

#[test]
fn no_network_blinks_fast() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "lock", &[]);
    device.until_ready();
    device.say(r#"{"network":false}"#);
    edges(&mut device, 2);
    check("lit", &lengths(&mut device, true, 5), 200);
    check("dark", &lengths(&mut device, false, 5), 200);
}

#[test]
fn no_cloud_blinks_slowly() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "lock", &[]);
    device.until_ready();
    edges(&mut device, 2);
    check("lit", &lengths(&mut device, true, 3), 1000);
    check("dark", &lengths(&mut device, false, 3), 1000);
}

#[test]
fn refused_or_kept_settings_light_the_led_except_for_a_blink_each_second() {
    let stated = r#"{"lock":{"unlocked_level":1,"power_on":"locked"}}"#;
    for texts in [&["{}"] as &[&str], &[stated, "{}"]] {
        let flash = flash();
        for text in texts {
            let file = flash.path().join("conf9.json");
            std::fs::write(file, text).expect("the flash can be written");
            let device = Device::start_bare(flash.path(), "lock", &[]);
            device.until_ready();
        }
        let mut device = Device::start_bare(flash.path(), "lock", &[]);
        device.until_ready();
        edges(&mut device, 2);
        check("lit", &lengths(&mut device, true, 3), 900);
        check("dark", &lengths(&mut device, false, 3), 100);
    }
}

#[test]
fn a_lock_without_its_shadow_has_no_cloud() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "lock", &[]);
    let _session = broker.accept();
    edges(&mut device, 2);
    check("lit", &lengths(&mut device, true, 3), 1000);
}

#[test]
fn an_unsynced_clock_flashes_every_two_seconds() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "lock", &[]);
    let mut session = broker.accept_lock("thing-1");
    session.report(|_| true);
    device.until(|l| l["event"] == "connected");
    edges(&mut device, 2);
    check("lit", &lengths(&mut device, true, 3), 100);
    check("dark", &lengths(&mut device, false, 3), 1900);
}

#[test]
fn a_healthy_device_is_dark_and_a_sent_press_flashes_once() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "both", &[]);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    device.pass(SECOND);
    for version in [1, 2] {
        let before = device.count(is_edge);
        device.say(r#"{"press":"long"}"#);
        device.pass_until(TICK, |l| l["text"] == "button: LONG");
        assert_eq!(
            device.count(is_edge),
            before,
            "dark until it is acknowledged"
        );
        while session.publish().0 != "iotbutton/thing-1" {}
        // The device handles packets in order, so by then it has read the PUBACK.
        session.command("lock", version);
        device.until(|l| {
            let text = l["text"].as_str().unwrap_or_default();
            text.contains(&format!("c-{version}: executed"))
        });
        let flash = edges(&mut device, 2);
        assert!(flash[0].0, "lit, then dark");
        check("lit", &[flash[1].1 - flash[0].1], 150);
        device.pass(2 * SECOND);
        assert_eq!(device.count(is_edge) - before, 2, "one flash");
    }
}

#[test]
fn a_press_dropped_offline_flashes_four_times() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "button", &[]);
    device.until_ready();
    device.say(r#"{"press":"long"}"#);
    device.pass_until(TICK, |l| l["text"] == "button: LONG dropped: offline");
    let lit = lengths(&mut device, true, 5);
    let short = lit.iter().filter(|ms| **ms < 300).count();
    assert_eq!(short, 4, "{lit:?}");
}

#[test]
fn a_press_that_the_flash_cannot_count_is_dropped_and_flashes_six_times() {
    let (broker, flash) = (Broker::start(), flash());
    for slot in ["sequence.0", "sequence.1"] {
        let slot = flash.path().join(slot);
        std::fs::create_dir_all(slot.join("full")).expect("a directory can be made");
    }
    let mut device = broker.device(&flash, "button", &[]);
    let mut session = broker.accept_button();
    session.accept_health();
    device.pass(SECOND);
    for _ in 0..2 {
        let before = device.count(is_edge);
        device.say(r#"{"press":"single"}"#);
        device.pass_until(TICK, |l| l["text"] == "button: SINGLE dropped: flash");
        device.pass(5 * SECOND);
        assert_eq!(device.count(is_edge) - before, 12, "six flashes");
    }
}

fn is_health(line: &Value) -> bool {
    let text = line["text"].as_str().unwrap_or_default();
    text.starts_with("health: ")
}

/// The fields of the only health line among these.
fn health(lines: &[Value]) -> BTreeMap<String, String> {
    let lines: Vec<&Value> = lines.iter().filter(|line| is_health(line)).collect();
    assert_eq!(lines.len(), 1, "one a second");
    assert_eq!(lines[0]["level"], "info");
    let text = lines[0]["text"].as_str().expect("a log line");
    let fields = text["health: ".len()..].split_whitespace();
    fields
        .map(|field| {
            let (name, value) = field.split_once('=').expect("a field is NAME=VALUE");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn the_health_log_shows_where_the_connection_is_broken() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "lock", &["health.interval_s=1"]);
    let first = health(&device.until(is_health));
    for (name, value) in [
        ("wifi", "up"),
        ("mqtt", "down"),
        ("boots", "1"),
        ("refusals", "0"),
    ] {
        assert_eq!(first[name], value, "{name}: {first:?}");
    }
    for name in ["uptime", "heap", "heap_min", "commands"] {
        assert!(first[name].parse::<u32>().is_ok(), "{name}: {first:?}");
    }
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    for _ in 0..100 {
        session.send(broker::COMMANDS, "no command");
    }
    session.command("lock", 1);
    session.report(|r| r["version"] == 1);
    let second = health(&device.pass(SECOND));
    for (name, value) in [("mqtt", "up"), ("clock", "good"), ("refusals", "100")] {
        assert_eq!(second[name], value, "{name}: {second:?}");
    }
    device.say(r#"{"network":false}"#);
    let third = health(&device.pass(SECOND));
    assert_eq!(
        (third["wifi"].as_str(), third["mqtt"].as_str()),
        ("down", "down"),
        "{third:?}"
    );
}

#[test]
fn a_health_log_that_is_off_is_silent() {
    let flash = flash();
    let device = Device::start(
        flash.path(),
        "lock",
        &["health.interval_s=0", "watchdog.reboot_s=2"],
    );
    let lines = device.until(|l| l["event"] == "reboot");
    assert!(!lines.iter().any(is_health));
}
