//! MQTT 3.1.1 and MQTT 5 packets in one vocabulary, so that nothing behind this file asks for the version.
//!
//! Must not know sessions, policies or sockets. Building a packet can fail (a SUBSCRIBE with packet id 0 passes the
//! parser, and its acknowledgement cannot be built), so every builder's result is handed on.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::{
    AssignedClientIdentifier, GenericPacket, MaximumQos, MessageExpiryInterval, Packet, Property,
    Qos, ServerKeepAlive, SessionExpiryInterval, SharedSubscriptionAvailable, SubEntry,
    SubscriptionIdentifierAvailable, TopicAliasMaximum, v3_1_1, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, ConnectReturnCode, DisconnectReasonCode, MqttError, PubackReasonCode,
    SubackReasonCode, SubackReturnCode, UnsubackReasonCode,
};

use super::message::Message;

/// Topic aliases a client may use.
const TOPIC_ALIASES_MAX: u16 = 8;

/// A client's wish to connect.
#[derive(Debug, Clone)]
pub struct ConnectRequest {
    /// As given; may be empty.
    pub client_id: String,
    /// Clean session, or clean start.
    pub clean: bool,
    /// In seconds, as asked for.
    pub keep_alive_s: u16,
    /// MQTT 5 only.
    pub session_expiry_s: Option<u32>,
    /// Unacknowledged messages the client takes at once; MQTT 5 only.
    pub receive_maximum: Option<u16>,
    /// Largest packet the client takes, in bytes; MQTT 5 only.
    pub packet_bytes_max: Option<u32>,
    /// Topic, payload, QoS, retain.
    pub will: Option<Will>,
}

/// A message left with the broker for the day the client vanishes.
#[derive(Debug, Clone)]
pub struct Will {
    /// Topic name.
    pub topic: String,
    /// Payload.
    pub payload: Vec<u8>,
    /// May be 2 here; the broker refuses it.
    pub qos: Qos,
    /// Whether to keep it.
    pub retain: bool,
}

/// A client's message, not yet checked.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// Absent for QoS 0.
    pub packet_id: Option<u16>,
    /// Topic name.
    pub topic: String,
    /// Payload.
    pub payload: Vec<u8>,
    /// May be 2 here; the broker refuses it.
    pub qos: Qos,
    /// Whether to keep it.
    pub retain: bool,
    /// Message expiry; MQTT 5 only.
    pub expiry_s: Option<u32>,
    /// Properties that travel with the message.
    pub properties: Vec<Property>,
}

/// What a client said.
#[derive(Debug, Clone)]
pub enum Inbound {
    /// CONNECT.
    Connect(ConnectRequest),
    /// PUBLISH.
    Publish(PublishRequest),
    /// PUBACK.
    Acknowledge(u16),
    /// SUBSCRIBE.
    Subscribe(u16, Vec<SubEntry>),
    /// UNSUBSCRIBE.
    Unsubscribe(u16, Vec<String>),
    /// DISCONNECT; whether the will is wanted all the same.
    Disconnect(bool),
    /// PINGREQ, which the packet layer answers.
    Ping,
    /// Anything AWS does not support.
    Unsupported,
}

/// Reads a packet.
pub fn decode(packet: Packet) -> Inbound {
    match packet {
        GenericPacket::V3_1_1Connect(p) => Inbound::Connect(ConnectRequest {
            client_id: p.client_id().to_owned(),
            clean: p.clean_session(),
            keep_alive_s: p.keep_alive(),
            session_expiry_s: None,
            receive_maximum: None,
            packet_bytes_max: None,
            will: p.will_topic().map(|topic| Will {
                topic: topic.to_owned(),
                payload: p.will_payload().unwrap_or_default().to_vec(),
                qos: p.will_qos(),
                retain: p.will_retain(),
            }),
        }),
        GenericPacket::V5_0Connect(p) => Inbound::Connect(connect_5(&p)),
        GenericPacket::V3_1_1Publish(p) => Inbound::Publish(PublishRequest {
            packet_id: p.packet_id(),
            topic: p.topic_name().to_owned(),
            payload: p.payload().as_slice().to_vec(),
            qos: p.qos(),
            retain: p.retain(),
            expiry_s: None,
            properties: Vec::new(),
        }),
        GenericPacket::V5_0Publish(p) => Inbound::Publish(publish_5(&p)),
        GenericPacket::V3_1_1Puback(p) => Inbound::Acknowledge(p.packet_id()),
        GenericPacket::V5_0Puback(p) => Inbound::Acknowledge(p.packet_id()),
        GenericPacket::V3_1_1Subscribe(p) => {
            Inbound::Subscribe(p.packet_id(), p.entries().to_vec())
        }
        GenericPacket::V5_0Subscribe(p) => Inbound::Subscribe(p.packet_id(), p.entries().to_vec()),
        GenericPacket::V3_1_1Unsubscribe(p) => {
            let filters = p.entries().iter().map(|e| e.as_str().to_owned());
            Inbound::Unsubscribe(p.packet_id(), filters.collect())
        }
        GenericPacket::V5_0Unsubscribe(p) => {
            let filters = p.entries().iter().map(|e| e.as_str().to_owned());
            Inbound::Unsubscribe(p.packet_id(), filters.collect())
        }
        GenericPacket::V3_1_1Disconnect(_) => Inbound::Disconnect(false),
        GenericPacket::V5_0Disconnect(p) => Inbound::Disconnect(
            p.reason_code() == Some(DisconnectReasonCode::DisconnectWithWillMessage),
        ),
        GenericPacket::V3_1_1Pingreq(_) | GenericPacket::V5_0Pingreq(_) => Inbound::Ping,
        _ => Inbound::Unsupported,
    }
}

