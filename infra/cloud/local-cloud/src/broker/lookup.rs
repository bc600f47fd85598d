//! The data plane's view of the broker: connections, subscriptions, retained messages, ending a
//! connection, and messages to one client.
//!
//! Must not know: REST. Source: the IoT data plane's API reference (`GetConnection`,
//! `DeleteConnection`, `ListSubscriptions`, `SendDirectMessage`).

use std::net::SocketAddr;
use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::Qos;
use tokio::sync::mpsc;

use super::message::Message;
use super::session::{Kick, Session};
use super::{Broker, Delivery, Receipt};
use crate::sync::lock;

const DISCONNECTION_MS: u64 = 30 * 60 * 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRecord {
    /// Grows with each connection, so that a late end is not taken for its successor's.
    pub(super) number: u64,
    pub client_id: String,
    /// The thing of the same name, if the certificate is attached to it.
    pub thing: Option<String>,
    /// In force, after the broker has adjusted it.
    pub keep_alive_s: u16,
    /// Seconds that the session outlives the connection; 0 is a clean session.
    pub session_expiry_s: u32,
    pub source: SocketAddr,
    pub target: Option<SocketAddr>,
    /// When it connected, milliseconds since the Unix epoch.
    pub connected_at_ms: u64,
    pub is_connected: bool,
    /// When and why it ended, for 30 minutes after the end.
    pub ended: Option<(u64, &'static str)>,
}

impl ConnectionRecord {
    /// Whether it is connected, has a session, or ended less than 30 minutes ago.
    fn is_kept(&self, now_ms: u64) -> bool {
        self.ended.is_none_or(|(at_ms, _)| {
            let session_ms = u64::from(self.session_expiry_s) * 1000;
            now_ms.saturating_sub(at_ms) < session_ms.max(DISCONNECTION_MS)
        })
    }

    fn seen_at(mut self, now_ms: u64) -> Option<Self> {
        if !self.is_kept(now_ms) {
            return None;
        }
        self.ended
            .take_if(|(at_ms, _)| now_ms.saturating_sub(*at_ms) >= DISCONNECTION_MS);
        Some(self)
    }
}

/// A retained message, with the time it was stored.
#[derive(Debug, Clone)]
pub struct Retained {
    pub message: Arc<Message>,
    pub stored_at_ms: u64,
}

impl Broker {
    pub(super) fn note_connected(&self, record: ConnectionRecord) {
        let mut records = lock(&self.inner.records);
        records.insert(record.client_id.clone(), record);
    }

    pub(super) fn note_ended(&self, client_id: &str, number: u64, reason: &'static str) {
        let now_ms = self.inner.clock.now_ms();
        if let Some(record) = lock(&self.inner.records).get_mut(client_id)
            && record.number == number
        {
            record.is_connected = false;
            record.ended = Some((now_ms, reason));
        }
    }

    pub(super) fn forget_old_connections(&self) {
        let now_ms = self.inner.clock.now_ms();
        lock(&self.inner.records).retain(|_, record| record.is_kept(now_ms));
    }

    /// A client's latest connection, while it is remembered.
    pub fn connection(&self, client_id: &str) -> Option<ConnectionRecord> {
        let record = lock(&self.inner.records).get(client_id).cloned()?;
        record.seen_at(self.inner.clock.now_ms())
    }

    pub(crate) fn subscriptions_of(&self, client_id: &str) -> Option<Vec<(String, u8)>> {
        let session = self.session(client_id)?;
        session.subscriptions(self.inner.clock.now_ms())
    }

    /// Ends a client's connection, and with `clean` its session. Returns false if there is neither.
    pub fn disconnect(&self, client_id: &str, clean: bool, with_will: bool) -> bool {
        let Some(session) = self.session(client_id) else {
            return false;
        };
        if session.kick_by_api(clean, Kick::Api { with_will }) {
            return true;
        }
        let now_ms = self.inner.clock.now_ms();
        if !clean {
            return session.subscriptions(now_ms).is_some();
        }
        match session.end_offline(now_ms) {
            Some(remainder) => {
                self.settle(remainder, client_id);
                true
            }
            None => false,
        }
    }

    /// Sends a message to one connected client, subscribed or not. The receiver reports the
    /// outcome and closes if the client leaves first. `None` if the client is not connected.
    pub fn send_direct(
        &self,
        client_id: &str,
        message: Message,
    ) -> Option<mpsc::UnboundedReceiver<Receipt>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let qos = message.qos;
        let mut delivery = Delivery::new(Arc::new(message), qos);
        delivery.receipt = Some(sender);
        let session = self.session(client_id)?;
        session.enqueue_if_live(delivery).ok()?;
        Some(receiver)
    }

    pub(crate) fn retained_message(&self, topic: &str) -> Option<Retained> {
        let retained = lock(&self.inner.retained).get(topic).cloned()?;
        let is_expired = retained.message.is_expired(self.inner.clock.now_ms());
        (!is_expired).then_some(retained)
    }

    pub(crate) fn retained_messages(&self) -> Vec<Retained> {
        let now_ms = self.inner.clock.now_ms();
        let retained = lock(&self.inner.retained);
        let live = retained.values().filter(|r| !r.message.is_expired(now_ms));
        live.cloned().collect()
    }

    /// The retained message for a new subscription. Only exact filters have one; filters with
    /// wildcards and shared filters never do.
    pub(super) fn retained_for(&self, filter: &str, qos: Qos) -> Option<Delivery> {
        let retained = self.retained_message(filter)?;
        let mut delivery = Delivery::new(retained.message, qos);
        delivery.retain = true;
        Some(delivery)
    }

    fn session(&self, client_id: &str) -> Option<Arc<Session>> {
        lock(&self.inner.sessions).get(client_id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(session_expiry_s: u32, ended: Option<u64>) -> ConnectionRecord {
        ConnectionRecord {
            number: 1,
            client_id: "c".to_owned(),
            thing: None,
            keep_alive_s: 30,
            session_expiry_s,
            source: SocketAddr::from(([127, 0, 0, 1], 1)),
            target: None,
            connected_at_ms: 0,
            is_connected: ended.is_none(),
            ended: ended.map(|at_ms| (at_ms, "CONNECTION_LOST")),
        }
    }

    // AWS same(data-plane): a disconnection is reported for 30 minutes, a persistent session for as
    //     long as it lives
    #[test]
    fn a_disconnection_is_remembered_for_half_an_hour() {
        const MINUTE_MS: u64 = 60_000;
        let rows = [
            // (session expiry in s, minutes after the end, is remembered, has time and reason)
            (0, None, true, false),
            (0, Some(29), true, true),
            (0, Some(30), false, false),
            (3600, Some(29), true, true),
            (3600, Some(59), true, false),
            (3600, Some(60), false, false),
        ];
        for (expiry_s, minutes, is_known, has_reason) in rows {
            let ended = minutes.map(|_| MINUTE_MS);
            let now_ms = MINUTE_MS * (1 + minutes.unwrap_or(1000));
            let seen = record(expiry_s, ended).seen_at(now_ms);
            assert_eq!(seen.is_some(), is_known, "{expiry_s} s, {minutes:?}");
            let found = seen.is_some_and(|r| r.ended.is_some());
            assert_eq!(found, has_reason, "{expiry_s} s, {minutes:?}");
        }
    }
}
