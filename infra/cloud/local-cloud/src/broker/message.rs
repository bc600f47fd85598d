//! A published message, and who sent it.
//!
//! Must not know: connections. The same message reaches sessions, rules and the shadow service.

mod property;
mod record;

use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::{Property, Qos};

pub use property::parse_property;
pub use record::MessageRecord;

use super::in_flight::Slot;

/// Range that a message expiry is clamped to, in seconds.
/// Source: AWS IoT Core developer guide, MQTT, message expiry.
pub const MESSAGE_EXPIRY_S: std::ops::RangeInclusive<u32> = 1..=604_800;
/// Largest payload. Source: AWS IoT Core message broker quotas.
pub const PAYLOAD_BYTES_MAX: usize = 128 * 1024;

#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// MQTT client id; `None` for messages from REST or from the cloud itself.
    pub client: Option<String>,
    /// Certificate id, or the user id behind an access key.
    pub principal: Option<String>,
    /// A shadow request's slot among those in flight on its connection.
    pub slot: Option<Arc<Slot>>,
    /// How many rules in a row have republished it.
    pub republished: u8,
}

#[derive(Debug, Clone)]
pub struct Message {
    pub topic: String,
    /// Payload, any bytes.
    pub payload: Arc<[u8]>,
    /// 0 or 1; the connection refuses 2.
    pub qos: Qos,
    /// Whether the broker should keep it for later subscribers.
    pub retain: bool,
    /// When it expires, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// MQTT 5 properties passed on to receivers (content type, response topic, correlation data,
    /// user properties).
    pub properties: Vec<Property>,
    pub origin: Origin,
    /// Whether it is a will; the shadow service ignores wills.
    pub is_will: bool,
}

impl Message {
    /// A message from the cloud itself: QoS 0, not retained.
    pub fn from_cloud(topic: String, payload: Vec<u8>) -> Self {
        Self {
            topic,
            payload: payload.into(),
            qos: Qos::AtMostOnce,
            retain: false,
            expires_at_ms: None,
            properties: Vec::new(),
            origin: Origin::default(),
            is_will: false,
        }
    }

    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|at| at <= now_ms)
    }
}
