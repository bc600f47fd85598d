//! A connection that is dead but looks alive: the watchdog closes it and finally reboots, but never
//! if that would move the latch, and nothing in flight is sent again (PROTOCOL D7).

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use broker::{Broker, LOCK_TOPICS, Packet, REJECTED, Session};
use device::{Device, flash};
use serde_json::{Value, json};

/// Short waits, but long enough for a busy machine: no test here depends on speed.
const HASTE: &[&str] = &[
    "watchdog.reconnect_s=5",
    "watchdog.retry_min_s=1",
    "watchdog.retry_max_s=1",
    "mqtt.reconnect_timeout_min=0.02",
    "mqtt.reconnect_timeout_max=0.1",
];

fn haste(settings: &[&'static str]) -> Vec<&'static str> {
    [HASTE, settings].concat()
}

fn says(text: &str) -> impl Fn(&Value) -> bool {
    move |line| line["text"].as_str().is_some_and(|t| t.contains(text))
}

/// Plays the broker until the lock is unlocked at version 2.
fn open(device: &Device, session: &mut Session) {
    session.sync();
    session.command("lock", 1);
    session.command("unlock", 2);
    device.until(says("c-2: executed"));
    session.report(|r| r["version"] == 2);
}

#[test]
fn endless_silence_ends_in_a_reboot_that_recovers() {
    let (broker, flash) = (Broker::start(), flash());
    let device = broker.device(&flash, "lock", &haste(&["watchdog.reboot_s=12"]));
    let mut silent = vec![broker.connect()];
    device.until(|l| {
        let is_over = l["event"] == "reboot";
        if !is_over {
            // Further connections are not answered either. The next one is the rebooted lock's.
            silent.extend(broker.connect_now());
        }
        is_over
    });
    open(&device, &mut broker.accept_lock("thing-1"));
    assert_eq!(device.latches(), ["locked", "locked", "unlocked"]);
}

#[test]
fn an_unlocked_lock_stays_unlocked_while_the_connection_is_dead() {
    let (broker, flash) = (Broker::start(), flash());
    let settings = haste(&[
        "watchdog.reboot_s=6",
        "mqtt.keep_alive=5",
        "health.interval_s=3",
    ]);
    let mut device = broker.device(&flash, "lock", &settings);
    let mut session = broker.accept_lock("thing-1");
    open(&device, &mut session);
    device.say(r#"{"network":"half_open"}"#);
    device.until(|l| l["event"] == "disconnected");
    // Three times the delay of a reboot.
    for _ in 0..6 {
        device.until(says("health: "));
    }
    device.say(r#"{"network":true}"#);
    let mut session = broker.accept_lock("thing-1");
    let report = session.report(|_| true)["state"]["reported"].take();
    assert_eq!(
        (&report["lock"], &report["bootCount"]),
        (&json!("unlocked"), &json!(1))
    );
    assert_eq!(device.latches(), ["locked", "unlocked"]);
    assert_eq!(device.count(|l| l["event"] == "reboot"), 0);
}

#[test]
fn a_broker_that_never_answers_a_subscription_is_given_up() {
    let (broker, flash) = (Broker::start(), flash());
    let device = broker.device(&flash, "lock", &haste(&["watchdog.silence_s=6"]));
    for answered in [0, LOCK_TOPICS.len() - 1] {
        let mut silent = broker.accept();
        for number in 0..LOCK_TOPICS.len() {
            let Packet::Subscribe(id, topics) = silent.packet() else {
                panic!("a lock subscribes first");
            };
            if number < answered {
                silent.answer_subscribe(id, topics.len(), 1);
            }
        }
        silent.until_end();
    }
    open(&device, &mut broker.accept_lock("thing-1"));
    assert_eq!(device.latches(), ["locked", "unlocked"]);
}

#[test]
fn a_shadow_that_never_answers_is_given_up_and_a_command_still_acts() {
    let (broker, flash) = (Broker::start(), flash());
    let device = broker.device(&flash, "lock", &haste(&["watchdog.silence_s=6"]));
    let mut session = broker.accept_lock("thing-1");
    open(&device, &mut session);
    session.until_end();
    let mut session = broker.accept_lock("thing-1");
    let report = session.report(|_| true)["state"]["reported"].take();
    assert_eq!(
        (&report["version"], &report["lock"]),
        (&json!(2), &json!("unlocked"))
    );
    assert_eq!(device.latches(), ["locked", "unlocked"]);
}

#[test]
fn a_shadow_that_rejects_every_report_is_not_given_up() {
    let (broker, flash) = (Broker::start(), flash());
    let device = broker.device(&flash, "lock", &haste(&["watchdog.silence_s=6"]));
    let mut session = broker.accept_lock("thing-1");
    let mut tries = 0;
    // The waits between them double; together they exceed watchdog.silence_s.
    while tries < 4 {
        let update = session.report(|_| true);
        let refusal = json!({"code": 413, "clientToken": update["clientToken"]});
        session.send(REJECTED, &refusal.to_string());
        tries += 1;
    }
    device.until(says("report rejected: 413"));
    assert_eq!(device.count(|l| l["event"] == "disconnected"), 0);
    session.command("lock", 1);
    session.sync();
    session.command("unlock", 2);
    device.until(says("c-2: executed"));
}

#[test]
fn a_press_into_a_dead_network_is_given_up_and_logged_though_tcp_may_deliver_it_late() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "button", &haste(&["button.answer_ms=500"]));
    let mut lost = broker.accept_button();
    device.until(|l| l["event"] == "connected");
    device.say(r#"{"network":"half_open"}"#);
    device.say(r#"{"press":"single"}"#);
    device.until(says("press dropped: no answer"));
    device.until(|l| l["event"] == "disconnected");
    device.say(r#"{"network":true}"#);
    let mut session = broker.accept_button();
    session.accept_health();
    device.say(r#"{"press":"double"}"#);
    let double = session.press();
    assert_eq!(double["clickType"], "DOUBLE", "nothing is sent again");
    // The firmware cannot recall what TCP holds: the late press arrives once, with its older
    // sequence.
    let late = lost.unanswered_press();
    assert_eq!(late["clickType"], "SINGLE");
    assert!(late["sequence"].as_u64() < double["sequence"].as_u64());
    let rest = lost.until_end();
    let rest = String::from_utf8_lossy(&rest);
    assert!(!rest.contains("batteryVoltage"), "it arrives once: {rest}");
}

#[test]
fn a_press_that_the_broker_never_acknowledges_is_logged_as_uncertain() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "button", &haste(&["button.answer_ms=500"]));
    let mut session = broker.accept_button();
    session.accept_health();
    device.say(r#"{"press":"single"}"#);
    let Packet::Publish(_, first, _) = session.packet() else {
        panic!("a button sends its press");
    };
    device.until(says("press dropped: no answer"));
    session.until_end();
    let mut session = broker.accept_button();
    device.until(|l| l["event"] == "connected");
    device.say(r#"{"press":"single"}"#);
    let second = session.press();
    assert!(
        second["sequence"].as_u64() > first["sequence"].as_u64(),
        "the first is not sent again"
    );
}
