//! A lock's record: what the cloud knows about it, and when the sweep must look at it.
//!
//! Must not decide anything.
//!
//! A record never says that a door is locked because a command to lock it was sent. It holds what
//! the lock last reported (`state`) and whether that can be trusted (`status`): `settled` only
//! while the lock has answered the current command.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::command::{Version, WireCommand};
use crate::hash::fnv1a_64;
use crate::id::CommandId;
use crate::limits::{DUE_SHARDS, Limits, REPORT_OVERDUE_MS, UNLOCK_GRACE_MS, send_backoff_ms};
use crate::name::{ButtonSerial, LockName};
use crate::report::{Door, Latch, RefusedCommand, Report};
use crate::time::{UnixMillis, UnixSeconds};
use crate::word::words;

words! {
    /// How far the record can be trusted.
    pub enum Status("status") {
        /// The device has answered the current command: the record's state is the latch's.
        Settled = "settled",
        /// The current command is not answered yet.
        Pending = "pending",
        /// The device does not answer, or has never reported; the state is the last one known.
        Unresponsive = "unresponsive",
    }
}

/// Who or what caused a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Cause {
    /// A press of a button; a re-send checks whether its binding still holds (C8).
    Button {
        /// The button that was pressed.
        button: ButtonSerial,
    },
    /// An operator's request; its right was checked when it was sent.
    Request {
        /// Who sent it, by the sender's own word: a label, not a proof.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        actor: Option<String>,
    },
    /// The system, which only ever locks.
    System {
        /// The code of the [`Reason`](crate::reason::Reason).
        reason: String,
    },
}

/// The record's current command.
///
/// ```json
/// {"id":"01J…","action":"unlock","cause":{"kind":"button","button":"button-1"},
///  "createdAt":…,"expiresAt":…,"attempts":1,"nextSendAt":…}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// The id, which the device reports back.
    pub id: CommandId,
    /// What the lock does; the record's target.
    pub action: Action,
    /// Who caused it: decides whether it may be sent again.
    pub cause: Cause,
    /// When it was decided, or when its turn comes (C15).
    pub created_at: UnixMillis,
    /// When it expires: press + TTL for an unlock (C4), never for a lock (C8).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires_at: Option<UnixMillis>,
    /// Number of sends, counted before each is made.
    pub attempts: u32,
    /// No re-send before this time, whatever asks for it (C8).
    pub next_send_at: UnixMillis,
    /// System locks since a person's last command, this one included (C15); 0 for a person's
    /// command.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub system_locks: u32,
    /// The number of those that answered a jammed latch (C14).
    #[serde(skip_serializing_if = "is_zero", default)]
    pub jams: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Command {
    /// A command that is sent for the first time at `now`.
    pub fn new(
        id: CommandId,
        action: Action,
        cause: Cause,
        now: UnixMillis,
        expires_at: Option<UnixMillis>,
    ) -> Self {
        Self {
            id,
            action,
            cause,
            created_at: now,
            expires_at,
            attempts: 1,
            next_send_at: now.plus(send_backoff_ms(1)),
            system_locks: 0,
            jams: 0,
        }
    }

    /// The command before its first send, which is due at its creation time (C15).
    pub fn into_unsent(self) -> Self {
        Self {
            attempts: 0,
            next_send_at: self.created_at,
            ..self
        }
    }

    /// When an unanswered unlock is given up: at its end, plus a grace for its report (C10). `None`
    /// for a lock.
    pub fn given_up_at(&self) -> Option<UnixMillis> {
        self.expires_at.map(|at| at.plus(UNLOCK_GRACE_MS))
    }

    /// Whether the command has expired; a lock never does.
    pub fn is_expired(&self, now: UnixMillis) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// The command with one more send counted and the wait before the next one doubled (C8).
    pub fn with_next_send(&self, now: UnixMillis) -> Self {
        let attempts = self.attempts.saturating_add(1);
        Self {
            attempts,
            next_send_at: now.plus(send_backoff_ms(attempts)),
            ..self.clone()
        }
    }

    /// The message for the device.
    pub fn to_wire(&self, version: Version) -> WireCommand {
        WireCommand {
            v: 1,
            action: self.action,
            version,
            command_id: self.id.clone(),
            issued_at: self.created_at.seconds(),
            expires_at: self.expires_at.map(UnixMillis::seconds),
        }
    }
}

/// The last report used, with its place in the shadow's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The report of the device.
    #[serde(flatten)]
    pub report: Report,
    /// The shadow's version; only a report with a larger one is used next (C9).
    pub shadow_version: u64,
    /// When the shadow was updated.
    pub shadow_at: UnixSeconds,
    /// When the report was used.
    pub at: UnixMillis,
}

/// When the sweep must look at a record, and its shard of the due index (C10). Every record always
/// has a due time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// Partition of the index, from the lock's name: `"0"` to `"7"`.
    pub due_shard: String,
    /// The earliest time to look at it.
    pub due_at: UnixMillis,
}

