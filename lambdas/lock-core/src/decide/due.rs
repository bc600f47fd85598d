//! What follows for a record whose time is over (C8, C10). Must not know how due
//! records are found.
//!
//! Every record is always due at some time, so none is forgotten, whatever was
//! lost or killed on the way. What the shadow holds comes first: a lost report
//! event must not look like silence. Only then time is judged, and it is judged as
//! "not answered", never as "not executed".
//!
//! | the record is … | and | what follows |
//! |---|---|---|
//! | any | the shadow holds news | what that report means (C9) |
//! | pending, UNLOCK | past its end and 10 s | system LOCK, a person alerted |
//! | pending, UNLOCK | current, its binding enabled | sent again |
//! | pending, LOCK | past a command's life | unresponsive, a person alerted |
//! | pending or unresponsive, LOCK | its turn has come | sent again |
//! | settled | silent for 35 min | unresponsive, a person alerted |
//! | unresponsive, UNLOCK | the device is behind it | system LOCK |
//! | unresponsive | nothing to send | looked at again later |

use super::Decision;
use super::report::{Origin, REFUSED_FOR_CLOCK, ReportDecision, decide_report, is_news};
use super::resend::{may_resend, resend};
use super::system::{Case, changed, reported_version, system_lock};
use crate::action::Action;
use crate::binding::Binding;
use crate::event::Event;
use crate::limits::{Limits, REPORT_INTERVAL_MS, REPORT_OVERDUE_MS};
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Command, Due, Record, Status};
use crate::report::ReportEvent;
use crate::time::UnixMillis;
use crate::write::{Guard, RecordUpdate};

/// Decides a record whose time may be over; `None` while it is not due.
///
/// `record` is read first and `shadow` after it, so that the shadow is never
/// older than the record's last report; `shadow` is `None` where there is none,
/// or none that can be read. `binding` is that of the button behind an unlock
/// that may be sent again, see [`Record::resend_asks_for`].
///
/// An answer may leave the record due, when the report it took in settled
/// nothing or when a status changes before a send: ask again with what was then
/// committed. With the same shadow the third answer at the latest moves the due
/// time past `now`.
///
/// ```
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::record::Record;
/// use lock_core::time::UnixMillis;
///
/// let record = Record::created(LockName::new("lock-1")?, UnixMillis(0));
/// let limits = Limits::default();
/// assert_eq!(lock_core::decide_due(&record, None, None, UnixMillis(60_000), &limits), None);
/// let late = record.due.due_at;
/// let decision = lock_core::decide_due(&record, None, None, late, &limits).expect("due");
/// assert_eq!(decision.reason.code(), "never-heard");
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_due(
    record: &Record,
    shadow: Option<&ReportEvent>,
    binding: Option<&Binding>,
    now: UnixMillis,
    limits: &Limits,
) -> Option<Decision> {
    if now < record.due.due_at {
        return None;
    }
    if let Some(shadow) = shadow.filter(|shadow| is_news(record, shadow))
        && let ReportDecision::Act(decision) =
            decide_report(Some(record), shadow, Origin::Shadow, binding, now, limits)
    {
        return Some(*decision);
    }
    let event = Event::of_due(record, now, limits);
    Some(match (record.status, &record.command) {
        (Status::Settled, _) => settled(record, event, now),
        (_, None) => later(record, Reason::NEVER_HEARD, event, now),
        (status, Some(command)) => match (command.action, status) {
            (Action::Lock, _) => lock(record, command, event, now, limits),
            (Action::Unlock, Status::Unresponsive) => lost_unlock(record, command, event, now),
            (Action::Unlock, _) => unlock(record, command, binding, event, now),
        },
    })
}

/// A change that holds only while the record is as due as it was read: whatever
/// has been heard or sent since has moved its due time.
fn update(record: &Record, due_at: UnixMillis) -> RecordUpdate {
    RecordUpdate {
        guard: Guard {
            due_at: Some(record.due.due_at),
            ..Guard::of(record)
        },
        ..RecordUpdate::new(record, Due::new(&record.lock, due_at))
    }
}

/// Too early to judge: due again at `due_at`.
fn wait(record: &Record, due_at: UnixMillis, reason: Reason, event: Event) -> Decision {
    changed(
        Verdict::Noted,
        reason,
        record,
        update(record, due_at),
        event,
    )
}

/// Nothing to send: looked at again after as long as a device may take to
/// report.
fn later(record: &Record, reason: Reason, event: Event, now: UnixMillis) -> Decision {
    wait(record, now.plus(REPORT_INTERVAL_MS), reason, event)
}

