//! Connecting, publishing, subscribing: what AWS's broker does and refuses.

use local_cloud::EventKind;
use rumqttc_v4::{ConnectReturnCode, ConnectionError, Incoming, LastWill, PublishOptions, QoS};

use crate::world::{Client, DEADLINE, cloud, event, options, rest, settings, thing, tls};

#[tokio::test]
async fn a_subscriber_gets_what_is_published() {
    let cloud = cloud().await;
    let (a, b) = (thing(&cloud, "a"), thing(&cloud, "b"));
    let mut subscriber = Client::connect(&cloud, "a", &a).await;
    subscriber.subscribe("open/+").await;
    let publisher = Client::connect(&cloud, "b", &b).await;
    for n in 0..50 {
        publisher
            .publish(&format!("open/{n}"), &n.to_string())
            .await;
    }
    for n in 0..50 {
        let message = subscriber.message().await;
        assert_eq!(message.topic, format!("open/{n}"));
        assert_eq!(message.payload, n.to_string());
    }
    cloud.shutdown().await;
}

// AWS same(broker): in MQTT 3.1.1 a publish or subscribe that the policy refuses closes the connection, without PUBACK or SUBACK
#[tokio::test]
async fn what_the_policy_refuses_closes_the_connection() {
    let cloud = cloud().await;
    let certificate = thing(&cloud, "a");
    for (action, resource) in [
        ("iot:Publish", "topic/secret"),
        ("iot:Subscribe", "topicfilter/hidden/+"),
        ("iot:Publish", "topic/$aws/things/b/shadow/update"),
    ] {
        let mut events = cloud.subscribe();
        let mut client = Client::connect(&cloud, "a", &certificate).await;
        let name = resource.split_once('/').unwrap().1;
        if action == "iot:Publish" {
            client.publish(name, "{}").await;
        } else {
            client.mqtt.subscribe(name, QoS::AtLeastOnce).await.unwrap();
        }
        client.closed().await;
        let denied = event(&mut events, "denial", |kind| match kind {
            EventKind::Denied {
                action, resource, ..
            } => Some((action.clone(), resource.clone())),
            _ => None,
        });
        let (denied_action, denied_resource) = denied.await;
        assert_eq!(denied_action, action);
        assert!(denied_resource.ends_with(resource), "{denied_resource}");
    }
    cloud.shutdown().await;
}

// AWS same(broker): iot:Receive is checked at each delivery; what is not allowed is left out in silence
#[tokio::test]
async fn a_message_that_may_not_be_received_is_left_out() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut events = cloud.subscribe();
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("secret").await;
    client.subscribe("open/x").await;
    let endpoint = cloud.endpoints().iot_data.clone();
    for topic in ["secret", "open/x"] {
        let request = format!("POST /topics/{}?qos=1", topic.replace('/', "%2F"));
        let answer = rest(&cloud, &endpoint, &request, "", topic).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(client.message().await.payload, "open/x");
    event(&mut events, "denial", |kind| match kind {
        EventKind::Denied { action, .. } => (action == "iot:Receive").then_some(()),
        _ => None,
    })
    .await;
    cloud.shutdown().await;
}

// AWS same(broker): an inactive certificate, or one whose policy does not allow the client id, is refused with CONNACK
#[tokio::test]
async fn who_may_not_connect_is_refused() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    thing(&cloud, "b");
    let inactive = thing(&cloud, "c");
    cloud
        .registry()
        .set_certificate_active(&inactive.id, false)
        .unwrap();
    for (case, client_id, certificate) in [
        ("another thing's name", "b", &a),
        ("an inactive certificate", "c", &inactive),
    ] {
        let mut client = Client::start(settings(&cloud, client_id, certificate));
        let error = client.closed().await;
        let refused = matches!(
            error,
            ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized)
        );
        assert!(refused, "{case}: {error}");
    }
    cloud.shutdown().await;
}

// AWS same(broker): a certificate of an authority that is not registered does not pass the handshake
#[tokio::test]
async fn a_certificate_of_another_authority_does_not_pass_the_handshake() {
    let (here, elsewhere) = (cloud().await, cloud().await);
    let certificate = thing(&elsewhere, "a");
    let mut client = Client::start(settings(&here, "a", &certificate));
    client.closed().await;
    here.shutdown().await;
    elsewhere.shutdown().await;
}

