//! One sweep: every due record, oldest first, a few at a time, within the invocation's time.
//! Must not know: what is decided about a record.
//!
//! A record that a sweep does not reach stays due, and is older than the new due times of those it
//! did reach. So it comes first in the next sweep, and no record starves. A record that fails keeps
//! its place; it costs a sweep at most the time of one unanswered call, in parallel to the others.

use lock_aws::clock::Stopwatch;
use lock_aws::perform::ANSWER_MS;
use lock_aws::{Cloud, Failed, Function, Invocation, PerformError, StoreError, chain};
use lock_core::limits::Limits;
use lock_core::time::UnixMillis;
use tokio::task::{JoinError, JoinSet};

/// Its name in metrics.
pub(crate) const SERVICE: &str = "sweep";
/// Maximum number of records handled at the same time.
const AT_ONCE: usize = 8;
/// Entries read at once from one shard of the due index.
const PAGE: u16 = 100;
/// No record is begun in the last part of an invocation, so that those begun can finish. In ms.
pub const FINISH_MS: u64 = 8_000;

const _: () = assert!(ANSWER_MS < FINISH_MS);

/// The sweep function.
#[derive(Debug, Clone)]
pub struct Handler {
    pub(crate) cloud: Cloud,
    pub(crate) limits: Limits,
}

/// The result of one sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Due records handled.
    pub seen: u32,
    /// Of those, records with at least one decision.
    pub acted: u32,
    /// Records that failed, and index entries that do not belong to a record.
    pub failed: u32,
    /// How long the oldest record had been due, in ms.
    pub oldest_ms: u64,
    /// Whether every due record was handled; otherwise the next sweep continues.
    pub finished: bool,
}

/// Why an invocation ends in an error, so that alarms see it. All other work was done before.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Records failed; each has its own line in the log. The next sweep tries again.
    #[error("{failed} of {seen} due records failed, the first one: {first}")]
    Records {
        /// How many failed.
        failed: u32,
        /// How many were handled.
        seen: u32,
        /// The lock and error of the first failure.
        first: String,
    },
    /// The due index could not be read to its end.
    #[error(transparent)]
    Index(StoreError),
}

impl SweepError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Records { .. } => "records",
            Self::Index(_) => "index",
        }
    }
}

impl From<SweepError> for Failed {
    fn from(error: SweepError) -> Self {
        Self::new(error.code(), &error)
    }
}

/// A lock's name, and the number of decisions made about it.
type Outcome = (String, Result<u32, PerformError>);

impl Handler {
    /// A handler of the schedule's events.
    pub fn new(cloud: Cloud, limits: Limits) -> Self {
        Self { cloud, limits }
    }

    /// Sweeps before `deadline`. Logs a line per record acted on, and one for the sweep. A record
    /// that fails does not stop the others.
    ///
    /// # Errors
    ///
    /// [`SweepError`] if a record or the index failed, once everything else is done.
    pub async fn handle(&self, deadline: UnixMillis) -> Result<Sweep, SweepError> {
        let total = Stopwatch::start();
        let started = self.cloud.clock.now();
        let mut due = self.cloud.store.due_locks(started, PAGE);
        let begin_until = deadline.minus(FINISH_MS);
        let mut sweep = Sweep::default();
        let mut first_failure = None;
        let mut index_error = None;
        let mut in_progress: JoinSet<Outcome> = JoinSet::new();
        loop {
            while in_progress.len() < AT_ONCE && !sweep.finished && index_error.is_none() {
                if self.cloud.clock.now() >= begin_until {
                    break;
                }
                match due.next().await {
                    Ok(Some(next)) => {
                        sweep.seen += 1;
                        sweep.oldest_ms = sweep.oldest_ms.max(started.since(next.due_at));
                        let (handler, lock) = (self.clone(), next.lock);
                        in_progress.spawn(async move {
                            let deadline = deadline.minus(ANSWER_MS);
                            let act = Box::pin(handler.sweep_lock(&lock, deadline));
                            (lock.to_string(), handler.cloud.within(deadline, act).await)
                        });
                    }
                    Ok(None) => sweep.finished = true,
                    Err(error) => index_error = Some(error),
                }
            }
            let Some(outcome) = in_progress.join_next().await else {
                break;
            };
            let failure = sweep.add(outcome);
            first_failure = first_failure.or(failure);
        }
        self.cloud.note_limits(&self.limits, deadline).await;
        sweep.failed += due.unreadable();
        sweep.log(&total);
        if index_error.is_none() {
            self.cloud.measure_oldest(SERVICE, sweep.oldest_ms);
        }
        match index_error {
            Some(error) => Err(SweepError::Index(error)),
            None if sweep.failed == 0 => Ok(sweep),
            None => Err(SweepError::Records {
                failed: sweep.failed,
                seen: sweep.seen,
                first: first_failure.unwrap_or_else(|| "an entry of the index".to_owned()),
            }),
        }
    }
}

impl Function for Handler {
    type Answer = ();

    /// Sweeps, whatever the event says.
    fn invoke<'a>(&'a self, _: &'a str, deadline: UnixMillis) -> Invocation<'a, ()> {
        Box::pin(async move {
            self.handle(deadline).await?;
            Ok(())
        })
    }
}

impl Sweep {
    /// Counts an outcome. Logs and returns a failure.
    fn add(&mut self, outcome: Result<Outcome, JoinError>) -> Option<String> {
        let failure = match outcome {
            Ok((_, Ok(decisions))) => {
                self.acted += u32::from(decisions > 0);
                return None;
            }
            Ok((lock, Err(error))) => {
                let text = chain(&error);
                tracing::error!(lock, code = error.code(), "{text}");
                format!("{lock}: {text}")
            }
            Err(error) => {
                tracing::error!(code = "panic", "{error}");
                error.to_string()
            }
        };
        self.failed += 1;
        Some(failure)
    }

    /// Logs one line, at debug level if nothing was due.
    fn log(&self, total: &Stopwatch) {
        let Self {
            seen,
            acted,
            failed,
            oldest_ms,
            finished,
        } = *self;
        let total_ms = total.elapsed_ms();
        if seen == 0 && failed == 0 && finished {
            tracing::debug!(seen, finished, total_ms, "nothing due");
            return;
        }
        let left = if finished {
            ""
        } else {
            ", the rest at the next run"
        };
        tracing::info!(
            seen,
            acted,
            failed,
            oldest_ms,
            finished,
            total_ms,
            "swept {seen} due: {acted} acted on, {failed} failed{left}"
        );
    }
}
