//! What the system does by itself: a LOCK of its own, or a change of a record
//! without a command. Must not decide when.
//!
//! The system does not argue (C15). Whatever calls for its LOCK, a jam, a lost
//! journal, another writer, the first one after a person's command goes at once,
//! and each further one waits longer: 1, 2, 4 s … 5 min. A LOCK that waits is the
//! record's command already, with no send counted yet; the next report or sweep in
//! its turn sends it, as it sends any command that was not seen.

use super::{Decision, commanded};
use crate::action::Action;
use crate::command::Version;
use crate::event::Event;
use crate::id::CommandId;
use crate::limits::{SYSTEM_LOCKS_CONTESTED, send_backoff_ms};
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Cause, Command, Due, Record, Status};
use crate::time::UnixMillis;
use crate::write::{RecordUpdate, RecordWrite, Writes};

/// A record, the line about it, and the time: what a decision about a record
/// needs.
pub(super) struct Case<'a> {
    /// The record, as read.
    pub record: &'a Record,
    /// The line, to be completed by what is decided.
    pub event: Event,
    /// Now.
    pub now: UnixMillis,
}

/// A change of the record that commands nothing.
pub(super) fn changed(
    verdict: Verdict,
    reason: Reason,
    record: &Record,
    update: RecordUpdate,
    event: Event,
) -> Decision {
    let event = Event {
        version: Some(record.version),
        command_id: record.command.as_ref().map(|command| command.id.clone()),
        ..event.decided(verdict, reason.clone())
    };
    Decision {
        verdict,
        reason,
        writes: Writes {
            record: Some(RecordWrite::Update(update)),
            ..Writes::line(event)
        },
        publish: None,
        alerts: Vec::new(),
    }
}

/// The system's own LOCK, at the next version past the record's and the
/// device's, in its turn (C15).
pub(super) fn system_lock(
    case: Case<'_>,
    update: RecordUpdate,
    theirs: Version,
    reason: Reason,
) -> Decision {
    let (record, now) = (case.record, case.now);
    let last = record
        .command
        .as_ref()
        .filter(|command| command.system_locks > 0);
    let jams = last.map_or(0, |last| last.jams) + u32::from(reason == Reason::JAMMED);
    let (system_locks, at, is_new) = match last {
        None => (1, now, true),
        // It was not sent yet: its place in the row stays, past the version now known.
        Some(last) if last.attempts == 0 => (last.system_locks, last.next_send_at.max(now), false),
        Some(last) => (last.system_locks + 1, turn_after(last, now), true),
    };
    let numbers = |command: Command| Command {
        system_locks,
        jams,
        ..command
    };
    let decision = lock_at(case, update, theirs, reason, at, numbers);
    if is_new && system_locks == SYSTEM_LOCKS_CONTESTED {
        return decision.alert(Alert::Contested);
    }
    decision
}

/// A LOCK by which the system carries out what an operator did: a person's
/// command, so it goes at once and ends a row of system locks.
pub(super) fn operator_lock(
    case: Case<'_>,
    update: RecordUpdate,
    theirs: Version,
    reason: Reason,
) -> Decision {
    let now = case.now;
    lock_at(case, update, theirs, reason, now, |command| command)
}

/// When the next system lock after `last` may go. A clock that stepped back to
/// before `last` says nothing about the time since, and does not delay it.
fn turn_after(last: &Command, now: UnixMillis) -> UnixMillis {
    if now < last.created_at {
        return now;
    }
    last.created_at
        .plus(send_backoff_ms(last.system_locks))
        .max(now)
}

fn lock_at(
    case: Case<'_>,
    update: RecordUpdate,
    theirs: Version,
    reason: Reason,
    at: UnixMillis,
    numbers: impl FnOnce(Command) -> Command,
) -> Decision {
    let Case { record, event, now } = case;
    let Some(version) = Version::next(record.version, Some(theirs), now) else {
        let none_left = Reason::NO_VERSION_LEFT;
        return changed(Verdict::Noted, none_left, record, update, event)
            .alert(Alert::NoVersionLeft);
    };
    let cause = Cause::System {
        reason: reason.code().to_owned(),
    };
    let id = CommandId::of_system(&record.lock, version.0);
    let command = numbers(Command::new(id, Action::Lock, cause, at, None));
    if at <= now {
        let due = Due::pending(&record.lock, &command);
        let update = RecordUpdate { due, ..update };
        return commanded(update, version, command, reason, event);
    }
    wait(update, version, command.unsent(), reason, event)
}

/// The system's LOCK is the record's command, and is sent when its turn has
/// come.
fn wait(
    update: RecordUpdate,
    version: Version,
    command: Command,
    reason: Reason,
    event: Event,
) -> Decision {
    let waits = Reason::SYSTEM_LOCK_WAITS;
    let event = Event {
        action: Some(command.action),
        version: Some(version),
        command_id: Some(command.id.clone()),
        detail: Some(reason.text()),
        ..event.decided(Verdict::Noted, waits.clone())
    };
    let update = RecordUpdate {
        version: Some(version),
        status: Some(Status::Pending),
        due: Due::pending(&update.lock, &command),
        command: Some(command),
        ..update
    };
    Decision {
        verdict: Verdict::Noted,
        reason: waits,
        writes: Writes {
            record: Some(RecordWrite::Update(update)),
            ..Writes::line(event)
        },
        publish: None,
        alerts: Vec::new(),
    }
}

/// The largest version that the device has reported; none before its first
/// report.
pub(super) fn reported_version(record: &Record) -> Version {
    record
        .reported
        .as_ref()
        .map_or(Version::NONE, |reported| reported.report.version)
}
