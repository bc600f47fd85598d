//! A command decided on a prediction is the command decided on the table, or it is not committed.

mod law;

use super::*;
use crate::action::{ClickType, Intent};
use crate::binding::{CausedCommand, LastPress};
use crate::command::Version;
use crate::name::{ButtonSerial, LockName};
use crate::time::UnixMillis;

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").unwrap()
}

/// A record whose current command is `action`.
fn record(action: Action, status: Status, state: Latch) -> Record {
    let cause = Cause::Button { button: button() };
    let id = CommandId::from_text("c1");
    Record {
        version: Version(7),
        status,
        state,
        command: Some(Command::new(id, action, cause, UnixMillis(5), None)),
        ..Record::created(lock(), UnixMillis(1))
    }
}

#[test]
fn only_a_record_that_will_be_settled_is_predicted() {
    use Action::{Lock, Unlock};
    use Latch::{Jammed, Locked, Unlocked};
    use Status::{Pending, Settled, Unresponsive};
    for (action, status, state, wanted) in [
        (Unlock, Pending, Locked, Some(Unlocked)),
        (Lock, Pending, Unlocked, Some(Locked)),
        (Lock, Pending, Jammed, Some(Locked)),
        (Unlock, Settled, Locked, Some(Locked)),
        (Lock, Settled, Unlocked, Some(Unlocked)),
        (Unlock, Settled, Jammed, Some(Jammed)),
        (Unlock, Unresponsive, Locked, None),
        (Lock, Unresponsive, Locked, None),
    ] {
        let record = record(action, status, state);
        let predicted = Prediction::of(record.clone()).predict();
        let state = predicted.as_ref().map(|predicted| predicted.state);
        assert_eq!(state, wanted, "{action} {status:?} {state:?}");
        if let Some(predicted) = predicted {
            let kept = (predicted.version, &predicted.command);
            assert_eq!(kept, (record.version, &record.command));
            assert_eq!(predicted.status, Settled);
        }
    }
    let created = Record::created(lock(), UnixMillis(1));
    assert_eq!(Prediction::of(created).predict(), None);
}

#[test]
fn a_door_that_locks_by_itself_is_predicted_locked_until_it_is_found_open() {
    use Action::{Lock, Unlock};
    let state = |prediction: &Prediction| prediction.predict().map(|record| record.state);
    let pending = || record(Unlock, Status::Pending, Latch::Locked);
    let mut prediction = Prediction::of(pending());
    for (action, found, wanted) in [
        (Unlock, Latch::Locked, Latch::Locked),
        (Lock, Latch::Unlocked, Latch::Locked),
        (Unlock, Latch::Jammed, Latch::Locked),
        (Unlock, Latch::Unknown, Latch::Locked),
        (Unlock, Latch::Unlocked, Latch::Unlocked),
    ] {
        prediction.note(record(action, Status::Settled, found));
        assert_eq!(state(&prediction), Some(found), "as found");
        prediction.note(pending());
        assert_eq!(
            state(&prediction),
            Some(wanted),
            "{action}, found {found:?}"
        );
    }
    // The latch of a record that is not settled shows nothing.
    prediction.note(record(Unlock, Status::Unresponsive, Latch::Locked));
    prediction.note(pending());
    assert_eq!(state(&prediction), Some(Latch::Unlocked));
}

fn binding(action: Action) -> Binding {
    Binding {
        lock: Some(lock()),
        bound_at: Some(UnixMillis(3)),
        last_press: Some(LastPress {
            press_id: "p1".to_owned(),
            at: UnixMillis(4),
            sequence: Some(9),
            command: Some(CausedCommand {
                version: Version(7),
                action,
            }),
        }),
        ..Binding::new(button(), 1)
    }
}

#[test]
fn a_binding_tells_the_record_that_its_last_press_left() {
    for (action, state) in [
        (Action::Lock, Latch::Locked),
        (Action::Unlock, Latch::Unlocked),
    ] {
        let predicted = predict_from_binding(&binding(action)).unwrap();
        let command = predicted.command.unwrap();
        assert_eq!((predicted.version, predicted.state), (Version(7), state));
        assert_eq!(
            (predicted.status, command.action),
            (Status::Settled, action)
        );
        assert_eq!(command.id, CommandId::of_press(&button(), "p1", Some(9)));
        assert_eq!(command.cause, Cause::Button { button: button() });
    }
}

#[test]
fn a_binding_tells_nothing_of_another_lock_or_without_a_note() {
    let changes: [fn(&mut Binding); 5] = [
        |binding| binding.lock = None,
        |binding| binding.last_press = None,
        |binding| binding.last_press.as_mut().unwrap().command = None,
        |binding| binding.bound_at = Some(UnixMillis(4)),
        |binding| binding.bound_at = Some(UnixMillis(5)),
    ];
    for change in changes {
        let mut binding = binding(Action::Unlock);
        change(&mut binding);
        assert_eq!(predict_from_binding(&binding), None, "{binding:?}");
    }
    let unbound = Binding {
        bound_at: None,
        ..binding(Action::Unlock)
    };
    assert!(predict_from_binding(&unbound).is_some(), "an older binding");
}
