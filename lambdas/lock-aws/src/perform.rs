//! What press, report, sweep and operator share: commit a decision, publish its command, log it. Must not load nor decide.
//!
//! Retries, and their limits. A call is made at most three times within four seconds by the SDK (`start`). What another
//! writer, a throttling table or a lost answer leaves undecided is read and decided again, up to
//! [`DECISIONS_MAX`](lock_core::limits::DECISIONS_MAX) times, never written again blindly: a decision whose first commit did
//! get through finds that out from what it reads. Then, or at the end of the function's time, it is an error, and the table
//! holds all of a decision or none of it, since it is one transaction.

use lock_core::Decision;
use lock_core::event::{Event, Subject};
use lock_core::field::Refusal;
use lock_core::limits::{DECISIONS_MAX, Limits};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::Alert;
use lock_core::time::UnixMillis;
use serde_json::Value;

use crate::clock::{self, Stopwatch};
use crate::error::chain;
use crate::metric;
use crate::{Cloud, Committed, Conflict, PublishError, StoreError};

/// Kept free at the end of an invocation, to answer in. *Units*: ms.
pub const ANSWER_MS: u64 = 500;
/// Wait before deciding again on a table that was busy; it doubles with each. *Units*: ms.
const BUSY_WAIT_MS: u64 = 20;

/// Why a decision was not carried out in full. Whoever delivers the message again, or sweeps again, makes it good.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// The table did not answer, or answered something unreadable.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The command is committed and not published (C13), or a shadow could not be read.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Each time another writer was first, or the table was busy.
    #[error(
        "decided {DECISIONS_MAX} times, each time the record had changed meanwhile or the table was busy"
    )]
    Contention,
    /// The function's time ended first.
    #[error(
        "no outcome within the function's time; what was under way is done whole or not at all"
    )]
    Deadline,
}

impl PerformError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            PerformError::Store(_) => "store",
            PerformError::Publish(_) => "publish",
            PerformError::Contention => "contention",
            PerformError::Deadline => "deadline",
        }
    }
}

/// Milliseconds spent in each step, and tries, for the log and for the limits.
#[derive(Debug, Default)]
pub struct Steps {
    /// Reading and deciding.
    pub load_ms: f64,
    /// Committing.
    pub commit_ms: f64,
    /// Publishing.
    pub publish_ms: f64,
    /// Commits tried.
    pub decisions: u32,
    /// Publishes tried.
    pub publishes: u32,
    /// The last commit of which it is not known whether it was made.
    unknown: Option<StoreError>,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Performed {
    /// All is in the table.
    Done,
    /// Read again and decide again: a condition did not hold, or, with none named, it is not known whether this commit was
    /// made.
    Again(Option<Conflict>),
}

impl Steps {
    /// Whether there is a try left.
    pub fn may_decide(&self) -> bool {
        self.decisions < DECISIONS_MAX
    }

    /// Steps of the next decision about the same record: its own times, out of the same tries.
    pub fn next(&self) -> Steps {
        Steps {
            decisions: self.decisions,
            ..Steps::default()
        }
    }

    /// Why no try led to an end.
    pub fn exhausted(self) -> PerformError {
        match self.unknown {
            Some(error) => PerformError::Store(error),
            None => PerformError::Contention,
        }
    }
}

impl Cloud {
    /// Commits a decision, once; waits a little where the table was busy, since the caller decides again.
    ///
    /// *Errors*: [`PerformError::Store`], for what deciding again cannot cure.
    pub async fn commit(
        &self,
        decision: &Decision,
        steps: &mut Steps,
    ) -> Result<Performed, PerformError> {
        steps.decisions += 1;
        let watch = Stopwatch::start();
        let committed = self.store.commit(&decision.writes).await;
        steps.commit_ms += watch.elapsed_ms();
        let conflict = match committed {
            Ok(Committed::Done) => return Ok(Performed::Done),
            Ok(Committed::Conflict(conflict)) => {
                steps.unknown = None;
                Some(conflict)
            }
            Err(error) if error.unknown => {
                tracing::warn!(decisions = steps.decisions, error = %chain(&error), "outcome unknown, reading again");
                steps.unknown = Some(error);
                None
            }
            Err(error) => return Err(error.into()),
        };
        tracing::debug!(?conflict, decisions = steps.decisions, "deciding again");
        if conflict.is_none_or(|conflict| conflict == Conflict::Busy) && steps.may_decide() {
            let wait_ms = BUSY_WAIT_MS << steps.decisions.saturating_sub(1).min(8);
            self.clock.pass(wait_ms).await;
        }
        Ok(Performed::Again(conflict))
    }

