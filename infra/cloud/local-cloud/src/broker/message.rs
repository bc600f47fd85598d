//! A message on its way through the broker, and who sent it.
//!
//! Must not know connections: the same message reaches sessions, rules and the shadow service.

mod record;

use std::sync::Arc;

use mqtt_protocol_core::mqtt::packet::{Property, Qos};

pub use record::MessageRecord;

use super::in_flight::Slot;

/// Seconds that a message may be worth delivering; what a client asks for is brought into this range.
/// *Source*: AWS IoT Core developer guide, MQTT, message expiry.
pub const MESSAGE_EXPIRY_S: std::ops::RangeInclusive<u32> = 1..=604_800;
/// Largest payload. *Source*: AWS IoT Core message broker quotas.
pub const PAYLOAD_BYTES_MAX: usize = 128 * 1024;

/// Who published a message.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// MQTT client id; `None` where the message came by REST or from the cloud itself.
    pub client: Option<String>,
    /// Certificate id, or the user id behind an access key.
    pub principal: Option<String>,
    /// The place of a shadow request among those its connection has in flight.
    pub slot: Option<Arc<Slot>>,
    /// How many rules in a row have passed it on.
    pub republished: u8,
}

/// One published message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Topic name.
    pub topic: String,
    /// The bytes.
    pub payload: Arc<[u8]>,
    /// 0 or 1; 2 never gets here.
    pub qos: Qos,
    /// Whether the broker should keep it for later subscribers.
    pub retain: bool,
    /// From when on it must not be delivered, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// MQTT 5 properties that travel with it (content type, response topic, correlation data, user properties).
    pub properties: Vec<Property>,
    /// Who published it.
    pub origin: Origin,
    /// Whether it is a will, which the shadow service ignores.
    pub is_will: bool,
}

impl Message {
    /// A message of the cloud's own, at most once, not retained.
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

    /// Whether it is too old to be delivered.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|at| at <= now_ms)
    }
}
