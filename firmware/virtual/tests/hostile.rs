//! The firmware against a hostile or broken broker: only valid commands move the latch, and once
//! the broker is sane again the device reconnects and executes one (PROTOCOL D6, D7).

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;
#[path = "harness/tls.rs"]
mod tls;

use broker::{
    ACCEPTED, Broker, COMMANDS, LOCK_TOPICS, Packet, REJECTED, Session, command_text, publish_bytes,
};
use device::{Device, flash};
use serde_json::json;
use tempfile::TempDir;
use tls::Certificates;

/// Short waits, so that a test takes seconds.
const HASTE: &[&str] = &[
    "mqtt.reconnect_timeout_min=0.02",
    "mqtt.reconnect_timeout_max=0.1",
    "watchdog.reconnect_s=1",
    "watchdog.reboot_s=600",
];

/// A lock with a journal, whose next connection the test answers.
struct Scene {
    broker: Broker,
    device: Device,
    _flash: TempDir,
}

impl Scene {
    fn start(settings: &[&str]) -> Self {
        Self::with(settings, |broker, flash, settings| {
            broker.device(flash, "lock", settings)
        })
    }

    fn with(settings: &[&str], device: impl FnOnce(&Broker, &TempDir, &[&str]) -> Device) -> Self {
        let (broker, flash) = (Broker::start(), trusted_flash());
        let settings = [HASTE, settings].concat();
        let device = device(&broker, &flash, &settings);
        Self {
            broker,
            device,
            _flash: flash,
        }
    }

    /// From now on the broker is sane: the device connects, unlocks once and locks once, and has
    /// not moved before.
    fn ends_well(self, version: u64) {
        let session = self.broker.accept();
        self.ends_well_with(session, version);
    }

    fn ends_well_with(self, mut session: Session, version: u64) {
        session.grant_lock("thing-1");
        session.sync();
        self.ends_well_on(session, version);
    }

    fn ends_well_on(self, mut session: Session, version: u64) {
        session.command("unlock", version);
        self.until_outcome(version, "executed");
        session.command("lock", version + 1);
        self.until_outcome(version + 1, "executed");
        assert_eq!(self.device.latches(), ["locked", "unlocked", "locked"]);
    }

    fn until_outcome(&self, version: u64, outcome: &str) {
        let wanted = format!("c-{version}: {outcome}");
        self.device
            .until(|l| l["text"].as_str().is_some_and(|t| t.contains(&wanted)));
    }
}

/// Flash of a lock that has executed lock command 1.
fn trusted_flash() -> TempDir {
    let (broker, flash) = (Broker::start(), flash());
    let _device = broker.device(&flash, "lock", &[]);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    session.command("lock", 1);
    session.report(|r| r["version"] == 1);
    flash
}

#[test]
fn silence_after_tcp_is_given_up() {
    let certificates = Certificates::make();
    let scene = Scene::with(&[], |broker, flash, settings| {
        certificates.device(broker, flash, settings)
    });
    let _silent = [scene.broker.connection(), scene.broker.connection()];
    let mut session = certificates.accept(scene.broker.connection());
    session.take_connect().expect("the device tries again");
    session.write(&[0x20, 2, 0, 0]);
    scene.ends_well_with(session, 2);
}

#[test]
fn silence_after_tls_is_given_up() {
    let certificates = Certificates::make();
    let scene = Scene::with(&[], |broker, flash, settings| {
        certificates.device(broker, flash, settings)
    });
    let mut silent = Vec::new();
    for _ in 0..2 {
        let mut session = certificates.accept(scene.broker.connection());
        session.take_connect().expect("TLS is up");
        silent.push(session);
    }
    let mut session = certificates.accept(scene.broker.connection());
    session.take_connect().expect("the device tries again");
    session.write(&[0x20, 2, 0, 0]);
    scene.ends_well_with(session, 2);
}

#[test]
fn silence_after_connect_is_given_up() {
    let scene = Scene::start(&[]);
    let _silent = [scene.broker.connect(), scene.broker.connect()];
    scene.ends_well(2);
}

#[test]
fn a_refused_connect_is_retried() {
    let scene = Scene::start(&[]);
    for code in [1, 2, 3, 4, 5, 0xff] {
        scene.broker.connect().write(&[0x20, 2, 0, code]);
    }
    scene.ends_well(2);
}

