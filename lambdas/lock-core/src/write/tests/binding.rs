//! The conditions of a write to a binding, and the fields that it changes.

use super::*;
use crate::binding::{Binding, LastPress};
use crate::name::ButtonSerial;

/// The binding as read: enabled, at revision 3, its last press at 1,000 ms with sequence 5.
pub(super) fn binding() -> Binding {
    Binding {
        button: ButtonSerial::new("button-1").unwrap(),
        lock: Some(lock()),
        actions: Actions([(ClickType::Single, Intent::Toggle)].into()),
        enabled: true,
        revision: 3,
        bound_at: Some(UnixMillis(500)),
        last_press: Some(last_press(1_000, Some(5))),
        battery_mv: Some(1_500),
    }
}

fn last_press(at: u64, sequence: Option<u64>) -> LastPress {
    LastPress {
        press_id: "p1".to_owned(),
        at: UnixMillis(at),
        sequence,
        command: None,
    }
}

fn update(change: BindingChange) -> BindingUpdate {
    BindingUpdate::new(&binding(), change)
}

/// Notes a press that is newer than the last one by `newer`, with the sequence `kept`.
fn notes(newer: Newer, kept: Option<u64>) -> BindingUpdate {
    update(BindingChange::Note(PressNote {
        newer,
        last_press: last_press(2_000, kept),
        battery_mv: None,
        battery_guard: None,
        last_guard: None,
    }))
}

/// Notes a press that raises the alert about the battery, which was read as `stored_mv`.
fn alerts(stored_mv: Option<u64>) -> BindingUpdate {
    update(BindingChange::Note(PressNote {
        newer: Newer::Sequence(6),
        last_press: last_press(2_000, Some(6)),
        battery_mv: Some(1_100),
        battery_guard: Some(BatteryGuard(stored_mv)),
        last_guard: None,
    }))
}

/// Notes a press whose meaning depends on how long ago the last one was, which was read as `at`.
fn ages(at: Option<u64>) -> BindingUpdate {
    update(BindingChange::Note(PressNote {
        newer: Newer::Sequence(6),
        last_press: last_press(2_000, Some(6)),
        battery_mv: None,
        battery_guard: None,
        last_guard: Some(LastGuard(at.map(UnixMillis))),
    }))
}

/// Binds the button to `lock-2`, or takes it off its lock.
fn binds(lock: Option<&str>, forget_last_press: bool) -> BindingUpdate {
    update(BindingChange::Bind(Bind {
        lock: lock.map(|lock| LockName::new(lock).unwrap()),
        actions: Actions([(ClickType::Long, Intent::Unlock)].into()),
        at: UnixMillis(3_000),
        forget_last_press,
    }))
}

#[test]
fn each_condition_on_a_binding_alone_refuses() {
    let sequenced = notes(Newer::Sequence(6), Some(6));
    let at = |at| notes(Newer::LastAtMost(UnixMillis(at)), Some(5));
    let holds = update(BindingChange::Nothing);
    let disables = update(BindingChange::Disable(UnixMillis(3_000)));
    let binds = binds(None, false);
    let rows: [(&str, &BindingUpdate, Change<Binding>, bool); 31] = [
        ("as read", &holds, |_| {}, true),
        ("as read, disabling", &disables, |_| {}, true),
        ("as read, with sequence", &sequenced, |_| {}, true),
        ("as read, binding", &binds, |_| {}, true),
        ("disabled", &holds, |b| b.enabled = false, false),
        ("disabled", &disables, |b| b.enabled = false, false),
        ("disabled", &sequenced, |b| b.enabled = false, false),
        ("disabled", &binds, |b| b.enabled = false, true),
        ("changed", &holds, |b| b.revision = 4, false),
        ("changed", &disables, |b| b.revision = 4, false),
        ("changed", &sequenced, |b| b.revision = 2, false),
        ("changed", &binds, |b| b.revision = 4, false),
        (
            "this sequence",
            &sequenced,
            |b| b.last_press = Some(last_press(1, Some(6))),
            false,
        ),
        (
            "a larger sequence",
            &sequenced,
            |b| b.last_press = Some(last_press(1, Some(7))),
            false,
        ),
        (
            "no sequence",
            &sequenced,
            |b| b.last_press = Some(last_press(1, None)),
            true,
        ),
        ("no press", &sequenced, |b| b.last_press = None, true),
        (
            "last press as read",
            &ages(Some(1)),
            |b| b.last_press = Some(last_press(1, None)),
            true,
        ),
        (
            "another press since",
            &ages(Some(1)),
            |b| b.last_press = Some(last_press(2, None)),
            false,
        ),
        (
            "a first press since",
            &ages(None),
            |b| b.last_press = Some(last_press(2, None)),
            false,
        ),
        (
            "battery as read",
            &alerts(Some(1_300)),
            |b| b.battery_mv = Some(1_300),
            true,
        ),
        (
            "battery low meanwhile",
            &alerts(Some(1_300)),
            |b| b.battery_mv = Some(1_150),
            false,
        ),
        (
            "battery known meanwhile",
            &alerts(None),
            |b| b.battery_mv = Some(1_150),
            false,
        ),
        (
            "battery unknown",
            &alerts(None),
            |b| b.battery_mv = None,
            true,
        ),
        ("quiet", &at(1_000), |_| {}, true),
        ("not quiet", &at(999), |_| {}, false),
        (
            "another sequence",
            &at(1_000),
            |b| b.last_press = Some(last_press(1_000, Some(6))),
            false,
        ),
        (
            "sequence gone",
            &at(1_000),
            |b| b.last_press = Some(last_press(1_000, None)),
            false,
        ),
        (
            "press gone, and its sequence",
            &at(1_000),
            |b| b.last_press = None,
            false,
        ),
        (
            "pressed meanwhile",
            &holds,
            |b| b.last_press = Some(last_press(9_000, Some(9))),
            true,
        ),
        (
            "pressed meanwhile",
            &binds,
            |b| b.last_press = Some(last_press(9_000, Some(9))),
            true,
        ),
        (
            "first press ever",
            &notes(Newer::LastAtMost(UnixMillis(0)), None),
            |b| b.last_press = None,
            true,
        ),
    ];
    for (name, update, change, admitted) in rows {
        let mut binding = binding();
        change(&mut binding);
        assert_eq!(update.admits(&binding), admitted, "{name}: {update:?}");
        let write = BindingWrite::Update(update.clone());
        let after = write.apply(Some(&binding));
        assert_eq!(
            after,
            admitted.then(|| update.apply(&binding)),
            "{name}: {update:?}"
        );
    }
}

