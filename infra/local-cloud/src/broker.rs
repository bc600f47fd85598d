//! The message broker: routes published messages to sessions, keeps retained ones, tells who is connected.
//!
//! Whoever publishes has been checked before; delivery is checked per connection. Must not know what messages mean: the
//! shadow service and the rules listen to the same stream as everyone else.

mod connection;
pub mod in_flight;
pub mod lookup;
pub mod message;
mod packet;
mod presence;
mod session;
mod subscription;
pub mod topic;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use mqtt_protocol_core::mqtt::packet::Qos;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::event::{EventBus, EventKind};
use crate::fault::Faults;
use crate::registry::Registry;
use lookup::{ConnectionRecord, Retained};
use message::Message;
use session::{Attached, Delivery, Kick, Session};
use subscription::SubscriptionTree;

/// How often sessions that nobody came back to are looked for.
const EXPIRY_PERIOD: Duration = Duration::from_secs(60);
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
    /// One per client id that was ever seen.
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    subscriptions: RwLock<SubscriptionTree>,
    retained: Mutex<BTreeMap<String, Retained>>,
    /// Where clients connect to, once it listens.
    address: OnceLock<SocketAddr>,
    /// The latest connection of each client, for those who ask.
    records: Mutex<HashMap<String, ConnectionRecord>>,
    taps: Mutex<Vec<mpsc::UnboundedSender<Arc<Message>>>>,
    /// Presence events carry a number that grows with each connection.
    connections: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change under these locks is complete before anything can panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Broker {
    /// A broker without clients.
    pub fn new(registry: Registry, events: EventBus, clock: Clock, faults: Arc<Faults>) -> Broker {
        Broker {
            inner: Arc::new(Inner {
                registry,
                events,
                clock,
                faults,
                sessions: Mutex::default(),
                subscriptions: RwLock::default(),
                retained: Mutex::default(),
                address: OnceLock::new(),
                records: Mutex::default(),
                taps: Mutex::default(),
                connections: AtomicU64::new(0),
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
        if topic::basic_ingest(&message.topic).is_none() {
            if message.retain {
                self.retain(message);
            }
            let tree = self.inner.subscriptions.read();
            let receivers = tree
                .unwrap_or_else(PoisonError::into_inner)
                .matching(&message.topic);
            for (session, wanted) in receivers {
                let both = message.qos == Qos::AtLeastOnce && wanted == Qos::AtLeastOnce;
                session.enqueue(Delivery {
                    message: message.clone(),
                    qos: if both {
                        Qos::AtLeastOnce
                    } else {
                        Qos::AtMostOnce
                    },
                    retain: false,
                    receipt: None,
                });
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
            let stored = Retained {
                message: message.clone(),
                stored_at_ms: self.inner.clock.now_ms(),
            };
            retained.insert(message.topic.clone(), stored);
        }
    }

    fn retained(&self, topic: &str) -> Option<Arc<Message>> {
        self.retained_message(topic).map(|r| r.message)
    }

    fn attach(&self, client_id: &str, attach: session::Attach) -> (Arc<Session>, Attached) {
        let session = lock(&self.inner.sessions)
            .entry(client_id.to_owned())
            .or_insert_with(|| Arc::new(Session::new(client_id)))
            .clone();
        let attached = session.attach(attach);
        self.forget(&attached.dropped_filters, client_id);
        (session, attached)
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

    fn next_connection_number(&self) -> u64 {
        self.inner.connections.fetch_add(1, Ordering::Relaxed)
    }

    fn expire_sessions(&self) {
        self.forget_old_connections();
        let now_ms = self.inner.clock.now_ms();
        let sessions: Vec<Arc<Session>> = lock(&self.inner.sessions).values().cloned().collect();
        for session in sessions {
            if let Some(filters) = session.expire(now_ms) {
                self.forget(&filters, session.client_id());
            }
        }
    }

    /// Serves one client over a stream whose TLS has ended elsewhere, in memory for example; `certificate` is DER.
    pub async fn converse(
        &self,
        stream: impl connection::Stream + 'static,
        certificate: Vec<u8>,
        peer: SocketAddr,
    ) {
        connection::converse(self.clone(), Box::new(stream), certificate, peer).await;
    }

    /// Accepts MQTT clients until `stop` resolves, then says goodbye to each.
    pub async fn serve(self, listener: TcpListener, tls: TlsAcceptor, stop: impl Future) {
        if let Ok(address) = listener.local_addr() {
            self.inner.address.get_or_init(|| address);
        }
        let mut connections = JoinSet::new();
        let mut expiry = tokio::time::interval(EXPIRY_PERIOD);
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                _ = &mut stop => break,
                _ = expiry.tick() => self.expire_sessions(),
                Some(_) = connections.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => {
                        let (broker, tls) = (self.clone(), tls.clone());
                        connections.spawn(connection::serve(broker, tls, socket, peer));
                    }
                    Err(error) => tracing::warn!(%error, "accept mqtt connection"),
                },
            }
        }
        drop(listener);
        for session in lock(&self.inner.sessions).values() {
            session.kick(Kick::Shutdown);
        }
        let goodbye = async { while connections.join_next().await.is_some() {} };
        // Whoever does not take the goodbye in time is cut off when the set is dropped.
        let _ = tokio::time::timeout(GOODBYE_TIME, goodbye).await;
    }
}
