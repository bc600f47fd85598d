//! Encodes the broker's packets, in either MQTT version.
//!
//! Building a packet can fail: a SUBSCRIBE with packet id 0 passes the parser, but its
//! acknowledgement cannot be built. Must not know: sessions, policies, sockets.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::{
    AssignedClientIdentifier, MaximumQos, MessageExpiryInterval, Packet, Property, Qos,
    ReceiveMaximum, ServerKeepAlive, SessionExpiryInterval, SharedSubscriptionAvailable,
    SubscriptionIdentifierAvailable, TopicAliasMaximum, v3_1_1, v5_0,
};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, ConnectReturnCode, DisconnectReasonCode, MqttError, PubackReasonCode,
    SubackReasonCode, SubackReturnCode, UnsubackReasonCode,
};

use super::super::message::Message;

const TOPIC_ALIASES_MAX: u16 = 8;
/// QoS 1 messages that may be unacknowledged, in each direction.
/// Source: AWS IoT Core message broker quotas.
pub const IN_FLIGHT_MAX: u16 = 100;

#[derive(Debug, Clone, Default)]
pub struct Accepted {
    pub session_present: bool,
    /// The keep-alive in force, if it is not the requested one.
    pub keep_alive_s: Option<u16>,
    pub session_expiry_s: Option<u32>,
    pub assigned_client_id: Option<String>,
}

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
        ReceiveMaximum::new(IN_FLIGHT_MAX)?.into(),
        TopicAliasMaximum::new(TOPIC_ALIASES_MAX)?.into(),
        SharedSubscriptionAvailable::new(1)?.into(),
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

/// CONNACK of a refused client; MQTT 3.1.1 has fewer codes.
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

/// PUBLISH to a client. A `packet_id` means QoS 1.
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
    macro_rules! build {
        ($builder:expr) => {{
            let mut builder = $builder
                .topic_name(message.topic.as_str())?
                .qos(qos)
                .retain(retain)
                .payload(message.payload.clone());
            if let Some(id) = packet_id {
                builder = builder.packet_id(id);
            }
            Ok(builder.build()?.into())
        }};
    }
    if version != Version::V5_0 {
        return build!(v3_1_1::Publish::builder());
    }
    let mut properties = message.properties.clone();
    if let Some(at) = message.expires_at_ms {
        // Rounded down to whole seconds: in its last second a message has 0 left, as in AWS.
        let left_s = at.saturating_sub(now_ms) / 1000;
        let left_s = u32::try_from(left_s).unwrap_or(u32::MAX);
        properties.push(MessageExpiryInterval::new(left_s)?.into());
    }
    build!(v5_0::Publish::builder().props(properties))
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
