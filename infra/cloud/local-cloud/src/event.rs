//! What happens inside the local cloud, told to whoever listens.
//!
//! A slow listener loses the oldest events (and is told how many), never slows the cloud down.
//! Must not know the listeners: a console, a test and a log all read the same stream.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use tokio::sync::broadcast;

use crate::clock::Clock;
use crate::metric::Metrics;

/// Events kept for a listener that lags behind.
const BACKLOG: usize = 8192;

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. *Shape*: `{"kind":"connected","client":"thing-1"}` once serialised inside an [`Event`].
#[derive(Debug, Clone, Serialize)]
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
    /// An MQTT client has gone.
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
        /// Its payload; serialised as text, bytes that are not UTF-8 replaced.
        #[serde(serialize_with = "as_text")]
        payload: Arc<[u8]>,
        /// The publishing client id; `None` for the cloud itself and for REST callers.
        client: Option<String>,
        /// 0 or 1.
        qos: u8,
    },
    /// A topic rule's statement was true for a message.
    RuleMatched {
        /// The rule's name.
        rule: String,
        /// The message's topic.
        topic: String,
    },
    /// A rule's action could not be carried out.
    RuleFailed {
        /// The rule's name.
        rule: String,
        /// The message's topic.
        topic: String,
        /// Which action and why.
        error: String,
    },
    /// A schedule came due.
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
        /// From hand-over to answer.
        duration_ms: u64,
        /// `ok`, or what went wrong.
        outcome: String,
    },
    /// An invocation was refused because as many are at work as may be.
    Throttled {
        /// The function's name.
        function: String,
        /// The invocation.
        request_id: String,
        /// For an asynchronous event: time to its next attempt, as it would be in AWS.
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
        /// Time to the next attempt, as it would be in AWS.
        wait_ms: u64,
    },
    /// An asynchronous event was given up, and sent to the on-failure destination where there is one.
    GivenUp {
        /// The function's name.
        function: String,
        /// The invocation.
        request_id: String,
    },
    /// A message was received too often, and went to the queue that its own queue names for that.
    Redriven {
        /// The queue's name.
        queue: String,
        /// The other queue's name.
        target: String,
        /// The message.
        message_id: String,
        /// How often it was received.
        receives: u64,
    },
    /// A function's process wrote a line.
    FunctionLog {
        /// The function's name.
        function: String,
        /// The line, without its end.
        line: String,
    },
    /// A shadow accepted an update.
    ShadowUpdated {
        /// The thing's name.
        thing: String,
        /// The shadow's new version.
        version: u64,
    },
    /// A policy refused something.
    Denied {
        /// The client id or access key's user.
        client: String,
        /// Such as `iot:Publish`.
        action: String,
        /// The resource's ARN.
        resource: String,
    },
    /// A changed template or function was taken up while all runs.
    Reloaded {
        /// What has changed: functions, rules, schedules and policies by name.
        changed: Vec<String>,
    },
    /// A change could not be taken up: everything runs on as it was.
    ReloadRefused {
        /// What is wrong, with file and line where it is in the template.
        reason: String,
    },
    /// A role lacks a right that a call needed.
    MissingRight {
        /// The role's ARN.
        role: String,
        /// The statement that would allow it, as JSON.
        statement: String,
        /// Whether a policy denies it or none allows it.
        why: String,
    },
    /// A configured fault struck.
    FaultInjected {
        /// The fault as it was written.
        fault: String,
        /// What it struck: a topic, a function, or a function's call.
        target: String,
        /// The how manyeth it was: of that target for a chance, of all that the fault selects for a counted one.
        occurrence: u64,
    },
}

fn as_text<S: Serializer>(payload: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(payload))
}

/// The sending side, cloned into every part of the cloud.
#[derive(Debug, Clone)]
pub struct EventBus {
    sender: broadcast::Sender<Arc<Event>>,
    clock: Clock,
    metrics: Metrics,
}

impl EventBus {
    /// A bus without listeners.
    pub fn new(clock: Clock) -> EventBus {
        let (sender, _) = broadcast::channel(BACKLOG);
        EventBus {
            sender,
            clock,
            metrics: Metrics::default(),
        }
    }

    /// What is counted of what is told.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Counts it, and tells every listener.
    pub fn emit(&self, kind: EventKind) {
        self.metrics.hear(&kind, self.clock.now_ms());
        if self.sender.receiver_count() > 0 {
            let at_ms = self.clock.now_ms();
            // An error means that the last listener has just gone, which is no fault.
            let _ = self.sender.send(Arc::new(Event { at_ms, kind }));
        }
    }

    /// Everything from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.sender.subscribe()
    }
}
