//! SQS queues and log groups, in memory.
//!
//! Must not know: senders, receivers, contents.

mod attribute;
mod service;
mod standard;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};

use crate::clock::Clock;
use crate::event::{EventBus, EventKind};
use crate::metric::{Datum, Key};
use crate::sync::lock;
pub use attribute::{attributes, md5_of};
use sam_template::{Queue, Template};
pub use service::router;
pub use standard::{Delivery, Depth, MESSAGE_WEIGHT_MAX, Message, Want};
use standard::{Moment, Setting, StandardQueue};

const AGE: &str = "ApproximateAgeOfOldestMessage";
/// Shortest scaled minute, so that the timer does not spin.
const PERIOD_MIN: Duration = Duration::from_millis(10);

#[derive(Debug, Clone)]
pub struct Queues {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// By ARN.
    queues: Mutex<BTreeMap<String, StandardQueue>>,
    declared: Vec<Queue>,
    logs: Mutex<BTreeMap<String, Vec<String>>>,
    changed: Notify,
    events: EventBus,
    clock: Clock,
    time_scale: f64,
}

impl Queues {
    /// The queues that the template declares; `time_scale` scales the queues' times.
    pub fn new(template: &Template, events: &EventBus, clock: Clock, time_scale: f64) -> Self {
        let scaled = |seconds: u64| Duration::from_secs(seconds).mul_f64(time_scale);
        let setting = |queue: &Queue| Setting {
            visibility: scaled(queue.visibility_s),
            delay: scaled(queue.delay_s),
            retention: scaled(queue.retention_s),
            bytes_max: usize::try_from(queue.message_bytes_max).unwrap_or(usize::MAX),
            receives_max: queue.redrive.as_ref().map(|redrive| redrive.receives_max),
        };
        let queues = template.queues.iter();
        let queues = queues.map(|queue| (queue.arn.clone(), StandardQueue::new(setting(queue))));
        Self {
            inner: Arc::new(Inner {
                queues: Mutex::new(queues.collect()),
                declared: template.queues.clone(),
                logs: Mutex::default(),
                changed: Notify::new(),
                events: events.clone(),
                clock,
                time_scale,
            }),
        }
    }

    /// The template's declaration of the queue with this URL, ARN or name.
    pub fn declared(&self, queue: &str) -> Option<&Queue> {
        let mut declared = self.inner.declared.iter();
        declared.find(|q| [&q.url, &q.arn, &q.name].into_iter().any(|n| n == queue))
    }

    pub fn all(&self) -> &[Queue] {
        &self.inner.declared
    }

    /// Adds a message to the queue with this URL, ARN or name, and returns its id. `sender` is the
    /// sender's id.
    pub fn send(&self, target: &str, body: String, sender: &str) -> Result<String, String> {
        let id = uuid::Uuid::new_v4().to_string();
        let queue = self.declared(target);
        let queue = queue.ok_or_else(|| format!("no queue {target}"))?;
        let now = self.now();
        let mut queues = lock(&self.inner.queues);
        let standard = queues.get_mut(&queue.arn).expect("every declared one");
        standard.send(id.clone(), body, sender, now)?;
        self.count(queue, "NumberOfMessagesSent", 1);
        self.record_depth(&mut queues, queue, now);
        drop(queues);
        self.inner.changed.notify_waiters();
        Ok(id)
    }

    /// Receives messages of a queue; those received too often move as its `RedrivePolicy` says.
    pub fn receive(&self, queue: &Queue, want: Want) -> Vec<Delivery> {
        let now = self.now();
        let mut queues = lock(&self.inner.queues);
        let Some(standard) = queues.get_mut(&queue.arn) else {
            return Vec::new();
        };
        let (taken, dead) = standard.receive(want, now);
        if !taken.is_empty() {
            self.count(queue, "NumberOfMessagesReceived", taken.len());
            self.record_depth(&mut queues, queue, now);
        }
        let target = queue.redrive.as_ref().map(|redrive| &redrive.target_arn);
        let target = target.and_then(|arn| self.declared(arn));
        let Some(target) = target else {
            // Without a policy no message is received too often.
            return taken;
        };
        for message in dead {
            self.inner.events.emit(EventKind::Redriven {
                queue: queue.name.clone(),
                target: target.name.clone(),
                message_id: message.id.clone(),
                receives: message.receives,
            });
            if let Some(standard) = queues.get_mut(&target.arn) {
                standard.take_over(message, &queue.arn, now);
            }
            self.record_depth(&mut queues, queue, now);
            self.record_depth(&mut queues, target, now);
            self.inner.changed.notify_waiters();
        }
        taken
    }

    pub fn delete(&self, queue: &Queue, receipt: &str) {
        let now = self.now();
        let mut queues = lock(&self.inner.queues);
        let standard = queues.get_mut(&queue.arn);
        if standard.is_some_and(|standard| standard.delete(receipt)) {
            self.count(queue, "NumberOfMessagesDeleted", 1);
            self.record_depth(&mut queues, queue, now);
        }
    }

