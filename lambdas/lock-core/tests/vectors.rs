//! The test vectors of the device's C: the core reads the device's reports, and the device accepts
//! the core's commands. And those of readers: the core writes the messages that they know.

use lock_core::command::WireCommand;
use lock_core::event::{Event, Subject};
use lock_core::label::{Label, Labels, Names};
use lock_core::limits::{COMMAND_ID_SENT_CHARS, COMMAND_SENT_BYTES_MAX, Limits, TEXT_BYTES_MAX};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::report::Report;
use lock_core::state::{Batteries, Line, State};
use lock_core::time::UnixMillis;
use serde_json::Value;

fn cases(text: &str) -> Vec<Value> {
    section(text, "cases")
}

fn section(text: &str, name: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).expect("a vector file is JSON");
    let cases = file[name].as_array();
    cases.expect("a section has cases").clone()
}

/// The value without what both sides take for "none": `null` and an empty id.
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

/// Checks the cases; `says_settings` if their firmware reports its settings.
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

const COMMANDS: &str = include_str!("../../../tests/vectors/commands.json");
const COMMAND_H: &str = include_str!("../../../firmware/core/command.h");

/// The value of the one constant in command.h whose name begins with `begin` and ends with `end`.
fn defined(begin: &str, end: &str) -> usize {
    let defines = COMMAND_H.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("#define ")?.split_once(' ')?;
        (name.starts_with(begin) && name.ends_with(end)).then_some(value)
    });
    let [value] = defines.collect::<Vec<_>>()[..] else {
        panic!("command.h has not exactly one {begin}…{end}");
    };
    value.trim().parse().expect("a number")
}

#[test]
fn a_device_accepts_the_longest_command_sent_and_its_longest_id_is_readable() {
    let (bytes_max, id_max) = (
        defined("COMMAND_", "_BYTES_MAX"),
        defined("COMMAND_ID_", "_CHARS_MAX"),
    );
    assert!(COMMAND_SENT_BYTES_MAX <= bytes_max);
    assert!(COMMAND_ID_SENT_CHARS <= id_max);
    assert!(id_max <= TEXT_BYTES_MAX, "its report is not oversize");
    let accepted = cases(COMMANDS);
    let accepted = accepted.iter().filter(|case| case["expect"] == "ok");
    let longest = |member: &str| {
        let lengths = accepted.clone().filter_map(|case| match member {
            "payload" => case["payload"].as_str().map(str::len),
            id => case["command"][id].as_str().map(str::len),
        });
        lengths.max()
    };
    assert_eq!(longest("payload"), Some(bytes_max), "the vectors reach it");
    assert_eq!(longest("commandId"), Some(id_max), "the vectors reach it");
}

#[test]
fn a_device_accepts_the_commands_that_the_core_writes() {
    let mut same_bytes = 0;
    for case in cases(COMMANDS) {
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

const STATES: &str = include_str!("../../../tests/vectors/states.json");

/// A label of a case, if it has one.
fn label(value: &Value) -> Option<Label> {
    value
        .as_str()
        .map(|text| Label::new(text).expect("a label"))
}

/// The labels of the lock and the button of a case.
fn names(case: &Value) -> Names {
    let lock = LockName::new("lock-1").expect("a name");
    let button = ButtonSerial::new("button-1").expect("a name");
    let labels = |label, room| Labels { label, room };
    let mut names = Names::default();
    let of_lock = labels(
        label(&case["labels"]["label"]),
        label(&case["labels"]["room"]),
    );
    names.insert(Subject::Lock(lock), of_lock);
    names.insert(
        Subject::Button(button),
        labels(label(&case["buttonLabel"]), None),
    );
    names
}

#[test]
fn a_state_message_says_what_the_record_says_and_null_for_the_rest() {
    let cases = section(STATES, "states");
    assert!(cases.len() >= 8);
    for case in cases {
        let name = &case["name"];
        let record: Record = serde_json::from_value(case["record"].clone())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let batteries: Batteries = match case.get("batteries") {
            Some(batteries) => serde_json::from_value(batteries.clone()).expect("batteries"),
            None => Batteries::new(),
        };
        let since = case["since"].as_u64().map(UnixMillis);
        let now = UnixMillis(case["now"].as_u64().expect("a time"));
        let names = names(&case);
        let state = State::of(&record, since, &batteries, &names, now, &Limits::default());
        assert_eq!(
            Some(state.to_json().as_str()),
            case["text"].as_str(),
            "{name}"
        );
    }
}

#[test]
fn an_event_message_says_what_the_history_says() {
    let cases = section(STATES, "lines");
    assert!(cases.len() >= 3);
    for case in cases {
        let name = &case["name"];
        let event: Event = serde_json::from_value(case["event"].clone())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let line = Line::of(&event, &names(&case)).to_json();
        assert_eq!(Some(line.as_str()), case["text"].as_str(), "{name}");
    }
}
