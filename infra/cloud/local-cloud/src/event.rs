//! The stream of events: everything that happens inside the local cloud.
//!
//! A slow subscriber loses the oldest events and learns how many. It never slows the cloud down.
//!
//! Must not know: the subscribers. A console, a test and a log read the same stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::metric::{Key, Metrics};

/// Events kept for a subscriber that lags behind.
const BACKLOG: usize = 8192;

/// One thing that happened. A recorded one can be read back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. Serialised inside an [`Event`]: `{"kind":"connected","client":"thing-1"}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum EventKind {
    /// An MQTT client was accepted.
    Connected {
        /// Its client id.
        client: String,
    },
    /// An MQTT connection ended.
    Disconnected {
        /// Its client id.
        client: String,
        /// AWS's disconnect reason, such as `CONNECTION_LOST`.
        reason: String,
    },
    /// A message was accepted by the broker.
    Published {
        /// Its topic.
        topic: String,
        /// Its payload. Serialised as text; bytes that are not UTF-8 are replaced.
        #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
        payload: Arc<[u8]>,
        /// The publishing client id; `None` for the cloud itself and for REST callers.
        client: Option<String>,
        /// 0 or 1.
        qos: u8,
    },
    /// A topic rule matched a message.
    RuleMatched {
        /// The rule's name.
        rule: String,
        /// The message's topic.
        topic: String,
    },
    /// A rule's action gave a message to a function.
    RuleInvoked {
        /// The rule's name.
        rule: String,
        /// The message's topic.
        topic: String,
        /// The invocation.
        request_id: String,
    },
    /// A rule's action failed.
    RuleFailed {
        /// The rule's name.
        rule: String,
        /// The message's topic.
        topic: String,
        /// Which action failed, and why.
        error: String,
    },
    /// A caller of the control plane enabled or disabled a topic rule.
    RuleSwitched {
        /// The rule's name.
        rule: String,
        /// Whether it is enabled now.
        enabled: bool,
    },
    /// A schedule fired.
    Scheduled {
        /// The schedule's name.
        schedule: String,
        /// ARN of the function it invokes.
        function: String,
    },
    /// A function's process took an invocation.
    Invoked {
        /// The function's name.
        function: String,
        /// The invocation.
        request_id: String,
        /// Whether a process was started for it.
        cold: bool,
    },
    /// An invocation ended.
    Completed {
        /// The function's name.
        function: String,
        /// The invocation.
        request_id: String,
        /// Time from the start of the attempt to its end, milliseconds.
        duration_ms: u64,
        /// `ok`, or what went wrong.
        outcome: String,
    },
    /// An invocation was refused: the concurrency limit is reached.
    Throttled {
        /// The function's name.
        function: String,
        /// The invocation.
        request_id: String,
        /// For an asynchronous event: time to its next attempt in AWS, milliseconds.
        wait_ms: Option<u64>,
    },
    /// A failed asynchronous event waits for its next attempt.
    Retrying {
        /// The function's name.
        function: String,
        /// The invocation.
        request_id: String,
        /// Attempts made so far.
        attempts: u32,
        /// Time to the next attempt in AWS, milliseconds.
        wait_ms: u64,
    },
    /// An asynchronous event was given up. It went to the on-failure destination, if there is one.
    GivenUp {
        /// The function's name.
        function: String,
        /// The invocation.
        request_id: String,
    },
    /// A message was received too often and moved to the dead-letter queue.
    Redriven {
        /// The queue's name.
        queue: String,
        /// The dead-letter queue's name.
        target: String,
        /// The message.
        message_id: String,
        /// Number of times it was received.
        receives: u64,
    },
    /// A function did not complete the records of a stream that it was given.
    BatchFailed {
        /// The event source's logical id.
        source: String,
        /// The function's name.
        function: String,
        /// Number of records that it was given.
        records: usize,
        /// Why.
        reason: String,
        /// Whether the records go on in smaller batches.
        is_split: bool,
        /// Time to the next attempt in AWS, milliseconds; `None` if they are not retried as they
        /// were.
        wait_ms: Option<u64>,
    },
    /// Records of a stream were given up. The destination learns which, if there is one.
    RecordsDiscarded {
        /// The event source's logical id.
        source: String,
        /// The function's name.
        function: String,
        /// Number of records.
        records: usize,
        /// AWS's word for the reason, such as `RetryAttemptsExhausted`.
        condition: String,
        /// Name of the queue or topic.
        destination: Option<String>,
    },
    /// A function's process wrote a line.
    FunctionLog {
        /// The function's name.
        function: String,
        /// The line without its newline.
        line: String,
    },
    /// A shadow accepted an update.
    ShadowUpdated {
        /// The thing's name.
        thing: String,
        /// The shadow's new version.
        version: u64,
    },
    /// A call wrote items of a table.
    Written {
        /// The table's name.
        table: String,
        /// The items' primary keys: the text of each attribute by its name. Empty if they are not
        /// known.
        keys: Vec<BTreeMap<String, String>>,
    },
    /// A policy refused something.
    Denied {
        /// The client id, or the user of an access key.
        client: String,
        /// Such as `iot:Publish`.
        action: String,
        /// The resource's ARN.
        resource: String,
    },
    /// A changed template or function was applied while everything ran.
    Reloaded {
        /// Names of the functions, rules, schedules and policies that changed.
        changed: Vec<String>,
    },
    /// A change was rejected; the previous version keeps running.
    ReloadRefused {
        /// What is wrong, with file and line if it is in the template.
        reason: String,
    },
    /// A role lacks a right that a call needed.
    MissingRight {
        /// The role's ARN.
        role: String,
        /// The statement that would allow it, as JSON.
        statement: String,
        /// Whether a policy denies the call or no policy allows it.
        why: String,
    },
    /// A message was published to an SNS topic.
    Notified {
        /// The topic's name.
        topic: String,
        /// The subject, if there is one.
        subject: Option<String>,
        /// The message.
        message: String,
        /// Values of its attributes by name.
        attributes: BTreeMap<String, String>,
        /// What happened to it, for each subscription of the topic.
        deliveries: Vec<Delivery>,
    },
    /// An alarm changed its state.
    AlarmChanged {
        /// The alarm's name.
        alarm: String,
        /// The state before: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
        from: String,
        /// The state now.
        to: String,
        /// Why, in CloudWatch's words.
        reason: String,
    },
    /// An alarm could not notify a topic. In AWS only the alarm's history shows it.
    AlarmActionFailed {
        /// The alarm's name.
        alarm: String,
        /// ARN of the topic.
        topic: String,
        /// Why.
        error: String,
    },
    /// A configured fault struck.
    FaultInjected {
        /// The fault, as configured.
        fault: String,
        /// What it struck: a topic, a function, or a function's call.
        target: String,
        /// Which occurrence it struck, counted from 1: of this target if the fault strikes by
        /// chance, of everything that the fault selects if it strikes by count.
        occurrence: u64,
    },
}