    pub fn give_back(&self, queue: &Queue, receipt: &str) {
        let mut queues = lock(&self.inner.queues);
        if let Some(standard) = queues.get_mut(&queue.arn) {
            standard.give_back(receipt);
            self.record_depth(&mut queues, queue, self.now());
        }
        drop(queues);
        self.inner.changed.notify_waiters();
    }

    /// Receives as soon as there is a message.
    pub async fn wait(&self, queue: &Queue, want: Want) -> Vec<Delivery> {
        loop {
            // Registered first, so that no message that arrives in between is missed.
            let mut changed = std::pin::pin!(self.inner.changed.notified());
            changed.as_mut().enable();
            let taken = self.receive(queue, want);
            if !taken.is_empty() {
                return taken;
            }
            match self.next_visible(queue) {
                Some(at) => {
                    // After either of the two the queue is checked again.
                    let _ = tokio::time::timeout_at(at, changed).await;
                }
                None => changed.await,
            }
        }
    }

    fn next_visible(&self, queue: &Queue) -> Option<Instant> {
        let queues = lock(&self.inner.queues);
        queues.get(&queue.arn)?.next_visible()
    }

    /// Every message in the queue with this name, oldest first.
    pub fn messages(&self, name: &str) -> Vec<String> {
        let messages = self.peek(name);
        messages.into_iter().map(|message| message.body).collect()
    }

    /// The messages in the queue with this URL, ARN or name, hidden ones included, oldest first.
    pub fn peek(&self, queue: &str) -> Vec<Message> {
        let now = self.now();
        let Some(queue) = self.declared(queue) else {
            return Vec::new();
        };
        let mut queues = lock(&self.inner.queues);
        let Some(standard) = queues.get_mut(&queue.arn) else {
            return Vec::new();
        };
        standard.forget_old(now);
        standard.messages().cloned().collect()
    }

    /// Counts the messages in the queue with this URL, ARN or name.
    pub fn depth(&self, queue: &str) -> Option<Depth> {
        let now = self.now();
        let queue = self.declared(queue)?;
        let mut queues = lock(&self.inner.queues);
        let standard = queues.get_mut(&queue.arn)?;
        standard.forget_old(now);
        Some(standard.depth(now))
    }

    pub fn write_log(&self, group: &str, line: String) {
        lock(&self.inner.logs)
            .entry(group.to_owned())
            .or_default()
            .push(line);
    }

    /// Every line that rules wrote to this log group, oldest first.
    pub fn log_lines(&self, group: &str) -> Vec<String> {
        let logs = lock(&self.inner.logs);
        logs.get(group).cloned().unwrap_or_default()
    }

    fn now(&self) -> Moment {
        Moment {
            instant: Instant::now(),
            epoch_ms: self.inner.clock.now_ms(),
        }
    }

    fn count(&self, queue: &Queue, name: &str, count: usize) {
        let metrics = self.inner.events.metrics();
        metrics.record_queue(&queue.name, name, count, self.inner.clock.now_ms());
    }

    fn record_all(&self) {
        let now = self.now();
        let mut queues = lock(&self.inner.queues);
        for queue in &self.inner.declared {
            let Some(standard) = queues.get_mut(&queue.arn) else {
                continue;
            };
            standard.forget_old(now);
            // In the queue's own time, which may pass faster.
            let age = standard.oldest_age(now).div_f64(self.inner.time_scale);
            self.record_depth(&mut queues, queue, now);
            self.inner.events.metrics().record(Datum {
                key: Key::new("AWS/SQS", AGE, &[("QueueName", &queue.name)]),
                unit: "Seconds".to_owned(),
                at_ms: now.epoch_ms,
                values: vec![age.as_secs_f64().floor()],
            });
        }
    }

    fn record_depth(
        &self,
        queues: &mut BTreeMap<String, StandardQueue>,
        queue: &Queue,
        now: Moment,
    ) {
        let depth = queues
            .get_mut(&queue.arn)
            .map(|standard| standard.depth(now));
        let metrics = self.inner.events.metrics();
        for (name, count) in depth.into_iter().flat_map(|depth| {
            [
                ("ApproximateNumberOfMessagesVisible", depth.visible),
                ("ApproximateNumberOfMessagesNotVisible", depth.in_flight),
                ("ApproximateNumberOfMessagesDelayed", depth.delayed),
            ]
        }) {
            metrics.record_queue(&queue.name, name, count, now.epoch_ms);
        }
    }
}

/// Records depth and age of every queue once a minute, until the future is dropped. Source: SQS
/// developer guide, "Available CloudWatch metrics for Amazon SQS".
pub async fn sample(queues: Queues) {
    let minute = Duration::from_secs(60).mul_f64(queues.inner.time_scale);
    let mut ticks = tokio::time::interval(minute.max(PERIOD_MIN));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        queues.record_all();
    }
}

/// The sender id of a service that sends in a role, with this session name.
pub fn sender(session: &str) -> String {
    format!("AROALOCAL:{session}")
}
