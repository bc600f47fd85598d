//! Lifecycle events: the messages that announce who connected, left and subscribed.
//!
//! Must not know: why anything happened. Source: AWS IoT Core developer guide, lifecycle events.

use serde_json::{Value, json};

use super::Broker;
use super::connection::{Client, End};
use super::message::Message;

impl Broker {
    pub(super) fn announce_connected(&self, client: &Client, ip: &str) {
        let mut body = self.event_of(client, "connected");
        body["ipAddress"] = ip.into();
        body["versionNumber"] = client.number.into();
        self.announce("presence/connected", client.id(), &body);
    }

    pub(super) fn announce_disconnected(&self, client: &Client, end: End) {
        let mut body = self.event_of(client, "disconnected");
        body["clientInitiatedDisconnect"] = end.is_by_client().into();
        body["disconnectReason"] = end.reason().into();
        body["versionNumber"] = client.number.into();
        self.announce("presence/disconnected", client.id(), &body);
    }

    pub(super) fn announce_refused(&self, client_id: &str, principal: &str) {
        let mut body = self.event(client_id, "connect_failed", principal);
        body["connectFailureReason"] = "AUTHORIZATION_FAILED".into();
        self.announce("presence/connect_failed", client_id, &body);
    }

    pub(super) fn announce_subscription(&self, client: &Client, kind: &str, topics: &[String]) {
        let mut body = self.event_of(client, kind);
        body["topics"] = topics.into();
        self.announce(&format!("subscriptions/{kind}"), client.id(), &body);
    }

    fn event_of(&self, client: &Client, kind: &str) -> Value {
        let mut body = self.event(client.id(), kind, &client.identity.principal);
        body["sessionIdentifier"] = client.session_identifier.as_str().into();
        body
    }

    fn event(&self, client_id: &str, kind: &str, principal: &str) -> Value {
        json!({
            "clientId": client_id,
            "timestamp": self.inner.clock.now_ms(),
            "eventType": kind,
            "principalIdentifier": principal,
        })
    }

    /// Client ids that are not valid in a topic get no events, as in AWS.
    fn announce(&self, event: &str, client_id: &str, body: &Value) {
        let name = format!("$aws/events/{event}/{client_id}");
        if iot_topic::check_topic(&name).is_ok() {
            self.publish(Message::from_cloud(name, body.to_string().into_bytes()));
        }
    }
}
