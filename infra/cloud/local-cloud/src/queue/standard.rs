//! One standard queue: messages are sent, received, given back, deleted, or removed after too many
//! receives.
//!
//! Must not know: senders, receivers, other queues, the clock. Source: SQS developer guide,
//! "Visibility timeout" and "Dead-letter queues"; SQS API reference, `ReceiveMessage`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tokio::time::Instant;

/// Largest message of any queue, bytes.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a message in an event, apart from its body.
const RECORD_BYTES: usize = 1024;
/// Greatest [`Message::weight`]: every character escaped.
pub const MESSAGE_WEIGHT_MAX: usize = 2 * MESSAGE_BYTES_MAX + RECORD_BYTES;

/// A moment, on the monotonic clock and on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub instant: Instant,
    pub epoch_ms: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub visibility: Duration,
    pub delay: Duration,
    pub retention: Duration,
    pub bytes_max: usize,
    /// Receives after which a message is removed.
    pub receives_max: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct Message {
    /// Stays the same when it moves to another queue.
    pub id: String,
    pub body: String,
    pub sender: String,
    pub sent: Moment,
    /// When it was first received, milliseconds since the Unix epoch.
    pub first_received_ms: Option<u64>,
    /// Number of receives, in all queues together.
    pub receives: u64,
    /// ARN of the queue that it was removed from.
    pub from: Option<String>,
    /// Number of receives from this queue.
    receives_here: u64,
    visible_at: Instant,
    receipt: Option<String>,
    /// Whether that receiver still works on it, which keeps it hidden.
    is_held: bool,
}

/// A received message.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub message: Message,
    /// Receipt handle, for deleting it or giving it back.
    pub receipt: String,
}

/// Limits of one receive.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    pub messages: usize,
    /// The sum of their weights, at most. Below [`MESSAGE_WEIGHT_MAX`] a message may never be
    /// received.
    pub bytes: usize,
    /// How long they are hidden, if not as long as the queue says.
    pub visibility: Option<Duration>,
    /// Whether they stay hidden until they are given back or deleted.
    pub holds: bool,
}

/// Number of messages in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Ready to be received.
    pub visible: usize,
    /// Received, and neither deleted nor visible again.
    pub in_flight: usize,
    /// Still delayed after sending.
    pub delayed: usize,
}

/// No call looks at every message: a queue is deepest when its readers have the least time.
#[derive(Debug)]
pub struct StandardQueue {
    setting: Setting,
    /// By number, in the order of their arrival.
    messages: BTreeMap<u64, Message>,
    /// The number of the next message.
    next: u64,
    /// The number of the message with this receipt handle.
    by_receipt: HashMap<String, u64>,
    /// Those that can be received.
    visible: BTreeSet<u64>,
    /// Those that become visible by themselves, by the time at which they do.
    hidden: BTreeSet<(Instant, u64)>,
    /// All, by the time at which they were sent.
    by_age: BTreeSet<(Instant, u64)>,
    /// How many of the hidden ones were never received.
    delayed: usize,
}

impl Message {
    pub fn weight(&self) -> usize {
        let escaped = |byte: &u8| matches!(byte, b'"' | b'\\' | b'\t' | b'\n' | b'\r');
        self.body.len() + self.body.bytes().filter(|b| escaped(b)).count() + RECORD_BYTES
    }
}

fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

