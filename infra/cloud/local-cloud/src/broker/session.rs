//! What the broker remembers about a client: subscriptions, and messages to deliver.
//!
//! Each known client id has one session object. A take-over swaps the connection inside it, so
//! messages routed during the take-over are not lost. Must not know: sockets, packets, policies.

mod link;
mod record;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::Qos;

pub use link::{Kick, Link};
pub use record::{SessionChange, SessionRecord};
use state::State;

use super::delivery::Delivery;
use crate::sync::lock;

/// Most messages queued for a client; further ones are dropped.
pub const QUEUE_MAX: usize = 10_000;
/// Time offline after which a client's `versionNumber` starts at 0 again.
/// Source: AWS IoT Core developer guide, lifecycle events ("approximately one hour").
const NUMBER_KEPT_MS: u64 = 3_600_000;

#[derive(Debug)]
pub struct Session {
    client_id: String,
    state: Mutex<State>,
}

/// A connection's request to attach to the session of its client id.
#[derive(Debug, Clone)]
pub struct Attach {
    /// Drops the old session.
    pub clean: bool,
    pub expiry_ms: u64,
    /// MQTT 3 and MQTT 5 clients cannot resume each other's sessions.
    pub version: Version,
    pub now_ms: u64,
    /// Certificate id; `None` for a client that signed its handshake.
    pub principal: Option<String>,
}

#[derive(Debug)]
pub struct Attached {
    pub link: Arc<Link>,
    pub session_present: bool,
    /// AWS's `versionNumber` of this connection.
    pub number: u64,
    /// Left over from the previous session or connection.
    pub remainder: Remainder,
}

/// What the broker must clean up or reroute after a session or its connection ended.
#[derive(Debug, Default)]
pub struct Remainder {
    /// Filters of subscriptions that no longer exist.
    pub filters: Vec<String>,
    /// Messages of shared subscriptions, for another member of the group.
    pub orphans: Vec<Delivery>,
}

