//! Tests of the settings: which layer wins, and what a damaged file does.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::*;

const VECTORS: &str = include_str!("../../../../tests/vectors/settings.json");

#[test]
fn what_mongoose_leaves_open_is_closed_by_default() {
    let config = Config::defaults();
    assert_eq!(config.text("mqtt.server"), "");
    assert_eq!(config.int("mqtt.max_qos"), 1);
    assert_eq!(config.int("mqtt.max_queue_length"), 0);
    assert!(config.flag("mqtt.clean_session"));
    assert!(!config.flag("wifi.ap.enable"));
    assert!(!config.flag("rpc.http_enable"));
    assert_eq!(config.text("lock.power_on"), "", "it must be stated");
}

/// A flash that holds these files.
fn flash(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let flash = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(flash.path().join(name), text).unwrap();
    }
    flash
}

#[test]
fn later_layers_win_and_the_command_line_is_below_conf9() {
    let flash = flash(&[
        (
            "conf1.json",
            br#"{"lock":{"relock_s":1,"pulse_ms":1},"app":{"role":"both"}}"#,
        ),
        ("conf5.json", br#"{"lock":{"relock_s":5,"pulse_ms":7}}"#),
        ("conf9.json", br#"{"lock":{"relock_s":9}}"#),
    ]);
    let mut config = Config::defaults();
    let command_line = [
        ("lock.relock_s", "3"),
        ("lock.settle_ms", "4"),
        ("lock.pulse_ms", "6"),
    ];
    let complaints = config.apply_layers(flash.path(), &command_line).unwrap();
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!(config.text("app.role"), "both");
    assert_eq!(config.int("lock.relock_s"), 9);
    assert_eq!(config.int("lock.pulse_ms"), 6);
    assert_eq!(config.int("lock.settle_ms"), 4);
}

#[test]
fn no_file_is_required_and_the_layer_of_the_image_is_valid() {
    let mut config = Config::defaults();
    assert_eq!(
        config.apply_layers(flash(&[]).path(), &[]).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn a_bad_layer_is_named_and_applied_up_to_the_error() {
    let flash = flash(&[
        ("conf2.json", br#"{"lock":{"relock_s":5}"#),
        (
            "conf9.json",
            br#"{"lock":{"pulse_ms":4,"relock_s":"x","power_on":"unlocked"}}"#,
        ),
    ]);
    let mut config = Config::defaults();
    assert_eq!(
        config.apply_layers(flash.path(), &[]).unwrap(),
        [
            "Invalid JSON",
            "Failed to parse conf2.json",
            "[lock.relock_s] is not a number",
            "Failed to parse conf9.json",
        ]
    );
    assert_eq!(
        (config.int("lock.relock_s"), config.int("lock.pulse_ms")),
        (5, 4)
    );
    assert_eq!(config.text("lock.power_on"), "", "it must be stated");
}

#[test]
fn an_unknown_setting_of_the_command_line_is_refused() {
    let flash = flash(&[]);
    for bad in ["lock.relocks=1", "lock.relock_s", "lock.relock_s=soon"] {
        let applied =
            assignment(bad).and_then(|one| Config::defaults().apply_layers(flash.path(), &[one]));
        assert!(applied.is_err(), "{bad}");
    }
}

/// The settings that differ from the defaults, as JSON.
fn changed(config: &Config) -> BTreeMap<String, Json> {
    let before = Config::defaults();
    let changed = config
        .values
        .iter()
        .filter(|(key, value)| before.value(key) != *value);
    changed
        .map(|(key, value)| {
            let value = match value {
                Value::Text(text) => text.to_string_lossy().into(),
                Value::Int(number) => (*number).into(),
                Value::Bool(flag) => (*flag).into(),
                Value::Double(number) => (*number).into(),
            };
            (key.clone(), value)
        })
        .collect()
}

#[test]
fn each_vector_is_read_as_mongoose_reads_it() {
    let file: Json = serde_json::from_str(VECTORS).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let mut config = Config::defaults();
        let result = config.apply(case["file"].as_str().unwrap().as_bytes());
        let taken: BTreeMap<String, Json> = serde_json::from_value(case["taken"].clone()).unwrap();
        assert_eq!(changed(&config), taken, "{name}: {}", case["why"]);
        assert_eq!(
            result.err().as_deref(),
            case["complaint"].as_str(),
            "{name}: {}",
            case["why"]
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_kept_unchanged() {
    for (file, expected) in [
        (
            &b"{\"device\":{\"id\":\"a\xc3b\"}}"[..],
            Some(&b"a\xc3b"[..]),
        ),
        (b"{\"device\":{\"id\":\"a\\u00ffb\"}}", Some(b"a\xffb")),
        (b"{\"device\":{\"id\":\"a\\u0000b\"}}", Some(b"a")),
        // The quote belongs to the character that the byte before it starts.
        (b"{\"device\":{\"id\":\"a\xc3\"}}", None),
        (b"\xff\xfe{\"device\":{\"id\":\"a\"}}", None),
        (b"{\"\xc3b\":1,\"device\":{\"id\":\"b\"}}", Some(b"b")),
    ] {
        let mut config = Config::defaults();
        let before = config.value("device.id").clone();
        let result = config.apply(file);
        assert_eq!(result.is_ok(), expected.is_some(), "{file:?}: {result:?}");
        let expected = expected.map_or(before, |bytes| Value::Text(CString::new(bytes).unwrap()));
        assert_eq!(config.value("device.id"), &expected, "{file:?}");
    }
}

#[test]
fn a_truncated_path_names_no_setting() {
    let long = "x".repeat(300);
    let mut config = Config::defaults();
    let file = format!(r#"{{"{long}":{{"lock":{{"relock_s":1}}}},"lock":{{"relock_s":2}}}}"#);
    assert_eq!(config.apply(file.as_bytes()), Ok(()));
    assert_eq!(config.int("lock.relock_s"), 2);
}

/// The text that a save would write.
fn saved(config: &Config) -> String {
    String::from_utf8(config.differences()).unwrap()
}

#[test]
fn a_save_writes_what_differs_from_the_layers_below() {
    let flash = flash(&[
        ("conf5.json", br#"{"lock":{"relock_s":5,"pulse_ms":7}}"#),
        ("conf9.json", br#"{"lock":{"relock_s":9}}"#),
    ]);
    let mut config = Config::defaults();
    let command_line = [("device.id", "lock-7"), ("pins.relay", "5")];
    config.apply_layers(flash.path(), &command_line).unwrap();
    let nine = "{\n  \"lock\": {\n    \"relock_s\": 9\n  }\n}";
    assert_eq!(
        saved(&config),
        nine,
        "neither conf5.json nor the command line"
    );
    config
        .apply(br#"{"lock":{"pulse_ms":7},"pins":{"relay":5}}"#)
        .unwrap();
    assert_eq!(saved(&config), nine, "values as in the layers below");
    config.apply(br#"{"lock":{"relock_s":5}}"#).unwrap();
    assert_eq!(saved(&config), "{\n}", "back to the layers below");
}

#[test]
fn what_the_firmware_changed_in_ram_is_saved_too() {
    let mut config = Config::defaults();
    config.replace("mqtt.enable", Value::Bool(false));
    config.apply(br#"{"pins":{"relay":5}}"#).unwrap();
    let text =
        "{\n  \"mqtt\": {\n    \"enable\": false\n  },\n  \"pins\": {\n    \"relay\": 5\n  }\n}";
    assert_eq!(saved(&config), text);
}

#[test]
fn settings_before_an_error_are_applied() {
    let mut config = Config::defaults();
    let result = config.apply(br#"{"lock":{"relock_s":9,"pulse_ms":"x"},"pins":{"relay":5}}"#);
    assert_eq!(result, Err("[lock.pulse_ms] is not a number".into()));
    assert_eq!(
        saved(&config),
        "{\n  \"lock\": {\n    \"relock_s\": 9\n  }\n}"
    );
}

/// The texts are output of the original C.
#[test]
fn a_save_is_written_in_the_form_of_mongoose() {
    for (settings, text) in [
        (
            r#"{"lock":{"relock_s":30,"power_on":"unlocked"},
                "mqtt":{"enable":false,"reconnect_timeout_min":2.5},
                "wifi":{"sta":{"enable":true,"ssid":"x"},"ap":{"pass":"12345678"}},
                "app":{"role":"both"}}"#,
            r#"{
  "app": {
    "role": "both"
  },
  "lock": {
    "power_on": "unlocked",
    "relock_s": 30
  },
  "mqtt": {
    "enable": false,
    "reconnect_timeout_min": 2.500000
  },
  "wifi": {
    "ap": {
      "pass": "12345678"
    },
    "sta": {
      "enable": true,
      "ssid": "x"
    }
  }
}"#,
        ),
        (
            r#"{"app":{"role":"a\"\\\u0008\n\u0001\u001f\u007f ü€"}}"#,
            r#"{
  "app": {
    "role": "a\"\\\b\n\u0001\u0011\u0077 ü€"
  }
}"#,
        ),
    ] {
        let mut config = Config::defaults();
        config.apply(settings.as_bytes()).unwrap();
        assert_eq!(saved(&config), text);
    }
}
