//! What moves the latch other than commands: the exit button, and relock, with a door contact that
//! bounces (PROTOCOL D5, D9). Time is manual.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::time::Duration;

use broker::Broker;
use device::{Device, flash};
use serde_json::json;
use tempfile::TempDir;

const SETTINGS: &[&str] = &["pins.exit=13", "pins.door=14", "lock.relock_s=5"];

/// A lock with an exit button on pin 13 and a door contact on pin 14, which is closed.
struct Scene {
    device: Device,
    _flash: TempDir,
}

impl Scene {
    fn start(settings: &[&str]) -> Self {
        let flash = flash();
        let mut device = Device::start(flash.path(), "lock", &[SETTINGS, settings].concat());
        device.until_ready();
        device.pass(Duration::ZERO);
        let mut scene = Self {
            device,
            _flash: flash,
        };
        scene.drive(14, false);
        scene.pass(2_000);
        scene
    }

    fn drive(&mut self, pin: i32, level: bool) {
        let line = json!({"pin": {"number": pin, "level": level}});
        self.device.say(&line.to_string());
    }

    /// Lets time pass. Returns the latch's movements.
    fn pass(&mut self, ms: u64) -> Vec<String> {
        let lines = self.device.pass(Duration::from_millis(ms));
        let latches = lines.iter().filter(|l| l["event"] == "latch");
        latches
            .map(|l| l["latch"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Presses the exit button briefly; the latch unlocks.
    fn exit(&mut self) {
        self.drive(13, false);
        assert_eq!(self.pass(200), ["unlocked"]);
        self.drive(13, true);
        assert!(self.pass(100).is_empty());
    }

    /// Time until the latch locks, in milliseconds.
    fn locks_after_ms(&mut self) -> u64 {
        let mut ms = 0;
        loop {
            ms += 50;
            assert!(ms < 60_000, "it never locks");
            match self.pass(50).as_slice() {
                [] => {}
                [latch] if latch == "locked" => return ms,
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Whether a time is as expected: ticks are 100 ms apart, and a contact counts after 50 ms.
fn about(ms: u64, expected_ms: u64) -> bool {
    (expected_ms..=expected_ms + 200).contains(&ms)
}

#[test]
fn the_exit_unlocks_offline_and_the_door_locks_again() {
    let mut scene = Scene::start(&[]);
    for _ in 0..3 {
        scene.exit();
        let ms = scene.locks_after_ms();
        assert!(about(ms + 300, 5_000), "{ms}");
    }
}

#[test]
fn a_glitch_does_not_unlock_and_a_held_button_does_not_keep_the_door_unlocked() {
    let mut scene = Scene::start(&[]);
    for _ in 0..5 {
        scene.drive(13, false);
        assert!(scene.pass(20).is_empty());
        scene.drive(13, true);
        assert!(scene.pass(300).is_empty());
    }
    scene.drive(13, false);
    assert_eq!(scene.pass(200), ["unlocked"]);
    assert_eq!(scene.pass(60_000), ["locked"], "still pressed");
    scene.drive(13, true);
    assert!(scene.pass(1_000).is_empty());
    scene.exit();
}

#[test]
fn an_exit_button_that_is_pressed_at_power_on_opens_nothing() {
    let flash = flash();
    let mut device = Device::start(
        flash.path(),
        "lock",
        &[SETTINGS, &["lock.exit_level=1"]].concat(),
    );
    // With this polarity, the pin has no pull-up and counts as pressed at the high level; it is
    // low.
    device.until_ready();
    device.pass(Duration::from_secs(5));
    assert_eq!(device.latches(), ["locked"]);
    device.say(r#"{"pin":{"number":13,"level":true}}"#);
    device.pass(Duration::from_secs(1));
    assert_eq!(device.latches(), ["locked", "unlocked"]);
}

#[test]
fn relock_waits_until_the_door_has_settled() {
    let mut scene = Scene::start(&[]);
    scene.exit();
    scene.drive(14, true);
    assert!(scene.pass(7_000).is_empty(), "open");
    // The contact bounces on closing: closed for 150 ms, open for 500 ms, closed.
    scene.drive(14, false);
    assert!(scene.pass(150).is_empty());
    scene.drive(14, true);
    assert!(scene.pass(500).is_empty());
    scene.drive(14, false);
    let ms = scene.locks_after_ms();
    assert!(about(ms, 1_000), "{ms}");
}

#[test]
fn relock_may_count_from_the_closing() {
    let mut scene = Scene::start(&["lock.relock_from=closing", "lock.settle_ms=500"]);
    scene.exit();
    scene.drive(14, true);
    assert!(scene.pass(9_000).is_empty(), "open");
    scene.drive(14, false);
    let ms = scene.locks_after_ms();
    assert!(about(ms, 5_000), "{ms}");
    // Without an opening of the door, relock counts from the unlock.
    scene.exit();
    let ms = scene.locks_after_ms();
    assert!(about(ms + 300, 5_000), "{ms}");
}

#[test]
fn the_debounce_time_of_a_contact_is_a_setting() {
    for (debounce_ms, settles_ms) in [(10, 1_010), (400, 1_400)] {
        let mut scene = Scene::start(&[&format!("lock.debounce_ms={debounce_ms}")]);
        scene.drive(13, false);
        assert_eq!(scene.pass(600), ["unlocked"]);
        scene.drive(14, true);
        assert!(scene.pass(8_000).is_empty(), "open");
        scene.drive(14, false);
        let ms = scene.locks_after_ms();
        assert!(about(ms, settles_ms), "{debounce_ms}: {ms}");
    }
}

#[test]
fn the_exit_is_reported_as_manual_and_a_command_overrides_it() {
    let (broker, flash) = (Broker::start(), flash());
    let mut device = broker.device(&flash, "lock", &["pins.exit=13", "lock.relock_s=600"]);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    device.say(r#"{"pin":{"number":13,"level":false}}"#);
    let report = session.report(|r| r["lock"] == "unlocked")["state"]["reported"].take();
    assert_eq!(
        (&report["source"], &report["version"]),
        (&json!("manual"), &json!(0))
    );
    session.command("lock", 1);
    session.report(|r| r["lock"] == "locked" && r["version"] == 1);
}