impl StandardQueue {
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            messages: BTreeMap::new(),
            next: 0,
            by_receipt: HashMap::new(),
            visible: BTreeSet::new(),
            hidden: BTreeSet::new(),
            by_age: BTreeSet::new(),
            delayed: 0,
        }
    }

    /// Adds a message; errors are SQS's own words.
    pub fn send(
        &mut self,
        id: String,
        body: String,
        sender: &str,
        now: Moment,
    ) -> Result<(), String> {
        let most = self.setting.bytes_max;
        if body.len() > most {
            return Err(format!(
                "One or more parameters are invalid. \
                 Reason: Message must be shorter than {most} bytes."
            ));
        }
        if !body.chars().all(is_allowed) {
            return Err("Invalid characters found. Valid unicode characters are \
                        #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
                .to_owned());
        }
        if body.is_empty() {
            return Err("The request must contain the parameter MessageBody.".to_owned());
        }
        self.add(Message {
            id,
            body,
            sender: sender.to_owned(),
            sent: now,
            first_received_ms: None,
            receives: 0,
            from: None,
            receives_here: 0,
            visible_at: now.instant + self.setting.delay,
            receipt: None,
            is_held: false,
        });
        Ok(())
    }

    /// Adds a message that was received too often elsewhere; it keeps the time it was sent.
    pub fn take_over(&mut self, mut message: Message, from: &str, now: Moment) {
        message.from = Some(from.to_owned());
        message.receives_here = 0;
        message.visible_at = now.instant;
        message.receipt = None;
        message.is_held = false;
        self.add(message);
    }

    fn add(&mut self, message: Message) {
        let number = self.next;
        self.next += 1;
        self.by_age.insert((message.sent.instant, number));
        self.hidden.insert((message.visible_at, number));
        self.delayed += 1;
        self.messages.insert(number, message);
    }

    fn remove(&mut self, number: u64) -> Option<Message> {
        let message = self.messages.remove(&number)?;
        self.by_age.remove(&(message.sent.instant, number));
        self.visible.remove(&number);
        if self.hidden.remove(&(message.visible_at, number)) && message.receives_here == 0 {
            self.delayed -= 1;
        }
        if let Some(receipt) = &message.receipt {
            self.by_receipt.remove(receipt);
        }
        Some(message)
    }

    /// Shows the messages whose delay or visibility timeout is over.
    fn show(&mut self, now: Moment) {
        while let Some(&(at, number)) = self.hidden.first().filter(|(at, _)| *at <= now.instant) {
            self.hidden.remove(&(at, number));
            self.visible.insert(number);
            if self.messages[&number].receives_here == 0 {
                self.delayed -= 1;
            }
        }
    }

    /// Receives visible messages, oldest first, and removes those received too often already.
    pub fn receive(&mut self, want: Want, now: Moment) -> (Vec<Delivery>, Vec<Message>) {
        self.forget_old(now);
        self.show(now);
        let (mut taken, mut dead, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        while taken.len() < want.messages {
            let Some(&number) = self.visible.first() else {
                break;
            };
            let message = self.messages.get_mut(&number).expect("a visible one");
            let most = self.setting.receives_max;
            if most.is_some_and(|most| message.receives_here >= most) {
                dead.extend(self.remove(number));
                continue;
            }
            bytes = bytes.saturating_add(message.weight());
            if bytes > want.bytes {
                break;
            }
            message.receives += 1;
            message.receives_here += 1;
            message.first_received_ms.get_or_insert(now.epoch_ms);
            message.visible_at = now.instant + want.visibility.unwrap_or(self.setting.visibility);
            message.is_held = want.holds;
            let receipt = format!("{}#{}", message.id, message.receives);
            if let Some(last) = message.receipt.replace(receipt.clone()) {
                self.by_receipt.remove(&last);
            }
            self.visible.remove(&number);
            if !message.is_held {
                self.hidden.insert((message.visible_at, number));
            }
            taken.push(Delivery {
                message: message.clone(),
                receipt: receipt.clone(),
            });
            self.by_receipt.insert(receipt, number);
        }
        (taken, dead)
    }

    /// Deletes a message; returns whether it was there. As in AWS, only the last receipt handle
    /// counts.
    pub fn delete(&mut self, receipt: &str) -> bool {
        let number = self.by_receipt.get(receipt).copied();
        number.is_some_and(|number| self.remove(number).is_some())
    }

    /// Returns a held message to the queue; it becomes visible when its visibility timeout is over.
    pub fn give_back(&mut self, receipt: &str) {
        let Some(&number) = self.by_receipt.get(receipt) else {
            return;
        };
        let message = self.messages.get_mut(&number).expect("one with a receipt");
        if std::mem::take(&mut message.is_held) {
            self.hidden.insert((message.visible_at, number));
        }
    }

    pub fn next_visible(&self) -> Option<Instant> {
        let first = self.visible.first().map(|n| self.messages[n].visible_at);
        first.or_else(|| self.hidden.first().map(|(at, _)| *at))
    }

    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub fn depth(&mut self, now: Moment) -> Depth {
        self.show(now);
        let (visible, delayed) = (self.visible.len(), self.delayed);
        Depth {
            visible,
            in_flight: self.messages.len() - visible - delayed,
            delayed,
        }
    }

    /// How long the oldest message is in the queue.
    pub fn oldest_age(&self, now: Moment) -> Duration {
        let oldest = self.by_age.first();
        oldest.map_or(Duration::ZERO, |(sent, _)| {
            now.instant.duration_since(*sent)
        })
    }

    /// Deletes messages whose retention period is over, unless a receiver works on them.
    pub fn forget_old(&mut self, now: Moment) {
        let retention = self.setting.retention;
        let ages = self.by_age.iter();
        let old = ages.take_while(|(sent, _)| now.instant.duration_since(*sent) >= retention);
        let old: Vec<u64> = old.map(|(_, number)| *number).collect();
        for number in old {
            if !self.messages[&number].is_held {
                self.remove(number);
            }
        }
    }
}
