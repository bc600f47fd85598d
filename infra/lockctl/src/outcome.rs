//! What becomes of a press or a request: its own line in a history, then the end of its command. Watches; decides nothing
//! about locks.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use laptop::view;
use lock_core::command::Version;
use lock_core::event::{Event, Subject};
use lock_core::limits::{Limits, UNLOCK_GRACE_MS};
use lock_core::name::LockName;
use lock_core::reason::Verdict;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use serde_json::{Value, json};
use tokio::time::{Interval, interval};

use crate::target::{Known, Target};

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Lines are looked for from this long before the message was published: this machine's clock and the cloud's never agree
/// to the millisecond, and a line that ignored presses share begins with its minute. *Units*: ms.
const CLOCKS_APART_MS: u64 = 2 * 60_000;
/// After this a person is asked for patience. *Units*: ms.
const SILENCE_MS: u64 = 2_000;

/// A message that was published, and is watched.
pub struct Watch<'a> {
    target: &'a Target,
    /// When it was published.
    from: UnixMillis,
    known: Known,
    asked: bool,
    looks: Interval,
}

/// What became of it.
#[derive(Debug)]
pub enum Outcome {
    /// Its own line says that there is no command.
    Declined(Box<Event>),
    /// It became a command, which ended so.
    Command(Box<Event>, End),
    /// No line in the life of a message: no function has handled it.
    NoLine,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The lock has carried it out.
    Done(Box<Record>),
    /// The lock has answered that the unlock came too late.
    TooLate(Box<Record>),
    /// Another command took its place before the lock had answered.
    Replaced(Box<Record>),
    /// The lock has not answered in the command's life.
    Silent(Box<Record>),
    /// The lock was forgotten meanwhile.
    Forgotten,
}

