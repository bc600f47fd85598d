//! The queue of messages that are kept until their PUBACK.
//!
//! Must not know: whether there is a connection.

use std::collections::VecDeque;

use crate::link::Publish;
use crate::output::log;

/// A message kept until its PUBACK.
pub struct Queued {
    /// Id that its publish returned.
    pub id: u16,
    /// The message to send.
    pub message: Publish,
    /// Whether it was sent on this connection.
    pub is_sent: bool,
}

/// The queued messages, oldest first, and the ids of all messages.
#[derive(Default)]
pub struct Queue {
    pub(super) entries: VecDeque<Queued>,
    last_id: u16,
    /// Whether new messages wait until the queued ones were sent again.
    is_blocked: bool,
}

impl Queue {
    /// An id that no queued message has, never 0.
    pub fn next_id(&mut self) -> u16 {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            if self.last_id != 0 && self.entries.iter().all(|q| q.id != self.last_id) {
                return self.last_id;
            }
        }
    }

    /// Whether a new message may be sent at once.
    pub fn is_drained(&self) -> bool {
        !self.is_blocked
    }

    /// Adds a message, and drops the oldest ones beyond `length_max`, which is not 0.
    pub fn push(&mut self, message: Queued, length_max: usize) {
        while self.entries.len() >= length_max {
            log("error", "MQTT0 queue overflow!");
            self.entries.pop_front();
        }
        self.entries.push_back(message);
    }

    /// Removes the message of a PUBACK.
    pub fn acknowledge(&mut self, id: u16) {
        self.entries.retain(|q| q.id != id);
    }

    /// A new connection: everything is sent again, before anything new.
    pub fn restart(&mut self) {
        self.forget_sent();
        self.is_blocked = !self.entries.is_empty();
    }

    /// Marks every message as not sent.
    pub fn forget_sent(&mut self) {
        self.entries.iter_mut().for_each(|q| q.is_sent = false);
    }

    /// Marks the first unsent message as sent, and returns its id and content. If the queue is
    /// empty, new messages may be sent at once again.
    pub fn take_unsent(&mut self) -> Option<(u16, Publish)> {
        self.is_blocked &= !self.entries.is_empty();
        let entry = self.entries.iter_mut().find(|q| !q.is_sent)?;
        entry.is_sent = true;
        Some((entry.id, entry.message.clone()))
    }
}
