//! SQS queues, SNS topics and log groups, as lists in memory.
//!
//! Must not know who sends, nor what.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::metric::Metrics;
use crate::template::Template;

/// All queues; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Queues {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Name by URL and by ARN.
    names: BTreeMap<String, String>,
    messages: Mutex<BTreeMap<String, Vec<String>>>,
    /// Where messages are counted, at what time.
    metrics: (Metrics, Clock),
    /// Lines by log group.
    logs: Mutex<BTreeMap<String, Vec<String>>>,
}

impl Queues {
    /// The queues and topics that the template declares; what is sent to them is counted in `metrics`.
    pub fn new(template: &Template, metrics: &Metrics, clock: Clock) -> Queues {
        let mut names = BTreeMap::new();
        for queue in &template.queues {
            names.insert(queue.url.clone(), queue.name.clone());
            names.insert(queue.arn.clone(), queue.name.clone());
        }
        for topic in &template.topics {
            names.insert(topic.arn.clone(), topic.name.clone());
        }
        Queues {
            inner: Arc::new(Inner {
                names,
                messages: Mutex::default(),
                metrics: (metrics.clone(), clock),
                logs: Mutex::default(),
            }),
        }
    }

    /// Adds a message to the queue with this URL or ARN. The error says that there is none.
    pub fn send(&self, url_or_arn: &str, body: String) -> Result<(), String> {
        let name = self.inner.names.get(url_or_arn);
        let name = name.ok_or_else(|| format!("no queue {url_or_arn}"))?;
        let mut messages = self.lock();
        let of_queue = messages.entry(name.clone()).or_default();
        of_queue.push(body);
        let (metrics, clock) = &self.inner.metrics;
        metrics.queued(name, of_queue.len(), clock.now_ms());
        Ok(())
    }

    /// Every message sent to the queue of this name so far, oldest first.
    pub fn messages(&self, name: &str) -> Vec<String> {
        self.lock().get(name).cloned().unwrap_or_default()
    }

    /// Adds a line to a log group.
    pub fn write_log(&self, group: &str, line: String) {
        self.lock_logs()
            .entry(group.to_owned())
            .or_default()
            .push(line);
    }

    /// Every line that rules wrote to this log group, oldest first.
    pub fn log_lines(&self, group: &str) -> Vec<String> {
        self.lock_logs().get(group).cloned().unwrap_or_default()
    }

    fn lock_logs(&self) -> MutexGuard<'_, BTreeMap<String, Vec<String>>> {
        // A push is complete or not made.
        let logs = self.inner.logs.lock();
        logs.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<String>>> {
        // A push is complete or not made.
        let messages = self.inner.messages.lock();
        messages.unwrap_or_else(PoisonError::into_inner)
    }
}
