//! The outcome of a press or a request: its event in a history, then the end of its command.
//!
//! Must not know: what is decided about locks; it reads and waits.

use std::time::Duration;

use anyhow::Result;
use laptop::view;
use lock_core::command::Version;
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::limits::{Limits, UNLOCK_GRACE_MS};
use lock_core::name::LockName;
use lock_core::reason::Verdict;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use serde_json::{Value, json};
use tokio::time::{Interval, interval};

use crate::answer::Answer;
use crate::sentence;
use crate::target::{KnownLimits, Target};
use crate::wait;

/// Time between two reads of the table.
const READ_EVERY: Duration = Duration::from_millis(150);
/// Events are read from this long before the message was published: the two clocks differ, and an
/// event that ignored presses share is stored under the start of its minute.
const CLOCK_SKEW_MS: u64 = 2 * 60_000;
/// A published message whose outcome is awaited.
pub struct Watch<'a> {
    target: &'a Target,
    /// When the message was published.
    from: UnixMillis,
    limits: KnownLimits,
    /// What people call the locks and buttons.
    pub names: Names,
    reads: Interval,
}

/// The outcome of a message.
#[derive(Debug)]
pub enum Outcome {
    /// It led to no command; the event says why.
    Declined(Box<Event>),
    /// It became a command, which ended this way.
    Command(Box<Event>, End),
    /// No event within the life of a message: no function has handled it.
    NoEvent,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The lock has carried it out.
    Done(Box<Record>),
    /// The lock has answered that the unlock came too late.
    TooLate(Box<Record>),
    /// Another command superseded it before the lock answered.
    Superseded(Box<Record>),
    /// The lock has not answered within the command's life.
    Silent(Box<Record>),
    /// The lock was forgotten in the meantime.
    Forgotten,
}

impl<'a> Watch<'a> {
    /// Starts to watch, before the message is published.
    pub async fn start(target: &'a Target) -> Self {
        let (limits, names) = tokio::join!(target.limits(), target.names());
        Self {
            target,
            from: target.now(),
            limits,
            names,
            reads: interval(READ_EVERY),
        }
    }

    /// The events of these histories that could be the message's: those of the last minutes.
    pub async fn events(&self, subjects: &[Subject]) -> Result<Vec<Event>> {
        let (store, since) = (&self.target.cloud.store, self.from.minus(CLOCK_SKEW_MS));
        let mut events = Vec::new();
        for subject in subjects {
            events.extend(store.read_history_since(subject, since).await?);
        }
        Ok(events)
    }

    /// Waits for the event that `find_own` picks, then for the end of its command.
    pub async fn outcome(
        &mut self,
        subjects: &[Subject],
        find_own: impl Fn(&[Event]) -> Option<Event>,
    ) -> Result<Outcome> {
        let most_s = self.event_by().since(self.from) / 1000;
        let outcome = self.await_outcome(subjects, find_own);
        wait::during("waiting for the outcome", Some(most_s), outcome).await
    }

    async fn await_outcome(
        &mut self,
        subjects: &[Subject],
        find_own: impl Fn(&[Event]) -> Option<Event>,
    ) -> Result<Outcome> {
        let event = loop {
            self.next_read().await;
            if let Some(event) = find_own(&self.events(subjects).await?) {
                break event;
            }
            if self.target.now() >= self.event_by() {
                return Ok(Outcome::NoEvent);
            }
        };
        let is_command = matches!(event.decision, Verdict::Command | Verdict::Resend);
        let (Subject::Lock(lock), Some(version), true) =
            (&event.subject, event.version, is_command)
        else {
            return Ok(Outcome::Declined(Box::new(event)));
        };
        let end = self.end_of(lock, version).await?;
        Ok(Outcome::Command(Box::new(event), end))
    }

    async fn end_of(&mut self, lock: &LockName, version: Version) -> Result<End> {
        loop {
            let Some(record) = self.target.cloud.store.read_record(lock).await? else {
                return Ok(End::Forgotten);
            };
            let limits = self.limits.or_longest();
            if let Some(end) = judge(record, version, self.target.now(), &limits) {
                return Ok(end);
            }
            self.next_read().await;
        }
    }

