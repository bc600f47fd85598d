//! What the broker remembers of a client: subscriptions, and messages on their way to it.
//!
//! There is one session object per client id for as long as the broker runs; a take-over swaps the connection inside
//! it, so no message routed at that moment is lost. Must not know sockets, packets or policies.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::Qos;
use tokio::sync::{Notify, mpsc};

use super::lookup::{Receipt, qos_number};
use super::message::Message;

/// Messages kept for a client that does not take them; beyond it the newest is dropped.
const QUEUE_MAX: usize = 10_000;

/// Why the broker ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kick {
    /// Another connection uses the same client id.
    TakenOver,
    /// The broker shuts down.
    Shutdown,
    /// An operator asked for it.
    Api {
        /// Whether the will is published.
        with_will: bool,
    },
}

/// The broker's end of one live connection.
#[derive(Debug, Default)]
pub struct Link {
    /// Woken when there is something to send, or a kick.
    pub wake: Notify,
    kick: Mutex<Option<Kick>>,
}

impl Link {
    /// Asks the connection to end.
    pub fn kick(&self, why: Kick) {
        lock(&self.kick).get_or_insert(why);
        self.wake.notify_one();
    }

    /// Whether it was asked to end.
    pub fn kicked(&self) -> Option<Kick> {
        *lock(&self.kick)
    }
}

/// A message for one client.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub message: Arc<Message>,
    /// The lower of the message's and the subscription's.
    pub qos: Qos,
    /// Set only where a retained message answers a subscription.
    pub retain: bool,
    /// Who wants to know what becomes of it. Such a message is for this connection only, not for the session.
    pub receipt: Option<mpsc::UnboundedSender<Receipt>>,
}

impl Delivery {
    /// Tells who wants to know.
    pub fn report(&self, receipt: Receipt) {
        if let Some(sender) = &self.receipt {
            // Nobody may be waiting any more.
            let _ = sender.send(receipt);
        }
    }
}

/// One client's session.
#[derive(Debug)]
pub struct Session {
    client_id: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    link: Option<Arc<Link>>,
    version: Option<Version>,
    /// How long it outlives its connection; 0 is a clean session.
    expiry_ms: u64,
    /// Set while disconnected.
    expires_at_ms: Option<u64>,
    subscriptions: BTreeMap<String, Qos>,
    queue: VecDeque<Delivery>,
    /// Sent with QoS 1 and not acknowledged, in the order of sending.
    in_flight: VecDeque<(u16, Delivery)>,
}

/// How a connection takes its session.
#[derive(Debug, Clone, Copy)]
pub struct Attach {
    /// Forget what was before.
    pub clean: bool,
    /// How long to outlive the connection.
    pub expiry_ms: u64,
    /// MQTT 3 and MQTT 5 clients cannot resume each other's sessions.
    pub version: Version,
    /// To see whether the old session has expired.
    pub now_ms: u64,
}

/// What attaching found.
#[derive(Debug)]
pub struct Attached {
    /// The new connection's end.
    pub link: Arc<Link>,
    /// Whether the old session goes on.
    pub session_present: bool,
    /// Filters of the old session where it does not go on.
    pub dropped_filters: Vec<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete before anything can panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// A session that never had a connection.
    pub fn new(client_id: &str) -> Session {
        Session {
            client_id: client_id.to_owned(),
            state: Mutex::default(),
        }
    }

    /// Whose it is.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Gives the session to a new connection, and ends the old one.
    pub fn attach(&self, attach: Attach) -> Attached {
        let mut state = lock(&self.state);
        let was_live = state.link.is_some();
        if let Some(old) = state.link.take() {
            old.kick(Kick::TakenOver);
        }
        let is_alive = was_live || state.expires_at_ms.is_some_and(|at| at > attach.now_ms);
        let goes_on = !attach.clean
            && is_alive
            && state.expiry_ms > 0
            && state.version == Some(attach.version);
        let mut dropped_filters = Vec::new();
        if goes_on {
            state.requeue();
        } else {
            dropped_filters = state.clear();
        }
        let link = Arc::new(Link::default());
        state.link = Some(link.clone());
        state.version = Some(attach.version);
        state.expiry_ms = attach.expiry_ms;
        state.expires_at_ms = None;
        Attached {
            link,
            session_present: goes_on,
            dropped_filters,
        }
    }

    /// Takes the session from `link`. Returns the filters to forget where it ends with its connection. Does nothing
    /// where another connection has it already.
    pub fn detach(&self, link: &Arc<Link>, now_ms: u64) -> Vec<String> {
        let mut state = lock(&self.state);
        if !state.has(link) {
            return Vec::new();
        }
        state.link = None;
        if state.expiry_ms == 0 {
            return state.clear();
        }
        state.expires_at_ms = Some(now_ms.saturating_add(state.expiry_ms));
        state.requeue();
        Vec::new()
    }

