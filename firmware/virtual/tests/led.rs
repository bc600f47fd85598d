//! What a person sees and a log keeps: the LED's patterns, its answer to a press, and the health log.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::collections::BTreeMap;

use broker::Broker;
use device::{Device, flash};
use serde_json::{Value, json};

/// The LED of an ESP-12 module, lit when low.
const LED: i32 = 2;

fn is_edge(line: &Value) -> bool {
    line["event"] == "pin" && line["pin"] == LED
}

/// The next `count` times that the LED was lit, or dark if not `lit`, in ms; the first edge only starts the clock.
fn lengths(device: &Device, lit: bool, count: usize) -> Vec<u64> {
    let mut edges: Vec<(bool, u64)> = Vec::new();
    let mut lengths = Vec::new();
    while lengths.len() < count {
        let lines = device.until(is_edge);
        let edge = &lines[lines.len() - 1];
        let at = edge["uptime_ms"].as_u64().expect("an edge has a time");
        if let Some((was_lit, since)) = edges.last()
            && *was_lit == lit
        {
            lengths.push(at - since);
        }
        edges.push((edge["level"] == json!(false), at));
    }
    lengths
}

/// The middle one, so that a busy machine may be late once.
fn middle(mut lengths: Vec<u64>) -> u64 {
    lengths.sort_unstable();
    lengths[lengths.len() / 2]
}

fn check(what: &str, measured: u64, expected: u64) {
    let slack = expected / 4 + 60;
    assert!(
        measured.abs_diff(expected) <= slack,
        "{what}: {measured} ms, not {expected}"
    );
}

fn until_dark(device: &mut Device) {
    loop {
        device.say(&json!({"read": LED}).to_string());
        let lines = device.until(|l| l["event"] == "level");
        if lines[lines.len() - 1]["level"] == json!(true) {
            return;
        }
    }
}

#[test]
fn no_network_blinks_fast() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "lock", &[]);
    device.until_ready();
    device.say(r#"{"network":false}"#);
    lengths(&device, true, 2);
    check("lit", middle(lengths(&device, true, 5)), 200);
    check("dark", middle(lengths(&device, false, 5)), 200);
}

#[test]
fn no_cloud_blinks_slowly() {
    let flash = flash();
    let device = Device::start(flash.path(), "lock", &[]);
    device.until_ready();
    lengths(&device, true, 1);
    check("lit", middle(lengths(&device, true, 1)), 1000);
    check("dark", middle(lengths(&device, false, 1)), 1000);
}

#[test]
fn a_lock_without_its_shadow_has_no_cloud() {
    let (broker, flash) = (Broker::start(), flash());
    let device = broker.device(&flash, "lock", &[]);
    let _session = broker.accept();
    lengths(&device, true, 1);
    check("lit", middle(lengths(&device, true, 1)), 1000);
}

#[test]
fn a_clock_that_is_not_good_flashes_now_and_then() {
    let (broker, flash) = (Broker::start(), flash());
    let device = broker.device(&flash, "lock", &["sntp.enable=false"]);
    let mut session = broker.accept_lock("thing-1");
    session.report(|_| true);
    device.until(|l| l["event"] == "connected");
    lengths(&device, false, 1);
    check("lit", middle(lengths(&device, true, 3)), 100);
    check("dark", middle(lengths(&device, false, 1)), 1900);
}

#[test]
fn all_well_is_dark_and_a_press_that_was_sent_flashes_once() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "both", &[]);
    let mut session = broker.accept_lock("thing-1");
    session.report(|r| r["clock"] == "synced");
    device.until(|l| {
        l["text"].as_str().is_some_and(|t| t.contains("clock")) || l["event"] == "connected"
    });
    for _ in 0..2 {
        until_dark(&mut device);
        let before = device.count(is_edge);
        device.say(r#"{"press":"long"}"#);
        loop {
            let (topic, _) = session.publish();
            if topic == "iotbutton/thing-1" {
                break;
            }
        }
        check("lit", lengths(&device, true, 1)[0], 150);
        assert_eq!(
            device.count(is_edge) - before,
            2,
            "one flash, and dark before it"
        );
    }
}

#[test]
fn a_press_dropped_offline_flashes_four_times() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "button", &[]);
    // From the beginning of a dark second: the press takes one and a half, and the flashes end before the next second is lit.
    while lengths(&device, true, 1)[0] < 500 {}
    device.say(r#"{"press":"long"}"#);
    device.until(|l| l["text"] == "button: LONG dropped: offline");
    let lit = lengths(&device, true, 5);
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
    let _session = broker.accept();
    device.until(|l| l["event"] == "connected");
    until_dark(&mut device);
    device.say(r#"{"press":"single"}"#);
    device.until(|l| l["text"] == "button: SINGLE dropped: flash");
    let lit = lengths(&device, true, 6);
    check("lit", middle(lit), 150);
    let before = device.count(is_edge);
    // A second press shows that nothing flashed between.
    device.say(r#"{"press":"single"}"#);
    device.until(|l| l["text"] == "button: SINGLE dropped: flash");
    assert_eq!(device.count(is_edge), before);
}

/// The fields of the next health line.
fn health(device: &Device) -> BTreeMap<String, String> {
    let lines = device.until(|l| {
        l["text"]
            .as_str()
            .is_some_and(|t| t.starts_with("health: "))
    });
    let line = &lines[lines.len() - 1];
    assert_eq!(line["level"], "info");
    let text = line["text"].as_str().expect("a log line");
    let fields = text["health: ".len()..].split_whitespace();
    fields
        .map(|field| {
            let (name, value) = field.split_once('=').expect("a field is NAME=VALUE");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

#[test]
fn the_health_log_tells_where_the_way_is_broken() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "lock", &["health.interval_s=1"]);
    let first = health(&device);
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
    session.report(|r| r["clock"] == "synced");
    for _ in 0..100 {
        session.send(broker::COMMANDS, "no command");
    }
    session.command("lock", 1);
    session.report(|r| r["version"] == 1);
    let second = health(&device);
    for (name, value) in [("mqtt", "up"), ("clock", "good"), ("refusals", "100")] {
        assert_eq!(second[name], value, "{name}: {second:?}");
    }
    device.say(r#"{"network":false}"#);
    let third = health(&device);
    assert_eq!(
        (third["wifi"].as_str(), third["mqtt"].as_str()),
        ("down", "down"),
        "{third:?}"
    );
}

#[test]
fn a_health_log_that_is_off_says_nothing() {
    let flash = flash();
    let device = Device::start(
        flash.path(),
        "lock",
        &["health.interval_s=0", "watchdog.reboot_s=2"],
    );
    let lines = device.until(|l| l["event"] == "reboot");
    let is_health = |l: &&Value| l["text"].as_str().is_some_and(|t| t.starts_with("health"));
    assert_eq!(lines.iter().filter(is_health).count(), 0);
}
