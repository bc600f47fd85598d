//! Delivery from the session to the client, within its window, its policies and the message expiry.

use mqtt_protocol_core::mqtt::packet::prelude::GenericPacketTrait;
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::{Delivery, Receipt};
use super::{Connection, End, FLUSH_BYTES, packet};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Sends the session's messages, as far as the client's window allows.
    pub(super) async fn deliver(&mut self) -> Result<(), End> {
        loop {
            let Some(client) = &self.client else {
                return Ok(());
            };
            let (session, link) = (client.session.clone(), client.link.clone());
            let acquire = || self.packets.acquire_packet_id().ok();
            let Some((delivery, id)) = session.next(&link, client.window, acquire) else {
                return Ok(());
            };
            let packet_bytes_max = client.packet_bytes_max;
            let now_ms = self.broker.inner.clock.now_ms();
            let message = &delivery.message;
            let packet = packet::publish(client.version, message, id, delivery.retain, now_ms);
            let is_too_large = packet.as_ref().is_ok_and(|p| p.size() > packet_bytes_max);
            // Silently dropped, as in AWS: expired, too large, or not allowed for this client.
            if is_too_large || message.is_expired(now_ms) || !self.may_receive(&delivery) {
                delivery.report(Receipt::Skipped);
                if let Some(id) = id {
                    session.acknowledged(&link, id);
                    for event in self.packets.release_packet_id(id) {
                        self.follow(event)?;
                    }
                }
                continue;
            }
            self.send(packet)?;
            delivery.report(Receipt::Sent);
            if self.out.len() >= FLUSH_BYTES {
                self.flush().await?;
            }
        }
    }

    /// A policy may allow a shared subscription by its topic, with or without `$share/<group>/` in
    /// front: AWS's examples show both.
    fn may_receive(&self, delivery: &Delivery) -> bool {
        let topic = &delivery.message.topic;
        let group = delivery
            .shared_filter
            .as_deref()
            .and_then(iot_topic::shared);
        let is_shared_allowed = group.is_some_and(|(name, _)| {
            self.is_allowed("iot:Receive", &format!("topic/$share/{name}/{topic}"))
        });
        is_shared_allowed || self.allows("iot:Receive", &format!("topic/{topic}"))
    }
}
