//! Where a device's time comes from: the answers of its own shadow, and nowhere else (PROTOCOL D3). The test plays the server and its
//! clock, and the device's time passes by hand, so the machine's clock has no part in the verdicts.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::time::Duration;

use broker::{ACCEPTED, Broker, COMMANDS, Session, command_text_at};
use device::{Device, flash};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The server's time when the device asks, in seconds.
const SERVER_S: u64 = 1_763_779_520;

/// A lock whose time stands still, and which has just sent a report.
struct Scene {
    device: Device,
    session: Session,
    report: Value,
    _broker: Broker,
    _flash: TempDir,
}

impl Scene {
    fn start() -> Self {
        let (broker, flash) = (Broker::start(), flash());
        let mut device = broker.device(&flash, "lock", &["report.interval_s=1800"]);
        let mut session = broker.accept_lock("thing-1");
        session.report(|_| true);
        device.pass(Duration::ZERO);
        let mut scene = Self {
            device,
            session,
            report: Value::Null,
            _broker: broker,
            _flash: flash,
        };
        scene.until_refusal_reported();
        scene
    }

    /// Has it send a report, which by its own time has been on its way for three seconds at most.
    fn until_refusal_reported(&mut self) {
        self.session.send(COMMANDS, "not a command");
        self.device.until(says("not a command"));
        self.device.pass(Duration::from_secs(3));
        self.report = self.session.report(|r| !r["refused"].is_null());
    }

    /// Answers the last report so late by the device's time, with the server's second; how wide the device's time is then.
    fn answer_after(&mut self, seconds: u64, server_s: u64) -> Option<u64> {
        self.device.pass(Duration::from_secs(seconds));
        self.session.accept_update_at(&self.report, 1, server_s);
        // What comes after the answer shows that it was heard.
        self.until_refusal_reported();
        self.report["state"]["reported"]["clockUncertaintyMs"].as_u64()
    }

    /// What becomes of an unlock that was issued at the server's time and arrives so much later.
    fn unlock_after(&mut self, version: u64, issued_s: u64, seconds: u64) -> String {
        self.device.pass(Duration::from_secs(seconds));
        let text = command_text_at("unlock", version, issued_s);
        self.session.send(COMMANDS, &text);
        let head = format!("lock: unlock c-{version}: ");
        let lines = self.device.until(says(&head));
        let text = lines[lines.len() - 1]["text"].as_str().expect("a log line");
        let outcome = text[head.len()..].split(' ').next();
        outcome.unwrap_or_default().to_owned()
    }
}

fn says(text: &str) -> impl Fn(&Value) -> bool {
    move |line| line["text"].as_str().is_some_and(|t| t.contains(text))
}

#[test]
fn an_unlock_that_the_network_holds_back_acts_within_its_life_alone() {
    for (held_s, outcome) in [
        (0, "executed"),
        (20, "executed"),
        (30, "expired"),
        (40, "expired"),
    ] {
        let mut scene = Scene::start();
        let width_ms = scene.answer_after(0, SERVER_S).expect("the time is known");
        // A second, what the answer took, at most three by the device's time, and some drift.
        assert!((1_000..=4_010).contains(&width_ms), "{width_ms}");
        let issued_s = SERVER_S + 3;
        let found = scene.unlock_after(5, issued_s, held_s);
        assert_eq!(found, outcome, "held for {held_s} s");
        let opens = ["locked", "unlocked"];
        let count = if outcome == "executed" { 2 } else { 1 };
        assert_eq!(
            scene.device.latches(),
            opens[..count],
            "held for {held_s} s"
        );
    }
}

#[test]
fn an_answer_that_is_held_back_makes_the_time_wide_and_too_late_an_answer_says_none() {
    let mut scene = Scene::start();
    let width_ms = scene.answer_after(1, SERVER_S).expect("the time is known");
    assert!(width_ms >= 2_000, "{width_ms}");
    // More than ten seconds after the last update.
    let mut scene = Scene::start();
    assert_eq!(scene.answer_after(12, SERVER_S), None);
    assert_eq!(scene.unlock_after(5, SERVER_S, 0), "refused");
}

#[test]
fn only_the_answer_to_its_own_last_update_says_the_time() {
    let mut scene = Scene::start();
    for (token, state) in [
        (json!("another"), json!({"reported": {"lock": "unlocked"}})),
        (json!("1-900"), json!({"reported": {}})),
        (json!(null), json!({"desired": {"note": 1}})),
    ] {
        let mut foreign = json!({"state": state, "version": 3, "timestamp": SERVER_S});
        foreign["clientToken"] = token;
        scene.session.send(ACCEPTED, &foreign.to_string());
    }
    assert_eq!(scene.unlock_after(5, SERVER_S, 0), "refused");
    assert_eq!(scene.device.latches(), ["locked"]);
}

/// Says a line, and waits until it is heard.
fn say(device: &mut Device, line: &str) {
    device.say(line);
    device.say(r#"{"read":-1}"#);
    device.until(|l| l["event"] == "level");
}

#[test]
fn a_device_that_hears_no_time_locks_and_does_not_unlock() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "lock", &[]);
    say(&mut device, r#"{"clock":{"hears_time":false}}"#);
    let mut session = broker.accept_lock("thing-1");
    for version in 1..=2 {
        let update = session.report(|_| true);
        session.accept_update(&update, version);
        session.command("lock", version);
        session.report(|r| r["version"] == version);
    }
    session.command("unlock", 3);
    let report = session.report(|r| r["refused"]["reason"] == "clock");
    assert_eq!(report["state"]["reported"]["clock"], "unsynced");
    assert_eq!(
        report["state"]["reported"]["clockUncertaintyMs"],
        json!(null)
    );
    say(&mut device, r#"{"clock":{"hears_time":true}}"#);
    session.accept_update(&report, 9);
    session.sync();
    session.command("unlock", 3);
    device.until(says("c-3: executed"));
    assert!(device.latches().ends_with(&["unlocked".to_owned()]));
}

#[test]
fn a_button_says_when_it_was_pressed_at_the_earliest_and_how_it_is() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "button", &["button.supply_mv=3100"]);
    let mut session = broker.accept_button();
    let health = session.accept_health_at(SERVER_S)["state"]["reported"].take();
    let width_ms = health["clockUncertaintyMs"].as_u64().expect("it is known");
    assert_eq!(
        health,
        json!({
            "bootCount": 1, "clock": "synced", "clockUncertaintyMs": width_ms, "firmware": "2.0.0", "rssi": -61,
            "supplyMv": 3100, "sequence": null, "lastPress": null,
        })
    );
    device.say(r#"{"press":"double"}"#);
    let press = session.press();
    let pressed_ms = press["pressedAt"].as_u64().expect("the time is known");
    // Since the answer, so much has passed at the most.
    let since_ms = SERVER_S * 1000..SERVER_S * 1000 + 60_000;
    assert!(since_ms.contains(&pressed_ms), "{pressed_ms}");
    let health = session.accept_health_at(SERVER_S)["state"]["reported"].take();
    assert_eq!(health["sequence"], press["sequence"]);
    assert_eq!(
        health["lastPress"],
        json!({"clickType": "DOUBLE", "pressedAt": pressed_ms})
    );
}
