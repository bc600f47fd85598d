//! `Config.Set` over the serial port: what a save writes, whether or not the firmware accepts its
//! settings, and that it can correct the settings of a device that refused them.

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;

use std::path::Path;

use broker::Broker;
use device::{Device, flash};
use serde_json::{Value, json};

fn set(device: &mut Device, request: &Value) -> Value {
    device.say(&json!({ "config_set": request }).to_string());
    let lines = device.until(|line| line["event"] == "config_set");
    lines.last().expect("until returns at least one").clone()
}

fn conf9(flash: &Path) -> Value {
    let text = std::fs::read_to_string(flash.join("conf9.json")).expect("it was saved");
    serde_json::from_str(&text).expect("it is JSON")
}

/// Whether a line says that the settings were refused.
fn is_refusal(line: &Value) -> bool {
    let text = line["text"].as_str().unwrap_or_default();
    text.starts_with("settings: not started")
}

#[test]
fn a_save_writes_the_requested_settings_and_nothing_else() {
    for (role, settings, is_good) in [
        ("lock", &[] as &[&str], true),
        ("button", &[], true),
        ("both", &[], true),
        ("both", &["pins.door=5", "lock.power_on=unlocked"], true),
        ("lock", &["pins.relay=7"], false),
        ("button", &["pins.button=99"], false),
        ("door", &[], false),
    ] {
        let (broker, flash) = (Broker::start(), flash());
        let mut device = broker.device(&flash, role, settings);
        let lines = device.until_ready();
        let what = format!("{role} {settings:?}");
        assert_eq!(lines.iter().any(is_refusal), !is_good, "{what}");
        let config = json!({"health": {"interval_s": 77}});
        let answer = set(&mut device, &json!({"config": config, "save": true}));
        assert_eq!(answer["saved"], true, "{what}: {answer}");
        assert_eq!(conf9(flash.path()), config, "{what}");
    }
}

#[test]
fn refused_settings_can_be_corrected_and_the_device_connects() {
    let (broker, flash) = (Broker::start(), flash());
    let wrong = r#"{"pins":{"relay":7}}"#;
    std::fs::write(flash.path().join("conf9.json"), wrong).expect("the flash can be written");
    let mut device = broker.device(&flash, "lock", &[]);
    assert!(device.until_ready().iter().any(is_refusal));
    let config = json!({"pins": {"relay": 5}});
    let request = json!({"config": config, "save": true, "reboot": true});
    assert_eq!(set(&mut device, &request)["saved"], true);
    assert_eq!(conf9(flash.path()), config);
    device.until(|line| line["event"] == "reboot");
    assert!(!device.until_ready().iter().any(is_refusal));
    broker.accept_lock("thing-1");
}
