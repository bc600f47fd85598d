//! The power is cut at every point of a flash operation or a latch movement, and the device is
//! started again with what the cut left: no command moves the latch twice, and the latch starts in
//! its declared state (PROTOCOL D1, D4; S2, S6).

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::fs;
use std::path::Path;
use std::time::Duration;

use broker::{Broker, COMMANDS, Session, command_text_at, now_s};
use device::{Device, flash};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A device from one power-on to the next power cut.
struct Life {
    device: Device,
    session: Session,
    boot: Value,
}

impl Life {
    /// Switches a lock on and waits until it knows the time.
    fn start(flash: &TempDir, settings: &[&str]) -> Self {
        Self::of(|broker| broker.device(flash, "lock", settings))
    }

    fn of(device: impl FnOnce(&Broker) -> Device) -> Self {
        let broker = Broker::start();
        let device = device(&broker);
        let mut session = broker.accept_lock("thing-1");
        let boot = session.sync()["state"]["reported"].take();
        Self {
            device,
            session,
            boot,
        }
    }

    fn outcome(&mut self, action: &str, version: u64) -> String {
        self.outcome_at(action, version, now_s())
    }

    /// The result of a command that was issued at this time, in seconds since 1970.
    fn outcome_at(&mut self, action: &str, version: u64, issued_s: u64) -> String {
        let text = command_text_at(action, version, issued_s);
        self.session.send(COMMANDS, &text);
        let head = format!("lock: {action} c-{version}: ");
        let is_it = |l: &Value| l["text"].as_str().is_some_and(|t| t.starts_with(&head));
        let lines = self.device.until(is_it);
        let text = lines[lines.len() - 1]["text"].as_str().expect("a log line");
        let rest = &text[head.len()..];
        rest.split(':').next().unwrap_or(rest).to_owned()
    }

