//! What an operator does, as tables.

use super::*;
use crate::binding::Actions;
use crate::decide::tests::{NOW, lock, outcome, record};
use crate::name::ButtonSerial;
use crate::record::Record;

fn binding() -> Binding {
    Binding {
        button: ButtonSerial::new("button-1").unwrap(),
        lock: lock(),
        actions: Actions::default(),
        enabled: true,
        revision: 3,
        last_press: None,
        battery_mv: None,
    }
}

fn revoke(record: Option<&Record>) -> Decision {
    decide_revoke(&binding(), record, Some("alice"), NOW, &Limits::default())
}

#[test]
fn a_revoked_button_leaves_no_door_open_behind_it() {
    for (given, wanted) in [
        ("none", "noted: revoked"),
        ("settled/locked", "noted: revoked"),
        ("settled/unknown", "noted: revoked"),
        ("pending-lock/locked", "noted: revoked"),
        ("unresponsive-lock/locked", "noted: revoked"),
        ("settled/unlocked", "command lock v8 expires=never"),
        ("pending-lock/unlocked", "command lock v8 expires=never"),
        ("pending-unlock/locked", "command lock v8 expires=never"),
        (
            "unresponsive-unlock/locked",
            "command lock v8 expires=never",
        ),
        (
            "unresponsive-lock/unlocked",
            "command lock v8 expires=never",
        ),
    ] {
        let record = record(given);
        let decision = revoke(record.as_ref());
        assert_eq!(outcome(&decision), wanted, "{given}");
        assert_eq!(decision.reason, Reason::REVOKED);
        let update = decision.writes.binding.as_ref().unwrap();
        assert!(update.admits(&binding()));
        let after = update.apply(&binding());
        assert_eq!((after.enabled, after.revision), (false, 4));
        assert!(!update.admits(&after), "a revision is disabled once");
        assert_eq!(record.is_some(), decision.writes.record.is_some());
    }
}

#[test]
fn a_press_that_unlocks_before_the_revocation_makes_it_decide_again() {
    let read = record("settled/locked").unwrap();
    let decision = revoke(Some(&read));
    let write = decision.writes.record.unwrap();
    assert!(write.apply(Some(&read)).is_some());
    for (given, changed) in [
        ("pressed", record("pending-unlock/locked").unwrap()),
        ("opened by hand", record("settled/unlocked").unwrap()),
    ] {
        assert_eq!(write.apply(Some(&changed)), None, "{given}");
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
fn a_recovered_record_is_not_believed_and_is_locked_anew() {
    for given in [
        "settled/locked",
        "pending-unlock/locked",
        "unresponsive-lock/unknown",
    ] {
        let record = record(given).unwrap();
        let decision = decide_recover(&record, Some("alice"), NOW, &Limits::default());
        assert_eq!(
            outcome(&decision),
            "command lock v8 expires=never",
            "{given}"
        );
        let after = decision
            .writes
            .record
            .unwrap()
            .apply(Some(&record))
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
fn an_operators_line_names_who_did_what() {
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
