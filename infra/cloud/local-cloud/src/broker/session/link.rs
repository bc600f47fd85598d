//! The broker's end of one live connection: a session wakes it, and anyone can ask it to end.

use std::sync::Mutex;

use tokio::sync::Notify;

use crate::sync::lock;

/// Why the broker ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kick {
    TakenOver,
    Deactivated,
    /// An operator requested it.
    Api {
        with_will: bool,
    },
    Shutdown,
}

/// One live connection, as its session sees it.
#[derive(Debug)]
pub struct Link {
    /// Woken by a message to send, or by a kick.
    pub wake: Notify,
    /// Certificate id, if its client has one.
    pub principal: Option<String>,
    kick: Mutex<Option<Kick>>,
}

impl Link {
    /// A connection that has not been asked to end.
    pub fn new(principal: Option<String>) -> Self {
        Self {
            wake: Notify::new(),
            principal,
            kick: Mutex::default(),
        }
    }

    /// Asks the connection to end. The first reason wins.
    pub fn kick(&self, why: Kick) {
        lock(&self.kick).get_or_insert(why);
        self.wake.notify_one();
    }

    /// Why it was asked to end, if it was.
    pub fn kicked(&self) -> Option<Kick> {
        *lock(&self.kick)
    }
}