impl Session {
    pub fn new(client_id: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            state: Mutex::default(),
        }
    }

    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    pub fn attach(&self, attach: Attach) -> Attached {
        lock(&self.state).attach(attach)
    }

    /// Ends the attachment of `link`. Does nothing if another connection has taken over.
    pub fn detach(&self, link: &Arc<Link>, now_ms: u64) -> Remainder {
        let mut state = lock(&self.state);
        if state.is_attached_to(link) {
            state.detach(now_ms)
        } else {
            Remainder::default()
        }
    }

    pub fn expire(&self, now_ms: u64) -> Option<Remainder> {
        let mut state = lock(&self.state);
        state.is_expired(now_ms).then(|| state.clear())
    }

    /// Whether nothing is left that a later connection needs.
    pub fn is_forgotten(&self, now_ms: u64) -> bool {
        let state = lock(&self.state);
        state.is_expired(now_ms) && state.is_number_expired(now_ms) && !state.is_stored
    }

    pub fn set_expiry(&self, link: &Arc<Link>, expiry_ms: u64) {
        let mut state = lock(&self.state);
        if state.is_attached_to(link) {
            state.expiry_ms = expiry_ms;
            state.is_dirty = true;
        }
    }

    /// Appends a message. For a disconnected client, only QoS 1 is kept.
    pub fn enqueue(&self, delivery: Delivery) {
        let mut state = lock(&self.state);
        if state.link.is_some() || (delivery.qos == Qos::AtLeastOnce && state.expiry_ms > 0) {
            state.push(&self.client_id, delivery);
        }
    }

    /// Appends a message if the client is connected; otherwise returns it.
    pub fn enqueue_if_live(&self, delivery: Delivery) -> Result<(), Box<Delivery>> {
        let mut state = lock(&self.state);
        if state.link.is_none() {
            return Err(Box::new(delivery));
        }
        state.push(&self.client_id, delivery);
        Ok(())
    }

    pub fn is_persistent(&self) -> bool {
        lock(&self.state).expiry_ms > 0
    }

    /// The next message for `link`, while fewer than `window` are unacknowledged. A QoS 1 message
    /// gets its packet id from `acquire` and is kept until it is acknowledged, so that a take-over
    /// cannot lose it.
    pub fn next(
        &self,
        link: &Arc<Link>,
        window: usize,
        acquire: impl FnOnce() -> Option<u16>,
    ) -> Option<(Delivery, Option<u16>)> {
        let mut state = lock(&self.state);
        if !state.is_attached_to(link) {
            return None;
        }
        if state.queue.front()?.qos == Qos::AtMostOnce {
            return Some((state.queue.pop_front()?, None));
        }
        if state.in_flight.len() >= window {
            return None;
        }
        let id = acquire()?;
        let delivery = state.queue.pop_front()?;
        state.in_flight.push_back((id, delivery.clone()));
        state.is_dirty = true;
        Some((delivery, Some(id)))
    }

    /// Removes and returns the message that the client behind `link` has acknowledged.
    pub fn acknowledged(&self, link: &Arc<Link>, packet_id: u16) -> Option<Delivery> {
        let mut state = lock(&self.state);
        if !state.is_attached_to(link) {
            return None;
        }
        let at = state
            .in_flight
            .iter()
            .position(|(id, _)| *id == packet_id)?;
        state.is_dirty = true;
        state.in_flight.remove(at).map(|(_, delivery)| delivery)
    }

    /// Adds a subscription; returns false if there are `max` already.
    pub fn subscribe(&self, filter: &str, qos: Qos, max: usize) -> bool {
        let mut state = lock(&self.state);
        if state.subscriptions.len() >= max && !state.subscriptions.contains_key(filter) {
            return false;
        }
        state.subscriptions.insert(filter.to_owned(), qos);
        state.is_dirty = true;
        true
    }

    pub fn unsubscribe(&self, filter: &str) -> bool {
        let mut state = lock(&self.state);
        state.is_dirty = true;
        state.subscriptions.remove(filter).is_some()
    }

    pub fn kick(&self, why: Kick) {
        if let Some(link) = &lock(&self.state).link {
            link.kick(why);
        }
    }

    /// Ends the connection, and with `clean` the session, at an operator's request. Returns whether
    /// there was a connection.
    pub fn kick_by_api(&self, clean: bool, why: Kick) -> bool {
        let mut state = lock(&self.state);
        let Some(link) = state.link.clone() else {
            return false;
        };
        if clean {
            state.expiry_ms = 0;
        }
        link.kick(why);
        true
    }

    /// Filters with their QoS, sorted; `None` if the client is offline and its session has expired.
    pub fn subscriptions(&self, now_ms: u64) -> Option<Vec<(String, u8)>> {
        let state = lock(&self.state);
        let pairs = state.subscriptions.iter();
        let pairs = pairs.map(|(filter, qos)| (filter.clone(), *qos as u8));
        (!state.is_expired(now_ms)).then(|| pairs.collect())
    }

    /// Ends the session of an offline client; `None` if it is online or has no session.
    pub fn end_offline(&self, now_ms: u64) -> Option<Remainder> {
        let mut state = lock(&self.state);
        let is_kept = state.link.is_none() && !state.is_expired(now_ms);
        is_kept.then(|| state.clear())
    }

    /// The certificate behind the live connection.
    pub fn principal(&self) -> Option<String> {
        let state = lock(&self.state);
        state.link.as_ref()?.principal.clone()
    }

    pub fn take_change(&self) -> SessionChange {
        lock(&self.state).take_change()
    }

    /// A saved session; `None` if it has expired.
    pub fn from_record(client_id: &str, record: SessionRecord, now_ms: u64) -> Option<Self> {
        let state = State::from_record(record, now_ms)?;
        Some(Self {
            client_id: client_id.to_owned(),
            state: Mutex::new(state),
        })
    }

    pub fn filters(&self) -> Vec<(String, Qos)> {
        let state = lock(&self.state);
        let pairs = state.subscriptions.iter();
        pairs.map(|(filter, qos)| (filter.clone(), *qos)).collect()
    }
}
