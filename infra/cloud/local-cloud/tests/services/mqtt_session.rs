//! Persistent sessions, retained messages, shared subscriptions, expiry.

use local_cloud::{LocalCloud, Options};
use serde_json::json;

use crate::mqtt_connect::free;
use crate::raw::{Connect, PUBACK, Publish, Raw, UNSUBACK};
use crate::world::{certificate, cloud, options};

const VERSIONS: [u8; 2] = [4, 5];

/// Publishes with QoS 1 and waits for the acknowledgements.
async fn publish(raw: &mut Raw, topic: &str, payloads: impl IntoIterator<Item = String>) {
    for payload in payloads {
        raw.publish(topic, 1, &payload).await;
        assert_eq!(raw.answer(PUBACK).await.body[..2], [0, 7]);
    }
}

fn numbers(range: std::ops::Range<u32>) -> impl Iterator<Item = String> {
    range.map(|n| n.to_string())
}

// AWS same(broker): a persistent session keeps its subscriptions and its QoS 1 messages,
//     unacknowledged ones first and in order; QoS 0 is not kept
// AWS same(broker): MQTT 3.1.1 and MQTT 5 clients cannot resume each other's session
// AWS same(broker): the DUP flag is not set, and a message that is sent again may have another
//     packet id
// AWS different(broker): AWS sends stored messages at 10 a second at most; here they are sent at
//     once
// AWS different(broker): AWS sends an unacknowledged message again for up to an hour; here on the
//     next connection only
#[tokio::test]
async fn a_session_resumes_where_it_stopped() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (mut publisher, _) = Raw::connect(&cloud, "p", &all, &Connect::new(4)).await;
    for version in VERSIONS {
        let how = Connect::persistent(version, 600);
        let (mut first, body) = Raw::connect(&cloud, "c", &all, &how).await;
        assert_eq!(body[0], 0, "the other version's session is not resumed");
        first.subscribed(&[("kept", 1), ("once", 0)]).await;
        publish(&mut publisher, "kept", numbers(0..3)).await;
        let received = [
            first.message().await,
            first.message().await,
            first.message().await,
        ];
        first.acknowledge(&received[1]).await;
        // Its answer shows that the broker has read the acknowledgement.
        first.send(&[0xC0, 0]).await;
        assert_eq!(first.packet().await.unwrap().first, 0xD0);
        drop(first);
        publish(&mut publisher, "once", numbers(0..1)).await;
        publish(&mut publisher, "kept", numbers(3..30)).await;

        let (mut second, body) = Raw::connect(&cloud, "c", &all, &how).await;
        assert_eq!(body[0], 1);
        for expected in [0].into_iter().chain(2..30) {
            let message = second.message().await;
            assert_eq!(message.payload, expected.to_string());
            assert_eq!(message.first & 0x08, 0, "DUP");
            second.acknowledge(&message).await;
        }
        let (clean, body) = Raw::connect(&cloud, "c", &all, &Connect::new(version)).await;
        assert_eq!(body[0], 0);
        clean.leave().await;
        let (third, body) = Raw::connect(&cloud, "c", &all, &how).await;
        assert_eq!(body[0], 0, "a clean start drops the session");
        third.leave().await;
    }
    cloud.shutdown().await;
}

