//! PUBLISH from a client: checks of form, rate, size and policy, in that order.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::Qos;
use mqtt_protocol_core::mqtt::result_code::{DisconnectReasonCode, PubackReasonCode};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::super::message::{Message, PAYLOAD_BYTES_MAX};
use super::super::packet::{self, PublishRequest};
use super::{Connection, End, expires_at_ms};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) fn publish(&mut self, request: PublishRequest) -> Result<(), End> {
        let Some(client) = &self.client else {
            return Err(End::ClientError);
        };
        let version = client.version;
        let mut origin = client.origin();
        if request.qos == Qos::ExactlyOnce {
            return self.leave(DisconnectReasonCode::QosNotSupported, End::ClientError);
        }
        if !self.publishes.admits(Instant::now()) {
            return self.discard(version, &request);
        }
        if iot_topic::check_topic(&request.topic).is_err() {
            return self.leave(DisconnectReasonCode::TopicNameInvalid, End::ClientError);
        }
        if request.payload.len() > PAYLOAD_BYTES_MAX {
            return self.leave(DisconnectReasonCode::PacketTooLarge, End::ClientError);
        }
        let resource = format!("topic/{}", request.topic);
        let is_open = iot_topic::is_open_to_publishers(&request.topic, request.retain);
        if !is_open {
            let (topic, retain) = (&request.topic, request.retain);
            tracing::warn!(topic, retain, peer = %self.peer, "no service takes this: refused");
        }
        let is_allowed = is_open
            && self.allows("iot:Publish", &resource)
            && (!request.retain || self.allows("iot:RetainPublish", &resource));
        if !is_allowed {
            return match request.packet_id {
                Some(id) if version == Version::V5_0 => {
                    let refusal = Some(PubackReasonCode::NotAuthorized);
                    self.send(packet::acknowledge(version, id, refusal))
                }
                _ => self.leave(DisconnectReasonCode::NotAuthorized, End::Forbidden),
            };
        }
        if iot_topic::is_shadow_request(&request.topic) {
            origin.slot = Some(self.requests.take());
        }
        let now_ms = self.broker.inner.clock.now_ms();
        self.broker.publish(Message {
            topic: request.topic,
            payload: request.payload.into(),
            qos: request.qos,
            retain: request.retain,
            expires_at_ms: expires_at_ms(request.expiry_s, now_ms),
            properties: request.properties,
            origin,
            is_will: false,
        });
        match request.packet_id {
            Some(id) => self.send(packet::acknowledge(version, id, None)),
            None => Ok(()),
        }
    }

    /// Drops a message over the rate: not acknowledged in MQTT 3.1.1, refused in MQTT 5.
    fn discard(&mut self, version: Version, request: &PublishRequest) -> Result<(), End> {
        let topic = &request.topic;
        tracing::warn!(topic, peer = %self.peer, "over 100 publishes in a second: discarded");
        match request.packet_id {
            Some(id) if version == Version::V5_0 => {
                let refusal = Some(PubackReasonCode::QuotaExceeded);
                self.send(packet::acknowledge(version, id, refusal))
            }
            _ => Ok(()),
        }
    }
}
