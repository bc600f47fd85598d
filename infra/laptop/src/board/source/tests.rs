//! What time alone changes of what was read.

use lock_core::record::Status;

use super::*;

#[test]
fn a_shadow_is_as_old_as_its_newest_report_whenever_it_is_read() {
    let read_at = |seconds: u64| {
        json!({
            "state": { "reported": { "lock": "locked", "net": { "rssi": -61 } } },
            "metadata": {
                "reported": {
                    "lock": { "timestamp": 5 },
                    "net": { "rssi": { "timestamp": 7 } },
                    "list": [{ "timestamp": 6 }],
                },
                "desired": { "lock": { "timestamp": 8 } },
            },
            "version": 3,
            "timestamp": seconds,
        })
    };
    let shown = shadow_summary(&read_at(70));
    assert_eq!(shown, shadow_summary(&read_at(71)));
    assert_eq!(
        (&shown["at"], &shown["version"]),
        (&json!(7_000), &json!(3))
    );
    let empty = shadow_summary(&json!({ "state": {}, "version": 4, "timestamp": 9 }));
    assert_eq!(empty["at"], Value::Null);
}

#[test]
fn a_pending_lock_becomes_unknown_by_time_alone_and_once() {
    let (lock, decided) = (LockName::new("lock-1").expect("a name"), UnixMillis(1_000));
    let limits = Limits::default();
    let command = json!({
        "id": "c1", "action": "lock", "cause": { "kind": "request" },
        "createdAt": decided, "attempts": 1, "nextSendAt": decided,
    });
    let record = Record {
        status: Status::Pending,
        command: Some(serde_json::from_value(command).expect("a command")),
        ..Record::created(lock.clone(), decided)
    };
    let mut source = Source {
        limits: Some(limits),
        ..Source::default()
    };
    source.lock(&lock).record = Some(record.clone());
    let at = decided.plus(limits.command_ttl_ms);
    let overdue = |from, to| source.overdue(from, to).cloned().collect::<Vec<_>>();
    let (before, after) = (at.minus(1), at.plus(1));
    assert_eq!(source.next_overdue(before), Some(at));
    assert_eq!(source.next_overdue(at), None);
    assert_eq!(overdue(decided, before), []);
    assert_eq!(overdue(before, at), std::slice::from_ref(&lock));
    assert_eq!(overdue(at, after), []);
    let certainty = |now| source.show_lock(&lock, None, now)["record"]["certainty"].clone();
    assert_eq!(
        (certainty(before), certainty(at)),
        (json!("assumed"), json!("unknown"))
    );
    let settled = Record {
        status: Status::Settled,
        ..record
    };
    source.lock(&lock).record = Some(settled);
    assert_eq!(source.next_overdue(decided), None);
}
