//! Hands the messages of a queue to a function in batches, deletes those that the function
//! completed, and returns the others to the queue.
//!
//! Must not know: what a message says. Source: AWS Lambda developer guide, "Using Lambda with
//! Amazon SQS" and its pages on errors.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::answer::{self, BatchResult};
use super::{BATCH_BYTES_MAX, Joint, Reader, record};
use crate::queue::{Delivery, MESSAGE_WEIGHT_MAX, Queues, Want};
use lambda_host::FunctionError;
use sam_template::Queue;

const _: () = assert!(BATCH_BYTES_MAX > MESSAGE_WEIGHT_MAX);
/// Concurrent invocations of a source without a limit, as Lambda starts with.
const CONCURRENCY: u64 = 5;

/// Messages that a function works on. Dropping it returns the messages that are not deleted.
struct Batch {
    queues: Queues,
    queue: Queue,
    deliveries: Vec<Delivery>,
}

/// Hands over a queue's messages until it is dropped.
pub async fn run(joint: Joint, queue: Queue, concurrency: Option<u64>, reader: Reader) {
    let joint = Arc::new(joint);
    let limit = concurrency.unwrap_or(CONCURRENCY);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    // Invocations end when this is dropped.
    let mut at_work = JoinSet::new();
    loop {
        while at_work.len() >= limit {
            at_work.join_next().await;
        }
        let batch = reader.gather(&joint, &queue).await;
        while at_work.try_join_next().is_some() {}
        at_work.spawn(reader.clone().hand_over(Arc::clone(&joint), batch));
    }
}

impl Reader {
    async fn gather(&self, joint: &Joint, queue: &Queue) -> Batch {
        let source = &joint.source;
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
        let event = record::of_messages(&batch.deliveries, &batch.queue.arn, &self.region);
        let outcome = self.deliver(&joint, &event).await;
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
            let queue = &batch.queue.name;
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
