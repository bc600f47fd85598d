//! Clients that share a subscription: each message goes to one of them.
//!
//! Must not know: policies, connections.
//! Source: AWS IoT Core developer guide, MQTT, shared subscriptions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use mqtt_protocol_core::mqtt::packet::Qos;

use super::delivery::Delivery;
use super::message::Message;
use super::session::{QUEUE_MAX, Session};
use crate::sync::lock;

#[derive(Debug)]
pub struct Group {
    /// `$share/<name>/<filter>`.
    filter: Arc<str>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<(Arc<Session>, Qos)>,
    /// Index of the member whose turn it is.
    turn: usize,
    /// QoS 1 messages that found no member online.
    waiting: VecDeque<Arc<Message>>,
}

impl Group {
    pub fn new(filter: &str) -> Self {
        Self {
            filter: filter.into(),
            state: Mutex::default(),
        }
    }

    /// Adds a member or changes its QoS, and hands out waiting messages.
    pub fn join(&self, session: &Arc<Session>, qos: Qos) {
        let mut state = lock(&self.state);
        let known = state
            .members
            .iter_mut()
            .find(|(s, _)| Arc::ptr_eq(s, session));
        match known {
            Some((_, known_qos)) => *known_qos = qos,
            None => state.members.push((session.clone(), qos)),
        }
        drop(state);
        self.hand_out();
    }

    /// Removes a member; returns whether the group is empty now.
    pub fn leave(&self, client_id: &str) -> bool {
        let mut state = lock(&self.state);
        state.members.retain(|(s, _)| s.client_id() != client_id);
        if !state.members.iter().any(|(s, _)| s.is_persistent()) {
            state.waiting.clear();
        }
        state.members.is_empty()
    }

    /// Sends a message to the next member that is online, in turn. If none is, a QoS 1 message
    /// waits, provided that a member has a persistent session.
    pub fn deliver(&self, message: &Arc<Message>) {
        let mut state = lock(&self.state);
        if !self.offer(&mut state, message) {
            state.keep(message);
        }
    }

    pub fn hand_out(&self) {
        let mut state = lock(&self.state);
        while let Some(message) = state.waiting.pop_front() {
            if !self.offer(&mut state, &message) {
                state.waiting.push_front(message);
                return;
            }
        }
    }

    fn offer(&self, state: &mut State, message: &Arc<Message>) -> bool {
        let count = state.members.len();
        for step in 0..count {
            let at = (state.turn + step) % count;
            let (session, qos) = &state.members[at];
            let mut delivery = Delivery::new(message.clone(), *qos);
            delivery.shared_filter = Some(self.filter.clone());
            if session.enqueue_if_live(delivery).is_ok() {
                state.turn = (at + 1) % count;
                return true;
            }
        }
        false
    }
}

impl State {
    fn keep(&mut self, message: &Arc<Message>) {
        let is_kept = message.qos == Qos::AtLeastOnce
            && self
                .members
                .iter()
                .any(|(s, qos)| *qos == Qos::AtLeastOnce && s.is_persistent());
        if is_kept && self.waiting.len() < QUEUE_MAX {
            self.waiting.push_back(message.clone());
        }
    }
}
