//! Lambda's event sources: hands the messages of a queue to a function in batches, deletes those
//! that the function completed, and returns the others to the queue.
//!
//! Must not know: what a message says. Source: AWS Lambda developer guide, "Using Lambda with
//! Amazon SQS" and its pages on errors.

mod answer;
mod record;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::fault::Faults;
use crate::queue::{Delivery, MESSAGE_WEIGHT_MAX, Queues, Want};
use answer::BatchResult;
use lambda_host::{FunctionError, Functions, SYNC_PAYLOAD_BYTES_MAX};
use sam_template::{EventSource, Function, Queue};

/// Weight of a batch: the payload limit of an invocation, less the rest of the event.
const BATCH_BYTES_MAX: usize = SYNC_PAYLOAD_BYTES_MAX - 1024;
const _: () = assert!(BATCH_BYTES_MAX > MESSAGE_WEIGHT_MAX);
/// Concurrent invocations of a source without a limit, as Lambda starts with.
const CONCURRENCY: u64 = 5;

#[derive(Clone)]
pub struct Reader {
    pub queues: Queues,
    pub functions: Functions,
    pub faults: Arc<Faults>,
    pub region: String,
    /// Factor on the time that messages are gathered.
    pub time_scale: f64,
}

/// An event source with the queue and function that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    pub source: EventSource,
    pub queue: Queue,
    /// The names of its function that faults may use.
    pub names: [String; 3],
}

/// Messages that a function works on. Dropping it returns the messages that are not deleted.
struct Batch {
    queues: Queues,
    queue: Queue,
    deliveries: Vec<Delivery>,
}

impl Joint {
    /// The source with its queue and function; `None` if the template lacks one of them.
    pub fn new(source: &EventSource, queues: &[Queue], functions: &[Function]) -> Option<Self> {
        let queue = queues.iter().find(|q| q.arn == source.queue_arn)?;
        let target = source.function_arn.as_str();
        let function = functions
            .iter()
            .find(|f| f.qualifier_in(target).is_some())?;
        let names = [&function.name, &function.logical_id, &function.binary];
        Some(Self {
            source: source.clone(),
            queue: queue.clone(),
            names: names.map(Clone::clone),
        })
    }
}

/// Hands over a queue's messages until it is dropped.
pub async fn run(joint: Joint, reader: Reader) {
    let joint = Arc::new(joint);
    let limit = joint.source.concurrency.unwrap_or(CONCURRENCY);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // Invocations end when this is dropped.
    let mut at_work = JoinSet::new();
    loop {
        while at_work.len() >= limit {
            at_work.join_next().await;
        }
        let batch = reader.gather(&joint).await;
        while at_work.try_join_next().is_some() {}
        at_work.spawn(reader.clone().hand_over(Arc::clone(&joint), batch));
    }
}

impl Reader {
    async fn gather(&self, joint: &Joint) -> Batch {
        let (source, queue) = (&joint.source, &joint.queue);
        let most = usize::try_from(source.batch_size).unwrap_or(usize::MAX);
        let want = |deliveries: &[Delivery]| {
            let taken: usize = deliveries.iter().map(|d| d.message.weight()).sum();
            Want {
                messages: most - deliveries.len(),
                bytes: BATCH_BYTES_MAX.saturating_sub(taken),
                visibility: None,
                holds: true,
            }
        };
        let mut batch = Batch {
            queues: self.queues.clone(),
            queue: queue.clone(),
            deliveries: self.queues.wait(queue, want(&[])).await,
        };
        let window = Duration::from_secs(source.window_s).mul_f64(self.time_scale);
        let end = Instant::now() + window;
        while source.window_s > 0 && batch.deliveries.len() < most {
            let want = want(&batch.deliveries);
            // The remaining weight must fit any message, or one that does not fit would be waited
            // for.
            if want.bytes < MESSAGE_WEIGHT_MAX {
                break;
            }
            match tokio::time::timeout_at(end, self.queues.wait(queue, want)).await {
                Ok(more) => batch.deliveries.extend(more),
                Err(_) => break,
            }
        }
        batch
    }

    /// Invokes the function with a batch, and deletes the messages that it completed.
    async fn hand_over(self, joint: Arc<Joint>, mut batch: Batch) {
        let event = record::event(&batch.deliveries, &joint.queue.arn, &self.region);
        let names: Vec<&str> = joint.names.iter().map(String::as_str).collect();
        let fate = self.faults.fate_of_event(&names);
        tokio::time::sleep(fate.delay).await;
        let function = &joint.source.function_arn;
        let mut outcome = None;
        for _ in 0..fate.copies {
            let invoked = self.functions.invoke(function, event.clone(), None).await;
            outcome = Some(invoked);
        }
        let done = match outcome {
            Some(Ok(outcome)) => {
                let ids: Vec<&str> = batch.ids().collect();
                answer::read(&outcome, &ids, joint.source.reports_item_failures)
            }
            // At shutdown or when throttled, the messages wait for the next time.
            Some(Err(FunctionError::Closed(_) | FunctionError::Throttled { .. })) | None => {
                BatchResult::Nothing(None)
            }
            Some(Err(error)) => BatchResult::Nothing(Some(error.to_string())),
        };
        if let BatchResult::Nothing(Some(reason)) = &done {
            let queue = &joint.queue.name;
            tracing::warn!(queue, reason, "batch returned to its queue");
        }
        batch.settle(&done);
    }
}

impl Batch {
    fn ids(&self) -> impl Iterator<Item = &str> {
        self.deliveries.iter().map(|d| d.message.id.as_str())
    }

    fn settle(&mut self, done: &BatchResult) {
        let (queues, queue) = (&self.queues, &self.queue);
        self.deliveries.retain(|delivery| {
            let is_done = done.contains(&delivery.message.id);
            if is_done {
                queues.delete(queue, &delivery.receipt);
            }
            !is_done
        });
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for delivery in &self.deliveries {
            self.queues.give_back(&self.queue, &delivery.receipt);
        }
    }
}
