//! What the sweep does with a record that is due (C8, C10).
//!
//! Must not know: how due records are found.
//!
//! Every record always has a due time, so none is forgotten, whatever is lost or killed. The shadow
//! is judged first: a lost report event must not look like silence. Time is judged second, and only
//! ever as "not answered", never as "not executed".
//!
//! | the record is … | and | what follows |
//! |---|---|---|
//! | any | the shadow holds a new report | what that report means (C9) |
//! | any | its door was left open | alert, once per opening; then judged as below |
//! | pending, UNLOCK | past its end and 10 s | system LOCK, alert |
//! | pending, UNLOCK | current, its binding enabled | sent again |
//! | pending, LOCK | past a command's life | unresponsive, alert |
//! | pending or unresponsive, LOCK | its turn has come | sent again |
//! | settled | silent for 35 min | unresponsive, alert |
//! | unresponsive, UNLOCK | the device is behind it | system LOCK |
//! | unresponsive | nothing to send | due again later |

use super::report::{Origin, REFUSED_FOR_CLOCK, ReportDecision, decide_report, is_unused};
use super::system::reported_version;
use super::{Case, Decision};
use crate::action::Action;
use crate::binding::Binding;
use crate::event::Event;
use crate::limits::{Limits, REPORT_INTERVAL_MS, REPORT_OVERDUE_MS};
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Command, Due, Record, Status};
use crate::report::ReportEvent;
use crate::time::UnixMillis;
use crate::write::{Guard, RecordUpdate};

/// Decides a record that may be due; `None` while it is not.
///
/// `record` must be read before `shadow`, so that the shadow is not older than the record's last
/// report; `shadow` is `None` if it is missing or unreadable. `binding` is that of the button
/// behind an unlock that may be sent again, see [`Record::resend_asks_for`].
///
/// A decision may leave the record due: its report settled nothing, or the status changes before a
/// send, or only its open door was judged. The caller then decides again on what was committed.
/// With the same shadow, the fourth decision at the latest moves the due time past `now`.
///
/// ```
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::record::Record;
/// use lock_core::time::UnixMillis;
///
/// let record = Record::created(LockName::new("lock-1")?, UnixMillis(0));
/// let limits = Limits::default();
/// assert_eq!(lock_core::decide_sweep(&record, None, None, UnixMillis(60_000), &limits), None);
/// let late = record.due.due_at;
/// let decision = lock_core::decide_sweep(&record, None, None, late, &limits).expect("due");
/// assert_eq!(decision.reason.code(), "never-heard");
/// # Ok::<(), lock_core::name::NameError>(())
/// ```
pub fn decide_sweep(
    record: &Record,
    shadow: Option<&ReportEvent>,
    binding: Option<&Binding>,
    now: UnixMillis,
    limits: &Limits,
) -> Option<Decision> {
    if now < record.due.due_at {
        return None;
    }
    if let Some(shadow) = shadow.filter(|shadow| is_unused(record, shadow))
        && let ReportDecision::Act(decision) =
            decide_report(Some(record), shadow, Origin::Shadow, binding, now, limits)
    {
        return Some(*decision);
    }
    let case = Case::new(record, Event::of_sweep(record, now, limits), now, limits);
    if let Some(since) = record.open_since()
        && record.left_open_at(limits).is_some_and(|at| at <= now)
    {
        return Some(case.alert_left_open(since));
    }
    Some(match (record.status, &record.command) {
        (Status::Settled, _) => judge_settled(case),
        (_, None) => case.look_later(Reason::NEVER_HEARD),
        (status, Some(command)) => match (command.action, status) {
            (Action::Lock, _) => judge_lock(case, command),
            (Action::Unlock, Status::Unresponsive) => judge_lost_unlock(case, command),
            (Action::Unlock, _) => judge_unlock(case, command, binding),
        },
    })
}

