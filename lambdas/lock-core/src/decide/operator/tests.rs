//! Revoking a button and recovering a restored record, as tables.

use super::*;
use crate::decide::tests::{NOW, binding, lock, outcome, record};
use crate::record::Record;
use crate::write::Written;

fn revoke(record: Option<&Record>) -> Decision {
    decide_revoke(&binding(), record, Some("alice"), NOW, &Limits::default())
}

#[test]
fn a_revoked_button_leaves_no_door_open_behind_it() {
    for (given, wanted) in [
        ("none", "noted: revoked"),
        ("settled/locked", "noted: revoked"),
        ("pending-lock/locked", "noted: revoked"),
        ("unresponsive-lock/locked", "noted: revoked"),
        ("settled/unlocked", "unsent lock v8 expires=never"),
        ("settled/unknown", "unsent lock v8 expires=never"),
        ("settled/jammed", "unsent lock v8 expires=never"),
        ("pending-lock/unlocked", "unsent lock v8 expires=never"),
        ("pending-unlock/locked", "unsent lock v8 expires=never"),
        ("unresponsive-unlock/locked", "unsent lock v8 expires=never"),
        ("unresponsive-lock/unlocked", "unsent lock v8 expires=never"),
        ("pending-lock/unknown", "noted: revoked"),
    ] {
        let record = record(given);
        let decision = revoke(record.as_ref());
        assert_eq!(outcome(&decision), wanted, "{given}");
        assert_eq!(decision.reason, Reason::REVOKED);
        let write = decision.writes.binding.as_ref().unwrap();
        let after = write.apply(Some(&binding())).unwrap();
        assert_eq!((after.enabled, after.revision), (false, NOW.0));
        assert_eq!(
            write.apply(Some(&after)),
            None,
            "a revision is disabled once"
        );
        assert_eq!(record.is_some(), decision.writes.record.is_some());
    }
}

#[test]
fn a_press_that_unlocks_before_the_revocation_makes_it_decide_again() {
    let read = record("settled/locked").unwrap();
    let decision = revoke(Some(&read));
    let write = decision.writes.record.unwrap();
    assert!(write.apply(Some(&read)).record().is_some());
    for (given, changed) in [
        ("pressed", record("pending-unlock/locked").unwrap()),
        ("opened by hand", record("settled/unlocked").unwrap()),
        (
            "looked at since",
            Record {
                due: Due::new(&lock(), NOW),
                ..read.clone()
            },
        ),
    ] {
        assert_eq!(write.apply(Some(&changed)), Written::Conflict, "{given}");
    }
}

#[test]
fn revoking_twice_changes_nothing_more() {
    let disabled = Binding {
        enabled: false,
        ..binding()
    };
    let open = record("settled/unlocked");
    let decision = decide_revoke(&disabled, open.as_ref(), None, NOW, &Limits::default());
    assert_eq!(outcome(&decision), "ignored: revoked");
    assert_eq!(
        (decision.writes.binding, decision.writes.record),
        (None, None)
    );
}

#[test]
fn a_recovered_record_is_not_believed_and_is_locked_again() {
    for given in [
        "settled/locked",
        "pending-unlock/locked",
        "unresponsive-lock/unknown",
    ] {
        let record = record(given).unwrap();
        let decision = decide_recover(&record, None, Some("alice"), NOW, &Limits::default());
        assert_eq!(
            outcome(&decision),
            "unsent lock v8 expires=never",
            "{given}"
        );
        let after = decision
            .writes
            .record
            .unwrap()
            .apply(Some(&record))
            .record()
            .unwrap();
        assert_eq!(after.status, Status::Unresponsive);
        assert!(after.version > record.version && after.state == record.state);
        assert_eq!(after.due.due_at, after.command.unwrap().next_send_at);
        assert_eq!(
            decision.writes.event.to_string(),
            "alice recovers: lock v10000008 (recovered)"
        );
    }
}

#[test]
fn an_operators_event_names_who_did_what() {
    let lines = ["settled/unlocked", "settled/locked"].map(|given| {
        let decision = revoke(record(given).as_ref());
        decision.writes.event.to_string()
    });
    assert_eq!(
        lines,
        [
            "alice revokes button-1: lock v10000008 (revoked)",
            "alice revokes button-1: noted: revoked"
        ]
    );
}

