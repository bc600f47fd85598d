//! What each packet of a client is answered with: checks of form, limit and policy, in that order.
//!
//! MQTT 3.1.1 has no packet for a refusal, so there AWS closes the connection; MQTT 5 gets a reason.
//! Must not know sockets or other clients.

use mqtt_protocol_core::mqtt::packet::{RetainHandling, SubEntry};
use mqtt_protocol_core::mqtt::result_code::{
    ConnectReasonCode, PubackReasonCode, SubackReasonCode,
};

use super::super::lookup::ConnectionRecord;
use super::super::message::PAYLOAD_BYTES_MAX;
use super::super::packet::{Accepted, ConnectRequest, PublishRequest};
use super::super::session::{Attach, Delivery};
use super::super::topic;
use super::*;

const CLIENT_ID_BYTES_MAX: usize = 128;
const FILTERS_PER_SUBSCRIBE_MAX: usize = 8;
const SUBSCRIPTIONS_MAX: usize = 50;
const KEEP_ALIVE_S: std::ops::RangeInclusive<u16> = 30..=1200;
const MESSAGE_EXPIRY_S: std::ops::RangeInclusive<u32> = 1..=604_800;
const SESSION_EXPIRY_S_MAX: u32 = 7 * 24 * 3600;
/// What a persistent session of an MQTT 3.1.1 client gets.
const SESSION_EXPIRY_S_DEFAULT: u32 = 3600;

impl Connection {
    pub(super) fn handle(&mut self, inbound: Inbound) -> Result<(), End> {
        match (inbound, self.client.is_some()) {
            (Inbound::Connect(request), false) => self.connect(request),
            (_, false) | (Inbound::Connect(_) | Inbound::Unsupported, true) => {
                self.leave(DisconnectReasonCode::ProtocolError, End::ClientError)
            }
            (Inbound::Publish(request), true) => self.publish(request),
            (Inbound::Acknowledge(id), true) => {
                if let Some(client) = &self.client {
                    client.session.acknowledged(&client.link, id);
                }
                Ok(())
            }
            (Inbound::Subscribe(id, entries), true) => self.subscribe(id, &entries),
            (Inbound::Unsubscribe(id, filters), true) => self.unsubscribe(id, &filters),
            (Inbound::Disconnect(with_will), true) => Err(if with_will {
                End::ClientWithWill
            } else {
                End::Client
            }),
            (Inbound::Ping, true) => Ok(()),
        }
    }

    fn connect(&mut self, request: ConnectRequest) -> Result<(), End> {
        let version = self.packets.get_protocol_version();
        let Some(client_id) = client_id_of(&request) else {
            return self.refuse(ConnectReasonCode::ClientIdentifierNotValid);
        };
        let registry = &self.broker.inner.registry;
        let Some(identity) = registry.identify(&self.certificate, &client_id) else {
            tracing::info!(%client_id, peer = %self.peer, "certificate unknown or inactive");
            return self.refuse(ConnectReasonCode::NotAuthorized);
        };
        if let Err(reason) = self.check_rights(&identity, request.will.as_ref()) {
            self.broker
                .announce_refused(&client_id, &identity.principal);
            return self.refuse(reason);
        }
        let expiry_s = session_expiry_s(version, &request);
        let keep_alive_s = match request.keep_alive_s {
            0 => *KEEP_ALIVE_S.end(),
            asked => asked.clamp(*KEEP_ALIVE_S.start(), *KEEP_ALIVE_S.end()),
        };
        let attach = Attach {
            clean: request.clean,
            expiry_ms: u64::from(expiry_s) * 1000,
            version,
            now_ms: self.broker.inner.clock.now_ms(),
        };
        let (session, attached) = self.broker.attach(&client_id, attach);
        let accepted = Accepted {
            session_present: attached.session_present,
            keep_alive_s: (keep_alive_s != request.keep_alive_s).then_some(keep_alive_s),
            session_expiry_s: request
                .session_expiry_s
                .is_some_and(|asked| asked != expiry_s)
                .then_some(expiry_s),
            assigned_client_id: request.client_id.is_empty().then(|| client_id.clone()),
        };
        let client = Client {
            session,
            link: attached.link,
            identity,
            session_identifier: uuid::Uuid::new_v4().to_string(),
            number: self.broker.next_connection_number(),
            version,
            window: request
                .receive_maximum
                .map_or(IN_FLIGHT_MAX, |max| max.min(IN_FLIGHT_MAX))
                .into(),
            packet_bytes_max: request
                .packet_bytes_max
                .and_then(|max| usize::try_from(max).ok())
                .unwrap_or(usize::MAX),
            patience: Duration::from_secs(u64::from(keep_alive_s)) * 3 / 2,
            will: request.will,
        };
        self.broker.note_connected(ConnectionRecord {
            number: client.number,
            client_id: client_id.clone(),
            thing: client
                .identity
                .variables
                .get("iot:Connection.Thing.ThingName")
                .cloned(),
            keep_alive_s,
            session_expiry_s: expiry_s,
            source: self.peer,
            target: self.broker.inner.address.get().copied(),
            connected_at_ms: attach.now_ms,
            is_connected: true,
            ended: None,
        });
        let events = &self.broker.inner.events;
        events.emit(EventKind::Connected { client: client_id });
        self.broker
            .announce_connected(&client, &self.peer.ip().to_string());
        self.client = Some(client);
        self.send(packet::accept(version, &accepted))
    }

