//! Clients that share a subscription: each message goes to one of them.
//!
//! *Source*: AWS IoT Core developer guide, MQTT, shared subscriptions. Must not know policies or connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_protocol_core::mqtt::packet::Qos;

use super::message::Message;
use super::session::{Delivery, QUEUE_MAX, Session};

/// All members of one `$share/<name>/<filter>`.
#[derive(Debug)]
pub struct Group {
    /// The name between the slashes.
    pub name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<(Arc<Session>, Qos)>,
    /// Whose turn it is.
    turn: usize,
    /// QoS 1 messages that found nobody online.
    waiting: VecDeque<Arc<Message>>,
}

impl Group {
    /// A group without members.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under this lock is complete before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a member or changes its QoS, and hands out what waited.
    pub fn join(self: &Arc<Self>, session: &Arc<Session>, qos: Qos) {
        let mut state = self.state();
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

    /// Removes a member; whether the group is empty now.
    pub fn leave(&self, client_id: &str) -> bool {
        let mut state = self.state();
        state.members.retain(|(s, _)| s.client_id() != client_id);
        if !state.members.iter().any(|(s, _)| s.is_persistent()) {
            state.waiting.clear();
        }
        state.members.is_empty()
    }

    /// Sends a message to the next member that is online, in turn. Where none is, QoS 1 waits if a member has a
    /// persistent session.
    pub fn deliver(self: &Arc<Self>, message: &Arc<Message>) {
        let mut state = self.state();
        if !self.offer(&mut state, message) {
            state.keep(message);
        }
    }

    /// What waited goes to whoever is online.
    pub fn hand_out(self: &Arc<Self>) {
        let mut state = self.state();
        while let Some(message) = state.waiting.pop_front() {
            if !self.offer(&mut state, &message) {
                state.waiting.push_front(message);
                return;
            }
        }
    }

    fn offer(self: &Arc<Self>, state: &mut State, message: &Arc<Message>) -> bool {
        let count = state.members.len();
        for step in 0..count {
            let at = (state.turn + step) % count;
            let (session, qos) = &state.members[at];
            let mut delivery = Delivery::new(message.clone(), *qos);
            delivery.group = Some(self.clone());
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
