//! The message broker: routes published messages to sessions, keeps retained messages, and
//! announces connections.
//!
//! Publishers are checked before they get here; delivery is checked per connection. Must not know:
//! what messages mean. The shadow service and the rules listen to the same stream as everyone else.

mod connection;
mod delivery;
mod group;
pub(crate) mod in_flight;
mod limit;
pub(crate) mod lookup;
pub(crate) mod message;
mod packet;
mod presence;
mod session;
mod store;
mod subscription;
#[cfg(test)]
mod tests;
pub(crate) mod user;
mod websocket;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

use mqtt_protocol_core::mqtt::packet::Qos;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::contain::Panicked;
use crate::event::{EventBus, EventKind};
use crate::fault::Faults;
use crate::registry::Registry;
use crate::storage::StorageError;
use crate::sync::{lock, read, write};
use delivery::Delivery;
pub(crate) use delivery::Receipt;
use lookup::{ConnectionRecord, Retained};
use message::Message;
use session::{Attached, Kick, Remainder, Session};
use store::{Store, Stored};
use subscription::SubscriptionTree;
use user::Users;

const EXPIRY_PERIOD: Duration = Duration::from_secs(60);
const SAVE_PERIOD: Duration = Duration::from_millis(500);
/// How long connections get for their DISCONNECT at shutdown.
const GOODBYE_TIME: Duration = Duration::from_secs(3);

/// The broker; clones share it.
#[derive(Debug, Clone)]
pub struct Broker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    events: EventBus,
    clock: Clock,
    faults: Arc<Faults>,
    store: Option<Store>,
    /// By client id, while anything is known about the client.
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
    subscriptions: RwLock<SubscriptionTree>,
    retained: Mutex<BTreeMap<String, Retained>>,
    /// Topics whose retained message is not saved yet.
    changed_topics: Mutex<BTreeSet<String>>,
    address: OnceLock<SocketAddr>,
    records: Mutex<BTreeMap<String, ConnectionRecord>>,
    taps: Mutex<Vec<Tap>>,
    users: OnceLock<Users>,
}

/// A service that hears messages.
#[derive(Debug)]
struct Tap {
    wants: fn(&str) -> bool,
    sender: mpsc::UnboundedSender<Arc<Message>>,
}

/// Logs a panic around a connection, such as one in the handshake; panics in packets are contained.
fn log_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "serve mqtt connection");
    }
}

impl Broker {
    /// A broker without clients that keeps everything in memory.
    pub fn new(registry: Registry, events: EventBus, clock: Clock, faults: Arc<Faults>) -> Self {
        Self::with(registry, events, clock, faults, None, Stored::default())
    }

    /// A broker that keeps its persistent sessions and retained messages in the data directory.
    ///
    /// # Errors
    /// The directory cannot be used, or a record is damaged.
    pub fn open(
        registry: Registry,
        events: EventBus,
        clock: Clock,
        faults: Arc<Faults>,
        data_dir: &Path,
    ) -> Result<Self, StorageError> {
        let store = Store::open(data_dir)?;
        let stored = store.load(clock.now_ms())?;
        let store = Some(store);
        Ok(Self::with(registry, events, clock, faults, store, stored))
    }

    fn with(
        registry: Registry,
        events: EventBus,
        clock: Clock,
        faults: Arc<Faults>,
        store: Option<Store>,
        stored: Stored,
    ) -> Self {
        let mut subscriptions = SubscriptionTree::default();
        for session in stored.sessions.values() {
            for (filter, qos) in session.filters() {
                subscriptions.insert(&filter, session, qos);
            }
        }
        Self {
            inner: Arc::new(Inner {
                registry,
                events,
                clock,
                faults,
                store,
                sessions: Mutex::new(stored.sessions),
                subscriptions: RwLock::new(subscriptions),
                retained: Mutex::new(stored.retained),
                changed_topics: Mutex::default(),
                address: OnceLock::new(),
                records: Mutex::default(),
                taps: Mutex::default(),
                users: OnceLock::new(),
            }),
        }
    }

