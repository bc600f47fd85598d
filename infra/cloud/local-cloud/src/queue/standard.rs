//! One standard queue: messages are sent, received, given back, deleted, or removed after too many
//! receives.
//!
//! Must not know: senders, receivers, other queues, the clock. Source: SQS developer guide,
//! "Visibility timeout" and "Dead-letter queues"; SQS API reference, `ReceiveMessage`.

use std::collections::VecDeque;
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

#[derive(Debug)]
pub struct StandardQueue {
    setting: Setting,
    messages: VecDeque<Message>,
}

impl Message {
    fn is_visible(&self, now: Moment) -> bool {
        !self.is_held && self.visible_at <= now.instant
    }

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
            messages: VecDeque::new(),
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
        self.messages.push_back(Message {
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
        self.messages.push_back(message);
    }

    /// Receives visible messages, oldest first, and removes those received too often already.
    pub fn receive(&mut self, want: Want, now: Moment) -> (Vec<Delivery>, Vec<Message>) {
        self.forget_old(now);
        let (mut taken, mut dead, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        let mut index = 0;
        while index < self.messages.len() && taken.len() < want.messages {
            let message = &mut self.messages[index];
            if !message.is_visible(now) {
                index += 1;
                continue;
            }
            let most = self.setting.receives_max;
            if most.is_some_and(|most| message.receives_here >= most) {
                dead.extend(self.messages.remove(index));
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
            message.receipt = Some(receipt.clone());
            taken.push(Delivery {
                message: message.clone(),
                receipt,
            });
            index += 1;
        }
        (taken, dead)
    }

    /// Deletes a message; returns whether it was there. As in AWS, only the last receipt handle
    /// counts.
    pub fn delete(&mut self, receipt: &str) -> bool {
        let before = self.messages.len();
        let is_it = |message: &Message| message.receipt.as_deref() == Some(receipt);
        self.messages.retain(|message| !is_it(message));
        self.messages.len() < before
    }

    /// Returns a held message to the queue; it becomes visible when its visibility timeout is over.
    pub fn give_back(&mut self, receipt: &str) {
        for message in &mut self.messages {
            if message.receipt.as_deref() == Some(receipt) {
                message.is_held = false;
            }
        }
    }

    pub fn next_visible(&self) -> Option<Instant> {
        let waiting = self.messages.iter().filter(|message| !message.is_held);
        waiting.map(|message| message.visible_at).min()
    }

    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    pub fn depth(&self, now: Moment) -> Depth {
        let mut depth = Depth::default();
        for message in &self.messages {
            match message.is_visible(now) {
                true => depth.visible += 1,
                false if message.receives_here == 0 => depth.delayed += 1,
                false => depth.in_flight += 1,
            }
        }
        depth
    }

    /// How long the oldest message is in the queue.
    pub fn oldest_age(&self, now: Moment) -> Duration {
        let ages = self.messages.iter();
        let ages = ages.map(|message| now.instant.duration_since(message.sent.instant));
        ages.max().unwrap_or_default()
    }

    /// Deletes messages whose retention period is over.
    pub fn forget_old(&mut self, now: Moment) {
        let retention = self.setting.retention;
        let is_old =
            |message: &Message| now.instant.duration_since(message.sent.instant) >= retention;
        self.messages
            .retain(|message| message.is_held || !is_old(message));
    }
}