// AWS same(broker): MQTT 5 without a session expiry, or with one of 0, has no session to resume;
//     DISCONNECT may change the expiry
#[tokio::test]
async fn mqtt_5_sets_how_long_its_session_lives() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let mut unsaid = Connect::new(5);
    unsaid.clean = false;
    let to_zero = [0xE0, 7, 0, 5, 0x11, 0, 0, 0, 0];
    let to_hour = [0xE0, 7, 0, 5, 0x11, 0, 0, 0x0E, 0x10];
    for (case, how, goodbye, is_kept) in [
        ("unsaid", unsaid.clone(), &[0xE0, 0][..], 0),
        ("0 s", Connect::persistent(5, 0), &[0xE0, 0], 0),
        ("60 s", Connect::persistent(5, 60), &[0xE0, 0], 1),
        (
            "60 s, 0 in the end",
            Connect::persistent(5, 60),
            &to_zero,
            0,
        ),
        (
            "0 s, an hour in the end",
            Connect::persistent(5, 0),
            &to_hour,
            0,
        ),
    ] {
        let (mut raw, _) = Raw::connect(&cloud, case, &all, &how).await;
        raw.send(goodbye).await;
        while raw.packet().await.is_some() {}
        let (_, body) = Raw::connect(&cloud, case, &all, &Connect::persistent(5, 60)).await;
        assert_eq!(body[0], is_kept, "{case}");
    }
    cloud.shutdown().await;
}

fn kept(dir: &tempfile::TempDir) -> Options {
    let mut options = options();
    options.data_dir = Some(dir.path().to_owned());
    options
}

// AWS same(broker): sessions, their messages and retained messages outlive the broker's processes
// AWS different(broker): in AWS nothing accepted is lost; here a killed process may lose the last
//     half second, and messages waiting for a shared subscription
#[tokio::test]
async fn sessions_and_retained_messages_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = LocalCloud::start(kept(&dir)).await.unwrap();
    let all = free(&cloud);
    for (version, id) in VERSIONS.into_iter().zip(["three", "five"]) {
        let how = Connect::persistent(version, 3600);
        let (mut raw, _) = Raw::connect(&cloud, id, &all, &how).await;
        raw.subscribed(&[("kept/+", 1)]).await;
        drop(raw);
    }
    let (mut raw, _) = Raw::connect(&cloud, "p", &all, &Connect::new(5)).await;
    // A user property and a content type must be restored, too.
    let properties = b"\x26\0\x01k\0\x01v\x03\0\x01t";
    raw.publish_with("kept/a", 1, 7, properties, "while away")
        .await;
    raw.answer(PUBACK).await;
    let retained = raw.publish_bytes(0x33, "retained", 7, properties, b"long");
    raw.send(&retained).await;
    raw.answer(PUBACK).await;
    // It stays connected until shutdown.
    cloud.shutdown().await;

    let cloud = LocalCloud::start(kept(&dir)).await.unwrap();
    for (version, id) in VERSIONS.into_iter().zip(["three", "five"]) {
        let how = Connect::persistent(version, 3600);
        let (mut raw, body) = Raw::connect(&cloud, id, &all, &how).await;
        assert_eq!(body[0], 1, "{id}");
        let missed = raw.message().await;
        assert_eq!(missed.payload, "while away");
        raw.acknowledge(&missed).await;
        raw.subscribed(&[("retained", 1)]).await;
        let message = raw.message().await;
        assert_eq!((message.payload.as_str(), message.first & 1), ("long", 1));
        if version == 5 {
            assert_eq!(message.properties, properties);
            assert_eq!(missed.properties, properties);
        }
        raw.acknowledge(&message).await;
        raw.publish("kept/a", 1, "again").await;
        let again = raw.message().await;
        assert_eq!(again.payload, "again", "the subscription is restored");
    }
    cloud.shutdown().await;
}

