//! Messages to one client, by its id.

use rumqttc_v4::{Incoming, QoS};

use crate::world::{Answer, Client, cloud, rest, settings, thing};

async fn send(cloud: &local_cloud::LocalCloud, query: &str, payload: &str) -> Answer {
    let endpoint = cloud.endpoints().iot_data.clone();
    let line = format!("POST /connections/{query}");
    rest(cloud, &endpoint, &line, "", payload).await
}

// AWS same(data-plane): a direct message reaches a client that has not subscribed, with QoS 1 where its PUBACK is wanted
#[tokio::test]
async fn a_direct_message_needs_no_subscription() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    for (query, qos) in [
        ("a/messages?topic=open%2Fx", QoS::AtMostOnce),
        (
            "a/messages?topic=open%2Fx&confirmation=false&timeout=99",
            QoS::AtMostOnce,
        ),
        (
            "a/messages?topic=open%2Fx&confirmation=true&timeout=15",
            QoS::AtLeastOnce,
        ),
    ] {
        let answer = send(&cloud, query, "hello").await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        assert_eq!(answer.body["message"], "OK");
        assert!(answer.body["traceId"].is_string());
        let message = client.message().await;
        assert_eq!((&*message.topic, message.qos), (&b"open/x"[..], qos));
        assert_eq!(message.payload, "hello");
        assert!(!message.retain);
    }
    cloud.shutdown().await;
}

// AWS same(data-plane): a direct message to a client that is not connected is refused with 404 and waits for nobody
#[tokio::test]
async fn a_direct_message_does_not_wait_for_an_offline_client() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let persistent = || {
        let mut settings = settings(&cloud, "a", &a);
        settings.set_clean_session(false);
        settings
    };
    let query = "a/messages?topic=open%2Fx&confirmation=true";
    let unknown = send(&cloud, query, "").await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
    assert!(
        unknown
            .head
            .contains("x-amzn-errortype: resourcenotfoundexception")
    );

    let mut client = Client::start(persistent());
    client.connected().await;
    client.subscribe("open/+").await;
    let kick = "DELETE /connections/a";
    let endpoint = cloud.endpoints().iot_data.clone();
    rest(&cloud, &endpoint, kick, "", "").await;
    client.closed().await;
    let offline = send(&cloud, query, "too early").await;
    assert_eq!(offline.status, 404, "{offline:?}");
    let mut client = Client::start(persistent());
    assert!(client.connected().await);
    client.publish("open/y", "next").await;
    assert_eq!(client.message().await.payload, "next");
    cloud.shutdown().await;
}

// AWS same(data-plane): without the client's PUBACK in time a confirmed direct message ends in 504
#[tokio::test]
async fn an_unacknowledged_direct_message_times_out() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut slow = settings(&cloud, "a", &a);
    slow.set_ack_mode(rumqttc_v4::AckMode::Manual);
    slow.set_clean_session(false);
    let mut client = Client::start(slow);
    client.connected().await;
    let query = "a/messages?topic=open%2Fx&confirmation=true&timeout=1";
    let answer = send(&cloud, query, "anyone?").await;
    assert_eq!(answer.status, 504, "{answer:?}");
    assert!(
        answer
            .head
            .contains("x-amzn-errortype: gatewaytimeoutexception")
    );
    assert_eq!(client.message().await.payload, "anyone?");

    // Nor does it come back with the session, for which it never was.
    let endpoint = cloud.endpoints().iot_data.clone();
    rest(&cloud, &endpoint, "DELETE /connections/a", "", "").await;
    client.closed().await;
    let mut again = settings(&cloud, "a", &a);
    again.set_clean_session(false);
    let mut client = Client::start(again);
    assert!(client.connected().await);
    client.subscribe("open/y").await;
    client.publish("open/y", "next").await;
    assert_eq!(client.message().await.payload, "next");
    cloud.shutdown().await;
}

// AWS same(data-plane): rules do not see direct messages
#[tokio::test]
async fn a_direct_message_passes_no_rule() {
    let cloud = cloud().await;
    let (a, b) = (thing(&cloud, "a"), thing(&cloud, "b"));
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("repeated/+").await;
    let mut receiver = Client::connect(&cloud, "b", &b).await;
    let answer = send(
        &cloud,
        "b/messages?topic=answer%2Fx",
        r#"{"answer":"direct"}"#,
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    receiver.message().await;
    // Rules work in order: had they seen the first message, its repetition would come first.
    client
        .publish("answer/x", r#"{"answer":"published"}"#)
        .await;
    let (_, body) = client.json().await;
    assert_eq!(body["answer"], "published");
    cloud.shutdown().await;
}

// AWS different(data-plane): the answer of AWS where the receiver's policy denies iot:Receive is not documented; here 403
#[tokio::test]
async fn a_direct_message_that_may_not_be_received_is_refused() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    for confirmation in ["true", "false"] {
        let query = format!("a/messages?topic=secret&confirmation={confirmation}");
        let answer = send(&cloud, &query, "x").await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.head.contains("x-amzn-errortype: forbiddenexception"));
    }
    client.subscribe("open/y").await;
    client.publish("open/y", "next").await;
    assert_eq!(client.message().await.payload, "next");
    cloud.shutdown().await;
}

// AWS same(data-plane): malformed direct messages are refused before anything is sent
#[tokio::test]
async fn malformed_direct_messages_are_refused() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    let large = "x".repeat(128 * 1024 + 1);
    for (query, payload, status) in [
        ("a/messages", "", 400),
        ("a/messages?topic=open%2F%2B", "", 400),
        ("a/messages?topic=open%2Fx&confirmation=maybe", "", 400),
        (
            "a/messages?topic=open%2Fx&confirmation=true&timeout=0",
            "",
            400,
        ),
        (
            "a/messages?topic=open%2Fx&confirmation=true&timeout=16",
            "",
            400,
        ),
        ("a/messages?topic=open%2Fx&responseTopic=a%2F%23", "", 400),
        ("%24a/messages?topic=open%2Fx", "", 400),
        ("a/messages?topic=open%2Fx", large.as_str(), 413),
    ] {
        let answer = send(&cloud, query, payload).await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
    client
        .mqtt
        .subscribe("open/y", QoS::AtMostOnce)
        .await
        .unwrap();
    let first = client.wait("packet", |packet| match packet {
        Incoming::Publish(_) => Some("a message"),
        Incoming::SubAck(_) => Some("nothing"),
        _ => None,
    });
    assert_eq!(first.await, "nothing");
    cloud.shutdown().await;
}