#[test]
fn a_connection_dropped_after_any_packet_is_reopened() {
    let scene = Scene::start(&[]);
    drop(scene.broker.connection());
    drop(scene.broker.connect());
    drop(scene.broker.accept());
    for subscribes in 1..=LOCK_TOPICS.len() {
        for answered in [false, true] {
            let mut session = scene.broker.accept();
            for nth in 1..=subscribes {
                let Packet::Subscribe(id, topics) = session.packet() else {
                    panic!("a lock subscribes first");
                };
                if nth < subscribes || answered {
                    session.answer_subscribe(id, topics.len(), 1);
                }
            }
        }
    }
    let mut session = scene.broker.accept_lock("thing-1");
    let Packet::Publish(..) = session.packet() else {
        panic!("a lock reports");
    };
    drop(session);
    scene.ends_well(2);
}

#[test]
fn a_command_cut_at_any_byte_moves_nothing() {
    let scene = Scene::start(&[]);
    let length = publish_bytes(0x32, COMMANDS, command_text("unlock", 2).as_bytes()).len();
    for cut in 0..length {
        let mut session = scene.broker.accept();
        session.grant_lock("thing-1");
        let packet = publish_bytes(0x32, COMMANDS, command_text("unlock", 2).as_bytes());
        session.write(&packet[..cut]);
    }
    // Version 2 still acts: no fragment was taken for a command.
    scene.ends_well(2);
}

#[test]
fn garbage_leads_to_a_new_connection() {
    let scene = Scene::start(&[]);
    let pieces: [&[u8]; 14] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        &[0; 64],
        &[0xff; 64],
        &[0x20, 0],                         // CONNACK without a body
        &[0x32, 0xff, 0xff, 0xff, 0xff, 1], // a length of five bytes
        &[0x32, 0xff, 0xff, 0xff, 0x7f],    // announces 256 MB
        &[0x32, 2, 0xff, 0xff],             // a topic longer than its packet
        &[0x36, 5, 0, 1, b'a', 0, 1],       // QoS 3
        &[0x30, 3, 0, 1, 0xff],             // a topic that is not UTF-8
        &[0x30, 2, 0, 0],                   // an empty topic
        &[0x30, 3, 0, 1, b'+'],             // a topic that is a filter
        &[0xf0, 0],                         // a reserved packet type
        &[0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 0], // CONNECT
    ];
    for before_connack in [true, false] {
        for piece in pieces {
            let mut session = scene.broker.connect();
            if !before_connack {
                session.write(&[0x20, 2, 0, 0]);
                session.grant_lock("thing-1");
            }
            session.write(piece);
        }
    }
    scene.ends_well(2);
}

#[test]
fn a_packet_too_long_to_receive_only_ends_the_connection() {
    let scene = Scene::start(&[]);
    for bytes in [4_000, 100_000, 1_000_000] {
        let mut session = scene.broker.accept_lock("thing-1");
        let mut payload = command_text("unlock", 2);
        payload.push_str(&" ".repeat(bytes));
        // The device may close the connection before all of it was sent.
        let _ = session.try_write(&publish_bytes(0x32, COMMANDS, payload.as_bytes()));
        session.until_end();
    }
    scene.ends_well(2);
}

#[test]
fn a_flood_of_commands_neither_moves_the_latch_nor_floods_the_reports() {
    const EACH: usize = 500;
    let scene = Scene::start(&[]);
    let mut session = scene.broker.accept_lock("thing-1");
    session.sync();
    let old = command_text("unlock", 0);
    let repeated = command_text("lock", 1);
    let flood = [
        "",
        "unlock",
        "{\"v\":1,",
        "[[[[[[[[",
        "\0",
        &old,
        &repeated,
        r#"{"v":1,"action":"unlock","version":2,"commandId":"x","issuedAt":1,"issuedAt":2}"#,
    ];
    for _ in 0..EACH {
        for payload in flood {
            session.send(COMMANDS, payload);
        }
    }
    // The last command is reported last, and the device still works.
    session.command("lock", 2);
    let mut reports = 0;
    session.report(|r| {
        reports += 1;
        r["version"] == 2
    });
    assert!(
        reports < 40,
        "{reports} reports of {} commands",
        EACH * flood.len()
    );
    scene.ends_well_on(session, 3);
}

#[test]
fn a_command_with_qos_2_repeated_before_its_release_acts_once() {
    let scene = Scene::start(&[]);
    let mut session = scene.broker.accept_lock("thing-1");
    session.sync();
    let unlock = command_text("unlock", 2);
    for first in [0x34, 0x3c] {
        session.write(&publish_bytes(first, COMMANDS, unlock.as_bytes()));
    }
    session.write(&[0x62, 2, 0, 1]);
    session.command("unlock", 2);
    session.command("lock", 3);
    scene.until_outcome(3, "executed");
    assert_eq!(scene.device.latches(), ["locked", "unlocked", "locked"]);
}

