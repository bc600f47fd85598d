//! Decodes packets from clients, in either MQTT version.

use mqtt_protocol_core::mqtt::packet::{GenericPacket, Packet, Property, Qos, SubEntry, v5_0};
use mqtt_protocol_core::mqtt::result_code::DisconnectReasonCode;

#[derive(Debug, Clone, Default)]
pub struct ConnectRequest {
    /// As given; may be empty.
    pub client_id: String,
    pub clean: bool,
    /// The keep-alive that the client requests, in seconds.
    pub keep_alive_s: u16,
    pub session_expiry_s: Option<u32>,
    /// Unacknowledged messages the client accepts at once; MQTT 5 only.
    pub receive_maximum: Option<u16>,
    /// Largest packet the client accepts, in bytes; MQTT 5 only.
    pub packet_bytes_max: Option<u32>,
    pub will: Option<Will>,
}

#[derive(Debug, Clone)]
pub struct Will {
    pub topic: String,
    pub payload: Vec<u8>,
    /// May be 2 here; the broker refuses it.
    pub qos: Qos,
    pub retain: bool,
    /// Message expiry in seconds, counted from when it is published; MQTT 5 only.
    pub expiry_s: Option<u32>,
    pub properties: Vec<Property>,
}

#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// Absent for QoS 0.
    pub packet_id: Option<u16>,
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: Qos,
    pub retain: bool,
    pub expiry_s: Option<u32>,
    /// Properties passed on to receivers.
    pub properties: Vec<Property>,
}

#[derive(Debug, Clone)]
pub enum Inbound {
    Connect(ConnectRequest),
    Publish(PublishRequest),
    Acknowledge(u16),
    Subscribe {
        id: u16,
        entries: Vec<SubEntry>,
        /// Whether it carries a subscription identifier, which AWS does not support.
        has_identifier: bool,
    },
    Unsubscribe(u16, Vec<String>),
    Disconnect {
        with_will: bool,
        /// A new session expiry in seconds; MQTT 5 only.
        session_expiry_s: Option<u32>,
    },
    /// PINGREQ, which the packet layer answers.
    Ping,
    /// Anything AWS does not support.
    Unsupported,
}

macro_rules! will {
    ($packet:expr, $topic:expr, $expiry_s:expr, $properties:expr) => {
        Will {
            topic: $topic.to_owned(),
            payload: $packet.will_payload().unwrap_or_default().to_vec(),
            qos: $packet.will_qos(),
            retain: $packet.will_retain(),
            expiry_s: $expiry_s,
            properties: $properties,
        }
    };
}

macro_rules! publish {
    ($packet:expr, $expiry_s:expr, $properties:expr) => {
        Inbound::Publish(PublishRequest {
            packet_id: $packet.packet_id(),
            topic: $packet.topic_name().to_owned(),
            payload: $packet.payload().as_slice().to_vec(),
            qos: $packet.qos(),
            retain: $packet.retain(),
            expiry_s: $expiry_s,
            properties: $properties,
        })
    };
}

pub fn decode(packet: Packet) -> Inbound {
    match packet {
        GenericPacket::V3_1_1Connect(p) => Inbound::Connect(ConnectRequest {
            client_id: p.client_id().to_owned(),
            clean: p.clean_session(),
            keep_alive_s: p.keep_alive(),
            will: p
                .will_topic()
                .map(|topic| will!(p, topic, None, Vec::new())),
            ..ConnectRequest::default()
        }),
        GenericPacket::V5_0Connect(p) => Inbound::Connect(connect_5(&p)),
        GenericPacket::V3_1_1Publish(p) => publish!(p, None, Vec::new()),
        GenericPacket::V5_0Publish(p) => {
            let (expiry_s, properties) = passed_on(p.props());
            publish!(p, expiry_s, properties)
        }
        GenericPacket::V3_1_1Puback(p) => Inbound::Acknowledge(p.packet_id()),
        GenericPacket::V5_0Puback(p) => Inbound::Acknowledge(p.packet_id()),
        GenericPacket::V3_1_1Subscribe(p) => Inbound::Subscribe {
            id: p.packet_id(),
            entries: p.entries().to_vec(),
            has_identifier: false,
        },
        GenericPacket::V5_0Subscribe(p) => Inbound::Subscribe {
            id: p.packet_id(),
            entries: p.entries().to_vec(),
            has_identifier: p
                .props()
                .iter()
                .any(|property| matches!(property, Property::SubscriptionIdentifier(_))),
        },
        GenericPacket::V3_1_1Unsubscribe(p) => {
            let filters = p.entries().iter().map(|e| e.as_str().to_owned());
            Inbound::Unsubscribe(p.packet_id(), filters.collect())
        }
        GenericPacket::V5_0Unsubscribe(p) => {
            let filters = p.entries().iter().map(|e| e.as_str().to_owned());
            Inbound::Unsubscribe(p.packet_id(), filters.collect())
        }
        GenericPacket::V3_1_1Disconnect(_) => Inbound::Disconnect {
            with_will: false,
            session_expiry_s: None,
        },
        GenericPacket::V5_0Disconnect(p) => {
            let mut properties = p.props().iter().flatten();
            Inbound::Disconnect {
                with_will: p.reason_code() == Some(DisconnectReasonCode::DisconnectWithWillMessage),
                session_expiry_s: properties.find_map(|property| match property {
                    Property::SessionExpiryInterval(v) => Some(v.val()),
                    _ => None,
                }),
            }
        }
        GenericPacket::V3_1_1Pingreq(_) | GenericPacket::V5_0Pingreq(_) => Inbound::Ping,
        _ => Inbound::Unsupported,
    }
}

fn connect_5(p: &v5_0::Connect) -> ConnectRequest {
    let mut request = ConnectRequest {
        client_id: p.client_id().to_owned(),
        clean: p.clean_start(),
        keep_alive_s: p.keep_alive(),
        will: p.will_topic().map(|topic| {
            let (expiry_s, properties) = passed_on(p.will_props());
            will!(p, topic, expiry_s, properties)
        }),
        ..ConnectRequest::default()
    };
    for property in p.props() {
        match property {
            Property::SessionExpiryInterval(v) => request.session_expiry_s = Some(v.val()),
            Property::ReceiveMaximum(v) => request.receive_maximum = Some(v.val()),
            Property::MaximumPacketSize(v) => request.packet_bytes_max = Some(v.val()),
            _ => {}
        }
    }
    request
}

/// The message expiry, and the properties that are passed on to receivers. A will's delay is not
/// among the properties that AWS lists as supported.
fn passed_on(properties: &[Property]) -> (Option<u32>, Vec<Property>) {
    let mut expiry_s = None;
    let mut kept = Vec::new();
    for property in properties {
        match property {
            Property::MessageExpiryInterval(v) => expiry_s = Some(v.val()),
            Property::ContentType(_)
            | Property::ResponseTopic(_)
            | Property::CorrelationData(_)
            | Property::PayloadFormatIndicator(_)
            | Property::UserProperty(_) => kept.push(property.clone()),
            _ => {}
        }
    }
    (expiry_s, kept)
}