    fn check_rights(
        &self,
        identity: &Identity,
        will: Option<&Will>,
    ) -> Result<(), ConnectReasonCode> {
        let mut needed = vec![("iot:Connect", format!("client/{}", identity.client_id))];
        if let Some(will) = will {
            if will.qos == Qos::ExactlyOnce {
                return Err(ConnectReasonCode::QosNotSupported);
            }
            if topic::check_topic(&will.topic).is_err() {
                return Err(ConnectReasonCode::TopicNameInvalid);
            }
            needed.push(("iot:Publish", format!("topic/{}", will.topic)));
            if will.retain {
                needed.push(("iot:RetainPublish", format!("topic/{}", will.topic)));
            }
        }
        let inner = &self.broker.inner;
        for (action, resource) in needed {
            let resource = inner.registry.arn(&resource);
            if !inner.registry.allows(identity, action, &resource) {
                inner.events.emit(EventKind::Denied {
                    client: identity.client_id.clone(),
                    action: action.to_owned(),
                    resource,
                });
                return Err(ConnectReasonCode::NotAuthorized);
            }
        }
        Ok(())
    }

    fn refuse(&mut self, reason: ConnectReasonCode) -> Result<(), End> {
        let version = self.packets.get_protocol_version();
        self.send(packet::refuse(version, reason))?;
        Err(End::Forbidden)
    }

    fn publish(&mut self, request: PublishRequest) -> Result<(), End> {
        let Some(client) = &self.client else {
            return Err(End::ClientError);
        };
        let version = client.version;
        let mut origin = Origin {
            client: Some(client.id().to_owned()),
            principal: Some(client.identity.principal.clone()),
            slot: None,
        };
        if request.qos == Qos::ExactlyOnce {
            return self.leave(DisconnectReasonCode::QosNotSupported, End::ClientError);
        }
        if topic::check_topic(&request.topic).is_err() {
            return self.leave(DisconnectReasonCode::TopicNameInvalid, End::ClientError);
        }
        if request.payload.len() > PAYLOAD_BYTES_MAX {
            return self.leave(DisconnectReasonCode::PacketTooLarge, End::ClientError);
        }
        let resource = format!("topic/{}", request.topic);
        let is_reserved = request.topic.starts_with('$');
        let is_allowed = topic::is_open_to_publishers(&request.topic)
            && !(request.retain && is_reserved)
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
        if topic::is_shadow_request(&request.topic) {
            origin.slot = Some(self.requests.take());
        }
        let now_ms = self.broker.inner.clock.now_ms();
        let expires_at_ms = request.expiry_s.map(|s| {
            let s = s.clamp(*MESSAGE_EXPIRY_S.start(), *MESSAGE_EXPIRY_S.end());
            now_ms + u64::from(s) * 1000
        });
        self.broker.publish(Message {
            topic: request.topic,
            payload: request.payload.into(),
            qos: request.qos,
            retain: request.retain,
            expires_at_ms,
            properties: request.properties,
            origin,
            is_will: false,
        });
        match request.packet_id {
            Some(id) => self.send(packet::acknowledge(version, id, None)),
            None => Ok(()),
        }
    }

