//! What the broker remembers of a client: subscriptions, and messages on their way to it.
//!
//! There is one session object per client id while anything is known of it; a take-over swaps the connection inside
//! it, so no message routed at that moment is lost. Must not know sockets, packets or policies.

mod link;
mod record;
mod state;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::Qos;
use tokio::sync::mpsc;

pub use link::{Kick, Link};
pub use record::SessionRecord;
use state::State;

use super::group::Group;
use super::lookup::{Receipt, qos_number};
use super::message::Message;

/// Messages kept for a client that does not take them; beyond it the newest is dropped.
pub const QUEUE_MAX: usize = 10_000;
/// After so long offline a client's connections are counted from 0 again. *Source*: AWS IoT Core developer guide,
/// lifecycle events ("approximately one hour").
const NUMBER_KEPT_MS: u64 = 3_600_000;

/// A message for one client.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub message: Arc<Message>,
    /// The lower of the message's and the subscription's.
    pub qos: Qos,
    /// Set only where a retained message answers a subscription.
    pub retain: bool,
    /// The group whose turn this client was.
    pub group: Option<Arc<Group>>,
    /// Who wants to know what becomes of it. Such a message is for this connection only, not for the session.
    pub receipt: Option<mpsc::UnboundedSender<Receipt>>,
}

impl Delivery {
    /// `message` at `qos`, or at its own where that is lower.
    pub fn new(message: Arc<Message>, qos: Qos) -> Self {
        let both = message.qos == Qos::AtLeastOnce && qos == Qos::AtLeastOnce;
        Self {
            message,
            qos: if both {
                Qos::AtLeastOnce
            } else {
                Qos::AtMostOnce
            },
            retain: false,
            group: None,
            receipt: None,
        }
    }

