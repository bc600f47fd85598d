//! What the system does of itself: a LOCK of its own, or a change of a record
//! without a command. Must not decide when.

use super::{Decision, commanded};
use crate::action::Action;
use crate::command::Version;
use crate::event::Event;
use crate::id::CommandId;
use crate::limits::VERSION_AHEAD_MAX_MS;
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Cause, Command, Due, Record};
use crate::time::UnixMillis;
use crate::write::{RecordUpdate, RecordWrite, Writes};

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
            binding: None,
            record: Some(RecordWrite::Update(update)),
            request: None,
            event,
        },
        publish: None,
        alerts: Vec::new(),
    }
}

/// The system's own LOCK at the next version past the record's and the
/// device's; `jams` counts those that answer a jam (C14).
pub(super) fn system_lock(
    record: &Record,
    update: RecordUpdate,
    theirs: Version,
    reason: Reason,
    jams: u32,
    event: Event,
    now: UnixMillis,
) -> Decision {
    let Some(version) = Version::next(record.version, Some(theirs), now) else {
        let none_left = Reason::NO_VERSION_LEFT;
        return changed(Verdict::Noted, none_left, record, update, event)
            .alert(Alert::NoVersionLeft);
    };
    let cause = Cause::System {
        reason: reason.code().to_owned(),
    };
    let id = CommandId::of_system(&record.lock, version.0);
    let command = Command {
        jams,
        ..Command::new(id, Action::Lock, cause, now, None)
    };
    let update = RecordUpdate {
        due: Due::pending(&record.lock, &command),
        ..update
    };
    let decision = commanded(update, version, command, reason, event);
    if theirs.0 > now.plus(VERSION_AHEAD_MAX_MS).0 {
        return decision.alert(Alert::ImplausibleVersion);
    }
    decision
}

/// The largest version that the device has reported; none before its first
/// report.
pub(super) fn reported_version(record: &Record) -> Version {
    record
        .reported
        .as_ref()
        .map_or(Version::NONE, |reported| reported.report.version)
}