impl<'a> Watch<'a> {
    /// Watches from now on.
    pub async fn start(target: &'a Target) -> Watch<'a> {
        Watch {
            target,
            from: target.now(),
            known: target.limits().await,
            asked: false,
            looks: interval(LOOK_EVERY),
        }
    }

    /// The lines of these histories that could be the message's: those of the last minutes.
    pub async fn lines(&self, subjects: &[Subject]) -> Result<Vec<Event>> {
        let since = self.from.minus(CLOCKS_APART_MS);
        let mut lines = Vec::new();
        for subject in subjects {
            lines.extend(
                self.target
                    .cloud()
                    .store
                    .history_since(subject, since)
                    .await?,
            );
        }
        Ok(lines)
    }

    /// Waits for the line that `is_own` picks, then for the end of its command.
    pub async fn outcome(
        &mut self,
        subjects: &[Subject],
        own: impl Fn(&[Event]) -> Option<Event>,
    ) -> Result<Outcome> {
        let line = loop {
            self.look().await;
            if let Some(line) = own(&self.lines(subjects).await?) {
                break line;
            }
            if self.target.now() >= self.line_by() {
                return Ok(Outcome::NoLine);
            }
        };
        let commanded = matches!(line.decision, Verdict::Command | Verdict::Resend);
        let (Subject::Lock(lock), Some(version), true) = (&line.subject, line.version, commanded)
        else {
            return Ok(Outcome::Declined(Box::new(line)));
        };
        let end = self.end_of(lock, version).await?;
        Ok(Outcome::Command(Box::new(line), end))
    }

    async fn end_of(&mut self, lock: &LockName, version: Version) -> Result<End> {
        loop {
            let Some(record) = self.target.cloud().store.read_record(lock).await? else {
                return Ok(End::Forgotten);
            };
            let limits = self.known.or_longest();
            if let Some(end) = judge(record, version, self.target.now(), &limits) {
                return Ok(end);
            }
            self.look().await;
        }
    }

    /// Waits for the next look. Where the limits are not known, the function that handles the message may have written them.
    async fn look(&mut self) {
        self.looks.tick().await;
        if self.known.get().is_none()
            && let Ok(Some(limits)) = self.target.cloud().store.read_limits().await
        {
            self.known = Known::these(limits);
        }
        let waited_ms = self.target.now().since(self.from);
        if waited_ms >= SILENCE_MS && !self.asked {
            self.asked = true;
            if std::io::stderr().is_terminal() {
                let most_s = self.line_by().since(self.from) / 1000;
                eprintln!("waiting for the outcome, up to {most_s} s");
            }
        }
    }

    /// When a line can no longer be expected: the message is too old by then to open anything, and its report too.
    fn line_by(&self) -> UnixMillis {
        let limits = self.known.or_longest();
        self.from.plus(limits.command_ttl_ms + UNLOCK_GRACE_MS)
    }

    /// How long it has taken so far, in seconds.
    pub fn seconds(&self) -> f64 {
        self.target.now().since(self.from) as f64 / 1000.0
    }

    /// The limits as they are known by now.
    pub fn known(&self) -> Known {
        self.known
    }
}

/// The end of the command at `version`, as its lock's record shows it; none while it is under way.
fn judge(record: Record, version: Version, now: UnixMillis, limits: &Limits) -> Option<End> {
    if record.version != version {
        return Some(End::Replaced(Box::new(record)));
    }
    if record.status == Status::Settled {
        return Some(if view::came_too_late(&record) {
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

/// An outcome for a person and for a script.
pub struct Summary {
    /// For people.
    pub lines: Vec<String>,
    /// Its word for scripts: `settled`, `ignored`, `timeout`, …
    pub word: String,
    /// The record then, for scripts.
    pub record: Value,
    /// Whether what was wanted did not happen.
    pub is_no: bool,
}

impl Outcome {
    /// The outcome in words, of what is called `asked` where no line is there to say it.
    pub fn summary(&self, watch: &Watch<'_>, asked: &str) -> Summary {
        let summary = |mut lines: Vec<String>, word: &str, record: Option<&Record>, is_no| {
            let (limits, now) = (watch.known().get(), watch.target.now());
            lines.extend(watch.known().note());
            Summary {
                lines,
                word: word.to_owned(),
                record: record.map_or(Value::Null, |record| {
                    view::record(record, now, limits.as_ref())
                }),
                is_no,
            }
        };
        match self {
            Outcome::Declined(event) => {
                summary(vec![event.to_string()], event.decision.as_str(), None, true)
            }
            Outcome::Command(event, end) => {
                let (line, word, record) = end.words(watch);
                let moved =
                    |record: &Record| matches!(record.state, Latch::Locked | Latch::Unlocked);
                let is_no = !matches!(end, End::Done(record) if moved(record));
                summary(vec![event.to_string(), line], word, record, is_no)
            }
            Outcome::NoLine => {
                let line = format!(
                    "no function has handled {asked} in {:.0} s: nothing is known of it",
                    watch.seconds()
                );
                summary(vec![line], "timeout", None, true)
            }
        }
    }
}

impl End {
    fn words(&self, watch: &Watch<'_>) -> (String, &'static str, Option<&Record>) {
        let (limits, now) = (watch.known().get(), watch.target.now());
        let known = |record: &Record| view::sentence(record, now, limits.as_ref());
        match self {
            End::Done(record) => {
                let state = view::word(record.state);
                let line = format!("{} is {state} after {:.1} s", record.lock, watch.seconds());
                (line, "settled", Some(&**record))
            }
            End::TooLate(record) => {
                let line = format!("the unlock came too late: {}", known(record));
                (line, "expired", Some(&**record))
            }
            End::Replaced(record) => {
                let line = format!("another command took its place: {}", known(record));
                (line, "replaced", Some(&**record))
            }
            End::Silent(record) => {
                let line = format!(
                    "no answer in {:.0} s; a timeout is not a no: {}",
                    watch.seconds(),
                    known(record)
                );
                (line, "timeout", Some(&**record))
            }
            End::Forgotten => (
                "the lock was forgotten meanwhile".to_owned(),
                "forgotten",
                None,
            ),
        }
    }
}

/// The body of an answer, with what became of the message.
pub fn with_outcome(mut body: Value, summary: &Summary) -> Value {
    body["outcome"] = json!(summary.word);
    body["text"] = json!(summary.lines.join("; "));
    body["record"] = summary.record.clone();
    body
}

#[cfg(test)]
mod tests;
