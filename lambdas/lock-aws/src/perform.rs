//! Commits a decision, publishes its command and logs it, for functions and for operators.
//! Must not know: what a decision is made on.
//!
//! The SDK makes a call at most three times within four seconds (`start`). After a conflict, a
//! throttled table or a lost answer, the caller reads and decides again, up to [`DECISIONS_MAX`]
//! times. It never repeats a write blindly: if its first commit did succeed, it reads that. Then,
//! or at the end of the function's time, it fails. The table holds all of a decision or none of it,
//! since a decision is one transaction.

use lock_core::Decision;
use lock_core::event::{Event, Subject};
use lock_core::field::Refusal;
use lock_core::limits::{DECISIONS_MAX, Limits};
use lock_core::name::ButtonSerial;
use lock_core::reason::Alert;
use lock_core::time::UnixMillis;
use serde_json::Value;

use crate::clock::{self, Stopwatch};
use crate::error::chain;
use crate::{Cloud, Committed, Conflict, PublishError, StoreError};

/// Time kept free at the end of an invocation for the answer, in ms.
pub const ANSWER_MS: u64 = 500;
/// Wait before the next decision on a busy table, in ms. Doubles each time.
const BUSY_WAIT_MS: u64 = 20;

/// Why a decision was not carried out in full. The next delivery or the next sweep cures it.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// A call on the table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The command is committed but not published (C13), or a shadow was not read.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Another writer was first, or the table was busy, each time.
    #[error(
        "gave up after {DECISIONS_MAX} attempts: the record kept changing or the table was busy"
    )]
    Contention,
    /// The function's time ended first.
    #[error("timed out; the decision is written in full or not at all")]
    Deadline,
}

impl PerformError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(_) => "store",
            Self::Publish(_) => "publish",
            Self::Contention => "contention",
            Self::Deadline => "deadline",
        }
    }
}

/// Milliseconds and attempts of each step, for the log and for the limits.
#[derive(Debug, Default)]
pub struct Steps {
    /// Spent reading and deciding, in ms.
    pub load_ms: f64,
    /// Spent committing, in ms.
    pub commit_ms: f64,
    /// Spent publishing, in ms.
    pub publish_ms: f64,
    /// Attempts to commit, at most [`DECISIONS_MAX`].
    pub decisions: u32,
    /// Attempts to publish the command.
    pub publishes: u32,
    /// The error of the last commit, if its outcome is unknown.
    unknown: Option<StoreError>,
}

/// Outcome of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Performed {
    /// Everything is in the table.
    Done,
    /// Decide again: because of the conflict, or, with `None`, because the outcome is unknown.
    Again(Option<Conflict>),
}

impl Steps {
    /// Whether another attempt is left.
    pub fn may_decide(&self) -> bool {
        self.decisions < DECISIONS_MAX
    }

    /// Steps of the next decision about the same record: times start at 0, attempts count on.
    pub fn next(&self) -> Self {
        Self {
            decisions: self.decisions,
            ..Self::default()
        }
    }

    /// The error after the last attempt.
    pub fn exhausted(&mut self) -> PerformError {
        match self.unknown.take() {
            Some(error) => PerformError::Store(error),
            None => PerformError::Contention,
        }
    }
}

impl Cloud {
    /// Commits a decision once. Waits if the table was busy, since the caller decides again.
    ///
    /// # Errors
    ///
    /// [`PerformError::Store`] for what deciding again cannot cure.
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
                let (decisions, error_text) = (steps.decisions, chain(&error));
                tracing::warn!(decisions, "outcome unknown, reading again: {error_text}");
                steps.unknown = Some(error);
                None
            }
            Err(error) => return Err(error.into()),
        };
        let is_busy = conflict.as_ref().is_none_or(|it| *it == Conflict::Busy);
        tracing::debug!(is_busy, decisions = steps.decisions, "deciding again");
        if is_busy && steps.may_decide() {
            let wait_ms = BUSY_WAIT_MS << steps.decisions.saturating_sub(1).min(8);
            self.clock.wait(wait_ms).await;
        }
        Ok(Performed::Again(conflict))
    }

    /// Commits a decision that does not depend on the table: an event alone, whose line is the same
    /// when it is written twice.
    ///
    /// # Errors
    ///
    /// [`PerformError`] if no attempt succeeds.
    pub async fn commit_line(
        &self,
        decision: Decision,
        steps: &mut Steps,
    ) -> Result<Decision, PerformError> {
        while steps.may_decide() {
            if self.commit(&decision, steps).await? == Performed::Done {
                return Ok(decision);
            }
        }
        Err(steps.exhausted())
    }

    /// Publishes the command of a committed decision, if it has one. Tries until `deadline` or the
    /// end of the command's life (C13).
    ///
    /// # Errors
    ///
    /// [`PerformError::Publish`]. Raises an alert, since the command is late then.
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
        if published.is_err() {
            // The caller logs the error itself.
            let (lock, version) = (publish.lock.as_str(), publish.command.version.0);
            let alert = Alert::NotPublished.as_str();
            tracing::error!(lock, version, alert, "command committed but not published");
        }
        steps.publishes += published?;
        Ok(())
    }

    /// Logs a message that cannot be read, and writes a line about it if its sender is known.
    /// `service` is the function's name.
    pub(crate) async fn refuse(
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
            self.pass_over(service, lock);
            return Ok(None);
        }
        let decision = Decision::refused(line);
        self.commit_line(decision, steps).await.map(Some)
    }

    /// The output of `work` if it ends before `deadline`. The caller boxes `work`, since the SDK's
    /// futures are large.
    ///
    /// # Errors
    ///
    /// The errors of `work`, and [`PerformError::Deadline`].
    pub async fn within<T>(
        &self,
        deadline: UnixMillis,
        work: impl Future<Output = Result<T, PerformError>>,
    ) -> Result<T, PerformError> {
        let done = self.clock.before(deadline, work).await;
        done.unwrap_or(Err(PerformError::Deadline))
    }
}

impl Cloud {
    /// Logs one line about a decision of `service` and its steps, and one for each alert, and
    /// writes its metrics.
    pub fn log_decision(
        &self,
        service: &str,
        decision: &Decision,
        steps: &Steps,
        total: &Stopwatch,
    ) {
        self.count_decision(service, decision);
        log(decision, steps, total);
    }
}

fn log(decision: &Decision, steps: &Steps, total: &Stopwatch) {
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
