//! The same bytes that the device's C is tested with: its reports are understood, and our commands are those it takes.

use lock_core::command::WireCommand;
use lock_core::report::Report;
use serde_json::Value;

fn cases(text: &str) -> Vec<Value> {
    section(text, "cases")
}

fn section(text: &str, name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("a vector file is JSON");
    let cases = file[name].as_array();
    cases.expect("a section has cases").clone()
}

/// What both sides take for "nothing": absent, `null`, and an id of no characters.
fn without_nothing(value: &Value) -> Value {
    let Value::Object(object) = value else {
        return value.clone();
    };
    let something = object
        .iter()
        .filter(|(_, value)| !value.is_null() && *value != "");
    something
        .map(|(name, value)| (name.clone(), without_nothing(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

const REPORTS: &str = include_str!("../../../tests/vectors/reports.json");

#[test]
fn every_report_a_device_writes_is_read_and_written_again_without_loss() {
    reads_and_writes_again(section(REPORTS, "cases"), true);
}

#[test]
fn a_report_of_older_firmware_is_still_as_its_lock_wrote_it() {
    reads_and_writes_again(section(REPORTS, "older"), false);
}

/// Whether the cases are of firmware that says what it is set to do.
fn reads_and_writes_again(cases: Vec<Value>, says_settings: bool) {
    assert!(cases.len() >= 2);
    for case in cases {
        let text: Value =
            serde_json::from_str(case["text"].as_str().expect("text")).expect("a report is JSON");
        let report =
            Report::parse(&text).unwrap_or_else(|refusal| panic!("{}: {refusal}", case["name"]));
        assert!(report.is_as_written(), "{}", case["name"]);
        assert_eq!(report.settings.is_some(), says_settings);
        let again = serde_json::to_value(&report).expect("a report becomes JSON");
        assert_eq!(
            without_nothing(&again),
            without_nothing(&case["report"]),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn commands_that_a_device_takes_are_those_we_write() {
    let mut same_bytes = 0;
    for case in cases(include_str!("../../../tests/vectors/commands.json")) {
        let (Some(payload), Some(wanted)) = (case["payload"].as_str(), case.get("command")) else {
            continue;
        };
        let command: WireCommand = serde_json::from_str(payload)
            .unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
        let written: Value =
            serde_json::from_str(&command.to_json()).expect("what we write is JSON");
        for (field, value) in wanted.as_object().expect("an object") {
            assert_eq!(&written[field], value, "{}: {field}", case["name"]);
        }
        same_bytes += u32::from(command.to_json() == payload);
    }
    assert!(
        same_bytes >= 2,
        "an unlock and a lock of the vectors are byte for byte ours"
    );
}