/// The end of trust; a person is alerted when it begins.
fn unresponsive(record: &Record, due_at: UnixMillis, reason: Reason, event: Event) -> Decision {
    let update = RecordUpdate {
        status: Some(Status::Unresponsive),
        ..update(record, due_at)
    };
    changed(Verdict::Unresponsive, reason, record, update, event).alert(Alert::Unresponsive)
}

fn settled(record: &Record, event: Event, now: UnixMillis) -> Decision {
    let overdue_at = record.reported.as_ref().map_or(UnixMillis(0), |reported| {
        reported.at.plus(REPORT_OVERDUE_MS)
    });
    if now < overdue_at {
        return wait(record, overdue_at, Reason::AWAITED, event);
    }
    // A LOCK is sent once more at once: executed already, it moves nothing, and a device that hears it reports.
    let due_at = match &record.command {
        Some(command) if command.action == Action::Lock => command.next_send_at,
        _ => now.plus(REPORT_INTERVAL_MS),
    };
    unresponsive(record, due_at, Reason::SILENT, event)
}

/// A LOCK never expires and is sent again until acknowledged (C8). One that waits
/// for its turn is judged from then (C15).
fn lock(
    record: &Record,
    command: &Command,
    event: Event,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let judged_at = command.created_at.plus(limits.command_ttl_ms);
    if record.status == Status::Pending && judged_at <= now {
        return unresponsive(record, command.next_send_at, Reason::NOT_ANSWERED, event);
    }
    if now < command.next_send_at {
        return wait(record, command.next_send_at, Reason::AWAITED, event);
    }
    let update = update(record, command.next_send_at);
    resend(update, record, command, Reason::NOT_ANSWERED, event, now)
}

/// An UNLOCK is sent again only within its life, and then given up: nobody knows
/// whether it was executed, so the door is locked (C10).
fn unlock(
    record: &Record,
    command: &Command,
    binding: Option<&Binding>,
    event: Event,
    now: UnixMillis,
) -> Decision {
    let given_up_at = command.given_up_at().unwrap_or(command.created_at);
    if given_up_at <= now {
        return end_of_unlock(record, command, event, now);
    }
    match may_resend(record, command, binding, now) {
        Ok(holds) if command.next_send_at <= now => {
            let update = update(record, command.next_send_at);
            let mut decision = resend(update, record, command, Reason::NOT_ANSWERED, event, now);
            decision.writes.binding = holds;
            decision
        }
        Ok(_) => {
            let due_at = Due::pending(&record.lock, command).due_at;
            wait(record, due_at, Reason::AWAITED, event)
        }
        Err(_) if command.expired(now) => wait(record, given_up_at, Reason::AWAITED, event),
        Err(_) => wait(record, given_up_at, Reason::REVOKED, event),
    }
}

/// The end of an UNLOCK that no report settled: the line says whether the lock was
/// silent or refused it, and why (C8).
fn end_of_unlock(record: &Record, command: &Command, event: Event, now: UnixMillis) -> Decision {
    let Some(refused) = record.refusal_of(command) else {
        let reason = Reason::UNLOCK_NOT_ANSWERED;
        return give_up(record, reason, event, now).alert(Alert::UnlockNotAnswered);
    };
    let alert = if refused.reason == REFUSED_FOR_CLOCK {
        Alert::Clock
    } else {
        Alert::UnlockRefused
    };
    let event = Event {
        detail: Some(format!("refused: {}", refused.reason)),
        ..event
    };
    give_up(record, Reason::UNLOCK_REFUSED, event, now).alert(alert)
}

/// An UNLOCK of a lock that does not answer is never sent again. Where the
/// device is known to be behind it, it is locked past it: else the two would
/// never agree.
fn lost_unlock(record: &Record, command: &Command, event: Event, now: UnixMillis) -> Decision {
    let given_up_at = command.given_up_at().unwrap_or(command.created_at);
    if now < given_up_at {
        return wait(record, given_up_at, Reason::AWAITED, event);
    }
    if reported_version(record) < record.version {
        return give_up(record, Reason::VERSION_BEHIND, event, now);
    }
    later(record, Reason::NOT_ANSWERED, event, now)
}

fn give_up(record: &Record, reason: Reason, event: Event, now: UnixMillis) -> Decision {
    let update = update(record, now.plus(REPORT_INTERVAL_MS));
    let theirs = reported_version(record);
    system_lock(Case { record, event, now }, update, theirs, reason)
}

#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;