    fn subscribe(&mut self, id: u16, entries: &[SubEntry]) -> Result<(), End> {
        if entries.len() > FILTERS_PER_SUBSCRIBE_MAX {
            return self.leave(DisconnectReasonCode::QuotaExceeded, End::ClientError);
        }
        let version = self.packets.get_protocol_version();
        let codes: Vec<SubackReasonCode> = entries.iter().map(|e| self.judge(e)).collect();
        let refused = codes.iter().find(|code| !code.is_success());
        match refused {
            Some(SubackReasonCode::NotAuthorized) if version != Version::V5_0 => {
                return Err(End::Forbidden);
            }
            Some(_) if version != Version::V5_0 => return Err(End::ClientError),
            _ => {}
        }
        let Some(client) = &self.client else {
            return Err(End::ClientError);
        };
        let mut granted = Vec::new();
        for (entry, code) in entries.iter().zip(&codes) {
            let qos = match code {
                SubackReasonCode::GrantedQos0 => Qos::AtMostOnce,
                SubackReasonCode::GrantedQos1 => Qos::AtLeastOnce,
                _ => continue,
            };
            let filter = entry.topic_filter();
            self.broker.subscribe(filter, &client.session, qos);
            granted.push(filter.to_owned());
            // A retained message answers exact filters only; a topic with a wildcard never has one.
            if entry.sub_opts().rh() != RetainHandling::DoNotSendRetained
                && let Some(message) = self.broker.retained(filter)
            {
                client.session.enqueue(Delivery {
                    qos: if message.qos == Qos::AtMostOnce {
                        Qos::AtMostOnce
                    } else {
                        qos
                    },
                    message,
                    retain: true,
                    receipt: None,
                });
            }
        }
        if !granted.is_empty() {
            self.broker
                .announce_subscription(client, "subscribed", &granted);
        }
        self.send(packet::subscribed(version, id, codes))
    }

    /// Whether a filter is granted, and at which QoS; a granted one counts against the client's limit at once.
    fn judge(&self, entry: &SubEntry) -> SubackReasonCode {
        let filter = entry.topic_filter();
        if filter.starts_with("$share/") {
            return SubackReasonCode::SharedSubscriptionsNotSupported;
        }
        if topic::check_filter(filter).is_err() {
            return SubackReasonCode::TopicFilterInvalid;
        }
        if topic::basic_ingest(filter).is_some()
            || !self.allows("iot:Subscribe", &format!("topicfilter/{filter}"))
        {
            return SubackReasonCode::NotAuthorized;
        }
        let (qos, code) = match entry.sub_opts().qos() {
            Qos::AtMostOnce => (Qos::AtMostOnce, SubackReasonCode::GrantedQos0),
            _ => (Qos::AtLeastOnce, SubackReasonCode::GrantedQos1),
        };
        let is_within_limit = self
            .client
            .as_ref()
            .is_some_and(|c| c.session.subscribe(filter, qos, SUBSCRIPTIONS_MAX));
        if is_within_limit {
            code
        } else {
            SubackReasonCode::QuotaExceeded
        }
    }

    fn unsubscribe(&mut self, id: u16, filters: &[String]) -> Result<(), End> {
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

/// The client id that holds, made up where a clean session gives none; `None` where it is not one.
fn client_id_of(request: &ConnectRequest) -> Option<String> {
    let id = &request.client_id;
    if id.is_empty() {
        return request
            .clean
            .then(|| format!("auto-{}", uuid::Uuid::new_v4()));
    }
    let is_valid = id.len() <= CLIENT_ID_BYTES_MAX
        && !id.starts_with('$')
        && !id.chars().any(char::is_control);
    is_valid.then(|| id.clone())
}

fn session_expiry_s(version: Version, request: &ConnectRequest) -> u32 {
    let expiry_s = match version {
        Version::V5_0 => request.session_expiry_s.unwrap_or(0),
        _ if request.clean => 0,
        _ => SESSION_EXPIRY_S_DEFAULT,
    };
    expiry_s.min(SESSION_EXPIRY_S_MAX)
}
