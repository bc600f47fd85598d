//! Tests of image.rs: which files may be flashed, and what an example file may contain.

use super::*;

const GOOD: &str = r#"{"device": {"id": "lock-1"}, "wifi": {"sta": {"pass": ""}},
  "mqtt": {"ssl_cert": "lock-1.crt.pem", "ssl_key": "lock-1.key.pem"}}"#;

const SETTINGS: &str = r#"
config_schema:
  - ["device.id", "s", {}]
  - ["wifi.sta.pass", "s", {}]
  - ["mqtt.ssl_cert", "s", {}]
  - ["mqtt.ssl_key", "s", {}]
  - ["mqtt.client_id", "s", {}]
  - ["aws.thing_name", "s", {}]
  - ["debug.level", "i", 2, {}]
"#;

fn found(files: &[(&str, &str)]) -> Vec<String> {
    let mut all = vec![
        (manifest::LIBRARY, SETTINGS),
        (manifest::MANIFEST, "name: a\n"),
    ];
    all.extend(files);
    check(&Tree::of(&all))
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn flashed(name: &str, text: &str) -> Vec<String> {
    found(&[(EXAMPLE, GOOD), (&format!("{IMAGE}/{name}"), text)])
}

#[test]
fn what_is_meant_for_the_device_passes() {
    for (name, text) in [
        ("conf1.json", "{}"),
        ("conf9.json", "{\"debug\": {\"level\": 3}}"),
        ("lock-1.crt.pem", "-----BEGIN"),
        ("lock-1.key", "-----BEGIN"),
    ] {
        assert_eq!(flashed(name, text), [""; 0], "{name}");
    }
    assert_eq!(found(&[(EXAMPLE, GOOD)]), [""; 0]);
}

#[test]
fn what_is_not_meant_for_the_device_is_refused() {
    for name in [
        "conf9.example.json",
        "conf0.json",
        "conf10.json",
        "conf.json",
        "README.md",
        "deep/conf1.json",
        "deep/lock-1.key.pem",
    ] {
        let expected = format!(
            "{IMAGE}/{name}: is flashed to every device; only conf1.json to conf9.json, .pem and \
             .key belong here"
        );
        assert_eq!(flashed(name, "{}"), [expected]);
    }
}

#[test]
fn a_name_too_long_for_the_flash_is_refused() {
    let name = |chars: usize| format!("{}.pem", "a".repeat(chars - 4));
    assert_eq!(flashed(&name(31), ""), [""; 0]);
    let expected = format!(
        "{IMAGE}/{}: the flash holds file names of at most 31 characters",
        name(32)
    );
    assert_eq!(flashed(&name(32), ""), [expected]);
}

#[test]
fn a_settings_file_that_the_device_would_not_read_whole_is_refused() {
    for (text, beginning) in [
        (
            "{\"debug\": {\"levle\": 3}}",
            "debug.levle: is not a declared setting",
        ),
        ("{\"level\": 3}", "level: is not a declared setting"),
        ("[]", "is not a JSON object"),
        ("{\"debug\": {}", "is not JSON: "),
    ] {
        let found = flashed("conf1.json", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(
            found[0].starts_with(&format!("{IMAGE}/conf1.json: {beginning}")),
            "{found:?}"
        );
    }
}

#[test]
fn an_example_with_a_secret_or_a_second_name_is_refused() {
    let long = format!("\"{}.pem\"", "a".repeat(28));
    for (old, new, expected) in [
        (
            "\"id\": \"lock-1\"",
            "\"id\": \"\"",
            "device.id: is not set",
        ),
        (
            "{\"device\"",
            "{\"aws\": {\"thing_name\": \"x\"}, \"device\"",
            "aws: would outlive a later change of device.id",
        ),
        (
            "\"mqtt\": {",
            "\"mqtt\": {\"client_id\": \"x\", ",
            "mqtt.client_id: would outlive a later change of device.id",
        ),
        (
            "\"pass\": \"\"",
            "\"pass\": \"secret\"",
            "wifi.sta.pass: is not empty; delete the password",
        ),
        (
            "\"lock-1.key.pem\"",
            "\"lock-1.key\"",
            "mqtt.ssl_key: \"lock-1.key\" does not end in .pem or has more than 31 characters",
        ),
        (
            "\"lock-1.crt.pem\"",
            &long,
            "mqtt.ssl_cert: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaa.pem\" does not end in .pem or has more \
             than 31 characters",
        ),
        (
            "{\"sta\"",
            "{\"stat\": 1, \"sta\"",
            "wifi.stat: is not a declared setting",
        ),
    ] {
        assert!(GOOD.contains(old), "{old}");
        let found = found(&[(EXAMPLE, &GOOD.replacen(old, new, 1))]);
        assert_eq!(found, [format!("{EXAMPLE}: {expected}")]);
    }
}

#[test]
fn an_example_that_is_missing_or_broken_is_refused() {
    assert_eq!(found(&[]), [format!("{EXAMPLE}: is missing")]);
    let found = found(&[(EXAMPLE, "{")]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with(&format!("{EXAMPLE}: is not JSON: ")),
        "{found:?}"
    );
}
