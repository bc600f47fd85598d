//! What a message takes from the changes before it. What it says is in `tests/vectors`.

use super::*;
use crate::event::{Event, Kind};
use crate::report::ReportEvent;
use crate::time::UnixSeconds;

const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

fn lock(name: &str) -> LockName {
    LockName::new(name).unwrap()
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").unwrap()
}

/// A record whose last report, used at `at`, shows this latch.
fn record(state: Latch, at: UnixMillis) -> Record {
    let event = serde_json::json!({
        "thing": "lock-1", "shadowVersion": 10, "timestamp": 400,
        "reported": {
            "lock": state, "version": 7, "result": "executed", "source": "remote",
            "bootCount": 1, "clock": "synced"
        }
    });
    let report = ReportEvent::parse(&event).unwrap().report;
    let reported = crate::record::Reported {
        report,
        shadow_version: 10,
        shadow_at: UnixSeconds(400),
        at,
    };
    Record {
        state,
        reported: Some(reported),
        ..Record::created(lock("lock-1"), NOW)
    }
}

#[test]
fn a_state_began_with_the_report_that_changed_it_and_is_kept_until_the_next() {
    let (locked, later) = (
        record(Latch::Locked, NOW),
        record(Latch::Locked, NOW.plus(9)),
    );
    let open = record(Latch::Unlocked, NOW.plus(20));
    let created = Record::created(lock("lock-1"), NOW);
    let known = Some(UnixMillis(5));
    for (old, new, kept, wanted) in [
        (Some(&locked), &later, known, known),
        (Some(&locked), &later, None, None),
        (Some(&later), &open, known, Some(NOW.plus(20))),
        (Some(&created), &locked, None, Some(NOW)),
        (None, &created, None, None),
        // Registered once more: what was known of its forerunner is not its own.
        (None, &created, known, None),
    ] {
        assert_eq!(since(old, new, kept), wanted, "{old:?} {new:?}");
    }
}

#[test]
fn a_battery_is_of_the_lock_that_its_button_is_bound_to() {
    let bound = |to: Option<&str>, battery_mv| Binding {
        lock: to.map(lock),
        battery_mv,
        ..Binding::new(button(), 1)
    };
    let full = Some(2_900);
    for (old, new, wanted) in [
        (None, bound(Some("a"), None), vec![]),
        (None, bound(Some("a"), full), vec![("a", full)]),
        (Some(bound(Some("a"), full)), bound(Some("a"), full), vec![]),
        (
            Some(bound(Some("a"), Some(3_000))),
            bound(Some("a"), full),
            vec![("a", full)],
        ),
        (
            Some(bound(Some("a"), full)),
            bound(Some("b"), full),
            vec![("a", None), ("b", full)],
        ),
        (
            Some(bound(Some("a"), full)),
            bound(None, full),
            vec![("a", None)],
        ),
        (
            Some(bound(None, full)),
            bound(Some("b"), full),
            vec![("b", full)],
        ),
    ] {
        let changes = battery_changes(old.as_ref(), &new);
        let shown: Vec<(&str, Option<u64>)> = changes
            .iter()
            .map(|(lock, battery_mv)| (lock.as_str(), *battery_mv))
            .collect();
        assert_eq!(shown, wanted, "{old:?} {new:?}");
    }
}

#[test]
fn a_state_shows_the_labels_of_its_lock_and_of_the_button_behind_its_command() {
    let mut record = record(Latch::Locked, NOW);
    let door = Subject::Lock(lock("lock-1"));
    assert_eq!(subjects(&record), std::slice::from_ref(&door));
    let id = crate::id::CommandId::from_text("a");
    let cause = Cause::Button { button: button() };
    let command = crate::record::Command::new(id, Action::Unlock, cause, NOW, Some(NOW.plus(9)));
    record.command = Some(command);
    assert_eq!(subjects(&record), [door, Subject::Button(button())]);
}

#[test]
fn a_line_is_new_once_and_again_with_each_message_that_shares_it() {
    let line = |count| Event {
        count,
        ..Event::new(
            Subject::Lock(lock("lock-1")),
            Kind::Press,
            NOW,
            "k".to_owned(),
            &Limits::default(),
        )
    };
    assert!(Line::is_new(None, &line(None)));
    assert!(!Line::is_new(Some(&line(None)), &line(None)));
    assert!(Line::is_new(Some(&line(Some(1))), &line(Some(2))));
}
