//! LOCK commands that the system makes.
//!
//! Must not know: what calls for them.
//!
//! The system does not argue (C15). Whatever calls for its LOCK (a jam, a lost journal, another
//! writer), the first one after a person's command is sent at once, and each further one waits
//! longer: 1, 2, 4 s … 5 min. A LOCK that waits is already the record's command, with no send
//! counted; the first report or sweep after its wait sends it, as for any command not yet seen. One
//! that replaces it takes its turn, on the condition that it still waits.

use super::{Case, Decision};
use crate::action::Action;
use crate::command::Version;
use crate::id::CommandId;
use crate::limits::{SYSTEM_LOCKS_CONTESTED, send_backoff_ms};
use crate::reason::{Alert, Reason, Verdict};
use crate::record::{Cause, Command, Record};
use crate::time::UnixMillis;
use crate::write::RecordUpdate;

/// The place of a LOCK in the series of system locks since a person's last command.
struct Turn {
    at: UnixMillis,
    system_locks: u32,
    jams: u32,
}

impl Case<'_> {
    /// Decides on the system's own LOCK, at the next version past the record's and the device's,
    /// when its turn comes (C15).
    pub(super) fn system_lock(self, reason: Reason, mut update: RecordUpdate) -> Decision {
        let now = self.now;
        let last = self.record.command.as_ref();
        let last = last.filter(|command| command.system_locks > 0);
        let (system_locks, at, is_new) = match last {
            None => (1, now, true),
            // Not sent yet: the same turn, at a version past the one now known.
            Some(last) if last.attempts == 0 => {
                update.guard.next_send_at = Some(last.next_send_at);
                (last.system_locks, last.next_send_at.max(now), false)
            }
            Some(last) => (last.system_locks + 1, turn_after(last, now), true),
        };
        let turn = Turn {
            at,
            system_locks,
            jams: last.map_or(0, |last| last.jams) + u32::from(reason == Reason::JAMMED),
        };
        let decision = self.lock(reason, update, &turn);
        if is_new && system_locks == SYSTEM_LOCKS_CONTESTED {
            return decision.alert(Alert::Contested);
        }
        decision
    }

    /// Decides on the LOCK that carries out an operator's act: a person's command, so it ends a
    /// series of system locks. It is due at once with no send counted, since an operator may not
    /// publish commands: the sweep sends it, or a report before that.
    pub(super) fn operator_lock(self, reason: Reason, update: RecordUpdate) -> Decision {
        let turn = Turn {
            at: self.now,
            system_locks: 0,
            jams: 0,
        };
        let Some((version, command)) = self.new_lock(&reason, &update, &turn) else {
            return self.without_version(update);
        };
        let update = update.with_command(version, command.into_unsent());
        self.update(Verdict::Command, reason, update)
    }

    fn lock(mut self, reason: Reason, update: RecordUpdate, turn: &Turn) -> Decision {
        let Some((version, command)) = self.new_lock(&reason, &update, turn) else {
            return self.without_version(update);
        };
        if turn.at <= self.now {
            let update = update.with_command(version, command);
            return self.send(Verdict::Command, reason, update);
        }
        self.event.detail = Some(reason.text());
        let update = update.with_command(version, command.into_unsent());
        self.update(Verdict::Noted, Reason::SYSTEM_LOCK_WAITS, update)
    }

    /// The LOCK and its version; `None` if no version is left.
    fn new_lock(
        &self,
        reason: &Reason,
        update: &RecordUpdate,
        turn: &Turn,
    ) -> Option<(Version, Command)> {
        let record = self.record;
        let reported = update.reported.as_ref().or(record.reported.as_ref());
        let reported = reported.map(|reported| reported.report.version);
        let version = Version::next(record.version, reported, self.now)?;
        let cause = Cause::System {
            reason: reason.code().to_owned(),
        };
        let id = CommandId::of_system(&record.lock, version.0);
        let command = Command {
            system_locks: turn.system_locks,
            jams: turn.jams,
            ..Command::new(id, Action::Lock, cause, turn.at, None)
        };
        Some((version, command))
    }

    fn without_version(self, update: RecordUpdate) -> Decision {
        self.update(Verdict::Noted, Reason::NO_VERSION_LEFT, update)
            .alert(Alert::NoVersionLeft)
    }
}

/// When the system lock after `last` may be sent. If the clock has stepped back to before `last`,
/// at once.
fn turn_after(last: &Command, now: UnixMillis) -> UnixMillis {
    if now < last.created_at {
        return now;
    }
    last.created_at
        .plus(send_backoff_ms(last.system_locks))
        .max(now)
}

/// The version in the last report used; 0 before the first.
pub(super) fn reported_version(record: &Record) -> Version {
    record
        .reported
        .as_ref()
        .map_or(Version::NONE, |reported| reported.report.version)
}
