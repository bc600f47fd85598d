//! Lifecycle events: the messages that announce who connected, left and subscribed.
//!
//! Must not know: why anything happened. Source: AWS IoT Core developer guide, lifecycle events.

use serde_json::json;

use super::Broker;
use super::connection::{Client, End};
use super::message::Message;

impl Broker {
    pub(super) fn announce_connected(&self, client: &Client, ip: &str) {
        let body = json!({
            "clientId": client.id(),
            "timestamp": self.inner.clock.now_ms(),
            "eventType": "connected",
            "sessionIdentifier": client.session_identifier,
            "principalIdentifier": client.identity.principal,
            "ipAddress": ip,
            "versionNumber": client.number,
        });
        self.announce("presence/connected", client.id(), &body);
    }

    pub(super) fn announce_disconnected(&self, client: &Client, end: End) {
        let body = json!({
            "clientId": client.id(),
            "timestamp": self.inner.clock.now_ms(),
            "eventType": "disconnected",
            "clientInitiatedDisconnect": end.is_by_client(),
            "sessionIdentifier": client.session_identifier,
            "principalIdentifier": client.identity.principal,
            "disconnectReason": end.reason(),
            "versionNumber": client.number,
        });
        self.announce("presence/disconnected", client.id(), &body);
    }

    pub(super) fn announce_refused(&self, client_id: &str, principal: &str) {
        let body = json!({
            "clientId": client_id,
            "timestamp": self.inner.clock.now_ms(),
            "eventType": "connect_failed",
            "principalIdentifier": principal,
            "connectFailureReason": "AUTHORIZATION_FAILED",
        });
        self.announce("presence/connect_failed", client_id, &body);
    }

    pub(super) fn announce_subscription(
        &self,
        client: &Client,
        event_type: &str,
        topics: &[String],
    ) {
        let body = json!({
            "clientId": client.id(),
            "timestamp": self.inner.clock.now_ms(),
            "eventType": event_type,
            "sessionIdentifier": client.session_identifier,
            "principalIdentifier": client.identity.principal,
            "topics": topics,
        });
        self.announce(&format!("subscriptions/{event_type}"), client.id(), &body);
    }

    /// Client ids that are not valid in a topic get no events, as in AWS.
    fn announce(&self, event: &str, client_id: &str, body: &serde_json::Value) {
        let name = format!("$aws/events/{event}/{client_id}");
        if iot_topic::check_topic(&name).is_ok() {
            self.publish(Message::from_cloud(name, body.to_string().into_bytes()));
        }
    }
}
