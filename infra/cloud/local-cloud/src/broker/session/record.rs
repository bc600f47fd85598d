//! A persistent session as it is written down.
//!
//! Must not know files.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::broker::message::MessageRecord;

/// What survives a restart of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionRecord {
    /// 3 or 5.
    pub mqtt: u8,
    /// How long it outlives its connection.
    pub expiry_ms: u64,
    /// When it ends; absent where its client was connected at the last writing.
    pub expires_at_ms: Option<u64>,
    /// AWS's `versionNumber` of the last connection.
    pub number: u64,
    /// Granted QoS by filter.
    pub subscriptions: BTreeMap<String, u8>,
    /// Messages that the client has not acknowledged, oldest first.
    pub queue: Vec<MessageRecord>,
}
