//! A lock and its shadow: what it sends, which answers it accepts, and how it reacts to foreign
//! writes (PROTOCOL D4).

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use broker::{ACCEPTED, Broker, DELETED, REJECTED, Session};
use device::{Device, flash};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A lock whose reports were accepted. Its next regular one is due in half an hour.
struct Scene {
    _broker: Broker,
    _flash: TempDir,
    device: Device,
    session: Session,
    /// Version of the shadow.
    version: u64,
}

impl Scene {
    fn start(settings: &[&str]) -> Self {
        let (broker, flash) = (Broker::start(), flash());
        let settings = [&["report.interval_s=1800"], settings].concat();
        let device = broker.device(&flash, "lock", &settings);
        let mut session = broker.accept_lock("thing-1");
        let mut version = 0;
        session.accept_until(&mut version, |r| r["clock"] == "synced");
        Self {
            _broker: broker,
            _flash: flash,
            device,
            session,
            version,
        }
    }

    /// The shadow accepts a foreign write.
    fn write_foreign(&mut self, state: &Value) {
        self.version += 1;
        let answer = json!({"state": state, "version": self.version, "timestamp": 1_763_779_513});
        self.session.send(ACCEPTED, &answer.to_string());
    }

    /// The next report, which is accepted.
    fn report(&mut self) -> Value {
        self.session.accept_until(&mut self.version, |_| true)
    }
}

fn says(text: &str) -> impl Fn(&Value) -> bool {
    move |line| line["text"].as_str().is_some_and(|t| t.contains(text))
}

fn number(update: &Value) -> u64 {
    let token = update["clientToken"]
        .as_str()
        .expect("an update has a token");
    let (_, number) = token.split_once('-').expect("a token has two parts");
    number.parse().expect("its second part is a number")
}

#[test]
fn each_update_has_the_next_number_and_each_boot_starts_at_one() {
    let (broker, flash) = (Broker::start(), flash());
    for boot in 1..=3 {
        let _device = broker.device(&flash, "lock", &[]);
        let mut session = broker.accept_lock("thing-1");
        for number in 1..=3 {
            let update = session.report(|_| true);
            assert_eq!(update["clientToken"], format!("{boot}-{number}"));
            assert_eq!(update["state"]["reported"]["bootCount"], boot);
        }
        drop(session);
        let mut session = broker.accept_lock("thing-1");
        assert!(
            number(&session.report(|_| true)) > 3,
            "the numbers restarted with the connection"
        );
    }
}

