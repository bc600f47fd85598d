//! Binding a button, binding it to another lock and unbinding it, as tables.

mod press;

use super::*;
use crate::action::{ClickType, Intent};
use crate::binding::LastPress;
use crate::decide::tests::{NOW, lock, outcome, record};
use crate::name::{ButtonSerial, LockName};
use crate::record::Due;
use crate::write::{RecordDelete, RecordWrite, Written};

fn far() -> LockName {
    LockName::new("lock-2").unwrap()
}

/// `settled/locked` and so on, of `lock-2`.
fn far_record(text: &str) -> Record {
    Record {
        lock: far(),
        ..record(text).unwrap()
    }
}

/// `button-1`, bound to `to`, after the press of sequence 400 at -60 s.
fn binding(to: Option<LockName>) -> Binding {
    Binding {
        button: ButtonSerial::new("button-1").unwrap(),
        lock: to,
        actions: Actions::default(),
        enabled: true,
        revision: 3,
        bound_at: Some(NOW.minus(3_600_000)),
        last_press: Some(LastPress {
            press_id: "p400".to_owned(),
            at: NOW.minus(60_000),
            sequence: Some(400),
            command: None,
        }),
        battery_mv: Some(3_000),
    }
}

fn wish() -> BindWish {
    BindWish {
        actions: Actions::default(),
        forget_last_press: false,
    }
}

fn bind(binding: &Binding, from: Option<&Record>, to: &Record) -> Decision {
    let limits = Limits::default();
    decide_bind(binding, from, to, wish(), Some("alice"), NOW, &limits)
}

fn unbind(binding: &Binding, record: Option<&Record>) -> Decision {
    decide_unbind(binding, record, Some("alice"), NOW, &Limits::default())
}

/// The binding as the decision leaves it.
fn after(decision: &Decision, binding: &Binding) -> Binding {
    let write = decision.writes.binding.as_ref().expect("a change");
    write.apply(Some(binding)).expect("the binding is as read")
}

/// The record of the lock that a button leaves => the decision (C11).
const LEFT: [(&str, &str); 10] = [
    ("settled/locked", "noted: unbound"),
    ("pending-lock/locked", "noted: unbound"),
    ("unresponsive-lock/unknown", "noted: unbound"),
    ("pending-lock/unlocked", "unsent lock v8 expires=never"),
    ("settled/unlocked", "unsent lock v8 expires=never"),
    ("settled/unknown", "unsent lock v8 expires=never"),
    ("settled/jammed", "unsent lock v8 expires=never"),
    ("pending-unlock/locked", "unsent lock v8 expires=never"),
    ("unresponsive-unlock/locked", "unsent lock v8 expires=never"),
    (
        "unresponsive-unlock/unlocked",
        "unsent lock v8 expires=never",
    ),
];

#[test]
fn the_lock_that_a_button_leaves_is_locked_as_on_revocation() {
    for (given, wanted) in LEFT {
        let (binding, from) = (binding(Some(lock())), record(given).unwrap());
        let to = far_record("settled/locked");
        let moved = bind(&binding, Some(&from), &to);
        assert_eq!(outcome(&moved), wanted, "bound elsewhere from {given}");
        let unbound = unbind(&binding, Some(&from));
        assert_eq!(outcome(&unbound), wanted, "unbound from {given}");
        for decision in [moved, unbound] {
            let write = decision.writes.record.expect("a condition at least");
            let Written::Record(left) = write.apply(Some(&from)) else {
                panic!("{given} is as read");
            };
            assert_eq!(decision.publish, None, "{given}: the sweep sends it");
            let due = match decision.verdict {
                Verdict::Command => Due::new(&left.lock, NOW),
                _ => from.due.clone(),
            };
            assert_eq!(left.due, due, "{given}");
        }
    }
}