// AWS same(broker): of two connections with one client id the newer stays; the older ends with DUPLICATE_CLIENTID, and its will is sent
#[tokio::test]
async fn the_newer_connection_takes_over_and_the_will_is_sent() {
    let cloud = cloud().await;
    let (a, watcher) = (thing(&cloud, "a"), thing(&cloud, "watcher"));
    let mut watcher = Client::connect(&cloud, "watcher", &watcher).await;
    watcher.subscribe("open/will").await;
    let mut events = cloud.subscribe();
    let mut with_will = settings(&cloud, "a", &a);
    with_will.set_last_will(LastWill::new("open/will", "gone", QoS::AtLeastOnce, false));
    let mut first = Client::start(with_will);
    first.connected().await;
    let second = Client::connect(&cloud, "a", &a).await;
    first.closed().await;
    assert_eq!(watcher.message().await.payload, "gone");
    let reason = event(&mut events, "disconnect", |kind| match kind {
        EventKind::Disconnected { client, reason } if client == "a" => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason.await, "DUPLICATE_CLIENTID");
    second.publish("open/will", "still here").await;
    assert_eq!(watcher.message().await.payload, "still here");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_persistent_session_gets_what_it_missed_in_order() {
    let cloud = cloud().await;
    let (a, b) = (thing(&cloud, "a"), thing(&cloud, "b"));
    let persistent = || {
        let mut settings = settings(&cloud, "a", &a);
        settings.set_clean_session(false);
        settings
    };
    let mut first = Client::start(persistent());
    assert!(!first.connected().await);
    first.subscribe("open/#").await;
    first.mqtt.disconnect().await.unwrap();
    first.closed().await;

    let mut publisher = Client::connect(&cloud, "b", &b).await;
    for n in 0..5 {
        publisher.publish("open/x", &n.to_string()).await;
    }
    for _ in 0..5 {
        publisher
            .wait("puback", |p| matches!(p, Incoming::PubAck(_)).then_some(()))
            .await;
    }
    let mut second = Client::start(persistent());
    assert!(second.connected().await);
    for n in 0..5 {
        assert_eq!(second.message().await.payload, n.to_string());
    }
    cloud.shutdown().await;
}

// AWS same(broker): a retained message answers a subscription to exactly its topic, not one with a wildcard
#[tokio::test]
async fn a_retained_message_answers_exact_filters_only() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client
        .mqtt
        .publish(
            "open/kept",
            "kept",
            PublishOptions::at_least_once().retained(),
        )
        .await
        .unwrap();
    client
        .wait("puback", |p| matches!(p, Incoming::PubAck(_)).then_some(()))
        .await;
    client.subscribe("open/#").await;
    client.subscribe("open/kept").await;
    let message = client.message().await;
    assert!(message.retain);
    // Had the wildcard been answered too, the copy would come before this one.
    client.publish("open/next", "next").await;
    assert_eq!(client.message().await.payload, "next");
    cloud.shutdown().await;
}

#[tokio::test]
async fn qos_2_is_not_for_sale() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client
        .mqtt
        .publish("open/x", "x", PublishOptions::exactly_once())
        .await
        .unwrap();
    client.closed().await;
    cloud.shutdown().await;
}

#[tokio::test]
async fn mqtt_5_gets_reasons_and_message_expiry() {
    use rumqttc_v5::{AsyncClient, Event, MqttOptions};
    use rumqttc_v5::{Packet, PubAckReason};

    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut settings = MqttOptions::new("a", ("127.0.0.1", cloud.endpoints().mqtts.port()));
    let config = tls(cloud.ca_pem(), &a.pem, &a.private_key_pem);
    settings.set_transport(rumqttc_v5::Transport::Tls(
        rumqttc_v5::TlsConfiguration::Rustls(config),
    ));
    settings.set_keep_alive(30);
    let (mqtt, mut connection) = AsyncClient::builder(settings).capacity(10).build();
    mqtt.subscribe("open/+", QoS::AtLeastOnce).await.unwrap();
    let qos_1 = rumqttc_v5::PublishOptions::at_least_once();
    mqtt.publish("secret", "x", qos_1).await.unwrap();
    let refused = async {
        loop {
            match connection.poll().await.unwrap() {
                Event::Incoming(Packet::PubAck(ack)) => return ack.reason,
                _ => continue,
            }
        }
    };
    let reason = tokio::time::timeout(DEADLINE, refused).await.unwrap();
    assert_eq!(reason, PubAckReason::NotAuthorized);

    let answer = rest(
        &cloud,
        &cloud.endpoints().iot_data,
        "POST /topics/open%2Fx?qos=1&messageExpiry=60",
        "",
        "{}",
    );
    assert_eq!(answer.await.status, 200);
    let received = async {
        loop {
            match connection.poll().await.unwrap() {
                Event::Incoming(Packet::Publish(publish)) => return publish,
                _ => continue,
            }
        }
    };
    let publish = tokio::time::timeout(DEADLINE, received).await.unwrap();
    let expiry = publish.properties.unwrap().message_expiry_interval.unwrap();
    assert!((1..=60).contains(&expiry), "{expiry}");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_dropped_message_is_gone_and_a_doubled_one_comes_twice() {
    let mut options = options();
    options.faults = vec![
        "drop:open/x@1".parse().unwrap(),
        "duplicate:open/x@2".parse().unwrap(),
    ];
    let cloud = local_cloud::LocalCloud::start(options).await.unwrap();
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("open/x").await;
    for n in ["dropped", "doubled", "plain"] {
        client.publish("open/x", n).await;
    }
    for expected in ["doubled", "doubled", "plain"] {
        assert_eq!(client.message().await.payload, expected);
    }
    cloud.shutdown().await;
}