    /// Waits for the next read. Unknown limits are read again: the function that handles the
    /// message may have written them.
    async fn next_read(&mut self) {
        self.reads.tick().await;
        if self.limits.0.is_none()
            && let Ok(limits) = self.target.cloud.store.read_limits().await
        {
            self.limits = KnownLimits(limits);
        }
    }

    /// When an event can no longer be expected: the message is by then too old to open anything.
    fn event_by(&self) -> UnixMillis {
        let limits = self.limits.or_longest();
        self.from.plus(limits.command_ttl_ms + UNLOCK_GRACE_MS)
    }

    /// Seconds since the message was published.
    fn seconds(&self) -> f64 {
        self.target.now().since(self.from) as f64 / 1000.0
    }

    fn record_line(&self, record: &Record) -> String {
        sentence::record_line(
            record,
            &self.names,
            self.target.now(),
            self.limits.0.as_ref(),
        )
    }
}

/// The end of the command at `version`, as its lock's record shows it; `None` while it is under
/// way.
fn judge(record: Record, version: Version, now: UnixMillis, limits: &Limits) -> Option<End> {
    if record.version != version {
        return Some(End::Superseded(Box::new(record)));
    }
    if record.status == Status::Settled {
        return Some(if sentence::has_expired(&record) {
            End::TooLate(Box::new(record))
        } else {
            End::Done(Box::new(record))
        });
    }
    let command = record.command.as_ref()?;
    let ends = match command.given_up_at() {
        Some(at) => at,
        None => command
            .created_at
            .plus(limits.command_ttl_ms + UNLOCK_GRACE_MS),
    };
    (ends <= now).then(|| End::Silent(Box::new(record)))
}

impl Outcome {
    /// The answer: `body` with the outcome added. `message` is what to call the message if no event
    /// names it.
    pub fn answer(&self, watch: &Watch<'_>, message: &str, body: Value) -> Answer {
        let (limits, seconds) = (watch.limits.0.as_ref(), watch.seconds());
        let names = &watch.names;
        let mut lines = Vec::new();
        let (word, record) = match self {
            Self::Declined(event) => {
                lines.push(event.with_names(names).to_string());
                (event.decision.as_str(), None)
            }
            Self::Command(event, end) => {
                lines.push(event.with_names(names).to_string());
                lines.push(end.line(names, seconds, |record| watch.record_line(record)));
                (end.word(), end.record())
            }
            Self::NoEvent => {
                lines.push(format!(
                    "no function handled {message} in {seconds:.0} s: its outcome is unknown"
                ));
                ("timeout", None)
            }
        };
        lines.extend(watch.limits.note());
        let is_moved = |record: &Record| matches!(record.state, Latch::Locked | Latch::Unlocked);
        let has_failed = !matches!(self, Self::Command(_, End::Done(record)) if is_moved(record));
        let mut body = body;
        body["outcome"] = json!(word);
        body["text"] = json!(lines.join("; "));
        body["record"] = json!(record.map(|record| view::aged_record(
            record,
            names,
            watch.target.now(),
            limits
        )));
        Answer {
            lines,
            body,
            has_failed,
        }
    }
}

impl End {
    /// The word for scripts.
    fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "settled",
            Self::TooLate(_) => "expired",
            Self::Superseded(_) => "replaced",
            Self::Silent(_) => "timeout",
            Self::Forgotten => "forgotten",
        }
    }

    /// The record at the end of the command.
    fn record(&self) -> Option<&Record> {
        match self {
            Self::Done(record)
            | Self::TooLate(record)
            | Self::Superseded(record)
            | Self::Silent(record) => Some(record),
            Self::Forgotten => None,
        }
    }

    /// The line for people, `seconds` after the message was published.
    pub fn line(
        &self,
        names: &Names,
        seconds: f64,
        record_line: impl Fn(&Record) -> String,
    ) -> String {
        match self {
            Self::Done(record) => {
                let state = record.state;
                let lock = names.lock(&record.lock);
                format!("{lock} is {state} after {seconds:.1} s")
            }
            Self::TooLate(record) => format!("the unlock came too late: {}", record_line(record)),
            Self::Superseded(record) => {
                format!("superseded by another command: {}", record_line(record))
            }
            Self::Silent(record) => format!(
                "no answer in {seconds:.0} s, but the command may still have been carried out: {}",
                record_line(record)
            ),
            Self::Forgotten => "the lock was forgotten in the meantime".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