    /// Ends a session that nobody came back to. Returns the filters to forget.
    pub fn expire(&self, now_ms: u64) -> Option<Vec<String>> {
        let mut state = lock(&self.state);
        let is_over = state.link.is_none() && state.expires_at_ms.is_none_or(|at| at <= now_ms);
        is_over.then(|| state.clear())
    }

    /// Adds a message, in order. A disconnected client keeps only QoS 1.
    pub fn enqueue(&self, delivery: Delivery) {
        let mut state = lock(&self.state);
        let is_kept = match &state.link {
            Some(_) => true,
            None => delivery.qos == Qos::AtLeastOnce && state.expiry_ms > 0,
        };
        if !is_kept {
            return;
        }
        if state.queue.len() >= QUEUE_MAX {
            tracing::warn!(client = self.client_id, "queue is full, message dropped");
            return;
        }
        state.queue.push_back(delivery);
        if let Some(link) = &state.link {
            link.wake.notify_one();
        }
    }

    /// The next message for `link`, while fewer than `window` are unacknowledged. A QoS 1 message gets its packet id from
    /// `acquire` and is remembered until it is acknowledged, so that a take-over at this moment cannot lose it.
    pub fn next(
        &self,
        link: &Arc<Link>,
        window: usize,
        acquire: impl FnOnce() -> Option<u16>,
    ) -> Option<(Delivery, Option<u16>)> {
        let mut state = lock(&self.state);
        if !state.has(link) {
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
        Some((delivery, Some(id)))
    }

    /// The client behind `link` has it.
    pub fn acknowledged(&self, link: &Arc<Link>, packet_id: u16) {
        let mut state = lock(&self.state);
        if state.has(link)
            && let Some(place) = state.in_flight.iter().position(|(id, _)| *id == packet_id)
            && let Some((_, delivery)) = state.in_flight.remove(place)
        {
            delivery.report(Receipt::Acknowledged);
        }
    }

    /// Adds a message for the connection alone; whether there is one.
    pub fn send_direct(&self, delivery: Delivery) -> bool {
        let is_live = lock(&self.state).link.is_some();
        if is_live {
            self.enqueue(delivery);
        }
        is_live
    }

    /// Filters with their QoS, in order; `None` where there is neither a connection nor a session to come back to.
    pub fn subscriptions(&self, now_ms: u64) -> Option<Vec<(String, u8)>> {
        let state = lock(&self.state);
        let is_alive = state.link.is_some() || state.expires_at_ms.is_some_and(|at| at > now_ms);
        let listed = state.subscriptions.iter();
        is_alive.then(|| {
            listed
                .map(|(f, qos)| (f.clone(), qos_number(*qos)))
                .collect()
        })
    }

    /// Ends the connection because an operator asks, and with `clean` the session; whether there was a connection.
    pub fn kick_by_api(&self, clean: bool, why: Kick) -> bool {
        let mut state = lock(&self.state);
        if clean {
            state.expiry_ms = 0;
        }
        let Some(link) = &state.link else {
            return false;
        };
        link.kick(why);
        true
    }

    /// Adds a subscription; false where `max` are there already.
    pub fn subscribe(&self, filter: &str, qos: Qos, max: usize) -> bool {
        let mut state = lock(&self.state);
        if state.subscriptions.len() >= max && !state.subscriptions.contains_key(filter) {
            return false;
        }
        state.subscriptions.insert(filter.to_owned(), qos);
        true
    }

    /// Removes a subscription; whether there was one.
    pub fn unsubscribe(&self, filter: &str) -> bool {
        lock(&self.state).subscriptions.remove(filter).is_some()
    }

    /// Ends the connection, if there is one.
    pub fn kick(&self, why: Kick) {
        if let Some(link) = &lock(&self.state).link {
            link.kick(why);
        }
    }
}

impl State {
    fn has(&self, link: &Arc<Link>) -> bool {
        self.link.as_ref().is_some_and(|l| Arc::ptr_eq(l, link))
    }

    /// Unacknowledged messages go back to the front, to be sent again in their order under new packet ids.
    fn requeue(&mut self) {
        while let Some((_, delivery)) = self.in_flight.pop_back() {
            self.queue.push_front(delivery);
        }
        let is_kept = |d: &Delivery| d.qos == Qos::AtLeastOnce && d.receipt.is_none();
        self.queue.retain(is_kept);
    }

    fn clear(&mut self) -> Vec<String> {
        self.queue.clear();
        self.in_flight.clear();
        self.expires_at_ms = None;
        std::mem::take(&mut self.subscriptions)
            .into_keys()
            .collect()
    }
}

#[cfg(test)]
mod tests;
