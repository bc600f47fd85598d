//! Hands the records of a table's stream to a function, in order and one batch at a time. A batch
//! that fails is retried, split or given up, and none after it is started before.
//!
//! Must not know: what a record says. Source: AWS Lambda developer guide, "Using AWS Lambda with
//! Amazon DynamoDB" and its pages on errors.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::ahead::Ahead;
use super::answer::{self, BatchResult};
use super::back_off::wait_ms;
use super::discard::{Condition, Discarded};
use super::filter::Filters;
use super::position::{Lease, Position};
use super::work::{Next, Piece, Policy, Work};
use super::{BATCH_BYTES_MAX, Joint, Reader, record};
use crate::dynamodb::{Change, READ_MAX, shard_id};
use crate::event::EventKind;
use crate::queue::sender;
use lambda_host::{FunctionError, Outcome};
use sam_template::StreamReading;

/// Shortest time between two reads that have found something. Source: AWS Lambda developer guide,
/// "Polling and batching streams": four times per second.
const READ_EVERY: Duration = Duration::from_millis(250);
/// Shortest scaled one, so that a reader does not spin.
const READ_EVERY_MIN: Duration = Duration::from_millis(1);
/// What the source of a stream reads, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    pub table: String,
    pub filters: Filters,
    pub reading: StreamReading,
}

/// A source that runs.
struct Source {
    joint: Joint,
    tap: Tap,
    reader: Reader,
}

/// Records that go to the function.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    /// The same records as in an event.
    records: Vec<Value>,
    bytes: usize,
    /// Number of the last record that was read: one of these, or one that a filter skipped.
    read_to: Option<String>,
}

/// Why an invocation did not complete its records.
struct Failing {
    reason: String,
    function_error: Option<&'static str>,
}

/// Hands over the records of a stream until it is dropped. An invocation that runs then ends first.
pub async fn run(joint: Joint, tap: Tap, reader: Reader) {
    // Dropped with this future, which the running batch notices.
    let (_running, stop) = watch::channel(());
    let source = Arc::new(Source { joint, tap, reader });
    let every = READ_EVERY.mul_f64(source.reader.time_scale);
    let mut pace = interval(every.max(READ_EVERY_MIN));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ahead = Ahead::default();
    loop {
        let of_source = &source.joint.source;
        let Some(mut lease) = source.reader.positions.lease(of_source).await else {
            tracing::error!(source = of_source.logical_id, "stream without a position");
            return;
        };
        let batch = source.gather(&mut lease, &mut pace, &mut ahead).await;
        let work = Arc::clone(&source).process(lease, batch, stop.clone());
        if let Err(error) = tokio::spawn(work).await {
            tracing::error!(%error, "process a batch of records");
            return;
        }
    }
}

impl Source {
    /// Reads until a batch is full or its time is over, and moves past records that are skipped
    /// before it.
    async fn gather(
        &self,
        position: &mut Position,
        pace: &mut Interval,
        ahead: &mut Ahead,
    ) -> Batch {
        let source = &self.joint.source;
        let window = Duration::from_secs(source.window_s).mul_f64(self.reader.time_scale);
        let (streams, table) = (&self.reader.streams, &self.tap.table);
        let mut batch = Batch::default();
        let mut end = None;
        loop {
            let after = batch.read_to.as_deref().or(position.after());
            let changes = match ahead.take(after) {
                Some(changes) => changes,
                None => {
                    pace.tick().await;
                    let next = || streams.wait(table, after, READ_MAX);
                    let read = match end {
                        None => next().await,
                        // An error is reported when the next batch is read.
                        Some(_) if window.is_zero() => {
                            let read = streams.read(table, after, READ_MAX).await;
                            read.unwrap_or_default()
                        }
                        Some(end) => {
                            let read = tokio::time::timeout_at(end, next()).await;
                            read.unwrap_or_default()
                        }
                    };
                    read.into()
                }
            };
            if changes.is_empty() {
                return batch;
            }
            let is_page = changes.len() == READ_MAX;
            if let Some(rest) = self.add(&mut batch, changes) {
                ahead.put(batch.read_to.clone(), rest);
                return batch;
            }
            if !batch.changes.is_empty() && window.is_zero() && !is_page {
                return batch;
            }
            if batch.changes.is_empty() {
                if let Some(number) = &batch.read_to {
                    position.move_to(number);
                }
            } else {
                end.get_or_insert_with(|| Instant::now() + window);
            }
        }
    }

