//! A persistent session as it is saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::broker::message::MessageRecord;

/// What survives a restart of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionRecord {
    pub mqtt: u8,
    /// How long it outlives its connection, milliseconds.
    pub expiry_ms: u64,
    /// When it ends; absent if its client was connected when it was saved.
    pub expires_at_ms: Option<u64>,
    /// AWS's `versionNumber` of the last connection.
    pub number: u64,
    pub subscriptions: BTreeMap<String, u8>,
    /// Messages that the client has not acknowledged, oldest first.
    pub queue: Vec<MessageRecord>,
}

/// What must be done on disk after a session changed.
#[derive(Debug)]
pub enum SessionChange {
    /// Nothing: it is saved as it is.
    None,
    Save(SessionRecord),
    /// Remove what was saved: the session is over.
    Remove,
}
