//! `Config.Set` over the serial port: what it accepts and refuses, and the file after a power cut.

#[path = "harness/device.rs"]
mod device;

use std::path::Path;
use std::time::Duration;

use device::{Device, flash};
use serde_json::{Value, json};

fn start(flash: &Path) -> Device {
    let arguments = ["--still", "--broker", "127.0.0.1:1"];
    let absent = ["--ca", "x", "--cert", "x", "--key", "x"];
    let device = Device::start_with(&[&arguments[..], &absent].concat(), flash, "lock", &[]);
    device.until_ready();
    device
}

fn set(device: &mut Device, request: &str) -> Value {
    device.say(&format!(r#"{{"config_set":{request}}}"#));
    let lines = device.until(|line| line["event"] == "config_set");
    lines.last().expect("until returns at least one").clone()
}

fn conf9(flash: &Path) -> Option<Value> {
    let text = std::fs::read(flash.join("conf9.json")).ok()?;
    Some(serde_json::from_slice(&text).expect("it is JSON"))
}

#[test]
fn a_save_on_request_includes_settings_that_were_set_before() {
    let flash = flash();
    let mut device = start(flash.path());
    let answer = set(&mut device, r#"{"config":{"lock":{"relock_s":30}}}"#);
    assert_eq!(answer["saved"], false);
    assert_eq!(conf9(flash.path()), None);
    let answer = set(
        &mut device,
        r#"{"config":{"lock":{"pulse_ms":7}},"save":true}"#,
    );
    assert_eq!(answer, json!({"event": "config_set", "saved": true}));
    let both = json!({"lock": {"relock_s": 30, "pulse_ms": 7}});
    assert_eq!(conf9(flash.path()), Some(both));
}

#[test]
fn a_value_of_the_wrong_type_is_refused_and_nothing_is_saved() {
    let flash = flash();
    let mut device = start(flash.path());
    let request = r#"{"config":{"lock":{"relock_s":"30"}},"save":true,"reboot":true}"#;
    let answer = set(&mut device, request);
    let error = "invalid config value: [lock.relock_s] is not a number";
    assert_eq!(
        answer,
        json!({"event": "config_set", "saved": false, "error": error})
    );
    let lines = device.pass(Duration::from_secs(2));
    assert!(!lines.iter().any(|l| l["event"] == "reboot"), "{lines:?}");
    assert_eq!(conf9(flash.path()), None);
}

#[test]
fn the_device_reboots_half_a_second_after_a_save_and_never_without_one() {
    let flash = flash();
    let mut device = start(flash.path());
    set(
        &mut device,
        r#"{"config":{"lock":{"power_on":"unlocked"}},"reboot":true}"#,
    );
    let lines = device.pass(Duration::from_secs(2));
    assert!(!lines.iter().any(|l| l["event"] == "reboot"), "{lines:?}");
    set(&mut device, r#"{"config":{},"save":true,"reboot":true}"#);
    let lines = device.pass(Duration::from_millis(499));
    assert!(!lines.iter().any(|l| l["event"] == "reboot"), "{lines:?}");
    device.say(r#"{"pass_ms":1}"#);
    device.until(|line| line["event"] == "reboot");
    let lines = device.until_ready();
    assert!(lines.iter().any(|l| l["latch"] == "unlocked"), "{lines:?}");
}

/// The new file is written under another name; there is no file between the erase and the renaming.
#[test]
fn a_power_cut_leaves_the_old_file_the_new_one_or_no_file() {
    let old = json!({"lock": {"relock_s": 1}});
    let new = json!({"lock": {"relock_s": 2}});
    for (cut, left) in [
        ("before-write:1", Some(&old)),
        ("write:1@9", Some(&old)),
        ("after-write:1", Some(&old)),
        ("before-erase:1", Some(&old)),
        ("after-erase:1", None),
        ("before-write:2", Some(&new)),
    ] {
        let flash = flash();
        let file = flash.path().join("conf9.json");
        std::fs::write(file, old.to_string()).expect("the flash can be written");
        let mut device = start(flash.path());
        device.say(&json!({ "power_cut": cut }).to_string());
        device.say(&json!({"config_set": {"config": new, "save": true}}).to_string());
        if cut == "before-write:2" {
            device.until(|line| line["event"] == "config_set");
        } else {
            assert!(device.wait(), "{cut}");
        }
        assert_eq!(conf9(flash.path()).as_ref(), left, "{cut}");
    }
}
