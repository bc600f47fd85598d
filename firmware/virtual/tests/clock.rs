//! A device gets the time from the answers of its own shadow alone (PROTOCOL D3). The test plays
//! the server and its clock, and the device's time is manual, so that the result does not depend on
//! the machine's clock.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::time::Duration;

use broker::{ACCEPTED, Broker, COMMANDS, Session, command_text_at};
use device::{Device, flash};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Time of the server when the device asks, in seconds since 1970.
const SERVER_S: u64 = 1_763_779_520;

/// A lock in manual time that has just sent a report, which was not answered.
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
        let address = broker.address().to_string();
        let absent = ["--ca", "x", "--cert", "x", "--key", "x"];
        let arguments = [&["--still", "--broker", &address], &absent[..]].concat();
        let plain = ["mqtt.ssl_ca_cert=", "mqtt.ssl_cert="];
        let mut device = Device::start_with(&arguments, flash.path(), "lock", &plain);
        let mut session = broker.accept_lock("thing-1");
        device.until(|l| l["event"] == "connected");
        device.pass(Duration::from_millis(100));
        let boot = session.report(|_| true);
        // Accepted without a time, so that it is not sent again.
        session.send(ACCEPTED, &boot.to_string());
        session.send(COMMANDS, "not a command");
        device.until(says("not a command"));
        // The refusal is reported two seconds after the report before it.
        device.pass(Duration::from_secs(2));
        Self {
            report: session.report(|r| !r["refused"].is_null()),
            device,
            session,
            _broker: broker,
            _flash: flash,
        }
    }

    /// Answers the last report after this much of the device's time, with the server's time in
    /// seconds. Returns the uncertainty of the device's time after that.
    fn answer_after(&mut self, ms: u64, server_s: u64) -> Option<u64> {
        self.device.pass(Duration::from_millis(ms));
        self.session.accept_update_at(&self.report, 1, server_s);
        // The device handles messages in order, and reports at once when it gets the time.
        self.session.send(COMMANDS, "not a command");
        self.device.until(says("not a command"));
        self.device.pass(Duration::from_secs(3));
        let report = self.session.report(|_| true);
        report["state"]["reported"]["clockUncertaintyMs"].as_u64()
    }

    /// The result of an unlock that was issued at this time of the server and arrives `seconds`
    /// later.
    fn unlock_after(&mut self, version: u64, issued_s: u64, seconds: u64) -> String {
        self.device.pass(Duration::from_secs(seconds));
        let text = command_text_at("unlock", version, issued_s);
        self.session.send(COMMANDS, &text);
        let head = format!("lock: unlock c-{version}: ");
        let lines = self.device.until(says(&head));
        let text = lines[lines.len() - 1]["text"].as_str().expect("a log line");
        let outcome = text[head.len()..].split(':').next();
        outcome.unwrap_or_default().to_owned()
    }
}

fn says(text: &str) -> impl Fn(&Value) -> bool {
    move |line| line["text"].as_str().is_some_and(|t| t.contains(text))
}

#[test]
fn a_delayed_unlock_acts_only_within_its_lifetime() {
    for (held_s, outcome) in [
        (0, "executed"),
        (28, "executed"),
        (29, "expired"),
        (40, "expired"),
    ] {
        let mut scene = Scene::start();
        assert_eq!(scene.answer_after(0, SERVER_S), Some(1_000));
        // Three seconds have passed. The fraction of a second that the server omits counts as
        // passed.
        let found = scene.unlock_after(5, SERVER_S + 3, held_s);
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
fn a_delayed_answer_widens_the_time_and_a_late_one_gives_none() {
    assert_eq!(Scene::start().answer_after(900, SERVER_S), Some(1_901));
    let mut scene = Scene::start();
    assert_eq!(scene.answer_after(12_000, SERVER_S), None);
    assert_eq!(scene.unlock_after(5, SERVER_S, 0), "refused");
}

#[test]
fn only_the_answer_to_its_own_last_update_gives_the_time() {
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

/// Sends a line and waits until it was handled.
fn say(device: &mut Device, line: &str) {
    device.say(line);
    device.say(r#"{"read":-1}"#);
    device.until(|l| l["event"] == "level");
}

#[test]
fn a_device_without_the_time_locks_but_does_not_unlock() {
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

/// A clock that is off: what the device knows already moves with what it hears.
#[test]
fn a_clock_that_is_ahead_or_behind_refuses_an_unlock_until_it_is_right_again() {
    let mut scene = Scene::start();
    assert_eq!(scene.answer_after(0, SERVER_S), Some(1_000));
    let issued_s = SERVER_S + 3;
    for (version, line, outcome) in [
        (5, r#"{"clock":{"ahead_s":600}}"#, "expired"),
        (6, r#"{"clock":{"ahead_s":-600}}"#, "refused"),
        (6, r#"{"clock":{"ahead_s":0}}"#, "executed"),
    ] {
        say(&mut scene.device, line);
        assert_eq!(scene.unlock_after(version, issued_s, 0), outcome, "{line}");
    }
    say(&mut scene.device, r#"{"clock":{"forgets":true}}"#);
    assert_eq!(scene.unlock_after(7, issued_s, 0), "refused");
    let forgotten = scene.session.report(|r| r["clock"] == "unsynced");
    // The next answers are moved as well.
    say(&mut scene.device, r#"{"clock":{"ahead_s":-600}}"#);
    scene.report = forgotten;
    assert_eq!(scene.answer_after(0, SERVER_S + 5), Some(1_000));
    assert_eq!(scene.unlock_after(7, SERVER_S + 5, 0), "refused");
    say(&mut scene.device, r#"{"clock":{"ahead_s":0}}"#);
    assert_eq!(scene.unlock_after(7, SERVER_S + 5, 0), "executed");
}

#[test]
fn a_button_sends_its_earliest_press_time_and_its_health() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "button", &["button.supply_mv=3100"]);
    let mut session = broker.accept_button();
    let health = session.accept_health_at(SERVER_S)["state"]["reported"].take();
    let width_ms = health["clockUncertaintyMs"].as_u64().expect("it is known");
    assert_eq!(
        health,
        json!({
            "bootCount": 1, "clock": "synced", "clockUncertaintyMs": width_ms,
            "firmware": "2.0.0", "rssi": -61,
            "supplyMv": 3100, "sequence": null, "lastPress": null,
        })
    );
    device.say(r#"{"press":"double"}"#);
    let press = session.press();
    let pressed_ms = press["pressedAt"].as_u64().expect("the time is known");
    // Less than a minute has passed since the answer.
    let since_ms = SERVER_S * 1000..SERVER_S * 1000 + 60_000;
    assert!(since_ms.contains(&pressed_ms), "{pressed_ms}");
    let health = session.accept_health_at(SERVER_S)["state"]["reported"].take();
    assert_eq!(health["sequence"], press["sequence"]);
    assert_eq!(
        health["lastPress"],
        json!({"clickType": "DOUBLE", "pressedAt": pressed_ms})
    );
}
