//! What a press of a button means (C1 to C7).
//!
//! Must not know: other buttons of the lock.
//!
//! A button commands the one lock that it is bound to. The binding names that lock and what each
//! click asks for; the record decides whether a toggle locks or unlocks. The writes of a press
//! therefore have conditions on both, in one transaction: a button revoked a millisecond ago
//! commands nothing, and the loser of two concurrent presses is decided again after the winner.

use super::{Case, Decision, Wish};
use crate::action::{Action, Intent};
use crate::binding::{Binding, CausedCommand, LastPress};
use crate::event::Event;
use crate::limits::Limits;
use crate::press::Press;
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Cause, Record, Status};
use crate::report::Latch;
use crate::time::UnixMillis;
use crate::write::{
    BatteryGuard, BindingChange, BindingUpdate, BindingWrite, LastGuard, Newer, PressNote,
};

/// Decides a press.
///
/// `binding` is the button's and `record` its lock's, both as last read. The binding may come from
/// a cache, because its revision is a condition of the writes. The rules in order of precedence:
/// unknown button, not bound, unknown lock, revoked, already recorded, superseded, quiet window,
/// unbound click, stale, same wish. The event of a press that reaches no lock goes into its
/// button's history.
///
/// ```
/// use lock_core::action::ClickType;
/// use lock_core::binding::Binding;
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
///     lock: Some(lock),
///     ..Binding::new(button.clone(), 1)
/// };
/// let press = Press {
///     button,
///     click: ClickType::Long,
///     sequence: Some(412),
///     pressed_at: None,
///     good_for_ms: None,
///     received_at: now.minus(2_000),
///     press_id: "5f0e".to_owned(),
///     principal: None,
///     battery_mv: None,
/// };
/// let limits = Limits::default();
/// let decision = lock_core::decide_press(Some(&record), Some(&binding), &press, now, &limits);
/// let publish = decision.publish.expect("a long press unlocks");
/// assert_eq!(publish.command.action.as_str(), "unlock");
/// assert_eq!(publish.expires_at, Some(now.plus(28_000)), "30 s from the press, not from now");
///
/// let stranger = lock_core::decide_press(None, None, &press, now, &limits);
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
    let ignore_in_button_history = |reason| {
        let event = Event::of_press(press, None, None, limits);
        Decision::ignored(reason, event)
    };
    let Some(binding) = binding else {
        return ignore_in_button_history(Reason::UNKNOWN_BUTTON);
    };
    let Some(lock) = &binding.lock else {
        return ignore_in_button_history(Reason::NOT_BOUND);
    };
    let Some(record) = record else {
        return ignore_in_button_history(Reason::UNKNOWN_LOCK);
    };
    let intent = binding.actions.of(press.click);
    let event = Event::of_press(press, Some(lock), intent, limits);
    let case = Case::new(record, event, now, limits);
    if !binding.enabled {
        return case.ignore(Reason::REVOKED);
    }
    let id = press.command_id();
    let command = record.command.as_ref();
    let is_current = command.is_some_and(|command| command.id == id);
    let newer = match order_of(binding, press, intent, limits) {
        Order::Recorded => return case.repeat(&id, Some(BindingWrite::unchanged(binding))),
        // The record knows its own command even if the binding has forgotten the press.
        _ if is_current => return case.repeat(&id, Some(BindingWrite::unchanged(binding))),
        Order::Superseded => return case.ignore(Reason::SUPERSEDED),
        Order::Quiet => return case.ignore(Reason::QUIET_WINDOW),
        Order::Newer(newer) => newer,
    };
    let Some(intent) = intent else {
        return case.ignore(Reason::UNBOUND_CLICK);
    };
    let mut wish = Wish {
        intent,
        made_at: press.made_at().min(now),
        given_up: press.was_given_up(),
        id,
        cause: Cause::Button {
            button: press.button.clone(),
        },
        reason: Reason::PRESSED,
    };
    if case.is_stale(&wish) {
        return case.ignore_stale(&wish);
    }
    let mut last_guard = None;
    match compare_wish(&case, binding, press, &wish) {
        SameWish::No => {}
        SameWish::Over(guard) => last_guard = Some(guard),
        SameWish::Unlock => (wish.intent, wish.reason) = (Intent::Unlock, Reason::SAME_WISH),
        SameWish::Done => return case.ignore(Reason::SAME_WISH),
    }
    let mut decision = case.new_command(wish);
    if decision.verdict == Verdict::Command {
        let low = find_low_battery(binding, press, limits);
        let battery_guard = low.map(|_| BatteryGuard(binding.battery_mv));
        let note = BindingChange::Note(PressNote {
            battery_guard,
            last_guard,
            ..new_note(binding, press, newer, caused_by(&decision))
        });
        decision.writes.binding = Some(BindingWrite::Update(BindingUpdate::new(binding, note)));
        if let Some(battery_mv) = low {
            decision.writes.event.detail = Some(format!("{battery_mv} mV"));
            decision = decision.alert(Alert::BatteryLow);
        }
    }
    decision
}

