//! The mutable state of a session, guarded by the session's lock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::Qos;

use super::{
    Attach, Attached, Delivery, Link, NUMBER_KEPT_MS, QUEUE_MAX, Remainder, SessionChange,
    SessionRecord,
};
use crate::broker::message::MessageRecord;

#[derive(Debug, Default)]
pub(super) struct State {
    pub link: Option<Arc<Link>>,
    version: Option<Version>,
    /// How long the session outlives its connection; 0 for a clean session.
    pub expiry_ms: u64,
    expires_at_ms: Option<u64>,
    gone_at_ms: Option<u64>,
    /// AWS's `versionNumber` of the latest connection.
    number: Option<u64>,
    pub subscriptions: BTreeMap<String, Qos>,
    pub queue: VecDeque<Delivery>,
    /// QoS 1 messages sent but not acknowledged, by packet id, in the order of sending.
    pub in_flight: VecDeque<(u16, Delivery)>,
    /// Whether the state differs from the saved record.
    pub is_dirty: bool,
    pub is_stored: bool,
}

impl State {
    pub fn is_attached_to(&self, link: &Arc<Link>) -> bool {
        self.link.as_ref().is_some_and(|l| Arc::ptr_eq(l, link))
    }

    pub fn attach(&mut self, attach: Attach) -> Attached {
        let was_live = self.link.is_some();
        if let Some(old) = self.link.take() {
            old.kick(super::Kick::TakenOver);
        }
        let is_alive = was_live || self.expires_at_ms.is_some_and(|at| at > attach.now_ms);
        let is_resumed =
            !attach.clean && is_alive && self.expiry_ms > 0 && self.version == Some(attach.version);
        let remainder = if is_resumed {
            self.requeue()
        } else {
            self.clear()
        };
        let number = match self.number {
            Some(number) if was_live || !self.is_number_expired(attach.now_ms) => number + 1,
            _ => 0,
        };
        let link = Arc::new(Link::new(attach.principal));
        self.link = Some(link.clone());
        self.version = Some(attach.version);
        self.expiry_ms = attach.expiry_ms;
        self.expires_at_ms = None;
        self.gone_at_ms = None;
        self.number = Some(number);
        self.is_dirty = true;
        Attached {
            link,
            session_present: is_resumed,
            number,
            remainder,
        }
    }

    pub fn detach(&mut self, now_ms: u64) -> Remainder {
        self.link = None;
        self.gone_at_ms = Some(now_ms);
        self.is_dirty = true;
        if self.expiry_ms == 0 {
            return self.clear();
        }
        self.expires_at_ms = Some(now_ms.saturating_add(self.expiry_ms));
        self.requeue()
    }

    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.link.is_none() && self.expires_at_ms.is_none_or(|at| at <= now_ms)
    }

    /// Whether the client was away so long that its next connection is number 0 again.
    pub fn is_number_expired(&self, now_ms: u64) -> bool {
        let gone_at_ms = self.gone_at_ms.unwrap_or(0);
        self.link.is_none() && gone_at_ms.saturating_add(NUMBER_KEPT_MS) <= now_ms
    }

    pub fn push(&mut self, client_id: &str, delivery: Delivery) {
        if self.queue.len() >= QUEUE_MAX {
            tracing::warn!(client_id, "queue is full: message dropped");
            return;
        }
        self.is_dirty |= delivery.qos == Qos::AtLeastOnce;
        self.queue.push_back(delivery);
        if let Some(link) = &self.link {
            link.wake.notify_one();
        }
    }

    /// Moves unacknowledged messages back to the front, to be sent again in order under new packet
    /// ids. Returns those of shared subscriptions, which go to other members of the group.
    fn requeue(&mut self) -> Remainder {
        while let Some((_, delivery)) = self.in_flight.pop_back() {
            self.queue.push_front(delivery);
        }
        self.queue
            .retain(|d| d.qos == Qos::AtLeastOnce && d.receipt.is_none());
        let all = std::mem::take(&mut self.queue).into_iter();
        let (orphans, own): (VecDeque<_>, _) = all.partition(|d| d.shared_filter.is_some());
        self.queue = own;
        Remainder {
            filters: Vec::new(),
            orphans: orphans.into(),
        }
    }

    /// Drops everything except the connection number.
    pub fn clear(&mut self) -> Remainder {
        let mut remainder = self.requeue();
        self.queue.clear();
        self.expires_at_ms = None;
        self.expiry_ms = 0;
        self.is_dirty = true;
        remainder.filters = std::mem::take(&mut self.subscriptions)
            .into_keys()
            .collect();
        remainder
    }

    pub fn take_change(&mut self) -> SessionChange {
        if !std::mem::take(&mut self.is_dirty) {
            return SessionChange::None;
        }
        if self.expiry_ms == 0 {
            let was_stored = std::mem::take(&mut self.is_stored);
            return if was_stored {
                SessionChange::Remove
            } else {
                SessionChange::None
            };
        }
        self.is_stored = true;
        let sent = self.in_flight.iter().map(|(_, delivery)| delivery);
        let queue = sent
            .chain(&self.queue)
            .filter(|d| d.qos == Qos::AtLeastOnce && d.shared_filter.is_none());
        SessionChange::Save(SessionRecord {
            mqtt: if self.version == Some(Version::V5_0) {
                5
            } else {
                3
            },
            expiry_ms: self.expiry_ms,
            expires_at_ms: self.expires_at_ms,
            number: self.number.unwrap_or(0),
            subscriptions: self
                .subscriptions
                .iter()
                .map(|(filter, qos)| (filter.clone(), *qos as u8))
                .collect(),
            queue: queue.map(|d| MessageRecord::of(&d.message)).collect(),
        })
    }

    pub fn from_record(record: SessionRecord, now_ms: u64) -> Option<Self> {
        // A client that was connected at the save counts as disconnected now.
        let expires_at_ms = record.expires_at_ms.unwrap_or(now_ms + record.expiry_ms);
        if expires_at_ms <= now_ms {
            return None;
        }
        let qos = |level: u8| match level {
            0 => Qos::AtMostOnce,
            _ => Qos::AtLeastOnce,
        };
        let queue = record.queue.into_iter().map(|message| {
            let message = Arc::new(message.into_message());
            Delivery::new(message, Qos::AtLeastOnce)
        });
        Some(Self {
            version: Some(match record.mqtt {
                5 => Version::V5_0,
                _ => Version::V3_1_1,
            }),
            expiry_ms: record.expiry_ms,
            expires_at_ms: Some(expires_at_ms),
            gone_at_ms: Some(expires_at_ms.saturating_sub(record.expiry_ms)),
            number: Some(record.number),
            subscriptions: record
                .subscriptions
                .into_iter()
                .map(|(filter, level)| (filter, qos(level)))
                .collect(),
            queue: queue.collect(),
            is_dirty: true,
            is_stored: true,
            ..Self::default()
        })
    }
}
