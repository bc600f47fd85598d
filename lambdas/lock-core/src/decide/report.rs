//! What a lock's report means for its record (C8, C9, C14).
//!
//! Must not know: how the report arrived, only whether it is what the shadow says now.
//!
//! A report is compared with the record in this order:
//!
//! | the report's … | against the record | what follows |
//! |---|---|---|
//! | lock | no record: not registered | nothing, not even an event |
//! | token | not the lock's own | ignored |
//! | shadow version | not newer than the last one used | ignored |
//! | shadow version | lower, with a later time: deleted | the shadow is read |
//! | version | more than a day ahead of the clock | not adopted, alert |
//! | version | the record has never commanded | system LOCK |
//! | version | larger | adopted, system LOCK past it |
//! | version | smaller, record settled: lost journal | system LOCK |
//! | version | smaller, the record's LOCK refused as superseded | system LOCK, see `behind` |
//! | version | smaller, record not settled | the command is sent again, in its turn |
//! | version and command id | equal | settled: the latch is the truth |
//! | latch | jammed, up to three times | system LOCK, then an alert |
//! | version | equal, of another command | system LOCK, alert |
//!
//! Each system LOCK is sent in its turn (C15, `system`).

mod behind;
mod fresh;

use super::door::{find_door_since, is_forced};
use super::{Case, Decision};
use crate::action::Action;
use crate::binding::Binding;
use crate::event::Event;
use crate::field::Refusal;
use crate::limits::{EXPIRED_TOO_SOON_MS, JAM_LOCKS_MAX, Limits, REPORT_INTERVAL_MS};
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Cause, Command, Due, Record, Reported, Status};
use crate::report::{Latch, Outcome, Report, ReportEvent, Settings, Source};
use crate::time::UnixMillis;
use crate::write::{Guard, RecordUpdate};

pub(super) use behind::REFUSED_FOR_CLOCK;
use behind::judge_behind;
pub(super) use fresh::is_unused;
use fresh::{Freshness, check_freshness, is_from_lock};

/// Where a report was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In an event, which may be late, repeated or out of order.
    Event,
    /// In the shadow itself, just now.
    Shadow,
}

/// What to do about a report, and what must be read first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportDecision {
    /// Perform this decision.
    Act(Box<Decision>),
    /// Read the shadow and decide again on what it holds: it seems to have been deleted (C9).
    ReadShadow,
    /// Write nothing: the thing is not a registered lock (C9).
    NotRegistered,
}

/// Decides a report.
///
/// `binding` is that of the button behind the current command. It matters only if an unlock may be
/// sent again (C8), see [`Record::resend_asks_for`].
///
/// ```
/// use lock_core::decide::{Origin, ReportDecision, decide_report};
/// use lock_core::limits::Limits;
/// use lock_core::record::Record;
/// use lock_core::report::ReportEvent;
/// use lock_core::time::UnixMillis;
///
/// let report = ReportEvent::parse(&serde_json::json!({
///     "thing": "lock-1", "shadowVersion": 1, "timestamp": 1_763_779_513, "clientToken": "1-1",
///     "reported": {"lock": "unlocked", "version": 0, "result": "none", "source": "boot",
///                  "bootCount": 1, "clock": "unsynced", "reportId": "1-1"}
/// }))?;
/// let now = UnixMillis(1_763_779_513_000);
/// let decide = |record: Option<&Record>| {
///     decide_report(record, &report, Origin::Event, None, now, &Limits::default())
/// };
/// assert_eq!(decide(None), ReportDecision::NotRegistered);
/// let registered = Record::created(report.lock.clone(), now);
/// let ReportDecision::Act(decision) = decide(Some(&registered)) else { unreachable!() };
/// assert_eq!(decision.reason.code(), "first-report");
/// assert_eq!(decision.publish.expect("a command").command.action.as_str(), "lock");
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
    let Some(record) = record else {
        return ReportDecision::NotRegistered;
    };
    let event = Event {
        was: Some(record.state),
        ..Event::of_report(report, now, limits)
    };
    let case = Case::new(record, event, now, limits);
    if !is_from_lock(record, report, origin) {
        return act(case.ignore(Reason::NOT_FROM_LOCK));
    }
    let shadow = match check_freshness(record, report, origin) {
        Freshness::Newer(guard) => guard,
        Freshness::Deleted => return ReportDecision::ReadShadow,
        Freshness::Duplicate => {
            return act(case.repeat_report(report.report.version, binding));
        }
        Freshness::Superseded => return act(case.ignore(Reason::SUPERSEDED)),
    };
    let update = RecordUpdate {
        guard: Guard {
            shadow: Some(shadow),
            ..Guard::of(record)
        },
        state: Some(report.report.lock),
        reported: Some(to_reported(report, now)),
        door_since: find_door_since(record, report, now),
        ..RecordUpdate::new(record, record.due.clone())
    };
    let mut decision = judge(case, report, update, binding);
    if report.report.source == Source::Boot && report.report.lock == Latch::Unlocked {
        decision = decision.alert(Alert::UnlockedAtBoot);
    }
    if has_lost_settings(record, &report.report) {
        decision = decision.alert(Alert::SettingsKept);
    }
    if limits.forced_alert && is_forced(record, &report.report) {
        decision = decision.alert(Alert::Forced);
    }
    act(decision)
}

