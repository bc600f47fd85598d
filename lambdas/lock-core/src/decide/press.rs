//! What a press of a button means (C1 to C7). Must not know other buttons of
//! the lock.
//!
//! A button speaks for the one lock that it is bound to. Which lock that is, and
//! what its clicks ask for, stands in the binding; whether a toggle locks or
//! unlocks stands in the record. The writes of a press therefore have conditions
//! on both, in one transaction: a button revoked a millisecond ago commands
//! nothing, and of two presses at once one is decided again on what the other did.

use super::resend::repeated;
use super::{Decision, Wish, command};
use crate::action::Intent;
use crate::binding::{Binding, LastPress};
use crate::event::Event;
use crate::id::CommandId;
use crate::limits::Limits;
use crate::press::Press;
use crate::reason::{Reason, Verdict};
use crate::record::{Cause, Record};
use crate::time::UnixMillis;
use crate::write::{BindingUpdate, Newer, PressNote};

/// Decides a press.
///
/// `binding` is the button's, `record` that of the binding's lock, both as last
/// read; a binding may be old, because its revision is a condition of the
/// writes. Rules in order of precedence: unknown button, revoked, already
/// recorded, overtaken, quiet window, unbound click, unknown lock, stale.
///
/// ```
/// use lock_core::action::ClickType;
/// use lock_core::binding::{Actions, Binding};
/// use lock_core::limits::Limits;
/// use lock_core::name::{ButtonSerial, LockName};
/// use lock_core::press::Press;
/// use lock_core::record::Record;
/// use lock_core::time::UnixMillis;
///
/// let (button, lock) = (ButtonSerial::new("button-1")?, LockName::new("lock-1")?);
/// let now = UnixMillis(1_763_779_512_345);
/// let record = Record::created(lock.clone(), now);
/// let binding = Binding {
///     button: button.clone(),
///     lock,
///     actions: Actions::default(),
///     enabled: true,
///     revision: 1,
///     last_press: None,
///     battery_mv: None,
/// };
/// let press = Press {
///     button,
///     click: ClickType::Long,
///     sequence: Some(412),
///     pressed_at: None,
///     received_at: now.minus(2_000),
///     press_id: "5f0e".to_owned(),
///     principal: None,
///     battery_mv: None,
/// };
/// let decision = lock_core::decide_press(Some(&record), Some(&binding), &press, now, &Limits::default());
/// let publish = decision.publish.expect("a long press unlocks");
/// assert_eq!(publish.command.action.as_str(), "unlock");
/// assert_eq!(publish.expires_at, Some(now.plus(28_000)), "30 s from the press, not from now");
///
/// let stranger = lock_core::decide_press(None, None, &press, now, &Limits::default());
/// assert_eq!(stranger.reason.code(), "unknown-button");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide_press(
    record: Option<&Record>,
    binding: Option<&Binding>,
    press: &Press,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let Some(binding) = binding else {
        return Decision::ignored(
            Reason::UNKNOWN_BUTTON,
            Event::of_press(press, None, None, limits),
        );
    };
    let intent = binding.actions.of(press.click);
    let event = Event::of_press(press, Some(&binding.lock), intent, limits);
    if !binding.enabled {
        return Decision::ignored(Reason::REVOKED, event);
    }
    let id = press.command_id();
    let is_current = |record: &Record| {
        record
            .command
            .as_ref()
            .is_some_and(|command| command.id == id)
    };
    let place = place(binding.last_press.as_ref(), press, limits);
    match (place, record) {
        (Place::Recorded, Some(record)) => return again(record, binding, &id, event, now),
        (Place::Recorded, None) => return Decision::ignored(Reason::DUPLICATE, event),
        // Binding anew forgets the last press, but the record still knows its own.
        (_, Some(record)) if is_current(record) => return again(record, binding, &id, event, now),
        (Place::Overtaken, _) => return Decision::ignored(Reason::OVERTAKEN, event),
        (Place::Quiet, _) => return Decision::ignored(Reason::QUIET_WINDOW, event),
        (Place::Newer(_), _) => {}
    }
    let (Some(intent), Place::Newer(newer)) = (intent, place) else {
        return Decision::ignored(Reason::UNBOUND_CLICK, event);
    };
    let Some(record) = record else {
        return Decision::ignored(Reason::UNKNOWN_LOCK, event);
    };
    commit(record, binding, press, intent, newer, event, now, limits)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the end of one decision, split off for its length only"
)]
fn commit(
    record: &Record,
    binding: &Binding,
    press: &Press,
    intent: Intent,
    newer: Newer,
    event: Event,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let wish = Wish {
        intent,
        made_at: press.made_at().min(now),
        id: press.command_id(),
        cause: Cause::Button {
            button: press.button.clone(),
        },
        reason: Reason::PRESSED,
    };
    let mut decision = command(record, wish, event, now, limits);
    if decision.verdict != Verdict::Command {
        return decision;
    }
    // The largest count is kept when this press carries none: an earlier one that is delivered again must still be known.
    let sequence = press
        .sequence
        .or(binding.last_press.as_ref().and_then(|last| last.sequence));
    let note = PressNote {
        newer,
        last_press: LastPress {
            press_id: press.press_id.clone(),
            at: press.received_at,
            sequence,
        },
        battery_mv: press.battery_mv,
    };
    decision.writes.binding = Some(BindingUpdate {
        note: Some(note),
        ..BindingUpdate::holds(binding)
    });
    decision
}

/// A press already recorded (C7): what is sent again is sent only while the
/// binding still holds.
fn again(
    record: &Record,
    binding: &Binding,
    id: &CommandId,
    event: Event,
    now: UnixMillis,
) -> Decision {
    let mut decision = repeated(record, id, event, now);
    if decision.verdict == Verdict::Resend {
        decision.writes.binding = Some(BindingUpdate::holds(binding));
    }
    decision
}

/// Where a press stands beside the last one that took effect.
#[derive(Clone, Copy)]
enum Place {
    Newer(Newer),
    Recorded,
    Overtaken,
    Quiet,
}

fn place(last: Option<&LastPress>, press: &Press, limits: &Limits) -> Place {
    if last.is_some_and(|last| last.press_id == press.press_id) {
        return Place::Recorded;
    }
    if let Some(sequence) = press.sequence {
        return match last.and_then(|last| last.sequence) {
            Some(last) if last == sequence => Place::Recorded,
            Some(last) if last > sequence => Place::Overtaken,
            _ => Place::Newer(Newer::Sequence(sequence)),
        };
    }
    let at_most = press.received_at.minus(limits.quiet_window_ms);
    match last {
        Some(last) if press.received_at <= last.at => Place::Overtaken,
        Some(last) if last.at > at_most => Place::Quiet,
        _ => Place::Newer(Newer::LastAtMost(at_most)),
    }
}
