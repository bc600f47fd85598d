//! What is read from reports and shadows, and what is refused.

use super::*;
use serde_json::json;

/// An edit of a report by hand.
type Change = fn(&mut Report);

fn event() -> Value {
    json!({"thing": "lock-1", "shadowVersion": 17, "timestamp": 1_763_779_513,
        "reported": {"lock": "unlocked", "version": 1_763_779_512_345_u64, "commandId": "01J",
            "result": "executed",
            "source": "remote", "refused": null, "bootCount": 7, "clock": "synced",
                "clockUncertaintyMs": 1043,
            "firmware": "2.0.0", "rssi": -61, "door": null, "settings": "stated",
                "relockMs": 30_000, "pulseMs": 0, "reportId": "7-12-907060870"}})
}

#[test]
fn a_whole_report_is_read_and_stored_without_loss() {
    let read = ReportEvent::parse(&event()).unwrap();
    assert_eq!(
        (read.shadow_version, read.report.lock, read.report.rssi),
        (17, Latch::Unlocked, Some(-61))
    );
    let stored = serde_json::to_value(&read.report).unwrap();
    assert_eq!(
        serde_json::from_value::<Report>(stored).unwrap(),
        read.report
    );
    let shadow = json!({"state": {"reported": event()["reported"]}, "version": 17,
        "timestamp": 1_763_779_513});
    assert_eq!(
        ReportEvent::parse_shadow(read.lock.clone(), &shadow).unwrap(),
        read,
        "neither has a token"
    );
}

#[test]
fn a_report_is_as_its_lock_wrote_it_while_its_checksum_is_right() {
    let written = ReportEvent::parse(&event()).unwrap().report;
    let id = ReportId {
        boot_count: 7,
        counter: 12,
        checksum: None,
    };
    let named = written.clone().with_id(id);
    assert!(named.is_as_written());
    let given = named.report_id.unwrap();
    assert_eq!(given.checksum, Some(named.checksum()));
    assert!(given.is_same_update(id));
    for other in [
        ReportId { counter: 13, ..id },
        ReportId {
            boot_count: 8,
            ..id
        },
    ] {
        assert!(!given.is_same_update(other), "{other}");
    }
    let changes: [Change; 16] = [
        |report| report.lock = Latch::Locked,
        |report| report.version = Version(8),
        |report| report.command_id = None,
        |report| report.result = Outcome::Expired,
        |report| report.source = Source::Manual,
        |report| {
            report.refused = Some(RefusedCommand {
                command_id: None,
                reason: "clock".to_owned(),
            });
        },
        |report| report.boot_count = 8,
        |report| report.clock = Clock::Unsynced,
        |report| report.clock_uncertainty_ms = None,
        |report| report.settings = Some(Settings::Kept),
        |report| report.relock_ms = Some(0),
        |report| report.pulse_ms = Some(1),
        |report| report.firmware = None,
        |report| report.rssi = Some(61),
        |report| report.door = Some(Door::Open),
        |report| report.report_id = Some(ReportId::parse("7-12").unwrap()),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut edited = named.clone();
        change(&mut edited);
        assert!(!edited.is_as_written(), "change {n}");
    }
    let nameless = Report {
        report_id: None,
        ..written
    };
    assert!(!nameless.is_as_written());
}

/// A shadow drops `null`: a device without the time leaves no `clockUncertaintyMs` there.
#[test]
fn the_fields_of_firmware_2_are_in_the_text_if_any_of_them_is_in_the_report() {
    let mut old = ReportEvent::parse(&event()).unwrap().report;
    (old.clock_uncertainty_ms, old.settings) = (None, None);
    (old.relock_ms, old.pulse_ms) = (None, None);
    let old = old.with_id(ReportId::parse("7-12").unwrap());
    assert!(old.is_as_written());
    let rows: [(Change, &str); 4] = [
        (
            |report| report.clock_uncertainty_ms = Some(0),
            r#","clockUncertaintyMs":0,"firmware":"2.0.0","rssi":-61,"door":null,"settings":null,"relockMs":null,"pulseMs":null"#,
        ),
        (
            |report| report.settings = Some(Settings::Other("x".to_owned())),
            r#","clockUncertaintyMs":null,"firmware":"2.0.0","rssi":-61,"door":null,"settings":"x","relockMs":null,"pulseMs":null"#,
        ),
        (
            |report| report.relock_ms = Some(0),
            r#","clockUncertaintyMs":null,"firmware":"2.0.0","rssi":-61,"door":null,"settings":null,"relockMs":0,"pulseMs":null"#,
        ),
        (
            |report| report.pulse_ms = Some(0),
            r#","clockUncertaintyMs":null,"firmware":"2.0.0","rssi":-61,"door":null,"settings":null,"relockMs":null,"pulseMs":0"#,
        ),
    ];
    for (add, tail) in rows {
        let mut report = old.clone();
        add(&mut report);
        assert!(!report.is_as_written(), "added by hand: {tail}");
        let text = r#"{"lock":"unlocked","version":1763779512345,"commandId":"01J","result":"executed","source":"remote","refused":null,"bootCount":7,"clock":"synced""#;
        assert_eq!(
            report.checksum(),
            crc32fast::hash(format!("{text}{tail}").as_bytes()),
            "{tail}"
        );
    }
}