#[test]
fn revoking_a_button_of_a_lock_that_was_never_reported_locks_it() {
    let never_heard = Record::created(lock(), NOW);
    let decision = revoke(Some(&never_heard));
    assert_eq!(decision.publish, None, "the sweep sends it");
    let update = decision.writes.record.unwrap().apply(Some(&never_heard));
    let record = update.record().unwrap();
    assert_eq!(record.due.due_at, NOW);
    let command = record
        .command
        .expect("nobody can say that its door is shut");
    assert_eq!((command.action, command.attempts), (Action::Lock, 0));
    assert_eq!(command.system_locks, 0, "an operator's doing is a person's");
}

/// record's version, version last reported => version after the recovery, and whether the lock
/// itself holds an implausible one.
#[test]
fn a_recovery_repairs_a_version_far_ahead_of_the_clock() {
    const FAR: u64 = (1 << 53) - 2;
    const DAY_MS: u64 = 86_400_000;
    let now = NOW.0;
    let cases = [
        (7, Some(7), now, false),
        (FAR, Some(7), now, false),
        // As far ahead as a version may be, and one further.
        (now + DAY_MS, Some(7), now + DAY_MS + 1, false),
        (now + DAY_MS + 1, Some(7), now, false),
        (FAR, None, now, false),
        // The lock holds it too, and versions are left after it: it works on.
        (FAR, Some(FAR), FAR + 1, false),
        // None is left: the record starts over, and the lock's flash must be erased.
        (FAR + 1, Some(FAR + 1), now, false),
        // The lock alone holds one.
        (7, Some(FAR), now, true),
    ];
    for (own, theirs, wanted, holds) in cases {
        let mut record = record("settled/locked").unwrap();
        record.version = Version(own);
        record.reported = theirs.map(|version| crate::record::Reported {
            report: report_at(version),
            shadow_version: 3,
            shadow_at: NOW.seconds(),
            at: NOW,
        });
        let decision = decide_recover(&record, None, None, NOW, &Limits::default());
        let write = decision.writes.record.expect("a change");
        let after = write.apply(Some(&record)).record().expect("as read");
        assert_eq!(after.version.0, wanted, "{own} {theirs:?}");
        assert_eq!(after.status, Status::Unresponsive);
        assert_eq!(
            record.holds_implausible_version(NOW),
            holds,
            "{own} {theirs:?}"
        );
    }
}

/// record's version, the shadow's version and its age in s => version after the recovery.
#[test]
fn a_recovery_passes_what_the_table_has_forgotten() {
    const DAY_MS: u64 = 86_400_000;
    const HOUR_MS: u64 = 3_600_000;
    let now = NOW.0;
    let cases = [
        (7, now - 5_000, 5, now),
        (7, now, 0, now + 1),
        (7, now + HOUR_MS, 0, now + HOUR_MS + 1),
        (now + HOUR_MS, 7, 0, now + HOUR_MS + 1),
        // Others may have followed it since, a millisecond each.
        (7, now + HOUR_MS, 181, now + HOUR_MS + 180_001),
        // As far ahead as a version may be, and one further.
        (7, now + DAY_MS, 181, now + DAY_MS + 1),
        (7, now + DAY_MS + 1, 181, now),
    ];
    for (own, reported, age_s, wanted) in cases {
        let mut record = record("settled/locked").unwrap();
        record.version = Version(own);
        let shadow = ReportEvent {
            lock: lock(),
            shadow_version: 9,
            shadow_at: NOW.minus(age_s * 1_000).seconds(),
            token: None,
            report: report_at(reported),
        };
        let decision = decide_recover(&record, Some(&shadow), None, NOW, &Limits::default());
        let write = decision.writes.record.expect("a change");
        let after = write.apply(Some(&record)).record().expect("as read");
        assert_eq!(after.version.0, wanted, "{own} {reported} {age_s}");
    }
}

fn report_at(version: u64) -> crate::report::Report {
    crate::report::Report::parse(&serde_json::json!({
        "lock": "locked", "version": version, "commandId": "c", "result": "executed",
        "source": "remote", "bootCount": 1, "clock": "synced"
    }))
    .unwrap()
}
