//! SQS queues, SNS topics and log groups, in memory.
//!
//! Must not know who sends, who receives, nor what.

mod service;
mod standard;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::event::{EventBus, EventKind};
use sam_template::Template;
pub use service::router;
pub use standard::{Delivery, Depth, MESSAGE_WEIGHT_MAX, Message, Want};
use standard::{Moment, Setting, StandardQueue};

/// All queues; clones share them.
#[derive(Debug, Clone)]
pub struct Queues {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// By ARN.
    queues: Mutex<BTreeMap<String, StandardQueue>>,
    declared: Vec<sam_template::Queue>,
    /// ARN and name of every topic.
    topics: Vec<(String, String)>,
    /// By ARN of the topic.
    published: Mutex<BTreeMap<String, Vec<String>>>,
    /// Lines by log group.
    logs: Mutex<BTreeMap<String, Vec<String>>>,
    /// Woken whenever a message was sent or given back.
    changed: Notify,
    events: EventBus,
    clock: Clock,
}

impl Queues {
    /// The queues and topics that the template declares; queues wait `time_scale` times as long as they say.
    pub fn new(template: &Template, events: &EventBus, clock: Clock, time_scale: f64) -> Queues {
        let scaled = |seconds: u64| Duration::from_secs(seconds).mul_f64(time_scale);
        let setting = |queue: &sam_template::Queue| Setting {
            visibility: scaled(queue.visibility_s),
            delay: scaled(queue.delay_s),
            retention: scaled(queue.retention_s),
            bytes_max: usize::try_from(queue.message_bytes_max).unwrap_or(usize::MAX),
            receives_max: queue.redrive.as_ref().map(|redrive| redrive.receives_max),
        };
        let queues = template.queues.iter();
        let queues = queues.map(|queue| (queue.arn.clone(), StandardQueue::new(setting(queue))));
        let topics = template.topics.iter();
        Queues {
            inner: Arc::new(Inner {
                queues: Mutex::new(queues.collect()),
                declared: template.queues.clone(),
                topics: topics.map(|t| (t.arn.clone(), t.name.clone())).collect(),
                published: Mutex::default(),
                logs: Mutex::default(),
                changed: Notify::new(),
                events: events.clone(),
                clock,
            }),
        }
    }

    /// What the template says of the queue with this URL, ARN or name.
    pub fn declared(&self, queue: &str) -> Option<&sam_template::Queue> {
        let mut declared = self.inner.declared.iter();
        declared.find(|q| [&q.url, &q.arn, &q.name].into_iter().any(|n| n == queue))
    }

    /// Every queue of the template.
    pub fn all(&self) -> &[sam_template::Queue] {
        &self.inner.declared
    }

    /// Adds a message to the queue with this URL, ARN or name, or to the topic with this ARN, and gives its id. `sender` is
    /// the id of whoever sends. The error says that there is none, or what is wrong with the message.
    pub fn send(&self, target: &str, body: String, sender: &str) -> Result<String, String> {
        let id = uuid::Uuid::new_v4().to_string();
        if let Some((arn, _)) = self.inner.topics.iter().find(|(arn, _)| arn == target) {
            let mut published = lock(&self.inner.published);
            let of_topic = published.entry(arn.clone()).or_default();
            of_topic.push(body);
            return Ok(id);
        }
        let queue = self.declared(target);
        let queue = queue.ok_or_else(|| format!("no queue {target}"))?;
        let now = self.now();
        let mut queues = lock(&self.inner.queues);
        let standard = queues.get_mut(&queue.arn).expect("every declared one");
        standard.send(id.clone(), body, sender, now)?;
        self.count(queue, "NumberOfMessagesSent", 1);
        self.tell_depth(&queues, queue, now);
        drop(queues);
        self.inner.changed.notify_waiters();
        Ok(id)
    }

