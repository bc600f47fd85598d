//! Removing a lock from the register, as tables.

use super::*;
use crate::command::Version;
use crate::decide::tests::{NOW, lock, outcome, record};
use crate::name::LockName;
use crate::record::Status;
use crate::write::Written;

fn forget(record: &Record, bindings: &[Binding], gone: bool) -> Result<Decision, ForgetRefusal> {
    let limits = Limits::default();
    decide_forget(record, bindings, gone, Some("alice"), NOW, &limits)
}

fn binding(button: &str, to: Option<LockName>, enabled: bool) -> Binding {
    Binding {
        lock: to,
        enabled,
        ..Binding::new(ButtonSerial::new(button).unwrap(), 3)
    }
}

#[test]
fn a_lock_is_forgotten_only_while_it_is_known_to_be_locked() {
    // record => forgotten, and forgotten if a person calls the lock gone
    for (given, allowed) in [
        ("settled/locked", true),
        ("settled/unlocked", false),
        ("settled/jammed", false),
        ("settled/unknown", false),
        ("pending-lock/locked", false),
        ("pending-unlock/locked", false),
        ("unresponsive-lock/locked", false),
        ("unresponsive-unlock/unlocked", false),
    ] {
        let record = record(given).unwrap();
        match forget(&record, &[], false) {
            Ok(decision) => {
                assert!(allowed, "{given}");
                assert_eq!(outcome(&decision), "noted: forgotten");
            }
            Err(refusal) => {
                assert!(!allowed, "{given}");
                assert_eq!(refusal, ForgetRefusal::MayBeOpen, "{given}");
            }
        }
        let gone = forget(&record, &[], true).expect(given);
        let write = gone.writes.record.expect(given);
        assert_eq!(write.apply(Some(&record)), Written::Gone, "{given}");
    }
}

#[test]
fn a_latch_that_is_not_unknown_is_believed_though_nothing_else_is_known_of_its_lock() {
    let open = Record {
        state: Latch::Unlocked,
        status: Status::Settled,
        ..Record::created(lock(), NOW)
    };
    assert_eq!(forget(&open, &[], false), Err(ForgetRefusal::MayBeOpen));
}

#[test]
fn a_lock_never_commanded_that_never_reported_is_forgotten_and_one_that_was_is_not() {
    let fresh = Record::created(lock(), NOW);
    assert_eq!(fresh.status, Status::Unresponsive);
    assert!(forget(&fresh, &[], false).is_ok());
    let commanded = Record {
        command: record("pending-lock/locked").unwrap().command,
        ..fresh.clone()
    };
    let report = serde_json::from_value(serde_json::json!({
        "lock": "locked", "version": 0, "result": "none", "source": "boot", "refused": null,
            "bootCount": 1,
        "clock": "unsynced", "firmware": "1.0.0", "rssi": -61, "door": null
    }));
    let reported = Record {
        reported: Some(crate::record::Reported {
            report: report.unwrap(),
            shadow_version: 1,
            shadow_at: NOW.seconds(),
            at: NOW,
        }),
        ..fresh
    };
    for touched in [commanded, reported] {
        assert_eq!(forget(&touched, &[], false), Err(ForgetRefusal::MayBeOpen));
    }
}

#[test]
fn a_lock_that_a_button_is_bound_to_is_not_forgotten() {
    let other = LockName::new("lock-2").unwrap();
    let locked = record("settled/locked").unwrap();
    let bindings = [
        binding("button-1", Some(other), true),
        binding("button-2", None, true),
        binding("button-3", Some(lock()), true),
        binding("button-4", Some(lock()), false),
    ];
    for gone in [false, true] {
        let refusal = forget(&locked, &bindings, gone).unwrap_err();
        assert_eq!(refusal.to_string(), "bound to it: button-3, button-4");
    }
    assert!(forget(&locked, &bindings[..2], false).is_ok());
}

#[test]
fn any_change_after_the_record_was_read_is_a_conflict() {
    let read = record("settled/locked").unwrap();
    let decision = forget(&read, &[], false).unwrap();
    assert_eq!(
        decision.writes.event.to_string(),
        "alice forgets lock-1: noted: forgotten"
    );
    let write = decision.writes.record.unwrap();
    let bound = Record {
        bound_at: Some(NOW),
        ..read.clone()
    };
    let opened = record("settled/unlocked").unwrap();
    let asked = record("pending-unlock/locked").unwrap();
    let newer = Record {
        version: Version(read.version.0 + 1),
        ..read.clone()
    };
    for changed in [bound, opened, asked, newer] {
        assert_eq!(
            write.apply(Some(&changed)),
            Written::Conflict,
            "{changed:?}"
        );
    }
    assert_eq!(write.apply(Some(&read)), Written::Gone);
    assert_eq!(write.apply(None), Written::Conflict, "forgotten once");
}
