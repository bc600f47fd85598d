//! What a field may contain. A value that cannot be represented spoils its own field, never the
//! message.

use serde_json::json;

use super::*;
use crate::press::Press;
use crate::report::ReportEvent;
use crate::request::Request;

/// Valid JSON, nested too deep for the parser.
fn deep() -> String {
    format!("{}1{}", "[".repeat(200), "]".repeat(200))
}

fn press(field: &str, value: &str) -> String {
    let good = [
        ("button", r#""button-1""#),
        ("clickType", r#""SINGLE""#),
        ("receivedAt", "5"),
        ("pressId", r#""5f0e""#),
    ];
    object(&good, field, value)
}

fn request(field: &str, value: &str) -> String {
    let good = [
        ("thing", r#""lock-1""#),
        ("action", r#""lock""#),
        ("requestId", r#""r1""#),
        ("receivedAt", "5"),
    ];
    object(&good, field, value)
}

fn report(field: &str, value: &str) -> String {
    let good = [
        ("lock", r#""locked""#),
        ("version", "7"),
        ("commandId", r#""01J""#),
        ("result", r#""executed""#),
        ("source", r#""remote""#),
        ("refused", "null"),
        ("bootCount", "7"),
        ("clock", r#""synced""#),
        ("rssi", "-61"),
        ("door", "null"),
    ];
    let reported = object(&good, field, value);
    format!(r#"{{"thing":"lock-1","shadowVersion":17,"timestamp":5,"reported":{reported}}}"#)
}

/// The JSON object of `good` with `field` set to `value`, which is copied as it is.
fn object(good: &[(&str, &str)], field: &str, value: &str) -> String {
    let others = good.iter().copied().filter(|(name, _)| *name != field);
    let fields = others.chain([(field, value)]);
    let fields: Vec<String> = fields
        .map(|(name, value)| format!(r#""{name}":{value}"#))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// The result of reading a message: `ok`, or the code and the text of its refusal.
fn outcome<T>(text: &str, parse: impl Fn(&Value) -> Result<T, Refusal>) -> (String, String) {
    let event = parse_event(text).expect("a JSON object");
    let sender = event.get("button").or(event.get("thing"));
    assert!(sender.is_some_and(Value::is_string), "no sender: {text}");
    match parse(&event) {
        Ok(_) => ("ok".to_owned(), String::new()),
        Err(refusal) => (refusal.code().to_owned(), refusal.to_string()),
    }
}

#[test]
fn an_unreadable_field_is_refused_by_name_and_the_sender_is_known() {
    let deep = deep();
    // Above and below the range of a double, too deep, half a surrogate pair, and two containers.
    let values = [
        "1e400",
        "-1e999",
        &deep,
        r#""\ud800""#,
        r#"{"a":1e400}"#,
        r#"[1e400]"#,
    ];
    for value in values {
        for field in ["clickType", "sequence", "pressedAt", "goodForMs", "pressId"] {
            let (code, message) = outcome(&press(field, value), Press::parse);
            assert_eq!(code, "wrong-type", "press {field} {value}");
            assert!(message.contains(field), "{message}");
        }
        for field in ["action", "requestId", "requestedAt", "actor", "receivedAt"] {
            let (code, message) = outcome(&request(field, value), Request::parse);
            assert_eq!(code, "wrong-type", "request {field} {value}");
            assert!(message.contains(field), "{message}");
        }
        // Even if `null` is allowed: a value that cannot be read is not "none".
        for field in [
            "lock",
            "version",
            "commandId",
            "bootCount",
            "rssi",
            "door",
            "firmware",
        ] {
            let (code, message) = outcome(&report(field, value), ReportEvent::parse);
            assert_eq!(code, "wrong-type", "report {field} {value}");
            assert!(message.contains(field), "{message}");
        }
    }
}

#[test]
fn an_unreadable_battery_is_unknown_and_never_refuses_a_press() {
    for value in ["1e400", &deep(), r#"{"mV":1e400}"#, r#""\ud800""#] {
        let event = parse_event(&press("batteryVoltage", value)).unwrap();
        let read = Press::parse(&event).unwrap();
        assert_eq!(read.battery_mv, None, "{value}");
    }
}

#[test]
fn a_refused_command_within_a_report_is_read_field_by_field_too() {
    for (refused, wanted) in [
        (r#"{"commandId":"01K","reason":"clock"}"#.to_owned(), "ok"),
        (
            r#"{"commandId":1e400,"reason":"clock"}"#.to_owned(),
            "wrong-type",
        ),
        (
            format!(r#"{{"commandId":"01K","reason":{}}}"#, deep()),
            "wrong-type",
        ),
        ("1e400".to_owned(), "wrong-type"),
    ] {
        let (code, message) = outcome(&report("refused", &refused), ReportEvent::parse);
        assert_eq!(code, wanted, "{refused}: {message}");
    }
}

#[test]
fn a_report_that_cannot_be_read_at_all_is_malformed() {
    let text = format!(
        r#"{{"thing":"lock-1","shadowVersion":17,"timestamp":5,"reported":{}}}"#,
        deep()
    );
    let (code, _) = outcome(&text, ReportEvent::parse);
    assert_eq!(code, "malformed");
}

#[test]
fn a_readable_field_is_read_next_to_an_unreadable_one() {
    let text = r#"{"a":1e400,"b":{"c":[1,{"d":null}]},"b2":"\u00e9","n":9007199254740991,"a":2}"#;
    let read = parse_event(text).unwrap();
    let plain = r#"{"b":{"c":[1,{"d":null}]},"b2":"é","n":9007199254740991,"a":2}"#;
    assert_eq!(read, parse_event(plain).unwrap(), "the last of two fields");
}

#[test]
fn any_text_but_an_object_is_malformed() {
    let deep = deep();
    for text in [
        "",
        "null",
        "\"press\"",
        "1e400",
        &deep,
        "[{}]",
        "{",
        "{} {}",
        "\u{feff}{}",
        "{}\0",
        r#"{"a":01}"#,
        r#"{"a":1e400,}"#,
        r#"{"a":1e400 "b":2}"#,
        r#"{"\ud800":1}"#,
    ] {
        let refusal = parse_event(text).expect_err(text);
        assert_eq!(refusal.code(), "malformed", "{text}");
    }
}

#[test]
fn a_text_is_accepted_up_to_its_limit() {
    let text = |length: usize| {
        let value = json!({"a": "x".repeat(length)});
        Fields::of(&value).unwrap().text("a").map(str::len)
    };
    assert_eq!(text(0), Ok(0));
    assert_eq!(text(TEXT_BYTES_MAX), Ok(TEXT_BYTES_MAX));
    let refusal = text(TEXT_BYTES_MAX + 1).unwrap_err();
    assert_eq!(refusal.code(), "oversize");
    assert_eq!(
        refusal.to_string(),
        "field a of 129 bytes: wanted at most 128"
    );
}

#[test]
fn a_number_is_whole_not_negative_and_exact_in_every_reader() {
    let wrong = Err(Refusal::WrongType {
        field: "a",
        wanted: "whole number below 2^53",
    });
    for (value, wanted) in [
        (json!(0), Ok(0)),
        (json!(7.0), Ok(7)),
        (json!(VERSION_MAX), Ok(VERSION_MAX)),
        (json!(VERSION_MAX as f64), Ok(VERSION_MAX)),
        (json!(VERSION_MAX + 1), wrong.clone()),
        (json!((VERSION_MAX + 1) as f64), wrong.clone()),
        (json!(1e300), wrong.clone()),
        (json!(7.5), wrong.clone()),
        (json!(-1), wrong.clone()),
        (json!(-1.0), wrong.clone()),
        (json!("7"), wrong.clone()),
        (json!(null), wrong),
    ] {
        let object = json!({"a": value});
        let fields = Fields::of(&object).unwrap();
        assert_eq!(fields.number("a"), wanted, "{value}");
        assert_eq!(fields.number("b"), Err(Refusal::MissingField("b")));
    }
}