impl Case<'_> {
    /// A change under the condition that the due time is as read: every report used and every send
    /// moves it.
    pub(super) fn due_update(&self, due_at: UnixMillis) -> RecordUpdate {
        let record = self.record;
        RecordUpdate {
            guard: Guard {
                due_at: Some(record.due.due_at),
                ..Guard::of(record)
            },
            ..RecordUpdate::new(record, Due::new(&record.lock, due_at))
        }
    }

    /// Decides that it is too early to judge: due again at `due_at`.
    fn wait(self, due_at: UnixMillis, reason: Reason) -> Decision {
        let update = self.due_update(due_at);
        self.update(Verdict::Noted, reason, update)
    }

    /// Decides that there is nothing to send: due again after a device's report interval.
    fn look_later(self, reason: Reason) -> Decision {
        let due_at = self.now.plus(REPORT_INTERVAL_MS);
        self.wait(due_at, reason)
    }

    /// Decides that the lock is no longer trusted; a person is alerted once. The event says when it
    /// last reported.
    fn distrust(mut self, due_at: UnixMillis, reason: Reason) -> Decision {
        let update = RecordUpdate {
            status: Some(Status::Unresponsive),
            ..self.due_update(due_at)
        };
        self.event.since = self.record.last_reported_at();
        self.update(Verdict::Unresponsive, reason, update)
            .alert(Alert::Unresponsive)
    }

    /// Decides that an unlock is given up, and locks the door with a later version.
    fn give_up(self, reason: Reason) -> Decision {
        let update = self.due_update(self.now.plus(REPORT_INTERVAL_MS));
        self.system_lock(reason, update)
    }
}

fn judge_settled(case: Case<'_>) -> Decision {
    let (record, now) = (case.record, case.now);
    let overdue_at = record.reported.as_ref().map_or(UnixMillis(0), |reported| {
        reported.at.plus(REPORT_OVERDUE_MS)
    });
    if now < overdue_at {
        return case.wait(overdue_at, Reason::AWAITED);
    }
    // A LOCK is sent once more at once: if executed already, it moves nothing, and a device that
    // receives it reports.
    let due_at = match &record.command {
        Some(command) if command.action == Action::Lock => command.next_send_at,
        _ => now.plus(REPORT_INTERVAL_MS),
    };
    case.distrust(due_at, Reason::SILENT)
}

/// A LOCK never expires and is sent again until acknowledged (C8). One that was never sent is sent
/// before it is judged (C11, C15).
fn judge_lock(case: Case<'_>, command: &Command) -> Decision {
    let judged_at = command.created_at.plus(case.limits.command_ttl_ms);
    let was_sent = command.attempts > 0;
    if case.record.status == Status::Pending && was_sent && judged_at <= case.now {
        return case.distrust(command.next_send_at, Reason::NOT_ANSWERED);
    }
    if case.now < command.next_send_at {
        return case.wait(command.next_send_at, Reason::AWAITED);
    }
    let update = case.due_update(command.next_send_at);
    case.resend(Reason::NOT_ANSWERED, update, command, None)
}

/// An UNLOCK is sent again only within its life and is then given up: nobody knows whether it was
/// executed, so the door is locked (C10).
fn judge_unlock(case: Case<'_>, command: &Command, binding: Option<&Binding>) -> Decision {
    let (record, now) = (case.record, case.now);
    let given_up_at = command.given_up_at().unwrap_or(command.created_at);
    if given_up_at <= now {
        return end_unlock(case, command);
    }
    match case.may_resend(command, binding) {
        Ok(holds) if command.next_send_at <= now => {
            let update = case.due_update(command.next_send_at);
            case.resend(Reason::NOT_ANSWERED, update, command, holds)
        }
        Ok(_) => {
            let due_at = Due::pending(&record.lock, command).due_at;
            case.wait(due_at, Reason::AWAITED)
        }
        Err(_) if command.is_expired(now) => case.wait(given_up_at, Reason::AWAITED),
        Err(_) => case.wait(given_up_at, Reason::REVOKED),
    }
}

/// The end of an UNLOCK that no report settled. The event says whether the lock was silent or
/// refused it, and why (C8).
fn end_unlock(mut case: Case<'_>, command: &Command) -> Decision {
    let Some(refused) = case.record.refusal_of(command) else {
        let decision = case.give_up(Reason::UNLOCK_NOT_ANSWERED);
        return decision.alert(Alert::UnlockNotAnswered);
    };
    let alert = if refused.reason == REFUSED_FOR_CLOCK {
        Alert::Clock
    } else {
        Alert::UnlockRefused
    };
    case.event.detail = Some(format!("refused: {}", refused.reason));
    case.give_up(Reason::UNLOCK_REFUSED).alert(alert)
}

/// An UNLOCK of a lock that does not answer is never sent again. If the device is known to be
/// behind it, the door is locked past it; the two would never agree otherwise.
fn judge_lost_unlock(case: Case<'_>, command: &Command) -> Decision {
    let given_up_at = command.given_up_at().unwrap_or(command.created_at);
    if case.now < given_up_at {
        return case.wait(given_up_at, Reason::AWAITED);
    }
    if reported_version(case.record) < case.record.version {
        return case.give_up(Reason::VERSION_BEHIND);
    }
    case.look_later(Reason::NOT_ANSWERED)
}

#[cfg(test)]
mod law;
#[cfg(test)]
mod tests;
