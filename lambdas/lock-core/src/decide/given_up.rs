//! A message that was given up (C16) leaves an event and an alert.
//!
//! Must not repair what was not done.
//!
//! One of the attempts may have committed the message; its event is then in the history too. This
//! event adds that no attempt follows.

use super::Decision;
use crate::binding::Binding;
use crate::event::{Event, Kind, Subject};
use crate::failure::{Failure, Message};
use crate::limits::Limits;
use crate::name::LockName;
use crate::reason::{Alert, Verdict};
use crate::record::Record;

/// Decides what is written about a failure; `None` if it belongs to no history: a sweep, or a thing
/// that is not a registered lock (C9).
///
/// `binding` is that of the button pressed, `record` that of the lock in the request or report. The
/// event's key is made from the failure's id, so a failure that is delivered again makes no second
/// event.
pub fn decide_given_up(
    failure: &Failure,
    binding: Option<&Binding>,
    record: Option<&Record>,
    limits: &Limits,
) -> Option<Decision> {
    let new_event = |subject, kind| {
        let key = format!("given-up-{}", failure.id);
        Event {
            detail: Some(failure.detail.clone()).filter(|detail| !detail.is_empty()),
            ..Event::new(subject, kind, failure.at, key, limits)
        }
    };
    let event = match &failure.message {
        Message::Sweep => return None,
        Message::Press {
            button,
            click,
            sequence,
            principal,
        } => {
            let subject =
                binding.map_or_else(|| Subject::Button(button.clone()), Subject::of_binding);
            let meaning = |binding: &Binding| binding.actions.of((*click)?);
            Event {
                button: Some(button.clone()),
                click: *click,
                sequence: *sequence,
                intent: binding.and_then(meaning),
                principal: principal.clone(),
                ..new_event(subject, Kind::Press)
            }
        }
        Message::Request {
            lock,
            intent,
            actor,
            principal,
        } => Event {
            intent: *intent,
            actor: actor.clone(),
            principal: principal.clone(),
            ..new_event(Subject::Lock(registered_lock(record, lock)?), Kind::Request)
        },
        Message::Report { lock, reported } => Event {
            latch: reported.map(|(latch, _)| latch),
            source: reported.map(|(_, source)| source),
            ..new_event(Subject::Lock(registered_lock(record, lock)?), Kind::Report)
        },
    };
    let decision = Decision::without_change(Verdict::GivenUp, failure.reason.clone(), event);
    Some(decision.alert(Alert::GivenUp))
}

/// `lock`, if it is registered.
fn registered_lock(record: Option<&Record>, lock: &LockName) -> Option<LockName> {
    record.map(|_| lock.clone())
}

#[cfg(test)]
mod tests;