/// The battery at this press in mV, if it is low and was not, or was unknown, at the press before.
fn find_low_battery(binding: &Binding, press: &Press, limits: &Limits) -> Option<u64> {
    let is_low = |mv: &u64| *mv < limits.battery_low_mv;
    let was_low = binding.battery_mv.as_ref().is_some_and(is_low);
    press.battery_mv.filter(|mv| is_low(mv) && !was_low)
}

/// The command that `decision` publishes, as the binding notes it.
fn caused_by(decision: &Decision) -> Option<CausedCommand> {
    let command = &decision.publish.as_ref()?.command;
    let (version, action) = (command.version, command.action);
    Some(CausedCommand { version, action })
}

fn new_note(
    binding: &Binding,
    press: &Press,
    newer: Newer,
    command: Option<CausedCommand>,
) -> PressNote {
    // A press without a sequence keeps the largest one: an earlier press that is delivered again
    // must still be recognised.
    let kept = binding.last_press.as_ref().and_then(|last| last.sequence);
    PressNote {
        newer,
        last_press: LastPress {
            press_id: press.press_id.clone(),
            at: press.received_at,
            sequence: press.sequence.or(kept),
            command,
        },
        battery_mv: press.battery_mv,
        battery_guard: None,
        last_guard: None,
    }
}

/// What a toggle means soon after an unlock by the same button (C6): an impatient person presses
/// again, and still wants the door open.
enum SameWish {
    /// A new wish.
    No,
    /// The unlock is still pending: unlock again, with this press's own life.
    Unlock,
    /// The unlock was executed: nothing to do.
    Done,
    /// The unlock was executed, and its press is long ago: a new wish.
    Over(LastGuard),
}

fn compare_wish(case: &Case<'_>, binding: &Binding, press: &Press, wish: &Wish) -> SameWish {
    let (record, limits) = (case.record, case.limits);
    let Some(command) = record.command.as_ref().filter(|command| {
        wish.intent == Intent::Toggle
            && command.action == Action::Unlock
            && command.cause == wish.cause
    }) else {
        return SameWish::No;
    };
    match record.status {
        Status::Pending if !command.is_expired(case.now) => SameWish::Unlock,
        Status::Settled if record.state == Latch::Unlocked => {
            // The button's own command came from its last press that took effect.
            let last = binding.last_press.as_ref().map(|last| last.at);
            match last.map(|at| press.received_at.since(at)) {
                Some(ms) if ms < limits.same_wish_ms => SameWish::Done,
                _ => SameWish::Over(LastGuard(last)),
            }
        }
        Status::Pending | Status::Settled | Status::Unresponsive => SameWish::No,
    }
}

/// How a press compares with its button's last one that took effect.
#[derive(Clone, Copy)]
enum Order {
    /// Made later.
    Newer(Newer),
    /// That press itself, delivered again.
    Recorded,
    /// Made earlier, or before the button was bound.
    Superseded,
    /// Made too soon afterwards, by a button without a sequence.
    Quiet,
}

fn order_of(binding: &Binding, press: &Press, intent: Option<Intent>, limits: &Limits) -> Order {
    let last = binding.last_press.as_ref();
    if last.is_some_and(|last| last.press_id == press.press_id) {
        return Order::Recorded;
    }
    let last_sequence = last.and_then(|last| last.sequence);
    if press.sequence.is_some() && last_sequence == press.sequence {
        return Order::Recorded;
    }
    if binding.bound_at.is_some_and(|at| press.made_at() <= at) {
        return Order::Superseded;
    }
    if let Some(sequence) = press.sequence {
        return match last_sequence {
            Some(last) if last > sequence => Order::Superseded,
            _ => Order::Newer(Newer::Sequence(sequence)),
        };
    }
    // The quiet window never swallows a click that means lock (C2).
    let quiet_ms = match intent {
        Some(Intent::Lock) => 1,
        _ => limits.quiet_window_ms,
    };
    let at_most = press.received_at.minus(quiet_ms);
    match last {
        Some(last) if press.received_at <= last.at => Order::Superseded,
        Some(last) if last.at > at_most => Order::Quiet,
        _ => Order::Newer(Newer::LastAtMost(at_most)),
    }
}