    /// Every message published after this call, in the order of publishing.
    pub fn tap(&self) -> mpsc::UnboundedReceiver<Arc<Message>> {
        self.tap_for(|_| true)
    }

    /// The same for messages on the topics that `wants` accepts.
    pub(crate) fn tap_for(&self, wants: fn(&str) -> bool) -> mpsc::UnboundedReceiver<Arc<Message>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&self.inner.taps).push(Tap { wants, sender });
        receiver
    }

    /// Publishes a message. The caller has checked that its publisher may.
    pub fn publish(&self, message: Message) {
        self.inner.events.emit(EventKind::Published {
            topic: message.topic.clone(),
            payload: message.payload.clone(),
            client: message.origin.client.clone(),
            qos: message.qos as u8,
        });
        let mut fate = self.inner.faults.fate_of(&message.topic);
        let message = Arc::new(message);
        let (broker, copies, delay) = (self.clone(), fate.copies, fate.delay);
        let deliver = move || (0..copies).for_each(|_| broker.route_after(delay, &message));
        match fate.hold.take() {
            Some(slot) => slot.hold(deliver),
            None => deliver(),
        }
        // Dropping `fate` releases the messages that waited for this one.
    }

    fn route_after(&self, delay: Duration, message: &Arc<Message>) {
        if delay.is_zero() {
            return self.route(message);
        }
        let (broker, message) = (self.clone(), message.clone());
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            broker.route(&message);
        });
    }

    fn route(&self, message: &Arc<Message>) {
        if iot_topic::basic_ingest(&message.topic).is_none() {
            if message.retain {
                self.retain(message);
            }
            let receivers = read(&self.inner.subscriptions).matching(&message.topic);
            for (session, qos) in receivers.sessions {
                session.enqueue(Delivery::new(message.clone(), qos));
            }
            for group in receivers.groups {
                group.deliver(message);
            }
        }
        // Drops taps whose receiver is gone.
        lock(&self.inner.taps)
            .retain(|tap| !(tap.wants)(&message.topic) || tap.sender.send(message.clone()).is_ok());
    }

    fn retain(&self, message: &Arc<Message>) {
        let mut retained = lock(&self.inner.retained);
        if message.payload.is_empty() {
            retained.remove(&message.topic);
        } else {
            let entry = Retained {
                message: message.clone(),
                stored_at_ms: self.inner.clock.now_ms(),
            };
            retained.insert(message.topic.clone(), entry);
        }
        drop(retained);
        lock(&self.inner.changed_topics).insert(message.topic.clone());
    }

    fn attach(&self, client_id: &str, attach: session::Attach) -> (Arc<Session>, Attached) {
        let session = lock(&self.inner.sessions)
            .entry(client_id.to_owned())
            .or_insert_with(|| Arc::new(Session::new(client_id)))
            .clone();
        let mut attached = session.attach(attach);
        self.settle(std::mem::take(&mut attached.remainder), client_id);
        if attached.session_present {
            for (filter, _) in session.filters() {
                let group = read(&self.inner.subscriptions).group(&filter);
                if let Some(group) = group {
                    group.hand_out();
                }
            }
        }
        (session, attached)
    }

    /// Removes the filters of a session that ended, and gives its unfinished messages to the other
    /// members of their groups.
    fn settle(&self, remainder: Remainder, client_id: &str) {
        self.forget(&remainder.filters, client_id);
        for orphan in remainder.orphans {
            let filter = orphan.shared_filter.as_deref();
            let group = filter.and_then(|filter| read(&self.inner.subscriptions).group(filter));
            if let Some(group) = group {
                group.deliver(&orphan.message);
            }
        }
    }

    fn forget(&self, filters: &[String], client_id: &str) {
        if filters.is_empty() {
            return;
        }
        let mut tree = write(&self.inner.subscriptions);
        for filter in filters {
            tree.remove(filter, client_id);
        }
    }

    fn subscribe(&self, filter: &str, session: &Arc<Session>, qos: Qos) {
        write(&self.inner.subscriptions).insert(filter, session, qos);
    }

    fn expire_sessions(&self) {
        self.forget_old_connections();
        let now_ms = self.inner.clock.now_ms();
        let sessions: Vec<Arc<Session>> = lock(&self.inner.sessions).values().cloned().collect();
        for session in &sessions {
            if let Some(remainder) = session.expire(now_ms) {
                self.settle(remainder, session.client_id());
            }
        }
        drop(sessions);
        // A connection that is about to attach holds a second reference, taken under this lock.
        lock(&self.inner.sessions)
            .retain(|_, s| Arc::strong_count(s) > 1 || !s.is_forgotten(now_ms));
        let mut retained = lock(&self.inner.retained);
        retained.retain(|topic, r| {
            let is_kept = !r.message.is_expired(now_ms);
            if !is_kept {
                lock(&self.inner.changed_topics).insert(topic.clone());
            }
            is_kept
        });
    }

    /// Ends the connections of certificates that are no longer active.
    fn cut_deactivated(&self) {
        let sessions: Vec<Arc<Session>> = lock(&self.inner.sessions).values().cloned().collect();
        for session in sessions {
            let Some(principal) = session.principal() else {
                continue;
            };
            let records = self.inner.registry.records();
            let is_active = records
                .certificates
                .get(&principal)
                .is_some_and(|c| c.active);
            drop(records);
            if !is_active {
                session.kick(Kick::Deactivated);
            }
        }
    }

    async fn save_in_background(&self) {
        let broker = self.clone();
        let saved = tokio::task::spawn_blocking(move || broker.save()).await;
        match saved {
            Ok(()) => {}
            Err(error) if error.is_panic() => {
                tracing::error!(%error, "save sessions: some changes since the last save are lost");
            }
            // Not started: the runtime is shutting down, so this thread saves.
            Err(_) => self.save(),
        }
    }

    /// Serves one client over a stream without TLS, in memory for example; `certificate` is DER.
    ///
    /// # Errors
    /// [`Panicked`]: this connection ended as if it was lost; the broker continues.
    pub async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin,
        certificate: Vec<u8>,
        peer: SocketAddr,
    ) -> Result<(), Panicked> {
        connection::serve(self.clone(), stream, certificate, peer).await
    }

    /// Accepts MQTT clients until `stop` resolves, then disconnects each.
    pub async fn serve(self, listener: TcpListener, tls: TlsAcceptor, stop: impl Future) {
        if let Ok(address) = listener.local_addr() {
            self.inner.address.get_or_init(|| address);
        }
        let mut connections = JoinSet::new();
        let mut expiry = tokio::time::interval(EXPIRY_PERIOD);
        let mut saving = tokio::time::interval(SAVE_PERIOD);
        saving.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut changes = self.inner.registry.changes();
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                _ = &mut stop => break,
                _ = expiry.tick() => self.expire_sessions(),
                _ = saving.tick(), if self.inner.store.is_some() => self.save_in_background().await,
                Ok(()) = changes.changed() => self.cut_deactivated(),
                Some(ended) = connections.join_next() => log_panic(ended),
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => {
                        let (broker, tls) = (self.clone(), tls.clone());
                        connections.spawn(connection::accept(broker, tls, socket, peer));
                    }
                    Err(error) => tracing::warn!(%error, "accept mqtt connection"),
                },
            }
        }
        drop(listener);
        for session in lock(&self.inner.sessions).values() {
            session.kick(Kick::Shutdown);
        }
        let goodbye = async {
            while let Some(ended) = connections.join_next().await {
                log_panic(ended);
            }
        };
        // Clients that do not take it in time are cut off when the set is dropped.
        let _ = tokio::time::timeout(GOODBYE_TIME, goodbye).await;
        self.save_in_background().await;
    }
}
