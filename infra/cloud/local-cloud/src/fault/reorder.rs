//! Holds a message until the next one on its topic has passed it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::sync::lock;

/// The messages that wait for one fault.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_topic: Mutex<BTreeMap<String, Vec<Slot>>>,
}

impl Waiting {
    /// A new slot on `topic`.
    pub fn slot(&self, topic: &str, limit: Duration) -> HoldSlot {
        let slot = Slot::default();
        let mut by_topic = lock(&self.by_topic);
        by_topic
            .entry(topic.to_owned())
            .or_default()
            .push(slot.clone());
        HoldSlot { slot, limit }
    }
}

/// Holds one message; an unused slot has no effect.
#[derive(Debug)]
pub struct HoldSlot {
    slot: Slot,
    limit: Duration,
}

impl HoldSlot {
    /// Holds `deliver` until the next message has passed or the time is over, then calls it once.
    ///
    /// Must be called within a tokio runtime.
    pub fn hold(self, deliver: impl FnOnce() + Send + 'static) {
        self.slot.fill(Box::new(deliver));
        tokio::spawn(async move {
            tokio::time::sleep(self.limit).await;
            self.slot.release();
        });
    }
}

/// Messages that waited for another one; dropping this delivers them in their order.
#[derive(Debug, Default)]
pub struct Released(Vec<Slot>);

impl Released {
    /// Adds the messages that wait on `topic`.
    pub(super) fn take(&mut self, waiting: &Waiting, topic: &str) {
        let slots = lock(&waiting.by_topic).remove(topic);
        self.0.extend(slots.unwrap_or_default());
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        for slot in &self.0 {
            slot.release();
        }
    }
}

#[derive(Clone, Default)]
struct Slot(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Empty,
    Held(Box<dyn FnOnce() + Send>),
    Released,
}

impl Slot {
    fn fill(&self, deliver: Box<dyn FnOnce() + Send>) {
        let mut state = lock(&self.0);
        if matches!(*state, State::Released) {
            // The next message passed before this one was held.
            drop(state);
            deliver();
        } else {
            *state = State::Held(deliver);
        }
    }

    fn release(&self) {
        let before = std::mem::replace(&mut *lock(&self.0), State::Released);
        if let State::Held(deliver) = before {
            deliver();
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}