#[test]
fn a_binding_update_changes_the_given_fields_and_no_others() {
    let before = binding();
    assert_eq!(update(BindingChange::Nothing).apply(&before), before);
    let disabled = Binding {
        enabled: false,
        revision: 2_000,
        ..binding()
    };
    let disables = update(BindingChange::Disable(UnixMillis(2_000)));
    assert_eq!(disables.apply(&before), disabled);

    let noted = notes(Newer::Sequence(6), Some(6));
    let pressed = Binding {
        last_press: Some(last_press(2_000, Some(6))),
        ..binding()
    };
    assert_eq!(
        noted.apply(&before),
        pressed,
        "an unknown battery keeps the last one known"
    );
    let BindingChange::Note(note) = noted.change else {
        panic!("it notes");
    };
    let powered = update(BindingChange::Note(PressNote {
        battery_mv: Some(1_400),
        ..note
    }));
    assert_eq!(
        powered.apply(&before),
        Binding {
            battery_mv: Some(1_400),
            ..pressed
        }
    );

    let bound = Binding {
        lock: Some(LockName::new("lock-2").unwrap()),
        actions: Actions([(ClickType::Long, Intent::Unlock)].into()),
        revision: 3_000,
        bound_at: Some(UnixMillis(3_000)),
        ..binding()
    };
    let disabled = Binding {
        enabled: false,
        revision: 4,
        ..binding()
    };
    assert_eq!(
        binds(Some("lock-2"), false).apply(&disabled),
        bound,
        "enabled again"
    );
    let forgotten = Binding {
        last_press: None,
        ..bound
    };
    assert_eq!(binds(Some("lock-2"), true).apply(&disabled), forgotten);
    assert_eq!(
        binds(None, true).apply(&disabled),
        Binding {
            lock: None,
            ..forgotten
        }
    );
}

/// The change, and the binding's new revision: from the clock, unless that is behind.
#[test]
fn a_new_revision_grows_with_the_clock() {
    let disables = |at| update(BindingChange::Disable(UnixMillis(at)));
    let binds = |at| {
        update(BindingChange::Bind(Bind {
            lock: None,
            actions: Actions::default(),
            at: UnixMillis(at),
            forget_last_press: false,
        }))
    };
    let last = BindingUpdate {
        revision: u64::MAX,
        ..disables(2_000)
    };
    for (update, revision) in [
        (update(BindingChange::Nothing), 3),
        (notes(Newer::Sequence(6), Some(6)), 3),
        (disables(2_000), 2_000),
        (binds(2_000), 2_000),
        (disables(5), 5),
        (disables(4), 4),
        (disables(3), 4),
        (binds(0), 4),
        (last, u64::MAX),
    ] {
        assert_eq!(update.new_revision(), revision, "{update:?}");
        let read = Binding {
            revision: update.revision,
            ..binding()
        };
        assert_eq!(update.apply(&read).revision, revision, "{update:?}");
    }
}

#[test]
fn a_create_never_replaces_a_binding() {
    let create = BindingWrite::Create(binding());
    assert_eq!(create.apply(None), Some(binding()));
    assert_eq!(create.apply(Some(&binding())), None);
    assert_eq!(BindingWrite::unchanged(&binding()).apply(None), None);
    assert_eq!(
        BindingWrite::unchanged(&binding()).apply(Some(&binding())),
        Some(binding())
    );
    assert_eq!(create.button(), &binding().button);
    assert_eq!(
        BindingWrite::unchanged(&binding()).button(),
        &binding().button
    );
}