    /// Adds the changes that the filters accept; returns the rest once the batch is full.
    fn add(&self, batch: &mut Batch, mut changes: VecDeque<Change>) -> Option<VecDeque<Change>> {
        let source = &self.joint.source;
        let most = usize::try_from(source.batch_size).unwrap_or(usize::MAX);
        while let Some(change) = changes.pop_front() {
            let region = &self.reader.region;
            let record = record::of_change(&change, &source.source_arn, region);
            if self.tap.filters.accepts(&record) {
                let bytes = record.to_string().len() + 1;
                if !batch.changes.is_empty() && batch.bytes + bytes > BATCH_BYTES_MAX {
                    changes.push_front(change);
                    return Some(changes);
                }
                batch.bytes += bytes;
                batch.records.push(record);
                batch.read_to = Some(change.number.clone());
                batch.changes.push(change);
                if batch.changes.len() == most {
                    return Some(changes);
                }
            } else {
                batch.read_to = Some(change.number);
            }
        }
        None
    }

    /// Invokes the function until no record is left, or until `stop` is closed.
    async fn process(
        self: Arc<Self>,
        mut lease: Lease,
        batch: Batch,
        mut stop: watch::Receiver<()>,
    ) {
        let policy = Policy {
            bisects: self.tap.reading.bisects,
            retries_max: self.tap.reading.retries_max,
        };
        let mut work = Work::new(batch.changes.len(), policy);
        let mut throttles = 0;
        if let Some(oldest) = batch.changes.first() {
            lease.ages.forget_before(oldest.at_ms);
        }
        while let Some(piece) = work.first().cloned() {
            let expired = self.count_expired(&lease, &batch.changes[piece.records.clone()]);
            if let Some(taken) = (expired > 0).then(|| work.take(expired)).flatten() {
                self.give_up(&batch, &taken, Condition::TooOld, None);
                batch.move_past(&mut lease, taken.records.end);
                continue;
            }
            let Some(result) = self.invoke(&lease, &batch, &piece).await else {
                throttles += 1;
                match self.pause(&mut lease, throttles, &mut stop).await {
                    ControlFlow::Continue(()) => continue,
                    ControlFlow::Break(()) => return,
                }
            };
            throttles = 0;
            let (completed, failing) = result;
            let next = work.settle(completed);
            if completed > 0 {
                batch.move_past(&mut lease, piece.records.start + completed);
            }
            let wait = match &next {
                Next::Retry { failures } => Some(wait_ms(*failures)),
                _ => None,
            };
            if let Some(failing) = &failing {
                self.report(&piece, failing, wait, &next);
            }
            match next {
                Next::GivenUp(rest) => {
                    let condition = Condition::RetriesExhausted;
                    self.give_up(&batch, &rest, condition, failing.as_ref());
                    batch.move_past(&mut lease, rest.records.end);
                }
                Next::Retry { failures } => {
                    if self.pause(&mut lease, failures, &mut stop).await.is_break() {
                        return;
                    }
                }
                Next::Completed | Next::Split => {}
            }
            if stop.has_changed().is_err() {
                return;
            }
        }
    }

    /// Number of records at the front that are too old.
    fn count_expired(&self, position: &Position, changes: &[Change]) -> usize {
        let Some(age_max_s) = self.tap.reading.age_max_s else {
            return 0;
        };
        let now_ms = self.reader.clock.now_ms();
        let is_old =
            |change: &&Change| position.ages.age_ms(change.at_ms, now_ms) > age_max_s * 1000;
        changes.iter().take_while(is_old).count()
    }

