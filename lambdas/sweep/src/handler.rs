//! One sweep: every due record, oldest first, a few at a time, within the invocation's time. Must not judge a record.
//!
//! What a sweep does not get to is due still, and older than the new due time of what it did get to: so it comes first in
//! the next one, and none starves, however many there are. Records that fail keep their place; each costs a sweep at most
//! the time of one call that is not answered, beside the others.

use lock_aws::clock::Stopwatch;
use lock_aws::perform::ANSWER_MS;
use lock_aws::serve::{Failed, Function, Invocation};
use lock_aws::{Cloud, PerformError, StoreError, chain};
use lock_core::limits::Limits;
use lock_core::time::UnixMillis;
use tokio::task::{JoinError, JoinSet};

use crate::due_lock::act;

/// Records acted on at the same time.
const AT_ONCE: usize = 8;
/// Entries of one shard of the due index read at once.
const PAGE: u16 = 100;
/// Kept for the records already begun: none is begun later than this before the deadline. *Units*: ms.
pub const FINISH_MS: u64 = 8_000;

const _: () = assert!(ANSWER_MS < FINISH_MS);

/// The sweep function.
#[derive(Debug, Clone)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
}

/// What one sweep came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// Due records looked at.
    pub seen: u32,
    /// Of those, records that something was decided about.
    pub acted: u32,
    /// Of those, records that could not be dealt with, and entries of the index that are no record's.
    pub failed: u32,
    /// How long the oldest had been due. *Units*: ms.
    pub oldest_ms: u64,
    /// Whether all that was due was looked at; else the next run goes on.
    pub finished: bool,
}

/// Why an invocation ends in an error, after all else was done: so that alarms see it.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Records that could not be dealt with; each has its own line in the log. The next run tries again.
    #[error("{failed} of {seen} due records failed, the first one: {first}")]
    Records {
        /// How many failed.
        failed: u32,
        /// How many were looked at.
        seen: u32,
        /// What the first failure was.
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
            SweepError::Records { .. } => "records",
            SweepError::Index(_) => "index",
        }
    }
}

/// Counts of a sweep under way.
#[derive(Debug, Default)]
struct Tally {
    seen: u32,
    acted: u32,
    failed: u32,
    oldest_ms: u64,
    first: Option<String>,
}

type Outcome = (String, Result<u32, PerformError>);

impl Handler {
    /// A handler over `cloud`.
    pub fn new(cloud: Cloud, limits: Limits) -> Handler {
        Handler { cloud, limits }
    }

    /// Sweeps within `deadline`: one line per record acted on, one for the whole. A record that fails does not stop the others.
    ///
    /// *Errors*: [`SweepError`], when all is done that could be.
    pub async fn handle(&self, deadline: UnixMillis) -> Result<Sweep, SweepError> {
        let total = Stopwatch::start();
        let started = self.cloud.clock.now();
        let mut due = self.cloud.store.due_locks(started, PAGE);
        let begin_until = deadline.minus(FINISH_MS);
        let mut tally = Tally::default();
        let mut unread = None;
        let mut finished = false;
        let mut under_way: JoinSet<Outcome> = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE && !finished && unread.is_none() {
                if self.cloud.clock.now() >= begin_until {
                    break;
                }
                match due.next().await {
                    Ok(Some(next)) => {
                        tally.sees(started.since(next.due_at));
                        let (handler, lock) = (self.clone(), next.lock);
                        under_way.spawn(async move {
                            let deadline = deadline.minus(ANSWER_MS);
                            let act =
                                Box::pin(act(&handler.cloud, &handler.limits, &lock, deadline));
                            (lock.to_string(), handler.cloud.within(deadline, act).await)
                        });
                    }
                    Ok(None) => finished = true,
                    Err(error) => unread = Some(error),
                }
            }
            match under_way.join_next().await {
                Some(outcome) => tally.add(outcome),
                None => break,
            }
        }
        self.cloud.note_limits(&self.limits, deadline).await;
        tally.failed += due.unreadable();
        tally.end(finished, unread, &total)
    }
}

impl Function for Handler {
    type Answer = ();

    /// A sweep, whatever the event says.
    fn invoke<'a>(&'a self, _: &'a str, deadline: UnixMillis) -> Invocation<'a, ()> {
        Box::pin(async move {
            let swept = self.handle(deadline).await;
            swept
                .map(|_| ())
                .map_err(|error| Failed::new(error.code(), &error))
        })
    }
}

impl Tally {
    fn sees(&mut self, due_ms: u64) {
        self.seen += 1;
        self.oldest_ms = self.oldest_ms.max(due_ms);
    }

    fn add(&mut self, outcome: Result<Outcome, JoinError>) {
        let error = match outcome {
            Ok((_, Ok(decisions))) => {
                self.acted += u32::from(decisions > 0);
                return;
            }
            Ok((lock, Err(error))) => {
                let said = chain(&error);
                tracing::error!(lock, code = error.code(), "{said}");
                format!("{lock}: {said}")
            }
            Err(error) => {
                tracing::error!(code = "panic", "{error}");
                error.to_string()
            }
        };
        self.failed += 1;
        self.first.get_or_insert(error);
    }

    fn end(
        self,
        finished: bool,
        unread: Option<StoreError>,
        total: &Stopwatch,
    ) -> Result<Sweep, SweepError> {
        let sweep = Sweep {
            seen: self.seen,
            acted: self.acted,
            failed: self.failed,
            oldest_ms: self.oldest_ms,
            finished,
        };
        sweep.log(total);
        match (unread, self.failed) {
            (Some(error), _) => Err(SweepError::Index(error)),
            (None, 0) => Ok(sweep),
            (None, failed) => Err(SweepError::Records {
                failed,
                seen: self.seen,
                first: self
                    .first
                    .unwrap_or_else(|| "an entry of the index".to_owned()),
            }),
        }
    }
}

impl Sweep {
    /// One line; a sweep that found nothing says so only to who asks for more lines.
    fn log(&self, total: &Stopwatch) {
        let Sweep {
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