    /// Publishes the command of a decision that is committed, if it has one, again and again until `deadline` or the
    /// command's end (C13).
    ///
    /// *Errors*: [`PerformError::Publish`]; said in the log as an alert, since the command is then late.
    pub async fn publish(
        &self,
        decision: &Decision,
        deadline: UnixMillis,
        steps: &mut Steps,
    ) -> Result<(), PerformError> {
        let Some(publish) = &decision.publish else {
            return Ok(());
        };
        let watch = Stopwatch::start();
        let published = self.publisher.publish_command(publish, deadline).await;
        steps.publish_ms += watch.elapsed_ms();
        if let Err(error) = &published {
            let (lock, version) = (publish.lock.as_str(), publish.command.version.0);
            tracing::error!(
                lock,
                version,
                alert = Alert::NotPublished.as_str(),
                "{}",
                chain(error)
            );
        }
        steps.publishes += published?;
        Ok(())
    }

    /// Logs a message that cannot be read, and writes it down where its sender is known. `service` is the function's name.
    ///
    /// *Errors*: [`PerformError`].
    pub async fn refuse(
        &self,
        service: &str,
        message: &Value,
        refusal: &Refusal,
        limits: &Limits,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let Some(line) = Event::of_refusal(message, refusal, self.clock.now(), limits) else {
            tracing::warn!(decision = "refused", reason = refusal.code(), "{refusal}");
            return Ok(None);
        };
        if let Subject::Lock(lock) = &line.subject
            && self.store.read_record(lock).await?.is_none()
        {
            pass_over(service, lock);
            return Ok(None);
        }
        let decision = Decision::refused(line);
        while steps.may_decide() {
            // Its line is its own: written twice, it is the same line.
            if self.commit(&decision, steps).await? == Performed::Done {
                return Ok(Some(decision));
            }
        }
        Err(std::mem::take(steps).exhausted())
    }

    /// The output of `work` if it ends before `deadline`. The caller boxes `work`, since the SDK's futures are large.
    ///
    /// *Errors*: those of `work`, and [`PerformError::Deadline`].
    pub async fn within<T>(
        &self,
        deadline: UnixMillis,
        work: impl Future<Output = Result<T, PerformError>>,
    ) -> Result<T, PerformError> {
        let done = self.clock.before(deadline, work).await;
        done.unwrap_or(Err(PerformError::Deadline))
    }
}

/// A message about a thing that is not a registered lock: it may belong to another stack, and nothing is written about it (C9).
pub fn pass_over(service: &str, lock: &LockName) {
    tracing::debug!(
        lock = lock.as_str(),
        "not a registered lock: nothing is written"
    );
    metric::count(service, "UnregisteredMessages");
}

/// One line about what was decided and done.
pub fn log_decision(decision: &Decision, steps: &Steps, total: &Stopwatch) {
    let event = &decision.writes.event;
    let lock = match &event.subject {
        Subject::Lock(lock) => Some(lock.as_str()),
        Subject::Button(_) => None,
    };
    for alert in &decision.alerts {
        tracing::error!(alert = alert.as_str(), lock, "a person must look at this");
    }
    tracing::info!(
        button = event.button.as_ref().map(ButtonSerial::as_str),
        actor = event.actor,
        lock,
        version = event.version.map(|version| version.0),
        action = event.action.map(|action| action.as_str()),
        decision = decision.verdict.as_str(),
        reason = decision.reason.code(),
        sequence = event.sequence,
        age_ms = clock::now().since(event.at),
        load_ms = steps.load_ms,
        commit_ms = steps.commit_ms,
        publish_ms = steps.publish_ms,
        total_ms = total.elapsed_ms(),
        decisions = steps.decisions,
        publishes = steps.publishes,
        "{event}"
    );
}