    /// Hands out messages of a queue; those that were received too often go where its `RedrivePolicy` says.
    pub fn receive(&self, queue: &sam_template::Queue, want: Want) -> Vec<Delivery> {
        let now = self.now();
        let mut queues = lock(&self.inner.queues);
        let Some(standard) = queues.get_mut(&queue.arn) else {
            return Vec::new();
        };
        let (taken, dead) = standard.receive(want, now);
        if !taken.is_empty() {
            self.count(queue, "NumberOfMessagesReceived", taken.len());
            self.tell_depth(&queues, queue, now);
        }
        let target = queue.redrive.as_ref().map(|redrive| &redrive.target_arn);
        let target = target.and_then(|arn| self.declared(arn));
        let Some(target) = target else {
            // Without a policy none is ever received too often.
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
            self.tell_depth(&queues, queue, now);
            self.tell_depth(&queues, target, now);
            self.inner.changed.notify_waiters();
        }
        taken
    }

    /// Deletes what was received.
    pub fn delete(&self, queue: &sam_template::Queue, receipt: &str) {
        let now = self.now();
        let mut queues = lock(&self.inner.queues);
        let standard = queues.get_mut(&queue.arn);
        if standard.is_some_and(|standard| standard.delete(receipt)) {
            self.count(queue, "NumberOfMessagesDeleted", 1);
            self.tell_depth(&queues, queue, now);
        }
    }

    /// Gives back what was held.
    pub fn give_back(&self, queue: &sam_template::Queue, receipt: &str) {
        let mut queues = lock(&self.inner.queues);
        if let Some(standard) = queues.get_mut(&queue.arn) {
            standard.give_back(receipt);
            self.tell_depth(&queues, queue, self.now());
        }
        drop(queues);
        self.inner.changed.notify_waiters();
    }

    /// Receives as soon as there is something to receive.
    pub async fn wait(&self, queue: &sam_template::Queue, want: Want) -> Vec<Delivery> {
        loop {
            // Asked for first, so that nothing that comes in between is missed.
            let mut changed = std::pin::pin!(self.inner.changed.notified());
            changed.as_mut().enable();
            let taken = self.receive(queue, want);
            if !taken.is_empty() {
                return taken;
            }
            match self.next_visible(queue) {
                Some(at) => {
                    // Either will do: the queue is looked at again.
                    let _ = tokio::time::timeout_at(at, changed).await;
                }
                None => changed.await,
            }
        }
    }

    fn next_visible(&self, queue: &sam_template::Queue) -> Option<Instant> {
        let queues = lock(&self.inner.queues);
        queues.get(&queue.arn)?.next_visible()
    }

    /// Every message that is in the queue now, or was ever sent to the topic, of this name, oldest first.
    pub fn messages(&self, name: &str) -> Vec<String> {
        let mut topics = self.inner.topics.iter();
        if let Some((arn, _)) = topics.find(|(_, topic)| topic == name) {
            let published = lock(&self.inner.published);
            return published.get(arn).cloned().unwrap_or_default();
        }
        let messages = self.look(name);
        messages.into_iter().map(|message| message.body).collect()
    }

    /// The messages that are in the queue with this URL, ARN or name, hidden ones too, oldest first.
    pub fn look(&self, queue: &str) -> Vec<Message> {
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

    /// How many messages are in the queue with this URL, ARN or name.
    pub fn depth(&self, queue: &str) -> Option<Depth> {
        let now = self.now();
        let queue = self.declared(queue)?;
        let mut queues = lock(&self.inner.queues);
        let standard = queues.get_mut(&queue.arn)?;
        standard.forget_old(now);
        Some(standard.depth(now))
    }

    /// Adds a line to a log group.
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

    fn count(&self, queue: &sam_template::Queue, name: &str, count: usize) {
        let metrics = self.inner.events.metrics();
        metrics.record_queue(&queue.name, name, count, self.inner.clock.now_ms());
    }

    fn tell_depth(
        &self,
        queues: &BTreeMap<String, StandardQueue>,
        queue: &sam_template::Queue,
        now: Moment,
    ) {
        let depth = queues.get(&queue.arn).map(|standard| standard.depth(now));
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

/// The id of a service that sends, in the role and under the name of `session`.
pub fn sender(session: &str) -> String {
    format!("AROALOCAL:{session}")
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    // A message is added, changed or taken away whole or not at all.
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
