//! What a lock's state message and event message say: for readers such as a home's own hub.
//!
//! Must not know: who reads them, and how they are sent.
//!
//! They are information only. Nothing in this system reads them, and no decision depends on them.
//! Each is the whole answer: what is not known is `null`, and no field is left out.

mod certainty;
mod line;

pub use certainty::{Certainty, overdue_at, refusal};
pub use line::Line;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::action::Action;
use crate::binding::Binding;
use crate::command::Version;
use crate::label::{Label, Names};
use crate::limits::Limits;
use crate::name::{ButtonSerial, LockName, Subject};
use crate::record::{Cause, Record, Status};
use crate::report::{Door, Latch, Source};
use crate::time::UnixMillis;
use crate::word::words;

words! {
    /// What a command that waits for its answer does to a lock.
    pub enum Moving("movement") {
        /// A lock command waits for its answer.
        Locking = "locking",
        /// An unlock waits for its answer.
        Unlocking = "unlocking",
    }
}

/// The voltages of a lock's buttons in mV, as far as they are known.
pub type Batteries = BTreeMap<ButtonSerial, u64>;

/// The message that is retained on a lock's state topic.
///
/// ```json
/// {"v":1,"lock":"locked","moving":null,"status":"settled","certainty":"sensed","door":"closed",
///  "since":1763779512345,"reportedAt":1763779512345,"version":1763779512345,"actor":"alice",
///  "reason":null,"refused":null,"batteries":{"button-1":2900},"firmware":"2.0.0","rssi":-61,
///  "label":"Front door","room":"Hall"}
/// ```
///
/// Source: PROTOCOL, Messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State<'a> {
    v: u8,
    lock: Latch,
    moving: Option<Moving>,
    status: Status,
    certainty: Certainty,
    door: Option<Door>,
    since: Option<UnixMillis>,
    reported_at: Option<UnixMillis>,
    version: Version,
    actor: Option<String>,
    reason: Option<&'a str>,
    refused: Option<&'a str>,
    batteries: &'a Batteries,
    firmware: Option<&'a str>,
    rssi: Option<i64>,
    label: Option<&'a Label>,
    room: Option<&'a Label>,
}

impl<'a> State<'a> {
    /// The state of the lock of `record` at `now`. `since` and `batteries` are what the messages
    /// before it have left: see [`since`] and [`battery_changes`]. `names` has the labels of
    /// [`subjects`].
    ///
    /// ```
    /// use lock_core::label::Names;
    /// use lock_core::limits::Limits;
    /// use lock_core::name::LockName;
    /// use lock_core::record::Record;
    /// use lock_core::state::{Batteries, State};
    /// use lock_core::time::UnixMillis;
    ///
    /// let now = UnixMillis(1_000);
    /// let record = Record::created(LockName::new("lock-1")?, now);
    /// let (names, batteries) = (Names::default(), Batteries::new());
    /// let state = State::of(&record, None, &batteries, &names, now, &Limits::default());
    /// assert!(state.to_json().starts_with(
    ///     r#"{"v":1,"lock":"unknown","moving":null,"status":"unresponsive","certainty":"unknown""#
    /// ));
    /// # Ok::<(), lock_core::name::NameError>(())
    /// ```
    pub fn of(
        record: &'a Record,
        since: Option<UnixMillis>,
        batteries: &'a Batteries,
        names: &'a Names,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        let certainty = Certainty::of(record, now, Some(limits));
        let (actor, reason) = blame(record, names);
        let report = record.reported.as_ref().map(|last| &last.report);
        let labels = names.of_lock(&record.lock);
        Self {
            v: 1,
            lock: record.state,
            moving: moving(record).filter(|_| certainty == Certainty::Assumed),
            status: record.status,
            certainty,
            door: report.and_then(|report| report.door),
            since,
            reported_at: record.reported.as_ref().map(|last| last.at),
            version: record.version,
            actor,
            reason,
            refused: refusal(record),
            batteries,
            firmware: report.and_then(|report| report.firmware.as_deref()),
            rssi: report.and_then(|report| report.rssi),
            label: labels.label.as_ref(),
            room: labels.room.as_ref(),
        }
    }

    /// The message.
    pub fn to_json(&self) -> String {
        json_text(self)
    }
}

/// What a pending command does.
fn moving(record: &Record) -> Option<Moving> {
    let command = record.command.as_ref()?;
    (record.status == Status::Pending).then_some(match command.action {
        Action::Lock => Moving::Locking,
        Action::Unlock => Moving::Unlocking,
    })
}

/// Who caused what the state shows, or else why it came about: the code of the system's command, or
/// the report's `source` if no command moved the latch.
fn blame<'a>(record: &'a Record, names: &Names) -> (Option<String>, Option<&'a str>) {
    if record.status == Status::Settled
        && let Some(last) = &record.reported
        && last.report.source != Source::Remote
    {
        return (None, Some(last.report.source.as_str()));
    }
    match record.command.as_ref().map(|command| &command.cause) {
        Some(Cause::Button { button }) => (Some(names.button(button)), None),
        Some(Cause::Request { actor }) => (actor.clone(), None),
        Some(Cause::System { reason }) => (None, Some(reason.as_str())),
        None => (None, None),
    }
}

/// The lock of `record`, and the button behind its command: a state shows their labels.
pub fn subjects(record: &Record) -> Vec<Subject> {
    let mut subjects = vec![Subject::Lock(record.lock.clone())];
    if let Some(command) = &record.command
        && let Cause::Button { button } = &command.cause
    {
        subjects.push(Subject::Button(button.clone()));
    }
    subjects
}

/// When the latch of `new` came to be what it is, by the reports: of a change, its report; else
/// what was known before (`kept`). `None` if no change was seen.
pub fn since(old: Option<&Record>, new: &Record, kept: Option<UnixMillis>) -> Option<UnixMillis> {
    if old.is_some_and(|old| old.state == new.state) {
        return kept;
    }
    new.reported.as_ref().map(|last| last.at)
}

/// The locks whose batteries a change of a binding changes, with the new voltage; `None` takes the
/// button off the lock.
pub fn battery_changes(old: Option<&Binding>, new: &Binding) -> Vec<(LockName, Option<u64>)> {
    let before = old.and_then(|old| old.lock.as_ref());
    let mut changes = Vec::new();
    if let Some(left) = before.filter(|left| Some(*left) != new.lock.as_ref()) {
        changes.push((left.clone(), None));
    }
    let is_known =
        before == new.lock.as_ref() && old.is_some_and(|old| old.battery_mv == new.battery_mv);
    if let (Some(lock), Some(_), false) = (&new.lock, new.battery_mv, is_known) {
        changes.push((lock.clone(), new.battery_mv));
    }
    changes
}

fn json_text(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("texts, numbers and names of buttons become JSON")
}

#[cfg(test)]
mod tests;