// AWS same(broker): an empty retained message deletes the retained one and is delivered; RETAIN is
//     set on the answer to a subscription only; a shared subscription gets none
// AWS same(broker): a retained message whose expiry has passed is gone; an expiry of 0 counts as 1
//     s, above 7 days as 7 days
// AWS same(broker): the message expiry reaches the subscriber counted down, in whole seconds
#[tokio::test]
async fn retained_messages_are_stored_replaced_and_deleted() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(5)).await;
    raw.subscribed(&[("r/x", 1)]).await;
    let retain = async |raw: &mut Raw, topic: &str, properties: &[u8], payload: &str| {
        let bytes = raw.publish_bytes(0x31, topic, 0, properties, payload.as_bytes());
        raw.send(&bytes).await;
    };
    retain(&mut raw, "r/x", &[], "one").await;
    assert_eq!(raw.message().await.first & 1, 0, "live");
    raw.subscribed(&[("r/+", 1), ("$share/g/r/x", 1), ("r/x", 1)])
        .await;
    let message = raw.message().await;
    assert_eq!((message.payload.as_str(), message.first & 1), ("one", 1));
    raw.unsubscribe(&["r/+", "$share/g/r/x"]).await;
    raw.answer(UNSUBACK).await;
    retain(&mut raw, "r/x", &[], "").await;
    assert_eq!(
        raw.message().await.payload,
        "",
        "no duplicate was delivered"
    );
    raw.subscribed(&[("r/x", 1)]).await;
    retain(&mut raw, "r/x", &[], "two").await;
    assert_eq!(
        raw.message().await.payload,
        "two",
        "the deleted one was not delivered"
    );

    for (requested, remaining) in [(0_u32, 0..=1), (u32::MAX, 604_798..=604_800)] {
        let expiry = [&[2][..], &requested.to_be_bytes()].concat();
        retain(&mut raw, "r/x", &expiry, "expiring").await;
        let left: [u8; 4] = raw.message().await.properties[1..].try_into().unwrap();
        let left = u32::from_be_bytes(left);
        assert!(remaining.contains(&left), "{requested}: {left}");
    }
    retain(&mut raw, "r/short", &[2, 0, 0, 0, 0], "short").await;
    let deadline = tokio::time::Instant::now() + crate::world::DEADLINE;
    // The rate of publishing is limited.
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(50));
    loop {
        pace.tick().await;
        raw.subscribed(&[("r/short", 1)]).await;
        raw.publish("r/short", 0, "after").await;
        if raw.message().await.payload == "after" {
            break;
        }
        raw.message().await;
        assert!(tokio::time::Instant::now() < deadline, "never expires");
    }
    cloud.shutdown().await;
}

// AWS same(broker): a message that expired while its receiver was away is not delivered, not even
//     to MQTT 3.1.1 clients
#[tokio::test]
async fn an_expired_message_is_not_delivered() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let how = Connect::persistent(4, 0);
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &how).await;
    raw.subscribed(&[("e", 1)]).await;
    drop(raw);
    let (mut publisher, _) = Raw::connect(&cloud, "p", &all, &Connect::new(5)).await;
    let bytes = publisher.publish_bytes(0x31, "gauge", 0, &[2, 0, 0, 0, 1], b"x");
    publisher
        .publish_with("e", 1, 7, &[2, 0, 0, 0, 1], "expires")
        .await;
    publisher.answer(PUBACK).await;
    publisher.send(&bytes).await;
    publish(&mut publisher, "e", ["stays".to_owned()]).await;
    // A retained message of the same age shows when the second is over.
    let deadline = tokio::time::Instant::now() + crate::world::DEADLINE;
    // The rate of publishing is limited.
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(50));
    loop {
        pace.tick().await;
        publisher.subscribed(&[("gauge", 0)]).await;
        publisher.publish("gauge", 0, "now").await;
        if publisher.message().await.payload == "now" {
            break;
        }
        publisher.message().await;
        assert!(tokio::time::Instant::now() < deadline);
    }
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &how).await;
    assert_eq!(raw.message().await.payload, "stays");
    cloud.shutdown().await;
}

// AWS same(broker): content type, response topic, correlation data, payload format and user
//     properties pass through unchanged
#[tokio::test]
async fn properties_reach_the_receiver() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(5)).await;
    raw.subscribed(&[("x", 0)]).await;
    let properties =
        b"\x01\x01\x03\0\x01t\x08\0\x05reply\x09\0\x02\x01\x02\x26\0\x01k\0\x01v\x26\0\x01k\0\x01w";
    raw.publish_with("x", 0, 0, properties, "").await;
    assert_eq!(raw.message().await.properties, properties);
    cloud.shutdown().await;
}

