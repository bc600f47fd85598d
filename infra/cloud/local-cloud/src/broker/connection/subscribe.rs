//! SUBSCRIBE and UNSUBSCRIBE: checks of form, limit and policy, in that order.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::{Qos, RetainHandling, SubEntry};
use mqtt_protocol_core::mqtt::result_code::{DisconnectReasonCode, SubackReasonCode};
use tokio::io::{AsyncRead, AsyncWrite};

use super::super::packet;
use super::{Connection, End};

const FILTERS_PER_PACKET_MAX: usize = 8;
const SUBSCRIPTIONS_MAX: usize = 50;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) fn subscribe(&mut self, id: u16, entries: &[SubEntry]) -> Result<(), End> {
        if entries.len() > FILTERS_PER_PACKET_MAX {
            return self.leave(DisconnectReasonCode::QuotaExceeded, End::ClientError);
        }
        if entries
            .iter()
            .any(|e| e.sub_opts().qos() == Qos::ExactlyOnce)
        {
            // AWS says that no SUBACK is sent; ending the connection is this broker's
            // interpretation.
            return self.leave(DisconnectReasonCode::QosNotSupported, End::ClientError);
        }
        let version = self.packets.get_protocol_version();
        let mut codes: Vec<SubackReasonCode> = entries.iter().map(|e| self.judge(e)).collect();
        let refused = codes.iter().find(|code| !code.is_success());
        match refused {
            Some(SubackReasonCode::NotAuthorized) if version != Version::V5_0 => {
                return Err(End::Forbidden);
            }
            Some(_) if version != Version::V5_0 => return Err(End::ClientError),
            _ => {}
        }
        let granted = self.grant(entries, &mut codes)?;
        if let Some(client) = &self.client
            && !granted.is_empty()
        {
            self.broker
                .announce_subscription(client, "subscribed", &granted);
        }
        let is_over_limit = codes.contains(&SubackReasonCode::QuotaExceeded);
        if is_over_limit && version != Version::V5_0 {
            return Err(End::ClientError);
        }
        self.send(packet::subscribed(version, id, codes))?;
        if is_over_limit {
            return self.leave(DisconnectReasonCode::QuotaExceeded, End::ClientError);
        }
        Ok(())
    }

    /// Adds the accepted filters, up to the limit. Returns those added.
    fn grant(
        &self,
        entries: &[SubEntry],
        codes: &mut [SubackReasonCode],
    ) -> Result<Vec<String>, End> {
        let Some(client) = &self.client else {
            return Err(End::ClientError);
        };
        let mut granted = Vec::new();
        for (entry, code) in entries.iter().zip(codes) {
            if !code.is_success() {
                continue;
            }
            let (filter, qos) = (entry.topic_filter(), entry.sub_opts().qos());
            if !client.session.subscribe(filter, qos, SUBSCRIPTIONS_MAX) {
                *code = SubackReasonCode::QuotaExceeded;
                continue;
            }
            self.broker.subscribe(filter, &client.session, qos);
            granted.push(filter.to_owned());
            if entry.sub_opts().rh() != RetainHandling::DoNotSendRetained
                && let Some(delivery) = self.broker.retained_for(filter, qos)
            {
                client.session.enqueue(delivery);
            }
        }
        Ok(granted)
    }

    /// Whether a filter may be granted, and at which QoS.
    fn judge(&self, entry: &SubEntry) -> SubackReasonCode {
        let filter = entry.topic_filter();
        if iot_topic::check_filter(filter).is_err() {
            return SubackReasonCode::TopicFilterInvalid;
        }
        if iot_topic::is_closed_to_subscribers(filter)
            || !self.allows("iot:Subscribe", &format!("topicfilter/{filter}"))
        {
            return SubackReasonCode::NotAuthorized;
        }
        match entry.sub_opts().qos() {
            Qos::AtMostOnce => SubackReasonCode::GrantedQos0,
            _ => SubackReasonCode::GrantedQos1,
        }
    }

    /// More filters than a packet may hold have no effect and no answer, as observed of AWS.
    pub(super) fn unsubscribe(&mut self, id: u16, filters: &[String]) -> Result<(), End> {
        if filters.len() > FILTERS_PER_PACKET_MAX {
            tracing::warn!(peer = %self.peer, "over 8 filters in an UNSUBSCRIBE: ignored");
            return Ok(());
        }
        let version = self.packets.get_protocol_version();
        let Some(client) = &self.client else {
            return Err(End::ClientError);
        };
        let existed: Vec<bool> = filters
            .iter()
            .map(|filter| client.session.unsubscribe(filter))
            .collect();
        self.broker.forget(filters, client.id());
        self.broker
            .announce_subscription(client, "unsubscribed", filters);
        self.send(packet::unsubscribed(version, id, &existed))
    }
}