/// Decides a report whose shadow was deleted and now holds nothing, or nothing that can be read:
/// the current state is not known, so the record stays unchanged.
pub fn decide_no_shadow(
    report: &ReportEvent,
    refusal: Option<&Refusal>,
    now: UnixMillis,
    limits: &Limits,
) -> Decision {
    let event = Event::of_report(report, now, limits);
    match refusal {
        None => Decision::ignored(Reason::NO_SHADOW, event),
        Some(refusal) => Decision::without_change(Verdict::Refused, Reason::from(refusal), event),
    }
}

fn act(decision: Decision) -> ReportDecision {
    ReportDecision::Act(Box::new(decision))
}

fn to_reported(report: &ReportEvent, now: UnixMillis) -> Reported {
    Reported {
        report: report.report.clone(),
        shadow_version: report.shadow_version,
        shadow_at: report.shadow_at,
        at: now,
    }
}

/// Whether the lock reports for the first time that it runs on kept settings, because its settings
/// file is missing or damaged.
fn has_lost_settings(record: &Record, report: &Report) -> bool {
    let last = record.reported.as_ref();
    let said = last.and_then(|last| last.report.settings.as_ref());
    report.settings == Some(Settings::Kept) && said != Some(&Settings::Kept)
}

/// How a report compares with the record (C9).
enum Standing<'a> {
    /// The record has never commanded.
    First,
    /// The device is ahead: the table was restored, or another writer commands the device.
    Ahead,
    /// The device is further ahead than any command of ours.
    Implausible,
    /// The device has not journalled the current command.
    Behind(&'a Command),
    /// The device has journalled another command of this version.
    Other,
    /// The device has answered the current command, and its latch is jammed.
    Jammed(&'a Command),
    /// The device has answered the current command.
    Answered(&'a Command),
}

/// Compares the reported journal with the record.
fn compare<'a>(record: &'a Record, report: &Report, now: UnixMillis) -> Standing<'a> {
    let (own, theirs) = (record.version, report.version);
    if !theirs.is_plausible(own, now) {
        return Standing::Implausible;
    }
    match &record.command {
        None => Standing::First,
        Some(_) if theirs > own => Standing::Ahead,
        Some(command) if theirs < own => Standing::Behind(command),
        Some(command) if report.command_id.as_ref() != Some(&command.id) => Standing::Other,
        Some(command) if report.lock == Latch::Jammed => Standing::Jammed(command),
        Some(command) => Standing::Answered(command),
    }
}