    /// Orders a cut, sends a command and waits for the end. Returns the latch's movements.
    fn cut(mut self, order: &str, action: &str, version: u64) -> Vec<String> {
        self.device.say(&json!({"power_cut": order}).to_string());
        self.device.say(r#"{"read":4}"#);
        self.device.until(|l| l["event"] == "level");
        self.session.command(action, version);
        let expected = json!({"event": "power_cut", "at": order});
        self.device.until(|l| *l == expected);
        assert!(self.device.wait(), "{order}");
        self.device.latches()
    }
}

/// Flash of a lock whose journal holds lock command 1.
fn trusted_flash() -> TempDir {
    let flash = flash();
    assert_eq!(Life::start(&flash, &[]).outcome("lock", 1), "executed");
    flash
}

fn copy(from: &TempDir) -> TempDir {
    let to = flash();
    for file in fs::read_dir(from.path()).expect("the flash can be read") {
        let file = file.expect("the flash can be read");
        fs::copy(file.path(), to.path().join(file.file_name())).expect("the flash can be copied");
    }
    to
}

fn journal_bytes(flash: &Path) -> usize {
    let file =
        fs::metadata(flash.join("journal.0")).or_else(|_| fs::metadata(flash.join("journal.1")));
    let length = file.expect("the journal holds a record").len();
    usize::try_from(length).expect("it is small")
}

/// Every cut of a command: point, whether the journal holds the command then, whether the latch has
/// moved.
fn cuts(record_bytes: usize) -> Vec<(String, bool, bool)> {
    let mut cuts: Vec<_> = ["before-erase:1", "after-erase:1", "before-write:1"]
        .map(|order| (order.to_owned(), false, false))
        .into();
    for bytes in (0..record_bytes).step_by(5).chain([record_bytes - 1]) {
        cuts.push((format!("write:1@{bytes}"), false, false));
    }
    for (order, moved) in [
        (format!("write:1@{record_bytes}"), false),
        ("after-write:1".into(), false),
        ("before-move:1".into(), false),
        ("after-move:1".into(), true),
    ] {
        cuts.push((order, true, moved));
    }
    cuts
}

#[test]
fn an_unlock_cut_anywhere_opens_at_most_once() {
    let trusted = trusted_flash();
    for (order, journalled, moved) in cuts(journal_bytes(trusted.path())) {
        let flash = copy(&trusted);
        let before = Life::start(&flash, &[]).cut(&order, "unlock", 2);
        let expected: &[&str] = if moved {
            &["locked", "unlocked"]
        } else {
            &["locked"]
        };
        assert_eq!(before, expected, "{order}");

        let mut life = Life::start(&flash, &[]);
        assert_eq!(life.boot["lock"], "locked", "{order}");
        assert_eq!(
            life.boot["version"],
            if journalled { 2 } else { 1 },
            "{order}"
        );
        let first = life.outcome("unlock", 2);
        assert_eq!(
            first,
            if journalled { "repeated" } else { "executed" },
            "{order}"
        );
        assert_eq!(life.outcome("unlock", 2), "repeated", "{order}");
        assert_eq!(life.outcome("unlock", 1), "refused", "{order}");
        assert_eq!(life.outcome("lock", 3), "executed", "{order}");
        let expected: &[&str] = if journalled {
            &["locked"]
        } else {
            &["locked", "unlocked", "locked"]
        };
        assert_eq!(life.device.latches(), expected, "{order}");
        assert_eq!(life.outcome("unlock", 4), "executed", "{order}");
    }
}

#[test]
fn a_lock_command_cut_anywhere_leaves_the_declared_state_and_never_acts_twice() {
    let trusted = trusted_flash();
    let settings = &["lock.power_on=unlocked"];
    for (order, journalled, moved) in cuts(journal_bytes(trusted.path())) {
        let flash = copy(&trusted);
        let before = Life::start(&flash, settings).cut(&order, "lock", 2);
        let expected: &[&str] = if moved {
            &["unlocked", "locked"]
        } else {
            &["unlocked"]
        };
        assert_eq!(before, expected, "{order}");

        let mut life = Life::start(&flash, settings);
        assert_eq!(
            life.boot["lock"], "unlocked",
            "declared and reported: {order}"
        );
        assert_eq!(life.boot["source"], "boot", "{order}");
        let first = life.outcome("lock", 2);
        assert_eq!(
            first,
            if journalled { "repeated" } else { "executed" },
            "{order}"
        );
        // The report shows the cloud that the lock is unlocked, so it sends a new version.
        assert_eq!(life.outcome("lock", 3), "executed", "{order}");
        assert_eq!(life.device.latches(), ["unlocked", "locked"], "{order}");
    }
}

#[test]
fn a_cut_during_boot_leaves_the_lock_intact() {
    let trusted = trusted_flash();
    for order in [
        "before-move:1",
        "after-move:1",
        "before-erase:1",
        "after-erase:1",
        "before-write:1",
        "write:1@0",
        "write:1@7",
        "after-write:1",
    ] {
        let flash = copy(&trusted);
        for _ in 0..2 {
            let absent = ["--ca", "a.pem", "--cert", "a.pem", "--key", "a.pem"];
            let arguments = [
                &absent[..],
                &["--broker", "127.0.0.1:1", "--power-cut", order],
            ]
            .concat();
            let mut device = Device::start_with(&arguments, flash.path(), "lock", &[]);
            device.until(|l| l["event"] == "power_cut");
            assert!(device.wait(), "{order}");
            assert!(!device.latches().contains(&"unlocked".into()), "{order}");
        }
        let mut life = Life::start(&flash, &[]);
        assert_eq!(life.boot["version"], 1, "{order}");
        assert_eq!(life.outcome("unlock", 2), "executed", "{order}");
        assert_eq!(life.device.latches(), ["locked", "unlocked"], "{order}");
    }
}

#[test]
fn a_relock_cut_before_or_after_its_movement_leaves_the_lock_locked() {
    let trusted = trusted_flash();
    for order in ["before-move:2", "after-move:2"] {
        let flash = copy(&trusted);
        let before = Life::start(&flash, &["lock.pulse_ms=50"]).cut(order, "unlock", 2);
        let moves = if order.starts_with("after") { 3 } else { 2 };
        assert_eq!(before, ["locked", "unlocked", "locked"][..moves], "{order}");
        let mut life = Life::start(&flash, &[]);
        assert_eq!(life.outcome("unlock", 2), "repeated", "{order}");
        assert_eq!(life.device.latches(), ["locked"], "{order}");
    }
}

#[test]
fn a_lost_journal_refuses_what_may_have_been_executed_before() {
    let flash = trusted_flash();
    let before = Life::start(&flash, &[]).cut("after-move:1", "unlock", 2);
    assert_eq!(before, ["locked", "unlocked"]);
    for slot in ["journal.0", "journal.1"] {
        // One of them may not exist.
        let _ = fs::remove_file(flash.path().join(slot));
    }
    let mut life = Life::of(|broker| broker.new_lock(&flash));
    let powered_s = now_s();
    assert_eq!(
        (&life.boot["version"], &life.boot["lock"]),
        (&json!(0), &json!("locked"))
    );
    // A late copy of the executed unlock, a copy of an older lock command, then the unlock again.
    assert_eq!(life.outcome_at("unlock", 2, powered_s - 2), "refused");
    assert_eq!(life.outcome_at("lock", 1, powered_s - 9), "executed");
    assert_eq!(life.outcome_at("unlock", 2, powered_s - 2), "refused");
    life.device.pass(Duration::from_secs(6));
    assert_eq!(life.outcome_at("unlock", 5, now_s() + 5), "executed");
    assert_eq!(life.device.latches(), ["locked", "unlocked"]);
}

#[test]
fn a_cut_while_a_sequence_number_is_saved_never_repeats_one() {
    let flash = flash();
    let mut last = 0;
    for order in [
        "before-erase:1",
        "after-erase:1",
        "write:1@9",
        "after-write:1",
    ] {
        for cut in [None, Some(order)] {
            let broker = Broker::start();
            let mut device = broker.device(&flash, "button", &["button.quiet_ms=100"]);
            let mut session = broker.accept_button();
            session.accept_health();
            if let Some(order) = cut {
                device.say(&json!({"power_cut": order}).to_string());
                device.say(r#"{"press":"single"}"#);
                device.until(|l| l["event"] == "power_cut");
                let sent = session.until_end();
                let sent = String::from_utf8_lossy(&sent);
                assert!(
                    !sent.contains("clickType\":\"SINGLE\",\"battery"),
                    "{order}"
                );
                continue;
            }
            device.say(r#"{"press":"single"}"#);
            let sequence = session.press()["sequence"].as_u64().unwrap_or(0);
            assert!(sequence > last, "{order}: {sequence} after {last}");
            last = sequence;
        }
    }
}