#[test]
fn binding_elsewhere_says_so_in_both_histories() {
    let binding = binding(Some(lock()));
    let (from, to) = (
        record("settled/unlocked").unwrap(),
        far_record("settled/locked"),
    );
    let decision = bind(&binding, Some(&from), &to);
    let other = decision
        .writes
        .other
        .as_ref()
        .expect("the lock it moves to");
    let lines = [&decision.writes.event, &other.event]
        .map(|event| format!("{}: {event}", event.subject.name()));
    assert_eq!(
        lines,
        [
            "lock-1: alice unbinds button-1: lock v10000008 (unbound) (bound to lock-2 now)",
            "lock-2: alice binds button-1: noted: bound (was bound to lock-1)"
        ]
    );
    let Written::Record(noted) = RecordWrite::Update(other.record.clone()).apply(Some(&to)) else {
        panic!("lock-2 is as read");
    };
    assert_eq!(noted.bound_at, Some(NOW));
    assert_eq!(
        (noted.version, noted.status, noted.due),
        (to.version, to.status, to.due)
    );
    assert_eq!(after(&decision, &binding).lock, Some(far()));
}

#[test]
fn a_binding_that_leaves_no_lock_writes_only_to_the_new_lock() {
    // bound to, record of that lock read => event
    let unregistered = LockName::new("lock-9").unwrap();
    for (bound_to, wanted) in [
        (None, "alice binds button-1: noted: bound"),
        (Some(far()), "alice binds button-1: noted: bound"),
        (
            Some(unregistered),
            "alice binds button-1: noted: bound (was bound to lock-9)",
        ),
    ] {
        let binding = binding(bound_to.clone());
        let to = Record {
            bound_at: Some(NOW.minus(3_600_000)),
            ..far_record("settled/unlocked")
        };
        let from = (bound_to == Some(far())).then(|| to.clone());
        let decision = bind(&binding, from.as_ref(), &to);
        assert_eq!(decision.writes.event.to_string(), wanted, "{bound_to:?}");
        assert_eq!((&decision.publish, &decision.writes.other), (&None, &None));
        let written = decision.writes.record.as_ref().unwrap().apply(Some(&to));
        assert_eq!(
            written.record().unwrap().bound_at,
            Some(NOW),
            "{bound_to:?}"
        );
        assert_eq!(after(&decision, &binding).lock, Some(far()));
    }
}

#[test]
fn the_record_of_another_lock_is_left_alone_when_a_button_is_unbound() {
    let binding = binding(Some(lock()));
    let decision = unbind(&binding, Some(&far_record("settled/unlocked")));
    assert_eq!(outcome(&decision), "noted: unbound");
    assert_eq!((&decision.writes.record, &decision.publish), (&None, &None));
    assert_eq!(after(&decision, &binding).lock, None);
}

#[test]
fn a_record_that_changed_since_it_was_read_is_read_again_before_a_button_is_bound() {
    let to = far_record("settled/locked");
    let decision = bind(&binding(None), None, &to);
    let write = decision.writes.record.unwrap();
    assert!(write.apply(Some(&to)).record().is_some());
    for (what, changed) in [
        ("pressed", far_record("pending-unlock/locked")),
        ("opened by hand", far_record("settled/unlocked")),
        (
            "looked at",
            Record {
                due: Due::new(&to.lock, NOW.plus(1)),
                ..to.clone()
            },
        ),
    ] {
        assert_eq!(write.apply(Some(&changed)), Written::Conflict, "{what}");
    }
}

#[test]
fn binding_keeps_the_buttons_sequence_and_starts_a_time_of_its_own() {
    for (bound_to, from) in [
        (None, None),
        (Some(far()), None),
        (Some(lock()), record("settled/locked")),
    ] {
        for enabled in [true, false] {
            let binding = Binding {
                enabled,
                ..binding(bound_to.clone())
            };
            let decision = bind(&binding, from.as_ref(), &far_record("settled/locked"));
            let bound = after(&decision, &binding);
            assert_eq!(
                bound,
                Binding {
                    lock: Some(far()),
                    enabled: true,
                    revision: NOW.0,
                    bound_at: Some(NOW),
                    ..binding.clone()
                },
                "{bound_to:?} enabled={enabled}"
            );
            let write = decision.writes.binding.as_ref().unwrap();
            assert_eq!(write.apply(Some(&bound)), None, "a revision is bound once");
            assert_eq!(write.apply(None), None);
        }
    }
}

#[test]
fn the_last_press_is_forgotten_only_when_asked_for() {
    let (binding, to) = (binding(Some(lock())), far_record("settled/locked"));
    let actions = Actions([(ClickType::Single, Intent::Lock)].into());
    let wish = BindWish {
        actions: actions.clone(),
        forget_last_press: true,
    };
    let from = record("settled/locked");
    let limits = Limits::default();
    let decision = decide_bind(&binding, from.as_ref(), &to, wish, None, NOW, &limits);
    let bound = after(&decision, &binding);
    assert_eq!((bound.last_press, bound.actions), (None, actions));
    let said = decision.writes.other.unwrap().event.detail;
    assert_eq!(
        said.as_deref(),
        Some("was bound to lock-1, last press forgotten")
    );
}