fn judge(
    case: Case<'_>,
    report: &ReportEvent,
    update: RecordUpdate,
    binding: Option<&Binding>,
) -> Decision {
    let record = case.record;
    match compare(record, &report.report, case.now) {
        Standing::First => case.system_lock(Reason::FIRST_REPORT, update),
        Standing::Ahead => case.system_lock(Reason::VERSION_AHEAD, update),
        Standing::Implausible => judge_implausible(case, update),
        Standing::Behind(_) if record.status == Status::Settled => {
            case.system_lock(Reason::VERSION_BEHIND, update)
        }
        Standing::Behind(command) => judge_behind(case, command, report, update, binding),
        Standing::Other => case
            .system_lock(Reason::OTHER_COMMAND, update)
            .alert(Alert::OtherCommand),
        Standing::Jammed(command) => judge_jammed(case, command, update),
        Standing::Answered(command) => settle(case, command, report, update),
    }
}

/// The version is not one of our commands'. Adopting it would leave the lock without versions, so
/// the record keeps its own, with one alert when that begins (C9).
fn judge_implausible(case: Case<'_>, update: RecordUpdate) -> Decision {
    let (record, now) = (case.record, case.now);
    let known = record.reported.as_ref().is_some_and(|last| {
        record.status == Status::Unresponsive
            && !last.report.version.is_plausible(record.version, now)
    });
    let update = RecordUpdate {
        status: Some(Status::Unresponsive),
        due: Due::new(&record.lock, now.plus(REPORT_INTERVAL_MS)),
        ..update
    };
    let reason = Reason::IMPLAUSIBLE_VERSION;
    let decision = case.update(Verdict::Unresponsive, reason, update);
    if known {
        decision
    } else {
        decision.alert(Alert::ImplausibleVersion)
    }
}

/// The lock has answered, and its latch reached neither end. It is locked at new versions, at most
/// [`JAM_LOCKS_MAX`] times since a person's last command, then left to a person (C14).
fn judge_jammed(case: Case<'_>, command: &Command, update: RecordUpdate) -> Decision {
    if command.jams < JAM_LOCKS_MAX {
        return case.system_lock(Reason::JAMMED, update);
    }
    let record = case.record;
    let known = record.status == Status::Settled && record.state == Latch::Jammed;
    let update = RecordUpdate {
        status: Some(Status::Settled),
        due: Due::settled(&record.lock, case.now),
        ..update
    };
    let decision = case.update(Verdict::Settled, Reason::JAMMED, update);
    if known {
        decision
    } else {
        decision.alert(Alert::Jammed)
    }
}

/// Version and command id match: the reported latch is the truth. The event of the report that
/// shows an executed unlock names who caused it.
fn settle(
    mut case: Case<'_>,
    command: &Command,
    report: &ReportEvent,
    update: RecordUpdate,
) -> Decision {
    let (record, now) = (case.record, case.now);
    let reason = match (record.status, report.report.result) {
        (Status::Settled, _) => Reason::CONFIRMED,
        (_, Outcome::Expired) => Reason::EXPIRED,
        (_, Outcome::Executed | Outcome::None) => Reason::EXECUTED,
    };
    let too_soon = reason == Reason::EXPIRED
        && command.action == Action::Unlock
        && now.since(command.created_at) < EXPIRED_TOO_SOON_MS;
    let update = RecordUpdate {
        status: Some(Status::Settled),
        due: Due::settled(&record.lock, now),
        ..update
    };
    if shows_unlock(record, command, &report.report) {
        match &command.cause {
            Cause::Button { button } => case.event.button = Some(button.clone()),
            Cause::Request { actor } => case.event.actor.clone_from(actor),
            Cause::System { .. } => {}
        }
    }
    let decision = case.update(Verdict::Settled, reason, update);
    if too_soon {
        return decision.alert(Alert::Clock);
    }
    decision
}

/// Whether the report, which answers `command`, is the first to show that its unlock was executed;
/// not if a hand, a power-on or the device itself moved the latch since.
fn shows_unlock(record: &Record, command: &Command, report: &Report) -> bool {
    let is_new = record.status != Status::Settled || record.state != Latch::Unlocked;
    command.action == Action::Unlock
        && report.lock == Latch::Unlocked
        && report.source == Source::Remote
        && is_new
}

#[cfg(test)]
mod tests;