impl Due {
    /// The record of `lock` is due at `due_at`.
    pub fn new(lock: &LockName, due_at: UnixMillis) -> Self {
        let hash = fnv1a_64(lock.as_str().bytes());
        // Names that differ only in the last digit differ only in the low bits: mix in the high
        // ones.
        let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 33;
        Self {
            due_shard: (mixed % DUE_SHARDS).to_string(),
            due_at,
        }
    }

    /// For a pending record: the next send, or the time when an unlock is given up, if earlier.
    pub fn pending(lock: &LockName, command: &Command) -> Self {
        let due_at = match command.given_up_at() {
            Some(given_up_at) => command.next_send_at.min(given_up_at),
            None => command.next_send_at,
        };
        Self::new(lock, due_at)
    }

    /// For a settled record: when the device has been silent for too long.
    pub fn settled(lock: &LockName, reported_at: UnixMillis) -> Self {
        Self::new(lock, reported_at.plus(REPORT_OVERDUE_MS))
    }
}

/// What the cloud knows about one lock. Stored under `lock#<thing>` / `record`.
/// Source: PROTOCOL, The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The thing name of the lock.
    pub lock: LockName,
    /// Version of the current command; 0 before the first.
    pub version: Version,
    /// The latch as last reported.
    pub state: Latch,
    /// How far `state` can be trusted.
    pub status: Status,
    /// The current command; `None` before the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<Command>,
    /// The last report used; `None` before the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reported: Option<Reported>,
    /// When a button was last bound to it; `None` if never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bound_at: Option<UnixMillis>,
    /// When the door's present state began, by the reports; `None` until a sensor has seen it, and
    /// in records older than this field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub door_since: Option<UnixMillis>,
    /// Which opening was alerted as left open last: its `door_since`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left_open_alerted: Option<UnixMillis>,
    /// When the sweep must look at it.
    #[serde(flatten)]
    pub due: Due,
}

impl Record {
    /// The record of a lock that was never commanded and never reported: unknown and unresponsive,
    /// at version 0.
    pub fn created(lock: LockName, now: UnixMillis) -> Self {
        let due = Due::settled(&lock, now);
        Self {
            lock,
            version: Version::NONE,
            state: Latch::Unknown,
            status: Status::Unresponsive,
            command: None,
            reported: None,
            bound_at: None,
            door_since: None,
            left_open_alerted: None,
            due,
        }
    }

    /// Whether the door is known to be locked: the only state from which a toggle unlocks (C6).
    ///
    /// ```
    /// use lock_core::name::LockName;
    /// use lock_core::record::{Record, Status};
    /// use lock_core::report::Latch;
    /// use lock_core::time::UnixMillis;
    ///
    /// let mut record = Record::created(LockName::new("lock-1")?, UnixMillis(0));
    /// record.state = Latch::Locked;
    /// assert!(!record.is_known_locked(), "reported locked, but the command is not answered");
    /// record.status = Status::Settled;
    /// assert!(record.is_known_locked());
    /// # Ok::<(), lock_core::name::NameError>(())
    /// ```
    pub fn is_known_locked(&self) -> bool {
        self.status == Status::Settled && self.state == Latch::Locked
    }

    /// When the lock wrote the last report used.
    pub fn last_reported_at(&self) -> Option<UnixMillis> {
        self.reported.as_ref().map(|last| last.shadow_at.millis())
    }

    /// Since when the door is open, by the reports; `None` if it is closed or no sensor sees it. A
    /// record without `doorSince` knows only that it was open at the last report.
    pub fn open_since(&self) -> Option<UnixMillis> {
        let last = self.reported.as_ref()?;
        (last.report.door == Some(Door::Open))
            .then(|| self.door_since.unwrap_or(last.shadow_at.millis()))
    }

    /// When the open door counts as left open; `None` if it is not open, if this opening was
    /// alerted already, or if the deployment does not want this alert.
    pub fn left_open_at(&self, limits: &Limits) -> Option<UnixMillis> {
        let since = self.open_since()?;
        let is_wanted = limits.left_open_ms > 0 && self.left_open_alerted != Some(since);
        is_wanted.then(|| since.plus(limits.left_open_ms))
    }

    /// The refusal in the last report, if it is of `command`.
    pub fn refusal_of(&self, command: &Command) -> Option<&RefusedCommand> {
        let refused = self.reported.as_ref()?.report.refused.as_ref()?;
        (refused.command_id.as_ref() == Some(&command.id)).then_some(refused)
    }

    /// The version of the next command (C5); `None` if none is left.
    pub fn next_version(&self, now: UnixMillis) -> Option<Version> {
        Version::next(
            self.version,
            self.reported
                .as_ref()
                .map(|reported| reported.report.version),
            now,
        )
    }
}

#[cfg(test)]
mod tests;
