//! Where a message waits until the next one on its topic has passed it.
//!
//! Must not know what a message is: it keeps what is to be done with one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Who waits on which topic, for one fault.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_topic: Mutex<BTreeMap<String, Vec<Slot>>>,
}

impl Waiting {
    /// A new place on `topic`.
    pub fn place(&self, topic: &str, limit: Duration) -> Place {
        let slot = Slot::default();
        let by_topic = self.by_topic.lock();
        by_topic
            .unwrap_or_else(PoisonError::into_inner)
            .entry(topic.to_owned())
            .or_default()
            .push(slot.clone());
        Place { slot, limit }
    }
}

/// A message's place. A place that is never taken harms nobody.
#[derive(Debug)]
pub struct Place {
    slot: Slot,
    limit: Duration,
}

impl Place {
    /// Keeps `deliver` until the next message has gone, or the time is over; either way it is done once.
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

/// Those that waited for a message; dropping this lets them go, first come first.
#[derive(Debug, Default)]
pub struct Released(Vec<Slot>);

impl Released {
    /// Adds whoever waits on `topic`.
    pub(super) fn take(&mut self, waiting: &Waiting, topic: &str) {
        let by_topic = waiting.by_topic.lock();
        let slots = by_topic
            .unwrap_or_else(PoisonError::into_inner)
            .remove(topic);
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
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Released) {
            // The next message was quicker than this one to its place.
            drop(state);
            deliver();
        } else {
            *state = State::Held(deliver);
        }
    }

    fn release(&self) {
        let state = self.0.lock();
        let before = std::mem::replace(
            &mut *state.unwrap_or_else(PoisonError::into_inner),
            State::Released,
        );
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
