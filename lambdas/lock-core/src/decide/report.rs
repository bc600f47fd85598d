//! What a lock's report means for its record (C8, C9, C14). Must not know how the
//! report came here, only whether it is the shadow's own present word.
//!
//! A report is compared with the record in this order:
//!
//! | the report's … | against the record | comes to |
//! |---|---|---|
//! | shadow version | not newer than the last one used | ignored |
//! | shadow version | lower, with a later time: deleted | the shadow is read |
//! | version | the record has never commanded | system LOCK |
//! | version | larger | adopted, system LOCK past it |
//! | version | smaller, record settled: lost journal | system LOCK |
//! | version | smaller, record not settled | the command again, in its turn |
//! | version and command id | equal | settled: the latch is the truth |
//! | latch | jammed, up to three times in a row | system LOCK, then a person told |
//! | version | equal, of another command | system LOCK, a person told |

use super::Decision;
use super::resend::{may_resend, repeated_report, resend};
use super::system::{changed, system_lock};
use crate::binding::Binding;
use crate::event::Event;
use crate::field::Refusal;
use crate::limits::{JAM_LOCKS_MAX, Limits};
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Command, Due, Record, Reported, Status};
use crate::report::{Latch, Outcome, ReportEvent, Source};
use crate::time::UnixMillis;
use crate::write::{Guard, RecordUpdate, RecordWrite, ShadowGuard};

/// Where a report was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In an event, which may be late, repeated or out of order.
    Event,
    /// In the shadow itself, just now.
    Shadow,
}

/// What to do about a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportDecision {
    /// This.
    Act(Box<Decision>),
    /// The shadow seems to have been deleted: read it, and decide again on what
    /// it holds (C9).
    ReadShadow,
}

/// Decides a report.
///
/// `binding` is that of the button behind the current command; it is looked at
/// only where an unlock might be sent again (C8), see
/// [`Record::resend_asks_for`].
///
/// ```
/// use lock_core::decide::{Origin, ReportDecision, decide_report};
/// use lock_core::limits::Limits;
/// use lock_core::report::ReportEvent;
/// use lock_core::time::UnixMillis;
///
/// let report = ReportEvent::parse(&serde_json::json!({
///     "thing": "lock-1", "shadowVersion": 1, "timestamp": 1_763_779_513,
///     "reported": {"lock": "unlocked", "version": 0, "result": "none", "source": "boot",
///                  "bootCount": 1, "clock": "unsynced"}
/// }))?;
/// let now = UnixMillis(1_763_779_513_000);
/// match decide_report(None, &report, Origin::Event, None, now, &Limits::default()) {
///     ReportDecision::Act(decision) => {
///         assert_eq!(decision.reason.code(), "first-report");
///         assert_eq!(decision.publish.expect("a command").command.action.as_str(), "lock");
///     }
///     ReportDecision::ReadShadow => unreachable!("no earlier report is known"),
/// }
/// # Ok::<(), lock_core::field::Refusal>(())
/// ```
pub fn decide_report(
    record: Option<&Record>,
    report: &ReportEvent,
    origin: Origin,
    binding: Option<&Binding>,
    now: UnixMillis,
    limits: &Limits,
) -> ReportDecision {
    let event = Event::of_report(report, now, limits);
    let fresh = reported(report, now);
    let Some(record) = record else {
        return act(create(report, fresh, event, now));
    };
    let shadow = match freshness(record, report, origin) {
        Freshness::Newer(guard) => guard,
        Freshness::Deleted => return ReportDecision::ReadShadow,
        Freshness::Duplicate => {
            let seen = report.report.version;
            return act(repeated_report(record, seen, binding, event, now));
        }
        Freshness::Stale => return act(Decision::ignored(Reason::STALE_REPORT, event)),
    };
    let update = RecordUpdate {
        guard: Guard {
            shadow: Some(shadow),
            ..Guard::of(record)
        },
        state: Some(report.report.lock),
        reported: Some(fresh),
        ..RecordUpdate::new(record, record.due.clone())
    };
    let mut decision = judge(record, report, update, event, binding, now);
    if report.report.source == Source::Boot && report.report.lock == Latch::Unlocked {
        decision = decision.alert(Alert::UnlockedAtBoot);
    }
    act(decision)
}

/// Decides a report whose shadow was deleted, and holds nothing now, or nothing
/// that can be read: there is no present word to go by, so the record stays as
/// it is.
pub fn decide_no_shadow(
    report: &ReportEvent,
    refusal: Option<&Refusal>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_report(report, now, limits);
    match refusal {
        None => Decision::ignored(Reason::NO_SHADOW, event),
        Some(refusal) => Decision::line(Verdict::Refused, Reason::from(refusal), event),
    }
}

fn act(decision: Decision) -> ReportDecision {
    ReportDecision::Act(Box::new(decision))
}

fn reported(report: &ReportEvent, now: UnixMillis) -> Reported {
    Reported {
        report: report.report.clone(),
        shadow_version: report.shadow_version,
        shadow_at: report.shadow_at,
        at: now,
    }
}

pub(super) enum Freshness {
    Newer(ShadowGuard),
    Duplicate,
    Stale,
    Deleted,
}