#[test]
fn a_report_is_repeated_until_its_own_answer_arrives() {
    let (broker, flash) = (Broker::start(), flash());
    let _device = broker.device(&flash, "lock", &["report.interval_s=1"]);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    let first = session.report(|_| true);
    let second = session.report(|_| true);
    assert_eq!(number(&second), number(&first) + 1);
    session.accept_update(&first, 1);
    let mut third = session.report(|_| true);
    assert_eq!(number(&third), number(&first) + 2);
    session.accept_update(&third, 2);
    // They differ only in their numbers, and an update contains nothing else.
    third["clientToken"] = first["clientToken"].clone();
    for member in ["reportId", "clockUncertaintyMs"] {
        third["state"]["reported"][member] = first["state"]["reported"][member].clone();
    }
    assert_eq!(third, first);
    assert_eq!(first.as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(
        first["state"].as_object().map(serde_json::Map::len),
        Some(1)
    );
    session.report(|_| true);
}

#[test]
fn a_foreign_write_or_deletion_of_the_report_is_answered_with_a_report() {
    let mut scene = Scene::start(&[]);
    let mut last = 0;
    for state in [
        json!({"reported": {"lock": "unlocked"}}),
        json!({"reported": null}),
        Value::Null,
    ] {
        scene.write_foreign(&state);
        let update = scene.report();
        assert_eq!(update["state"]["reported"]["lock"], "locked", "{state}");
        assert!(last == 0 || number(&update) == last + 1, "one each");
        last = number(&update);
    }
    let deletion = json!({"version": scene.version, "timestamp": 1_763_779_513});
    scene.session.send(DELETED, &deletion.to_string());
    assert_eq!(number(&scene.report()), last + 1);
    scene.device.until(says(
        "another client changed the shadow; reporting again in 8000 ms",
    ));
    assert_eq!(scene.device.count(|l| l["event"] == "disconnected"), 0);
}

#[test]
fn a_desired_state_that_can_be_received_is_not_answered() {
    let mut scene = Scene::start(&[]);
    let before = {
        scene.write_foreign(&json!({"reported": {}}));
        number(&scene.report())
    };
    for _ in 0..50 {
        scene.write_foreign(&json!({"desired": {"lock": "unlocked", "note": "x".repeat(2500)}}));
    }
    scene.session.command("lock", 1);
    let update = scene.report();
    assert_eq!(update["state"]["reported"]["version"], 1);
    assert_eq!(
        number(&update),
        before + 1,
        "only the report of the command"
    );
}

#[test]
fn an_answer_too_long_to_receive_only_costs_a_connection() {
    let broker = Broker::start();
    let flash = flash();
    let settings = ["watchdog.retry_min_s=1", "watchdog.retry_max_s=1"];
    let device = broker.device(&flash, "lock", &settings);
    let mut version = 0;
    let mut session = broker.accept_lock("thing-1");
    session.accept_until(&mut version, |r| r["clock"] == "synced");
    let long = json!({"state": {"desired": {"note": "x".repeat(4000)}}, "version": 90});
    session.send(ACCEPTED, &long.to_string());
    session.until_end();
    // The shadow still holds the note, but the answer to the lock's own update does not.
    let mut session = broker.accept_lock("thing-1");
    let update = session.accept_until(&mut version, |_| true);
    assert_eq!(update["state"]["reported"]["bootCount"], 1);
    session.command("lock", 1);
    session.accept_until(&mut version, |r| r["version"] == 1);
    device.until(says("c-1: executed"));
}

#[test]
fn every_rejection_is_harmless_whatever_it_contains() {
    let mut scene = Scene::start(&[]);
    scene.session.command("lock", 1);
    let update = scene.session.report(|r| r["version"] == 1);
    let token = &update["clientToken"];
    let mut logged = 0;
    for (rejection, code) in [
        (json!({"code": 500, "clientToken": token}), Some("500")),
        (
            json!({"code": 400, "message": 5, "clientToken": token}),
            Some("400"),
        ),
        (
            json!({"code": 4_294_967_000_u64, "message": "?", "clientToken": token}),
            Some("4294967000"),
        ),
        (json!({"clientToken": token}), Some("0")),
        (json!({"code": 409, "clientToken": "cbf43926"}), None),
        (json!({"code": 400}), None),
        (json!([]), None),
    ] {
        scene.session.send(REJECTED, &rejection.to_string());
        if let Some(code) = code {
            logged += 1;
            scene
                .device
                .until(says(&format!("report rejected: {code}")));
        }
    }
    for cut in ["", "{\"code\":", "{\"code\":500,\"message\":\""] {
        scene.session.send(REJECTED, cut);
    }
    scene.session.command("unlock", 2);
    scene.session.report(|r| r["version"] == 2);
    scene.device.until(says("c-2: executed"));
    assert_eq!(scene.device.count(says("report rejected")), logged);
    assert_eq!(scene.device.count(|l| l["event"] == "reboot"), 0);
    assert_eq!(scene.device.latches(), ["locked", "unlocked"]);
}

#[test]
fn the_last_state_of_the_door_is_always_reported() {
    let mut scene = Scene::start(&["pins.door=14", "lock.door_closed_level=0"]);
    let move_door = |scene: &mut Scene, open: bool| {
        let line = json!({"pin": {"number": 14, "level": open}});
        scene.device.say(&line.to_string());
    };
    move_door(&mut scene, false);
    let closed = scene
        .session
        .accept_until(&mut scene.version, |r| r["door"] == "closed");
    move_door(&mut scene, true);
    let open = scene.report();
    assert_eq!(open["state"]["reported"]["door"], "open");
    assert_eq!(number(&open), number(&closed) + 1);
    // Many edges lead to few reports.
    for _ in 0..20 {
        for level in [false, true] {
            move_door(&mut scene, level);
        }
    }
    move_door(&mut scene, false);
    let last = scene
        .session
        .accept_until(&mut scene.version, |r| r["door"] == "closed");
    assert!(number(&last) < number(&open) + 4);
    scene.session.command("lock", 1);
    let next = scene.report();
    assert_eq!(next["state"]["reported"]["door"], "closed");
}

#[test]
fn the_thing_name_is_the_device_id_unless_it_is_set_and_is_not_saved() {
    let (broker, flash) = (Broker::start(), flash());
    // As `mos aws-iot-setup` leaves it, and as a person may set it.
    for (kept, device_id, thing) in [
        (r#"{"aws":{"thing_name":""}}"#, "thing-1", "thing-1"),
        (r#"{"aws":{"thing_name":""}}"#, "thing-2", "thing-2"),
        (r#"{"aws":{"thing_name":"thing-3"}}"#, "thing-2", "thing-3"),
    ] {
        std::fs::write(flash.path().join("conf9.json"), kept).expect("a setting can be kept");
        let setting = format!("device.id={device_id}");
        let _device = broker.device(&flash, "lock", &[&setting]);
        let mut session = broker.accept_lock(thing);
        let (topic, _) = session.publish();
        assert_eq!(topic, format!("$aws/things/{thing}/shadow/update"));
    }
}
