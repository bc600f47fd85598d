//! What the door's sensor shows: when the door was opened, whether by force, and whether it was
//! left open.
//!
//! Must not command anything: an open door changes neither what is sent nor when. All that it moves
//! is the due time, and only to an earlier one, so no overdue command is hidden (C10).

use super::{Case, Decision};
use crate::limits::REPORT_OVERDUE_MS;
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Due, Record, Status};
use crate::report::{Door, Latch, Report, ReportEvent};
use crate::time::UnixMillis;
use crate::write::RecordUpdate;

/// When the door's state in `report` began, if the record does not know it yet. A change counts
/// from its report; a record older than `doorSince` knows only that the last report said the same.
pub(super) fn find_door_since(
    record: &Record,
    report: &ReportEvent,
    now: UnixMillis,
) -> Option<UnixMillis> {
    let door = report.report.door?;
    let last = record.reported.as_ref().and_then(|last| last.report.door);
    match record.door_since {
        Some(_) if last == Some(door) => None,
        None if last == Some(door) => record.last_reported_at(),
        _ => Some(report.shadow_at.millis().min(now)),
    }
}

/// Whether the door was opened while the latch was locked: the last report used and this one say
/// locked, nothing has moved the latch in between, and the door was closed and is open.
pub(super) fn is_forced(record: &Record, report: &Report) -> bool {
    let Some(last) = record.reported.as_ref().map(|last| &last.report) else {
        return false;
    };
    let is_locked =
        |report: &Report, door| report.lock == Latch::Locked && report.door == Some(door);
    // A hand's unlock uses no version; the relock after it names another source.
    let unmoved = |a: &Report, b: &Report| {
        (a.boot_count, a.version, a.source) == (b.boot_count, b.version, b.source)
            && a.command_id == b.command_id
    };
    is_locked(last, Door::Closed) && is_locked(report, Door::Open) && unmoved(last, report)
}

impl Case<'_> {
    /// The due time of `update`, or the time when the open door counts as left open, if earlier.
    /// Past `now`, since a report that is used always moves the due time, which is a condition of
    /// the sweep's decisions.
    pub(super) fn due_with_door(&self, update: &RecordUpdate) -> Due {
        let left_open_at = update.apply(self.record).left_open_at(self.limits);
        match left_open_at.map(|at| at.max(self.now.plus(1))) {
            Some(at) if at < update.due.due_at => Due::new(&update.lock, at),
            _ => update.due.clone(),
        }
    }

    /// Decides that the door, open since `since`, was left open: a person is alerted once. The
    /// record is then due when it would be without the door.
    pub(super) fn alert_left_open(mut self, since: UnixMillis) -> Decision {
        let (record, now) = (self.record, self.now);
        let due_at = match (record.status, &record.command, &record.reported) {
            (Status::Settled, _, Some(last)) => last.at.plus(REPORT_OVERDUE_MS),
            (Status::Pending, Some(command), _) => Due::pending(&record.lock, command).due_at,
            // Judged at once: what it waits for depends on more than time.
            _ => now,
        };
        // The due time always moves, so that of two sweeps at once only one raises the alert.
        let due_at = due_at.max(record.due.due_at.plus(1));
        let update = RecordUpdate {
            left_open_alerted: Some(since),
            ..self.due_update(due_at)
        };
        self.event.key = format!("left-open-{}", since.0);
        self.event.door = Some(Door::Open);
        self.event.since = Some(since);
        self.update(Verdict::Noted, Reason::LEFT_OPEN, update)
            .alert(Alert::LeftOpen)
    }
}