fn connect_5(p: &v5_0::Connect) -> ConnectRequest {
    let mut request = ConnectRequest {
        client_id: p.client_id().to_owned(),
        clean: p.clean_start(),
        keep_alive_s: p.keep_alive(),
        session_expiry_s: None,
        receive_maximum: None,
        packet_bytes_max: None,
        will: p.will_topic().map(|topic| Will {
            topic: topic.to_owned(),
            payload: p.will_payload().unwrap_or_default().to_vec(),
            qos: p.will_qos(),
            retain: p.will_retain(),
        }),
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

fn publish_5(p: &v5_0::Publish) -> PublishRequest {
    let mut expiry_s = None;
    let mut properties = Vec::new();
    for property in p.props() {
        match property {
            Property::MessageExpiryInterval(v) => expiry_s = Some(v.val()),
            Property::ContentType(_)
            | Property::ResponseTopic(_)
            | Property::CorrelationData(_)
            | Property::PayloadFormatIndicator(_)
            | Property::UserProperty(_) => properties.push(property.clone()),
            _ => {}
        }
    }
    PublishRequest {
        packet_id: p.packet_id(),
        topic: p.topic_name().to_owned(),
        payload: p.payload().as_slice().to_vec(),
        qos: p.qos(),
        retain: p.retain(),
        expiry_s,
        properties,
    }
}

/// What an accepted client is told.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// Whether an earlier session goes on.
    pub session_present: bool,
    /// The keep-alive that holds, where it is not the one asked for.
    pub keep_alive_s: Option<u16>,
    /// How long the session outlives the connection.
    pub session_expiry_s: Option<u32>,
    /// The client id we made, where none was given.
    pub assigned_client_id: Option<String>,
}

/// CONNACK of an accepted client.
pub fn accept(version: Version, accepted: &Accepted) -> Result<Packet, MqttError> {
    if version != Version::V5_0 {
        let packet = v3_1_1::Connack::builder()
            .session_present(accepted.session_present)
            .return_code(ConnectReturnCode::Accepted)
            .build()?;
        return Ok(packet.into());
    }
    let mut properties: Vec<Property> = vec![
        MaximumQos::new(1)?.into(),
        TopicAliasMaximum::new(TOPIC_ALIASES_MAX)?.into(),
        SharedSubscriptionAvailable::new(0)?.into(),
        SubscriptionIdentifierAvailable::new(0)?.into(),
    ];
    if let Some(seconds) = accepted.keep_alive_s {
        properties.push(ServerKeepAlive::new(seconds)?.into());
    }
    if let Some(seconds) = accepted.session_expiry_s {
        properties.push(SessionExpiryInterval::new(seconds)?.into());
    }
    if let Some(id) = &accepted.assigned_client_id {
        properties.push(AssignedClientIdentifier::new(id)?.into());
    }
    let packet = v5_0::Connack::builder()
        .session_present(accepted.session_present)
        .reason_code(ConnectReasonCode::Success)
        .props(properties)
        .build()?;
    Ok(packet.into())
}

/// CONNACK of a refused client; MQTT 3.1.1 has fewer words for it.
pub fn refuse(version: Version, reason: ConnectReasonCode) -> Result<Packet, MqttError> {
    if version == Version::V5_0 {
        let builder = v5_0::Connack::builder().session_present(false);
        return Ok(builder.reason_code(reason).build()?.into());
    }
    let code = match reason {
        ConnectReasonCode::ClientIdentifierNotValid => ConnectReturnCode::IdentifierRejected,
        _ => ConnectReturnCode::NotAuthorized,
    };
    let builder = v3_1_1::Connack::builder().session_present(false);
    Ok(builder.return_code(code).build()?.into())
}

/// PUBLISH to a client. `packet_id` goes with QoS 1.
pub fn publish(
    version: Version,
    message: &Message,
    packet_id: Option<u16>,
    retain: bool,
    now_ms: u64,
) -> Result<Packet, MqttError> {
    let qos = match packet_id {
        Some(_) => Qos::AtLeastOnce,
        None => Qos::AtMostOnce,
    };
    let payload = message.payload.clone();
    if version != Version::V5_0 {
        let mut builder = v3_1_1::Publish::builder()
            .topic_name(message.topic.as_str())?
            .qos(qos)
            .retain(retain)
            .payload(payload);
        if let Some(id) = packet_id {
            builder = builder.packet_id(id);
        }
        return Ok(builder.build()?.into());
    }
    let mut properties = message.properties.clone();
    if let Some(at) = message.expires_at_ms {
        let left_s = at.saturating_sub(now_ms).div_ceil(1000).max(1);
        let left_s = u32::try_from(left_s).unwrap_or(u32::MAX);
        properties.push(MessageExpiryInterval::new(left_s)?.into());
    }
    let mut builder = v5_0::Publish::builder()
        .topic_name(message.topic.as_str())?
        .qos(qos)
        .retain(retain)
        .payload(payload)
        .props(properties);
    if let Some(id) = packet_id {
        builder = builder.packet_id(id);
    }
    Ok(builder.build()?.into())
}

/// PUBACK. A refusal exists in MQTT 5 only; the broker closes an MQTT 3.1.1 connection instead.
pub fn acknowledge(
    version: Version,
    packet_id: u16,
    refusal: Option<PubackReasonCode>,
) -> Result<Packet, MqttError> {
    if version != Version::V5_0 {
        return Ok(v3_1_1::Puback::builder()
            .packet_id(packet_id)
            .build()?
            .into());
    }
    let mut builder = v5_0::Puback::builder().packet_id(packet_id);
    if let Some(reason) = refusal {
        builder = builder.reason_code(reason);
    }
    Ok(builder.build()?.into())
}

/// SUBACK, one code per filter.
pub fn subscribed(
    version: Version,
    packet_id: u16,
    codes: Vec<SubackReasonCode>,
) -> Result<Packet, MqttError> {
    if version == Version::V5_0 {
        let builder = v5_0::Suback::builder().packet_id(packet_id);
        return Ok(builder.reason_codes(codes).build()?.into());
    }
    let codes = codes.into_iter().map(|code| match code {
        SubackReasonCode::GrantedQos0 => SubackReturnCode::SuccessMaximumQos0,
        SubackReasonCode::GrantedQos1 => SubackReturnCode::SuccessMaximumQos1,
        _ => SubackReturnCode::Failure,
    });
    let builder = v3_1_1::Suback::builder().packet_id(packet_id);
    Ok(builder.return_codes(codes.collect()).build()?.into())
}

/// UNSUBACK; `existed` says for each filter whether there was such a subscription.
pub fn unsubscribed(
    version: Version,
    packet_id: u16,
    existed: &[bool],
) -> Result<Packet, MqttError> {
    if version != Version::V5_0 {
        return Ok(v3_1_1::Unsuback::builder()
            .packet_id(packet_id)
            .build()?
            .into());
    }
    let codes = existed.iter().map(|existed| match existed {
        true => UnsubackReasonCode::Success,
        false => UnsubackReasonCode::NoSubscriptionExisted,
    });
    let builder = v5_0::Unsuback::builder().packet_id(packet_id);
    Ok(builder.reason_codes(codes.collect()).build()?.into())
}

/// DISCONNECT with a reason, which MQTT 3.1.1 servers cannot send.
pub fn disconnect(
    version: Version,
    reason: DisconnectReasonCode,
) -> Result<Option<Packet>, MqttError> {
    if version != Version::V5_0 {
        return Ok(None);
    }
    let packet = v5_0::Disconnect::builder().reason_code(reason).build()?;
    Ok(Some(packet.into()))
}