// AWS different(broker): AWS picks a member of a shared subscription at random; here they take
//     turns
// AWS same(broker): each group gets its own copy; MQTT 3.1.1 and MQTT 5 share; unacknowledged
//     QoS 1 of a member that leaves goes to another
// AWS same(broker): QoS 1 for a group whose members are away waits if one of them has a persistent
//     session, and goes to the next member that resumes or joins
// AWS different(broker): AWS sends a group's stored messages at no more than 20 a second per
//     member; here they are sent at once
// AWS same(policy): a shared subscription needs iot:Subscribe on
//     topicfilter/$share/<name>/<filter>, and iot:Receive with or without the prefix
#[tokio::test]
async fn a_shared_subscription_is_distributed_among_its_members() {
    let cloud = cloud().await;
    let arn = |resource: &str| cloud.registry().arn(resource);
    let statements = json!([
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
        {"Effect": "Allow", "Action": "iot:Subscribe",
         "Resource": arn("topicfilter/$share/g/task/+")},
        {"Effect": "Allow", "Action": "iot:Receive", "Resource": arn("topic/$share/g/task/*")},
    ]);
    let member = certificate(&cloud, "member", &statements);
    let all = free(&cloud);
    let (mut a, _) = Raw::connect(&cloud, "a", &member, &Connect::new(4)).await;
    let (mut b, _) = Raw::connect(&cloud, "b", &member, &Connect::persistent(5, 600)).await;
    let (mut p, _) = Raw::connect(&cloud, "p", &all, &Connect::new(4)).await;
    let (mut other, _) = Raw::connect(&cloud, "o", &all, &Connect::new(4)).await;
    other.subscribed(&[("$share/h/task/+", 0)]).await;
    for member in [&mut a, &mut b] {
        assert_eq!(member.subscribed(&[("$share/g/task/+", 1)]).await, [1]);
    }
    publish(&mut p, "task/x", numbers(0..4)).await;
    let mut dealt = Vec::new();
    for member in [&mut a, &mut b] {
        for _ in 0..2 {
            dealt.push(member.message().await.payload);
        }
    }
    dealt.sort();
    assert_eq!(dealt, ["0", "1", "2", "3"]);
    for n in 0..4 {
        assert_eq!(
            other.message().await.payload,
            n.to_string(),
            "the other group"
        );
    }

    // Nothing is acknowledged: b's messages go to a, a's messages wait for b.
    drop(b);
    let taken_over: Vec<Publish> = vec![a.message().await, a.message().await];
    assert!(taken_over.iter().all(|m| dealt.contains(&m.payload)));
    a.leave().await;
    publish(&mut p, "task/x", numbers(4..6)).await;
    let how = Connect::persistent(5, 600);
    let (mut b, body) = Raw::connect(&cloud, "b", &member, &how).await;
    assert_eq!(body[0], 1);
    let mut waited = Vec::new();
    for _ in 0..6 {
        let message = b.message().await;
        b.acknowledge(&message).await;
        waited.push(message.payload);
    }
    waited.sort();
    assert_eq!(waited, ["0", "1", "2", "3", "4", "5"]);
    b.unsubscribe(&["$share/g/task/+"]).await;
    b.answer(UNSUBACK).await;
    publish(&mut p, "task/x", numbers(6..7)).await;
    b.send(&[0xC0, 0]).await;
    assert_eq!(b.packet().await.unwrap().first, 0xD0, "no longer a member");
    cloud.shutdown().await;
}

// AWS unknown(broker): AWS does not list MQTT 5's No Local option; here it is ignored, and a
//     client receives its own messages
#[tokio::test]
async fn no_local_is_ignored() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(5)).await;
    raw.subscribed(&[("x", 0x04)]).await;
    raw.publish("x", 0, "own").await;
    assert_eq!(raw.message().await.payload, "own");
    cloud.shutdown().await;
}
