//! The message broker: routes published messages to sessions, keeps retained ones, tells who is connected.
//!
//! Whoever publishes has been checked before; delivery is checked per connection. Must not know what messages mean: the
//! shadow service and the rules listen to the same stream as everyone else.

mod connection;
mod group;
pub mod in_flight;
mod limit;
pub mod lookup;
pub mod message;
mod packet;
mod presence;
mod session;
mod store;
mod subscription;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
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
use lookup::{ConnectionRecord, Retained};
use message::Message;
use session::{Attached, Delivery, Kick, Left, Session};
use store::{Store, Stored};
use subscription::SubscriptionTree;

/// How often sessions that nobody came back to are looked for.
const EXPIRY_PERIOD: Duration = Duration::from_secs(60);
/// How often changes are written down.
const SAVE_PERIOD: Duration = Duration::from_millis(500);
/// How long connections get to say goodbye.
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
    /// One per client id of which anything is known.
    sessions: Mutex<BTreeMap<String, Arc<Session>>>,
    subscriptions: RwLock<SubscriptionTree>,
    retained: Mutex<BTreeMap<String, Retained>>,
    /// Topics whose retained message is not written down yet.
    changed_topics: Mutex<BTreeSet<String>>,
    /// Where clients connect to, once it listens.
    address: OnceLock<SocketAddr>,
    /// The latest connection of each client, for those who ask.
    records: Mutex<BTreeMap<String, ConnectionRecord>>,
    taps: Mutex<Vec<mpsc::UnboundedSender<Arc<Message>>>>,
}

/// A connection's task contains what a packet can do; this is for what is around that, such as the handshake.
fn tell_panic(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "serve mqtt connection");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete before anything can panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Broker {
    /// A broker without clients that keeps everything in memory.
    pub fn new(registry: Registry, events: EventBus, clock: Clock, faults: Arc<Faults>) -> Self {
        Self::with(registry, events, clock, faults, None, Stored::default())
    }

    /// A broker whose persistent sessions and retained messages are as they were in the data directory, and stay there.
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
            }),
        }
    }

    /// Every message from now on, in the order of publishing.
    pub fn tap(&self) -> mpsc::UnboundedReceiver<Arc<Message>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&self.inner.taps).push(sender);
        receiver
    }

    /// Takes a message whose publisher was allowed to publish it.
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
        match fate.place.take() {
            Some(place) => place.hold(deliver),
            None => deliver(),
        }
        // With `fate`, whoever waited for this message goes.
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
            let tree = self.inner.subscriptions.read();
            let receivers = tree
                .unwrap_or_else(PoisonError::into_inner)
                .matching(&message.topic);
            for (session, qos) in receivers.sessions {
                session.enqueue(Delivery::new(message.clone(), qos));
            }
            for group in receivers.groups {
                group.deliver(message);
            }
        }
        // A listener that is gone is forgotten.
        lock(&self.inner.taps).retain(|tap| tap.send(message.clone()).is_ok());
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
        self.settle(std::mem::take(&mut attached.left), client_id);
        if attached.session_present {
            for (filter, _) in session.filters() {
                let tree = self.inner.subscriptions.read();
                let group = tree.unwrap_or_else(PoisonError::into_inner).group(&filter);
                if let Some(group) = group {
                    group.hand_out();
                }
            }
        }
        (session, attached)
    }

    /// Forgets the filters of a session that ended, and gives its unfinished messages to the other members of their groups.
    fn settle(&self, left: Left, client_id: &str) {
        self.forget(&left.filters, client_id);
        for orphan in left.orphans {
            if let Some(group) = &orphan.group {
                group.deliver(&orphan.message);
            }
        }
    }

    fn forget(&self, filters: &[String], client_id: &str) {
        if filters.is_empty() {
            return;
        }
        let tree = self.inner.subscriptions.write();
        let mut tree = tree.unwrap_or_else(PoisonError::into_inner);
        for filter in filters {
            tree.remove(filter, client_id);
        }
    }

    fn subscribe(&self, filter: &str, session: &Arc<Session>, qos: Qos) {
        let tree = self.inner.subscriptions.write();
        tree.unwrap_or_else(PoisonError::into_inner)
            .insert(filter, session, qos);
    }

    fn expire_sessions(&self) {
        self.forget_old_connections();
        let now_ms = self.inner.clock.now_ms();
        let sessions: Vec<Arc<Session>> = lock(&self.inner.sessions).values().cloned().collect();
        for session in &sessions {
            if let Some(left) = session.expire(now_ms) {
                self.settle(left, session.client_id());
            }
        }
        drop(sessions);
        // Whoever is about to attach holds a second reference, taken under this lock.
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
            let is_active = {
                let records = self.inner.registry.records();
                records
                    .certificates
                    .get(&principal)
                    .is_some_and(|c| c.active)
            };
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
                tracing::error!(%error, "save sessions: the data directory lacks some of what was accepted since the last time");
            }
            // Not begun: the runtime is ending and takes no more work. Nobody else will write it, so this thread does.
            Err(_) => self.save(),
        }
    }

    /// Serves one client over a stream whose TLS has ended elsewhere, in memory for example; `certificate` is DER.
    ///
    /// *Errors*: [`Panicked`]; the connection has ended like one that was lost, and the broker goes on.
    pub async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin,
        certificate: Vec<u8>,
        peer: SocketAddr,
    ) -> Result<(), Panicked> {
        connection::serve(self.clone(), stream, certificate, peer).await
    }

    /// Accepts MQTT clients until `stop` resolves, then says goodbye to each.
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
                Some(ended) = connections.join_next() => tell_panic(ended),
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
                tell_panic(ended);
            }
        };
        // Whoever does not take the goodbye in time is cut off when the set is dropped.
        let _ = tokio::time::timeout(GOODBYE_TIME, goodbye).await;
        self.save_in_background().await;
    }
}