#[test]
fn a_revoked_button_has_left_its_lock_locked_already() {
    let revoked = Binding {
        enabled: false,
        ..binding(Some(lock()))
    };
    // Opened meanwhile by another button.
    let from = record("settled/unlocked").unwrap();
    for decision in [
        bind(&revoked, Some(&from), &far_record("settled/locked")),
        unbind(&revoked, Some(&from)),
    ] {
        assert_eq!(outcome(&decision), "noted: unbound");
        assert_eq!(decision.writes.record, None);
    }
}

#[test]
fn an_unlock_between_reading_and_binding_elsewhere_makes_it_decide_again() {
    let binding = binding(Some(lock()));
    let read = record("settled/locked").unwrap();
    let to = far_record("settled/locked");
    for decision in [
        bind(&binding, Some(&read), &to),
        unbind(&binding, Some(&read)),
    ] {
        let write = decision.writes.record.unwrap();
        assert_ne!(write.apply(Some(&read)), Written::Conflict);
        for changed in ["pending-unlock/locked", "settled/unlocked"] {
            let write = write.apply(record(changed).as_ref());
            assert_eq!(write, Written::Conflict, "{changed}");
        }
        assert_eq!(write.apply(None), Written::Conflict);
    }
}

#[test]
fn a_lock_forgotten_before_the_binding_is_written_makes_it_decide_again() {
    let to = far_record("settled/locked");
    let bound_first = bind(&binding(None), None, &to);
    let write = bound_first.writes.record.unwrap();
    assert_eq!(write.apply(None), Written::Conflict);
    let other = bind(
        &binding(Some(lock())),
        record("settled/locked").as_ref(),
        &to,
    )
    .writes
    .other
    .unwrap();
    assert_eq!(
        RecordWrite::Update(other.record).apply(None),
        Written::Conflict
    );
}

#[test]
fn each_binding_moves_the_records_time_so_that_a_deletion_conflicts() {
    // clock at the binding, when a button was last bound => noted
    for (now, last, wanted) in [
        (NOW, None, NOW),
        (NOW, Some(NOW.minus(1)), NOW),
        (NOW, Some(NOW), NOW.plus(1)),
        (NOW, Some(NOW.plus(5_000)), NOW.plus(5_001)),
    ] {
        let to = Record {
            bound_at: last,
            ..far_record("settled/locked")
        };
        let limits = Limits::default();
        let decision = decide_bind(&binding(None), None, &to, wish(), None, now, &limits);
        let noted = decision
            .writes
            .record
            .unwrap()
            .apply(Some(&to))
            .record()
            .unwrap();
        assert_eq!(noted.bound_at, Some(wanted), "{last:?}");
        let deletion = RecordDelete {
            lock: far(),
            guard: guard_as_read(&to),
            bound_at: last,
        };
        assert!(deletion.admits(&to) && !deletion.admits(&noted), "{last:?}");
    }
}

#[test]
fn an_unbound_button_stays_registered_and_commands_nothing() {
    let before = binding(Some(lock()));
    let decision = unbind(&before, record("settled/locked").as_ref());
    assert_eq!(
        decision.writes.event.to_string(),
        "alice unbinds button-1: noted: unbound"
    );
    let unbound = after(&decision, &before);
    assert_eq!(
        unbound,
        Binding {
            lock: None,
            revision: NOW.0,
            bound_at: Some(NOW),
            ..before
        }
    );
    let again = unbind(&unbound, None);
    assert_eq!(outcome(&again), "ignored: not-bound");
    assert!(again.writes.is_event_only());
    assert_eq!(again.writes.event.subject.name(), "button-1");
}

#[test]
fn a_button_whose_lock_has_no_record_can_be_unbound() {
    let before = binding(Some(lock()));
    let decision = unbind(&before, None);
    assert_eq!(outcome(&decision), "noted: unbound");
    assert_eq!(decision.writes.record, None);
    assert_eq!(after(&decision, &before).lock, None);
}
