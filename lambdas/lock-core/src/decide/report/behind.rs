//! What the report of a device that has not journalled the current command means (C8, C9).
//!
//! Must not know: how the report and the record were compared.

use super::super::resend::is_in_turn;
use super::super::{Case, Decision};
use crate::action::Action;
use crate::binding::Binding;
use crate::limits::SYSTEM_LOCKS_CONTESTED;
use crate::reason::{Reason, Verdict};
use crate::record::{Command, Due, Record, Status};
use crate::report::{Clock, Report, ReportEvent};
use crate::write::{RecordUpdate, RecordWrite};

/// The device's word for a command refused because of its clock (D3).
pub(in crate::decide) const REFUSED_FOR_CLOCK: &str = "clock";
/// The device's word for a command of a version below one that it has obeyed (D1).
const REFUSED_AS_OLD: &str = "superseded";

/// The device has not journalled the current command: the record notes it, and the command is sent
/// again if its turn has come.
///
/// The first re-send is immediate: the device has just reconnected, or has just got the time that
/// it lacked. An UNLOCK is not sent to a device without the time, which would refuse it and reports
/// once it has the time. A LOCK needs no time: a report that only brings the time crossed the
/// command on its way, so it does not hurry the re-send (C8). A LOCK refused as superseded is not
/// sent again, see [`judge_superseded`].
pub(super) fn judge_behind(
    case: Case<'_>,
    command: &Command,
    report: &ReportEvent,
    update: RecordUpdate,
    binding: Option<&Binding>,
) -> Decision {
    let (record, now) = (case.record, case.now);
    let refusal = report
        .report
        .refused
        .as_ref()
        .filter(|refused| refused.command_id.as_ref() == Some(&command.id));
    let is_refused_as = |reason| refusal.is_some_and(|refused| refused.reason == reason);
    if command.action == Action::Lock && is_refused_as(REFUSED_AS_OLD) {
        return judge_superseded(case, update);
    }
    let reason = if refusal.is_some() {
        Reason::REFUSED_BY_LOCK
    } else {
        Reason::NOT_SEEN
    };
    let has_no_time = command.action == Action::Unlock && report.report.clock == Clock::Unsynced;
    let turn_has_come = match command.action {
        Action::Lock if has_just_got_the_time(record, &report.report) => {
            command.next_send_at <= now
        }
        _ => is_in_turn(command, now),
    };
    if !has_no_time
        && turn_has_come
        && let Ok(holds) = case.may_resend(command, binding)
    {
        return case.resend(reason, update, command, holds);
    }
    let due = if is_refused_as(REFUSED_FOR_CLOCK) && !command.is_expired(now) {
        Due::pending(&record.lock, command)
    } else {
        update.due.clone()
    };
    let update = RecordUpdate { due, ..update };
    case.update(Verdict::Noted, reason, update)
}

/// The device has obeyed a newer LOCK that it could not journal, so its report does not name that
/// version, and it refuses the record's LOCK as superseded. That LOCK would be refused again each
/// time: the system LOCK takes a later version instead (C9). Versions grow with the clock (C5), so
/// one of them passes the device's.
///
/// From the LOCK that raises `contested` on, the record is unresponsive until the device obeys
/// (L1): a version that it took before it knew the time may be out of reach until its next
/// power-on.
///
/// An UNLOCK is left to its end (C10): a newer command was obeyed, so the UNLOCK may not act at any
/// version (S1). The system LOCK that follows it comes here.
fn judge_superseded(case: Case<'_>, update: RecordUpdate) -> Decision {
    let mut decision = case.system_lock(Reason::REFUSED_BY_LOCK, update);
    if let Some(RecordWrite::Update(update)) = &mut decision.writes.record
        && let Some(command) = &update.command
        && command.system_locks >= SYSTEM_LOCKS_CONTESTED
    {
        update.status = Some(Status::Unresponsive);
    }
    decision
}

/// Whether the device has got the time since its last report, in the same boot.
fn has_just_got_the_time(record: &Record, report: &Report) -> bool {
    record.reported.as_ref().is_some_and(|last| {
        last.report.boot_count == report.boot_count
            && last.report.clock == Clock::Unsynced
            && report.clock == Clock::Synced
    })
}
