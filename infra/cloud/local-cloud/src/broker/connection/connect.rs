//! CONNECT: checks the client, its will and its rights, and attaches its session.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::Qos;
use mqtt_protocol_core::mqtt::result_code::ConnectReasonCode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::super::lookup::ConnectionRecord;
use super::super::packet::{self, Accepted, ConnectRequest, IN_FLIGHT_MAX};
use super::super::session::Attach;
use super::{Client, Connection, End};
use crate::event::EventKind;
use crate::registry::Identity;

const CLIENT_ID_BYTES_MAX: usize = 128;
const KEEP_ALIVE_S: std::ops::RangeInclusive<u16> = 30..=1200;
pub const SESSION_EXPIRY_S_MAX: u32 = 7 * 24 * 3600;
/// For a persistent session of an MQTT 3.1.1 client.
const SESSION_EXPIRY_S_DEFAULT: u32 = 3600;

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) fn connect(&mut self, request: ConnectRequest) -> Result<(), End> {
        let version = self.packets.get_protocol_version();
        let Some(client_id) = client_id_of(version, &request) else {
            return self.refuse(ConnectReasonCode::ClientIdentifierNotValid);
        };
        // Only the first CONNECT needs it.
        let shown = std::mem::take(&mut self.shown);
        let identified = shown
            .proof
            .and_then(|proof| self.broker.identify(proof, &client_id));
        let Some(mut identity) = identified else {
            tracing::info!(%client_id, peer = %self.peer, "certificate unknown or inactive");
            return self.refuse(ConnectReasonCode::NotAuthorized);
        };
        let ip = self.peer.ip().to_string();
        let variables = &mut identity.variables;
        variables.insert("aws:SourceIp".to_owned(), ip.clone());
        let domain = shown.domain;
        variables.extend(domain.map(|name| ("iot:DomainName".to_owned(), name)));
        let expiry_s = session_expiry_s(version, &request);
        if let Err(reason) = self.check_rights(&identity, &request, expiry_s > 0) {
            if reason == ConnectReasonCode::NotAuthorized {
                self.broker
                    .announce_refused(&client_id, &identity.principal);
            }
            return self.refuse(reason);
        }
        let keep_alive_s = match request.keep_alive_s {
            0 => *KEEP_ALIVE_S.end(),
            requested => requested.clamp(*KEEP_ALIVE_S.start(), *KEEP_ALIVE_S.end()),
        };
        let now_ms = self.broker.inner.clock.now_ms();
        let attach = Attach {
            clean: request.clean,
            expiry_ms: u64::from(expiry_s) * 1000,
            version,
            now_ms,
            principal: identity
                .caller
                .is_none()
                .then(|| identity.principal.clone()),
        };
        let (session, attached) = self.broker.attach(&client_id, attach);
        let accepted = Accepted {
            session_present: attached.session_present,
            keep_alive_s: (keep_alive_s != request.keep_alive_s).then_some(keep_alive_s),
            session_expiry_s: request
                .session_expiry_s
                .is_some_and(|requested| requested != expiry_s)
                .then_some(expiry_s),
            assigned_client_id: request.client_id.is_empty().then(|| client_id.clone()),
        };
        let client = Client {
            session,
            link: attached.link,
            identity,
            session_identifier: uuid::Uuid::new_v4().to_string(),
            number: attached.number,
            version,
            window: request
                .receive_maximum
                .map_or(IN_FLIGHT_MAX, |max| max.min(IN_FLIGHT_MAX))
                .into(),
            packet_bytes_max: request
                .packet_bytes_max
                .and_then(|max| usize::try_from(max).ok())
                .unwrap_or(usize::MAX),
            patience: self.second * u32::from(keep_alive_s) * 3 / 2,
            has_session_expiry: expiry_s > 0,
            will: request.will,
        };
        // The keep-alive counts from the CONNACK.
        self.deadline = Instant::now() + client.patience;
        // From here, `finish` detaches the session, whatever happens.
        self.client = Some(client);
        self.report_connected(keep_alive_s, expiry_s, now_ms, &ip);
        self.send(packet::accept(version, &accepted))
    }

    fn report_connected(&self, keep_alive_s: u16, expiry_s: u32, now_ms: u64, ip: &str) {
        let Some(client) = &self.client else {
            return;
        };
        let variables = &client.identity.variables;
        self.broker.note_connected(ConnectionRecord {
            number: client.number,
            client_id: client.id().to_owned(),
            thing: variables.get("iot:Connection.Thing.ThingName").cloned(),
            keep_alive_s,
            session_expiry_s: expiry_s,
            source: self.peer,
            target: self.broker.inner.address.get().copied(),
            connected_at_ms: now_ms,
            is_connected: true,
            ended: None,
        });
        let events = &self.broker.inner.events;
        events.emit(EventKind::Connected {
            client: client.id().to_owned(),
        });
        self.broker.announce_connected(client, ip);
    }

    fn check_rights(
        &self,
        identity: &Identity,
        request: &ConnectRequest,
        is_persistent: bool,
    ) -> Result<(), ConnectReasonCode> {
        let inner = &self.broker.inner;
        let mut attributes = Vec::new();
        let mut will_topic = None;
        if is_persistent {
            attributes.push("PersistentConnect");
        }
        let mut needed = vec![("iot:Connect", format!("client/{}", identity.client_id))];
        if let Some(will) = &request.will {
            if will.qos == Qos::ExactlyOnce {
                return Err(ConnectReasonCode::QosNotSupported);
            }
            let is_topic = iot_topic::check_topic(&will.topic).is_ok();
            if !is_topic || !iot_topic::is_open_to_publishers(&will.topic, will.retain) {
                return Err(ConnectReasonCode::TopicNameInvalid);
            }
            attributes.push("LastWill");
            let topic = format!("topic/{}", will.topic);
            will_topic = Some(inner.registry.arn(&topic));
            needed.push(("iot:Publish", topic.clone()));
            if will.retain {
                needed.push(("iot:RetainPublish", topic));
            }
        }
        let mut request_identity = identity.clone();
        let variables = &mut request_identity.variables;
        variables.insert("iot:ConnectAttributes".to_owned(), attributes.join(","));
        variables.extend(will_topic.map(|arn| ("iot:LastWillTopic".to_owned(), arn)));
        for (action, resource) in needed {
            let resource = inner.registry.arn(&resource);
            if !self.broker.allows(&request_identity, action, &resource) {
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
}

/// The client id, generated if a clean session or MQTT 5 omits it; `None` if it is not valid.
fn client_id_of(version: Version, request: &ConnectRequest) -> Option<String> {
    let id = &request.client_id;
    if id.is_empty() {
        let may_be_generated = request.clean || version == Version::V5_0;
        return may_be_generated.then(|| format!("auto-{}", uuid::Uuid::new_v4()));
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