#[test]
fn a_word_for_the_settings_that_is_new_here_is_kept_and_read_again() {
    for (word, settings) in [
        ("stated", Settings::Stated),
        ("kept", Settings::Kept),
        ("borrowed", Settings::Other("borrowed".to_owned())),
    ] {
        let mut event = event();
        event["reported"]["settings"] = json!(word);
        let report = ReportEvent::parse(&event).unwrap().report;
        assert_eq!(report.settings, Some(settings));
        let stored = serde_json::to_value(&report).unwrap();
        assert_eq!(stored["settings"], word);
        assert_eq!(serde_json::from_value::<Report>(stored).unwrap(), report);
    }
}

#[test]
fn a_report_may_lack_what_its_firmware_does_not_say() {
    let all = ReportEvent::parse(&event()).unwrap().report;
    assert_eq!(all.clock_uncertainty_ms, Some(1043));
    assert_eq!((all.relock_ms, all.pulse_ms), (Some(30_000), Some(0)));
    let fields = ["clockUncertaintyMs", "settings", "relockMs", "pulseMs"];
    for is_null in [true, false] {
        let mut event = event();
        let reported = event["reported"].as_object_mut().unwrap();
        for field in fields {
            reported.remove(field);
            if is_null {
                reported.insert(field.to_owned(), Value::Null);
            }
        }
        let report = ReportEvent::parse(&event).unwrap().report;
        assert_eq!(
            (report.clock_uncertainty_ms, &report.settings),
            (None, &None)
        );
        assert_eq!((report.relock_ms, report.pulse_ms), (None, None));
        let stored = serde_json::to_value(&report).unwrap();
        for field in fields {
            assert_eq!(stored.get(field), None);
        }
        assert_eq!(serde_json::from_value::<Report>(stored).unwrap(), report);
    }
}

#[test]
fn the_name_of_a_report_is_read_as_it_is_written() {
    for (text, is_read) in [
        ("7-12", true),
        ("7-12-907060870", true),
        ("0-0-4294967295", true),
        ("9007199254740991-9007199254740991", true),
        ("7-12-4294967296", false),
        ("7-12-", false),
        ("7-12-1-1", false),
        ("7-12-+1", false),
        ("7-", false),
        ("7", false),
        ("", false),
        ("-12", false),
        ("7-9007199254740992", false),
        ("9007199254740992-1", false),
    ] {
        let id = ReportId::parse(text);
        assert_eq!(id.map(String::from), is_read.then(|| text.to_owned()));
    }
}

#[test]
fn a_shadow_is_as_old_as_its_report_not_as_its_reading() {
    let mut shadow =
        json!({"state": {"reported": event()["reported"]}, "version": 17, "timestamp": 900});
    let read = |shadow: &Value| {
        let lock = LockName::new("lock-1").unwrap();
        ReportEvent::parse_shadow(lock, shadow).unwrap().shadow_at
    };
    assert_eq!(read(&shadow), UnixSeconds(900), "nothing better is known");
    shadow["metadata"] = json!({"desired": {"x": {"timestamp": 890}},
        "reported": {"lock": {"timestamp": 700}, "refused": {"reason": {"timestamp": 800}},
            "list": [{"timestamp": 750}]}});
    assert_eq!(read(&shadow), UnixSeconds(800));
    shadow["metadata"]["reported"]["list"] = json!([{"timestamp": 750}, {"timestamp": 850}]);
    assert_eq!(read(&shadow), UnixSeconds(850), "in a list");
    shadow["metadata"]["reported"]["lock"]["version"] = json!(899);
    assert_eq!(read(&shadow), UnixSeconds(850), "no time");
}

#[test]
fn a_blank_journal_has_no_command() {
    let mut event = event();
    event["reported"]["version"] = json!(0);
    event["reported"]["result"] = json!("none");
    event["reported"]["refused"] = json!({"commandId": "01K", "reason": "journal"});
    for none in [Value::Null, json!("")] {
        event["reported"]["commandId"] = none;
        let report = ReportEvent::parse(&event).unwrap().report;
        assert_eq!((report.version, report.command_id), (Version::NONE, None));
        assert_eq!(report.refused.unwrap().reason, "journal");
    }
}

#[test]
fn each_fault_has_its_own_code() {
    let cases = [
        ("lock", json!("open"), "unknown-word"),
        ("lock", json!(null), "wrong-type"),
        ("version", json!(1_u64 << 53), "wrong-type"),
        ("version", json!("7"), "wrong-type"),
        ("commandId", json!(7), "wrong-type"),
        ("commandId", json!("x".repeat(500)), "oversize"),
        ("result", json!("done"), "unknown-word"),
        ("source", json!(1), "wrong-type"),
        ("refused", json!("clock"), "wrong-type"),
        ("refused", json!({}), "missing-field"),
        ("bootCount", json!(-1), "wrong-type"),
        ("clock", json!("maybe"), "unknown-word"),
        ("rssi", json!("loud"), "wrong-type"),
        ("rssi", json!(1_u64 << 31), "wrong-type"),
        ("rssi", json!(-1.5), "wrong-type"),
        ("door", json!("ajar"), "unknown-word"),
        ("clockUncertaintyMs", json!(-1), "wrong-type"),
        ("settings", json!(1), "wrong-type"),
        ("relockMs", json!("30 s"), "wrong-type"),
        ("pulseMs", json!(0.5), "wrong-type"),
    ];
    for (field, value, code) in cases {
        let mut event = event();
        event["reported"][field] = value;
        assert_eq!(
            ReportEvent::parse(&event).unwrap_err().code(),
            code,
            "{field}"
        );
    }
    for field in ["thing", "shadowVersion", "timestamp", "reported"] {
        let mut event = event();
        event.as_object_mut().unwrap().remove(field);
        assert_eq!(
            ReportEvent::parse(&event).unwrap_err().code(),
            "missing-field",
            "{field}"
        );
    }
}