    /// Tells whoever wants to know.
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

/// How a connection takes its session.
#[derive(Debug, Clone)]
pub struct Attach {
    /// Forget what was before.
    pub clean: bool,
    /// How long to outlive the connection.
    pub expiry_ms: u64,
    /// MQTT 3 and MQTT 5 clients cannot resume each other's sessions.
    pub version: Version,
    /// To see whether the old session has expired.
    pub now_ms: u64,
    /// Certificate id.
    pub principal: String,
}

/// What attaching found.
#[derive(Debug)]
pub struct Attached {
    /// The new connection's end.
    pub link: Arc<Link>,
    /// Whether the old session goes on.
    pub session_present: bool,
    /// AWS's `versionNumber` of this connection.
    pub number: u64,
    /// What the old session leaves behind where it does not go on.
    pub left: Left,
}

/// What a session leaves behind when it ends, or when its connection does.
#[derive(Debug, Default)]
pub struct Left {
    /// Filters to forget.
    pub filters: Vec<String>,
    /// Messages that are another group member's turn now.
    pub orphans: Vec<Delivery>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete before anything can panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// A session that never had a connection.
    pub fn new(client_id: &str) -> Self {
        Self {
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
        lock(&self.state).attach(attach)
    }

    /// Takes the session from `link`. Does nothing where another connection has it already.
    pub fn detach(&self, link: &Arc<Link>, now_ms: u64) -> Left {
        let mut state = lock(&self.state);
        if state.has(link) {
            state.detach(now_ms)
        } else {
            Left::default()
        }
    }

    /// Ends a session that nobody came back to. Returns what it leaves behind.
    pub fn expire(&self, now_ms: u64) -> Option<Left> {
        let mut state = lock(&self.state);
        state.is_over(now_ms).then(|| state.clear())
    }

    /// Whether nothing is known any more that a later connection could ask for.
    pub fn is_forgotten(&self, now_ms: u64) -> bool {
        let state = lock(&self.state);
        state.is_over(now_ms) && state.is_number_over(now_ms) && !state.is_stored
    }

    /// Changes how long the session outlives its connection.
    pub fn set_expiry(&self, link: &Arc<Link>, expiry_ms: u64) {
        let mut state = lock(&self.state);
        if state.has(link) {
            state.expiry_ms = expiry_ms;
            state.is_dirty = true;
        }
    }

    /// Adds a message, in order. A disconnected client keeps only QoS 1.
    pub fn enqueue(&self, delivery: Delivery) {
        let mut state = lock(&self.state);
        let is_kept = match &state.link {
            Some(_) => true,
            None => delivery.qos == Qos::AtLeastOnce && state.expiry_ms > 0,
        };
        if is_kept {
            state.push(&self.client_id, delivery);
        }
    }

    /// Adds a message where the client is connected; otherwise hands it back.
    pub fn enqueue_if_live(&self, delivery: Delivery) -> Result<(), Box<Delivery>> {
        let mut state = lock(&self.state);
        if state.link.is_none() {
            return Err(Box::new(delivery));
        }
        state.push(&self.client_id, delivery);
        Ok(())
    }

    /// Whether the session outlives its connection.
    pub fn is_persistent(&self) -> bool {
        lock(&self.state).expiry_ms > 0
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
        state.is_dirty = true;
        Some((delivery, Some(id)))
    }

    /// The client behind `link` has it. Returns what it had.
    pub fn acknowledged(&self, link: &Arc<Link>, packet_id: u16) -> Option<Delivery> {
        let mut state = lock(&self.state);
        if !state.has(link) {
            return None;
        }
        let at = state
            .in_flight
            .iter()
            .position(|(id, _)| *id == packet_id)?;
        state.is_dirty = true;
        state.in_flight.remove(at).map(|(_, delivery)| delivery)
    }

    /// Adds a subscription; false where `max` are there already.
    pub fn subscribe(&self, filter: &str, qos: Qos, max: usize) -> bool {
        let mut state = lock(&self.state);
        if state.subscriptions.len() >= max && !state.subscriptions.contains_key(filter) {
            return false;
        }
        state.subscriptions.insert(filter.to_owned(), qos);
        state.is_dirty = true;
        true
    }

    /// Removes a subscription; whether there was one.
    pub fn unsubscribe(&self, filter: &str) -> bool {
        let mut state = lock(&self.state);
        state.is_dirty = true;
        state.subscriptions.remove(filter).is_some()
    }

    /// Ends the connection, if there is one.
    pub fn kick(&self, why: Kick) {
        if let Some(link) = &lock(&self.state).link {
            link.kick(why);
        }
    }

    /// Ends the connection because an operator asks, and with `clean` the session; whether there was a connection.
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

    /// Filters with their QoS, in order; `None` where there is neither a connection nor a session to come back to.
    pub fn subscriptions(&self, now_ms: u64) -> Option<Vec<(String, u8)>> {
        let state = lock(&self.state);
        let listed = state.subscriptions.iter();
        (!state.is_over(now_ms)).then(|| {
            listed
                .map(|(f, qos)| (f.clone(), qos_number(*qos)))
                .collect()
        })
    }

    /// Ends a session whose client is away. `None` where there is no such session.
    pub fn end_offline(&self, now_ms: u64) -> Option<Left> {
        let mut state = lock(&self.state);
        let is_kept = state.link.is_none() && !state.is_over(now_ms);
        is_kept.then(|| state.clear())
    }

    /// The certificate behind the live connection.
    pub fn principal(&self) -> Option<String> {
        let state = lock(&self.state);
        state.link.as_ref().map(|link| link.principal.clone())
    }

    /// What to write down: nothing where it is written already, `Some(None)` where there is nothing to keep any more.
    pub fn take_record(&self) -> Option<Option<SessionRecord>> {
        lock(&self.state).take_record()
    }

    /// A session as it was written down; `None` where it has expired since.
    pub fn from_record(client_id: &str, record: SessionRecord, now_ms: u64) -> Option<Self> {
        let state = State::from_record(record, now_ms)?;
        Some(Self {
            client_id: client_id.to_owned(),
            state: Mutex::new(state),
        })
    }

    /// Filters and granted QoS.
    pub fn filters(&self) -> Vec<(String, Qos)> {
        let state = lock(&self.state);
        let pairs = state.subscriptions.iter();
        pairs.map(|(filter, qos)| (filter.clone(), *qos)).collect()
    }
}