    /// Invokes the function with a piece of a batch. Returns the number of records that it
    /// completed, and what went wrong with the others; `None` if it was not reached.
    async fn invoke(
        &self,
        position: &Position,
        batch: &Batch,
        piece: &Piece,
    ) -> Option<(usize, Option<Failing>)> {
        let records: Vec<&Value> = batch.records[piece.records.clone()].iter().collect();
        let changes = &batch.changes[piece.records.clone()];
        let now_ms = self.reader.clock.now_ms();
        if let Some(last) = changes.last() {
            let age_ms = position.ages.age_ms(last.at_ms, now_ms);
            let metrics = self.reader.events.metrics();
            metrics.record_iterator_age(self.function(), age_ms, now_ms);
        }
        let event = record::of_records(&records);
        let outcome = self.reader.deliver(&self.joint, &event).await?;
        let numbers: Vec<&str> = changes.iter().map(|c| c.number.as_str()).collect();
        let mut function_error = None;
        let (done, reason) = match outcome {
            Err(FunctionError::Closed(_) | FunctionError::Throttled { .. }) => return None,
            Err(error) => (BatchResult::Nothing(None), error.to_string()),
            Ok(outcome) => {
                let reports = self.joint.source.reports_item_failures;
                let done = answer::read(&outcome, &numbers, reports);
                let reason = match (&outcome, &done) {
                    (Outcome::Failure(failure), _) => {
                        function_error = Some("Unhandled");
                        format!("{}: {}", failure.error_type, failure.message)
                    }
                    (_, BatchResult::Nothing(Some(reason))) => reason.clone(),
                    _ => "the function reported a failed record".to_owned(),
                };
                (done, reason)
            }
        };
        let completed = done.completed_of(&numbers);
        let failing = (completed < numbers.len()).then_some(Failing {
            reason,
            function_error,
        });
        Some((completed, failing))
    }

    /// Waits before the retry after so many failures. Breaks when the source is to end.
    async fn pause(
        &self,
        position: &mut Position,
        failures: u64,
        stop: &mut watch::Receiver<()>,
    ) -> ControlFlow<()> {
        let aws_ms = wait_ms(failures);
        let real = Duration::from_millis(aws_ms).mul_f64(self.reader.time_scale);
        tokio::select! {
            () = tokio::time::sleep(real) => {}
            // Nothing is ever sent: the other side has been dropped.
            _ = stop.changed() => return ControlFlow::Break(()),
        }
        let real_ms = u64::try_from(real.as_millis()).unwrap_or(aws_ms);
        let now_ms = self.reader.clock.now_ms();
        position.ages.note_wait(aws_ms, real_ms, now_ms);
        ControlFlow::Continue(())
    }

    fn report(&self, piece: &Piece, failing: &Failing, wait_ms: Option<u64>, next: &Next) {
        self.reader.events.emit(EventKind::BatchFailed {
            source: self.joint.source.logical_id.clone(),
            function: self.function().to_owned(),
            records: piece.records.len(),
            reason: failing.reason.clone(),
            is_split: *next == Next::Split,
            wait_ms,
        });
    }

    /// Reports records that no function completed, to the destination if there is one.
    fn give_up(
        &self,
        batch: &Batch,
        piece: &Piece,
        condition: Condition,
        failing: Option<&Failing>,
    ) {
        let (source, events) = (&self.joint.source, &self.reader.events);
        let discarded = Discarded {
            changes: &batch.changes[piece.records.clone()],
            condition,
            invocations: piece.invocations,
            function_error: failing.and_then(|failing| failing.function_error),
            function_arn: &source.function_arn,
            stream_arn: &source.source_arn,
            shard_id: &shard_id(&self.tap.table),
        };
        let now_ms = self.reader.clock.now_ms();
        let destination = self.tap.reading.on_failure.as_ref();
        if let Some(arn) = destination {
            let message = discarded.message(now_ms).to_string();
            let sent = self
                .reader
                .queues
                .send(arn, message, &sender(self.function()));
            if let Err(error) = sent {
                let source = &source.logical_id;
                tracing::error!(source, error, "send to on-failure destination");
                events.metrics().destination_failed(self.function(), now_ms);
            }
        }
        let name = |arn: &String| arn.rsplit(':').next().unwrap_or_default().to_owned();
        events.emit(EventKind::RecordsDiscarded {
            source: source.logical_id.clone(),
            function: self.function().to_owned(),
            records: piece.records.len(),
            condition: condition.as_str().to_owned(),
            destination: destination.map(name),
        });
    }

    /// The function's name.
    fn function(&self) -> &str {
        &self.joint.names[0]
    }
}

impl Batch {
    /// Moves the position past the first `count` records, and past those skipped at the end.
    fn move_past(&self, position: &mut Position, count: usize) {
        let number = match self.changes.get(count) {
            Some(_) => self.changes[..count].last().map(|change| &change.number),
            None => self.read_to.as_ref(),
        };
        if let Some(number) = number {
            position.move_to(number);
        }
    }
}