/// What happened to a notification, for one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Such as `email` or `sqs`.
    pub protocol: String,
    /// Address, phone number, URL or ARN of the queue.
    pub endpoint: String,
    /// What happened.
    pub outcome: Outcome,
}

/// What happened to a notification on its way to a subscriber.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is in the queue.
    Delivered,
    /// AWS would send it outside; here it is shown and not sent.
    Shown,
    /// The subscription's filter policy does not accept it.
    Filtered,
    /// It could not be delivered, and why.
    Failed(String),
}

fn as_text<S: Serializer>(payload: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(payload))
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.into_bytes().into())
}

/// The sending side; every part of the cloud has a clone.
#[derive(Debug, Clone)]
pub struct EventBus {
    sender: broadcast::Sender<Arc<Event>>,
    clock: Clock,
    metrics: Metrics,
}

impl EventBus {
    /// A bus without subscribers.
    pub fn new(clock: Clock) -> Self {
        let (sender, _) = broadcast::channel(BACKLOG);
        Self {
            sender,
            clock,
            metrics: Metrics::default(),
        }
    }

    /// The metrics, which every part of the cloud writes.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sends an event to every subscriber, and counts it if AWS has a metric for it.
    pub fn emit(&self, kind: EventKind) {
        let at_ms = self.clock.now_ms();
        if matches!(kind, EventKind::Connected { .. }) {
            let key = Key::new("AWS/IoT", "Connect.Success", &[("Protocol", "MQTT")]);
            self.metrics.count(key, at_ms);
        }
        if self.sender.receiver_count() > 0 {
            // An error means that the last subscriber has just left, which is harmless.
            let _ = self.sender.send(Arc::new(Event { at_ms, kind }));
        }
    }

    /// Every event from this moment.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }
}