#[test]
fn an_old_retained_unlock_opens_nothing() {
    let scene = Scene::start(&[]);
    let mut session = scene.broker.accept_lock("thing-1");
    session.sync();
    let old = json!({
        "v": 1, "action": "unlock", "version": 2, "commandId": "c-2",
        "issuedAt": 1_700_000_000, "expiresAt": 1_700_000_030,
    });
    session.write(&publish_bytes(0x33, COMMANDS, old.to_string().as_bytes()));
    scene.until_outcome(2, "expired");
    scene.ends_well_on(session, 3);
}

#[test]
fn a_message_on_a_topic_without_a_subscription_is_ignored() {
    let scene = Scene::start(&[]);
    let mut session = scene.broker.accept_lock("thing-1");
    session.sync();
    for topic in [
        "remote-lock/thing-2",
        "remote-lock/thing-1/",
        "remote-lock/thing-1/request",
        "remote-lock/thing-",
        "Remote-lock/thing-1",
        "$aws/things/thing-1/shadow/update/delta",
        "$aws/things/thing-1/shadow/get/accepted",
        "$aws/things/thing-1/shadow/name/button/update/accepted",
        "$aws/things/thing-2/shadow/update/accepted",
    ] {
        session.send(topic, &command_text("unlock", 2));
    }
    scene.ends_well_on(session, 2);
}

#[test]
fn a_refused_subscription_is_harmless() {
    let scene = Scene::start(&[]);
    let mut session = scene.broker.accept();
    for _ in LOCK_TOPICS {
        let Packet::Subscribe(id, topics) = session.packet() else {
            panic!("a lock subscribes first");
        };
        session.answer_subscribe(id, topics.len(), 0x80);
    }
    drop(session);
    scene.ends_well(2);
}

#[test]
fn a_shadow_that_rejects_every_report_causes_no_storm() {
    let scene = Scene::start(&[]);
    let mut session = scene.broker.accept_lock("thing-1");
    session.sync();
    for code in [400, 401, 403, 404, 409, 413, 429, 500] {
        for number in 0..100 {
            // With and without the token of an update, most of which were never sent.
            let mut error = json!({"code": code, "message": "no", "timestamp": 1});
            if number % 2 == 0 {
                error["clientToken"] = json!(format!("2-{number}"));
            }
            session.send(REJECTED, &error.to_string());
        }
    }
    session.command("lock", 2);
    let mut reports = 0;
    session.report(|r| {
        reports += 1;
        r["version"] == 2
    });
    assert!(reports < 5, "{reports} reports after 800 rejections");
    scene.ends_well_on(session, 3);
}

#[test]
fn a_flood_of_foreign_writes_causes_no_flood_of_reports() {
    let scene = Scene::start(&[]);
    let mut session = scene.broker.accept_lock("thing-1");
    session.sync();
    for version in 1..=1000 {
        let write = match version % 4 {
            0 => {
                json!({"state": {"reported": {"lock": "unlocked"}}, "version": version}).to_string()
            }
            1 => json!({"state": null, "version": version, "clientToken": "1-1"}).to_string(),
            2 => r#"{"state":{"reported":"#.into(),
            _ => String::new(),
        };
        session.send(ACCEPTED, &write);
    }
    session.command("lock", 2);
    let mut reports = 0;
    session.report(|r| {
        reports += 1;
        r["version"] == 2
    });
    assert!(reports < 8, "{reports} reports after 1000 writes");
    scene.ends_well_on(session, 3);
}

#[test]
fn a_broker_that_answers_no_ping_is_given_up() {
    let scene = Scene::start(&["mqtt.keep_alive=1"]);
    let mut session = scene.broker.accept_lock("thing-1");
    session.until_end();
    scene.ends_well(2);
}

#[test]
fn a_half_open_network_is_detected_and_loses_what_was_sent_meanwhile() {
    let mut scene = Scene::start(&["mqtt.keep_alive=1"]);
    let mut lost = scene.broker.accept_lock("thing-1");
    lost.sync();
    scene.device.until(|l| l["event"] == "connected");
    scene.device.say(r#"{"network":"half_open"}"#);
    scene.device.say(r#"{"read":4}"#);
    scene.device.until(|l| l["event"] == "level");
    lost.command("unlock", 2);
    scene.device.until(|l| l["event"] == "disconnected");
    scene.device.say(r#"{"network":true}"#);
    scene.ends_well(2);
}
