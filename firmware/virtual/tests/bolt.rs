//! A bolt with a contact: what the lock reports when the bolt does not follow the latch (PROTOCOL
//! D10), and how the virtual bolt moves.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::time::Duration;

use broker::Broker;
use device::{Device, flash};
use serde_json::{Value, json};

const SETTINGS: &[&str] = &["pins.bolt=12", "lock.bolt_ms=600"];

fn bolt(place: &str) -> impl Fn(&Value) -> bool {
    move |line| line["event"] == "bolt" && line["bolt"] == place
}

#[test]
fn a_bolt_that_does_not_follow_is_reported_as_jammed_until_it_does() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "lock", SETTINGS);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    device.until(bolt("out"));
    session.command("lock", 1);
    session.command("unlock", 2);
    device.until(bolt("in"));
    let opened = session.report(|r| r["version"] == 2);
    assert_eq!(opened["state"]["reported"]["lock"], "unlocked");

    device.say(r#"{"bolt":"held"}"#);
    session.command("lock", 3);
    let obeyed = session.report(|r| r["version"] == 3);
    assert_eq!(obeyed["state"]["reported"]["lock"], "locked", "it has time");
    session.report(|r| r["lock"] == "jammed" && r["version"] == 3);
    // The next command does not hide it, not even for the bolt's time.
    session.command("lock", 4);
    let again = session.report(|r| r["version"] == 4);
    assert_eq!(again["state"]["reported"]["lock"], "jammed");
    // It is where an unlocked latch wants it.
    session.command("unlock", 5);
    let opened = session.report(|r| r["version"] == 5);
    assert_eq!(opened["state"]["reported"]["lock"], "unlocked");
    session.command("lock", 6);
    session.report(|r| r["lock"] == "jammed" && r["version"] == 6);
    device.say(r#"{"bolt":"free"}"#);
    device.until(bolt("out"));
    session.report(|r| r["lock"] == "locked" && r["version"] == 6);
    let moves = ["locked", "unlocked", "locked", "unlocked", "locked"];
    assert_eq!(device.latches(), moves);
}

/// The latch as the lock says it, from its log: `jammed`, or `follows`.
fn words(lines: &[Value]) -> Vec<&str> {
    let texts = lines.iter().filter_map(|line| line["text"].as_str());
    texts
        .filter_map(|text| match text {
            "lock: the bolt is jammed" => Some("jammed"),
            "lock: the bolt follows again" => Some("follows"),
            _ => None,
        })
        .collect()
}

#[test]
fn a_jam_takes_the_bolts_time_and_a_bolt_in_motion_is_none() {
    let flash = flash();
    let settings = [
        "lock.power_on=unlocked",
        "lock.relock_s=5",
        "lock.bolt_ms=900",
    ];
    let mut device = Device::start(flash.path(), "lock", &[&SETTINGS[..1], &settings].concat());
    device.until_ready();
    let mut pass = |line: Option<&str>, ms: u64| {
        if let Some(line) = line {
            device.say(line);
        }
        let lines = device.pass(Duration::from_millis(ms));
        words(&lines).join(" ")
    };
    // It follows the relock in 300 ms.
    assert_eq!(pass(None, 10_000), "");
    assert_eq!(pass(Some(r#"{"bolt":"in"}"#), 800), "");
    assert_eq!(pass(None, 500), "jammed");
    assert_eq!(pass(None, 60_000), "", "said once");
    assert_eq!(pass(Some(r#"{"bolt":"free"}"#), 200), "", "under way");
    assert_eq!(pass(None, 400), "follows");
    // Torn away for less than its time.
    assert_eq!(pass(Some(r#"{"bolt":"in"}"#), 500), "");
    assert_eq!(pass(Some(r#"{"bolt":"out"}"#), 60_000), "");
}

#[test]
fn the_level_of_the_contact_is_a_setting() {
    for (level, out) in [("0", false), ("1", true)] {
        let flash = flash();
        let setting = format!("lock.bolt_out_level={level}");
        let mut device = Device::start(flash.path(), "lock", &["pins.bolt=12", &setting]);
        device.until(bolt("out"));
        device.until_ready();
        device.say(r#"{"read":12}"#);
        device.until(|l| *l == json!({"event": "level", "pin": 12, "level": out}));
        device.pass(Duration::from_secs(60));
        let jams = device.count(|l| l["text"] == "lock: the bolt is jammed");
        assert_eq!(jams, 0, "{level}");
    }
}

#[test]
fn without_a_contact_nothing_is_jammed_and_the_order_is_refused() {
    let flash = flash();
    let mut device = Device::start(flash.path(), "lock", &[]);
    device.until_ready();
    device.say(r#"{"bolt":"in"}"#);
    device
        .until(|l| l["level"] == "error" && l["text"] == "the bolt has no contact: set pins.bolt");
    device.pass(Duration::from_secs(60));
    assert_eq!(device.count(|l| l["event"] == "bolt"), 0);
    assert_eq!(device.count(|l| l["text"] == "lock: the bolt is jammed"), 0);
}
