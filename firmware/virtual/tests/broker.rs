//! The firmware against a broker that the test plays: what it subscribes to, sends, repeats and
//! never sends.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use broker::{Broker, COMMANDS, Session};
use device::{Device, flash};
use serde_json::{Value, json};

/// A device that reaches `broker` without TLS.
fn device(broker: &Broker, flash: &tempfile::TempDir, role: &str, settings: &[&str]) -> Device {
    broker.device(flash, role, settings)
}

fn command(session: &mut Session, action: &str, version: u64) {
    session.command(action, version);
}

fn is_latch(latch: &str) -> impl Fn(&Value) -> bool {
    move |line| line["event"] == "latch" && line["latch"] == latch
}

#[test]
fn a_command_moves_the_latch_once_and_is_reported_whole() {
    let (broker, flash) = (Broker::start(), flash());
    let device = device(&broker, &flash, "lock", &[]);
    let mut session = broker.accept_lock("thing-1");
    let boot = session.sync();
    assert_eq!(boot["state"]["reported"]["source"], "boot");
    command(&mut session, "lock", 1);
    session.report(|r| r["version"] == 1);
    for _ in 0..2 {
        command(&mut session, "unlock", 2);
        let report = session.report(|r| r["version"] == 2);
        let expected = json!({
            "lock": "unlocked", "version": 2, "commandId": "c-2", "result": "executed",
            "source": "remote", "refused": null, "bootCount": 1, "clock": "synced",
            "clockUncertaintyMs": report["state"]["reported"]["clockUncertaintyMs"],
            "firmware": "2.0.0", "rssi": -61, "door": null, "settings": "stated",
            "relockMs": 0, "pulseMs": 0,
            "reportId": report["state"]["reported"]["reportId"],
        });
        assert_eq!(report["state"]["reported"], expected);
    }
    command(&mut session, "lock", 3);
    session.report(|r| r["version"] == 3);
    let lines = device.until(|l| l["text"].as_str().is_some_and(|t| t.contains("c-3")));
    let moves = lines.iter().filter(|l| l["event"] == "latch").count();
    assert_eq!(moves, 3, "boot, unlock, lock: {lines:?}");
}

#[test]
fn after_a_power_cut_the_lock_is_locked_and_a_repeated_command_opens_nothing() {
    let (broker, flash) = (Broker::start(), flash());
    let first = device(&broker, &flash, "lock", &[]);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    command(&mut session, "lock", 1);
    command(&mut session, "unlock", 2);
    first.until(is_latch("unlocked"));
    drop(first);

    let second = device(&broker, &flash, "lock", &[]);
    let mut session = broker.accept_lock("thing-1");
    let boot = session.sync()["state"]["reported"].take();
    assert_eq!(
        (&boot["bootCount"], &boot["version"], &boot["source"]),
        (&json!(2), &json!(2), &json!("boot"))
    );
    command(&mut session, "unlock", 2);
    command(&mut session, "unlock", 1);
    let report = session.report(|r| r["refused"]["reason"] == "superseded");
    assert_eq!(report["state"]["reported"]["lock"], "locked");
    let lines = second.until(|l| {
        l["text"]
            .as_str()
            .is_some_and(|t| t.contains("c-1: refused"))
    });
    assert!(!lines.iter().any(is_latch("unlocked")), "{lines:?}");
}

#[test]
fn an_invalid_command_moves_nothing_and_the_next_command_acts() {
    let (broker, flash) = (Broker::start(), flash());
    let device = device(&broker, &flash, "lock", &[]);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    let oversize = "x".repeat(3_000);
    for payload in [
        "",
        "unlock",
        r#"{"v":1,"action":"toggle"}"#,
        r#"{"v":1,"#,
        &oversize,
    ] {
        session.send(COMMANDS, payload);
        session.report(|r| r["refused"]["reason"] == "malformed");
    }
    command(&mut session, "lock", 1);
    session.report(|r| r["version"] == 1 && r["refused"].is_null());
    let lines = device.until(|l| {
        l["text"]
            .as_str()
            .is_some_and(|t| t.contains("c-1: executed"))
    });
    assert!(!lines.iter().any(is_latch("unlocked")), "{lines:?}");
}

#[test]
fn a_press_made_offline_is_never_sent_later_even_if_the_library_would_queue_it() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = device(&broker, &flash, "button", &["mqtt.max_queue_length=5"]);
    let mut session = broker.accept_button();
    device.until(|l| l["event"] == "connected");
    device.say(r#"{"press":"double"}"#);
    let press = session.press();
    assert_eq!(press["clickType"], "DOUBLE");
    assert_eq!(press["serialNumber"], "thing-1");
    drop(session);
    device.until(|l| l["event"] == "disconnected");
    device.say(r#"{"press":"single"}"#);
    device.until(|l| l["text"] == "button: SINGLE dropped: offline");
    let mut session = broker.accept_button();
    device.until(|l| l["event"] == "connected");
    device.say(r#"{"press":"long"}"#);
    let next = session.press();
    assert_eq!(next["clickType"], "LONG", "nothing came before it");
}

/// Presses once and returns the payload.
fn press(device: &mut Device, session: &mut Session) -> Value {
    device.say(r#"{"press":"single"}"#);
    session.press()
}

#[test]
fn a_button_with_lost_flash_continues_its_sequence_only_with_a_synced_clock() {
    let broker = Broker::start();
    let first_flash = flash();
    let mut first = device(&broker, &first_flash, "button", &[]);
    let mut session = broker.accept_button();
    session.accept_health();
    let counted = press(&mut first, &mut session);
    assert_eq!(
        counted["goodForMs"], 3_000,
        "as long as it waits for the answer"
    );
    drop((first, session));

    let second_flash = flash();
    let mut second = device(&broker, &second_flash, "button", &[]);
    let mut session = broker.accept_button();
    second.until(|l| l["event"] == "connected");
    for _ in 0..2 {
        let unsynced = press(&mut second, &mut session);
        assert_eq!(
            (unsynced.get("sequence"), unsynced.get("pressedAt")),
            (None, None),
            "neither the sequence nor the time is known"
        );
    }
    session.accept_health();
    let raised = press(&mut second, &mut session);
    assert!(
        raised["sequence"].as_u64() >= counted["sequence"].as_u64(),
        "{raised} after {counted}"
    );
    let next = press(&mut second, &mut session);
    assert!(next["sequence"].as_u64() > raised["sequence"].as_u64());
}