/// Whether this report is newer than the last one used. A lower shadow version
/// with a later time means that the shadow was deleted; then only the shadow
/// itself is believed, and whatever it holds is new.
pub(super) fn freshness(record: &Record, report: &ReportEvent, origin: Origin) -> Freshness {
    let Some(last) = &record.reported else {
        return Freshness::Newer(ShadowGuard::Below(report.shadow_version));
    };
    if report.shadow_version > last.shadow_version {
        return Freshness::Newer(ShadowGuard::Below(report.shadow_version));
    }
    if report.shadow_version == last.shadow_version && report.shadow_at <= last.shadow_at {
        return Freshness::Duplicate;
    }
    match origin {
        Origin::Shadow => Freshness::Newer(ShadowGuard::Last(Box::new(last.clone()))),
        Origin::Event if report.shadow_at > last.shadow_at => Freshness::Deleted,
        Origin::Event => Freshness::Stale,
    }
}

/// Compares the journal's entry with the record (C9).
fn judge(
    record: &Record,
    report: &ReportEvent,
    update: RecordUpdate,
    event: Event,
    binding: Option<&Binding>,
    now: UnixMillis,
) -> Decision {
    let (own, theirs) = (record.version, report.report.version);
    if theirs > own {
        let created = record.command.is_none();
        let reason = if created {
            Reason::FIRST_REPORT
        } else {
            Reason::VERSION_AHEAD
        };
        return system_lock(record, update, theirs, reason, 0, event, now);
    }
    let Some(command) = &record.command else {
        let reason = Reason::FIRST_REPORT;
        return system_lock(record, update, theirs, reason, 0, event, now);
    };
    if theirs < own {
        return match record.status {
            Status::Settled => {
                let reason = Reason::VERSION_BEHIND;
                system_lock(record, update, theirs, reason, 0, event, now)
            }
            Status::Pending | Status::Unresponsive => {
                behind(record, command, report, update, event, binding, now)
            }
        };
    }
    if report.report.command_id.as_ref() == Some(&command.id) {
        return match report.report.lock {
            Latch::Jammed => jammed(record, command, report, update, event, now),
            _ => settle(record, command, report, update, event, now),
        };
    }
    let reason = Reason::OTHER_COMMAND;
    system_lock(record, update, theirs, reason, 0, event, now).alert(Alert::OtherCommand)
}

/// The lock has answered, and its latch reached neither end: told to lock at
/// new versions, at most [`JAM_LOCKS_MAX`] times in a row, then left to a person
/// (C14).
fn jammed(
    record: &Record,
    command: &Command,
    report: &ReportEvent,
    update: RecordUpdate,
    event: Event,
    now: UnixMillis,
) -> Decision {
    if command.jams < JAM_LOCKS_MAX {
        let (theirs, jams) = (report.report.version, command.jams + 1);
        return system_lock(record, update, theirs, Reason::JAMMED, jams, event, now);
    }
    let told = record.status == Status::Settled && record.state == Latch::Jammed;
    let update = RecordUpdate {
        status: Some(Status::Settled),
        due: Due::settled(&record.lock, now),
        ..update
    };
    let decision = changed(Verdict::Settled, Reason::JAMMED, record, update, event);
    if told {
        decision
    } else {
        decision.alert(Alert::Jammed)
    }
}

/// Version and command id match: the reported latch is the truth.
fn settle(
    record: &Record,
    command: &Command,
    report: &ReportEvent,
    update: RecordUpdate,
    event: Event,
    now: UnixMillis,
) -> Decision {
    let reason = match (record.status, report.report.result) {
        (Status::Settled, _) => Reason::CONFIRMED,
        (_, Outcome::Expired) => Reason::EXPIRED,
        (_, Outcome::Executed | Outcome::None) => Reason::EXECUTED,
    };
    let update = RecordUpdate {
        status: Some(Status::Settled),
        // The jam is over: the next one is answered anew.
        command: (command.jams > 0).then(|| Command {
            jams: 0,
            ..command.clone()
        }),
        due: Due::settled(&record.lock, now),
        ..update
    };
    changed(Verdict::Settled, reason, record, update, event)
}

/// The device has not journalled the current command: taken note of, and the
/// command sent again if its turn has come.
fn behind(
    record: &Record,
    command: &Command,
    report: &ReportEvent,
    update: RecordUpdate,
    event: Event,
    binding: Option<&Binding>,
    now: UnixMillis,
) -> Decision {
    let refused = report
        .report
        .refused
        .as_ref()
        .and_then(|refused| refused.command_id.as_ref());
    let reason = if refused == Some(&command.id) {
        Reason::REFUSED_BY_LOCK
    } else {
        Reason::NOT_SEEN
    };
    if command.next_send_at <= now
        && let Ok(holds) = may_resend(record, command, binding, now)
    {
        let mut decision = resend(update, record, command, reason, event, now);
        decision.writes.binding = holds;
        return decision;
    }
    changed(Verdict::Noted, reason, record, update, event)
}

/// First report of a lock that no one has bound yet: its record, with a system
/// LOCK at once.
fn create(report: &ReportEvent, fresh: Reported, event: Event, now: UnixMillis) -> Decision {
    let blank = Record::created(report.lock.clone(), now);
    let update = RecordUpdate {
        state: Some(report.report.lock),
        reported: Some(fresh),
        ..RecordUpdate::new(&blank, blank.due.clone())
    };
    let mut decision = system_lock(
        &blank,
        update,
        report.report.version,
        Reason::FIRST_REPORT,
        0,
        event,
        now,
    );
    if let Some(RecordWrite::Update(update)) = &decision.writes.record {
        decision.writes.record = Some(RecordWrite::Create(update.apply(&blank)));
    }
    decision
}

#[cfg(test)]
mod tests;
