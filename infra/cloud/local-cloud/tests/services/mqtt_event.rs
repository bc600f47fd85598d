//! Lifecycle events, as a subscriber to `$aws/events/` receives them.

use serde_json::{Value, json};

use crate::mqtt_connect::free;
use crate::raw::{CONNACK, Connect, Raw, UNSUBACK};
use crate::world::{certificate, cloud};

/// The next lifecycle event.
async fn event(watcher: &mut Raw) -> (String, Value) {
    let message = watcher.message().await;
    let topic = message.topic.strip_prefix("$aws/events/").unwrap();
    (
        topic.to_owned(),
        serde_json::from_str(&message.payload).unwrap(),
    )
}

// AWS same(broker): $aws/events/presence/connected and disconnected carry who, when, session,
//     principal, reason and versionNumber
// AWS same(broker): versionNumber is the same for a connection and its end, and grows by one with
//     the next
// AWS same(broker): $aws/events/subscriptions/subscribed and unsubscribed carry the filters
// AWS same(broker): connect_failed carries AUTHORIZATION_FAILED
// AWS same(broker): # and +/… do not select $aws/events; client ids with + or # get no events
#[tokio::test]
async fn lifecycle_events_announce_connections_and_subscriptions() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let nobody = certificate(
        &cloud,
        "none",
        &json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]),
    );
    let (mut watcher, _) = Raw::connect(&cloud, "watcher", &all, &Connect::new(4)).await;
    watcher.subscribed(&[("#", 0)]).await;
    watcher
        .subscribed(&[("$aws/events/+/+/c", 0), ("$aws/events/+/+/c/#", 0)])
        .await;
    for number in 0..2 {
        let (mut c, _) = Raw::connect(&cloud, "c", &all, &Connect::new(4)).await;
        c.subscribed(&[("a", 0), ("$share/g/b", 1)]).await;
        c.unsubscribe(&["a"]).await;
        c.answer(UNSUBACK).await;
        c.leave().await;
        let (topic, connected) = event(&mut watcher).await;
        assert_eq!(topic, "presence/connected/c");
        assert_eq!(connected["eventType"], "connected");
        assert_eq!(connected["clientId"], "c");
        assert_eq!(connected["principalIdentifier"], all.id.as_str());
        assert_eq!(connected["ipAddress"], "127.0.0.1");
        assert_eq!(connected["versionNumber"], number);
        assert!(connected["timestamp"].as_u64().unwrap() > 1_600_000_000_000);
        let (topic, subscribed) = event(&mut watcher).await;
        assert_eq!(topic, "subscriptions/subscribed/c");
        assert_eq!(subscribed["topics"], json!(["a", "$share/g/b"]));
        let (topic, unsubscribed) = event(&mut watcher).await;
        assert_eq!(topic, "subscriptions/unsubscribed/c");
        assert_eq!(unsubscribed["topics"], json!(["a"]));
        let (topic, gone) = event(&mut watcher).await;
        assert_eq!(topic, "presence/disconnected/c");
        assert_eq!(gone["versionNumber"], number);
        assert_eq!(gone["clientInitiatedDisconnect"], true);
        assert_eq!(gone["disconnectReason"], "CLIENT_INITIATED_DISCONNECT");
        assert_eq!(gone["sessionIdentifier"], connected["sessionIdentifier"]);
        assert!(gone.get("ipAddress").is_none());
    }
    let (_, refused) = Raw::try_connect(&cloud, "c", &nobody, &Connect::new(4)).await;
    assert_eq!(refused.unwrap().first, CONNACK);
    let (topic, failed) = event(&mut watcher).await;
    assert_eq!(topic, "presence/connect_failed/c");
    assert_eq!(failed["connectFailureReason"], "AUTHORIZATION_FAILED");
    for id in ["c/#", "c/+"] {
        let (raw, _) = Raw::connect(&cloud, id, &all, &Connect::new(4)).await;
        raw.leave().await;
    }
    let (_c, _) = Raw::connect(&cloud, "c", &all, &Connect::new(4)).await;
    assert_eq!(event(&mut watcher).await.0, "presence/connected/c");
    cloud.shutdown().await;
}
