//! What the broker refuses to every client: sizes, numbers, rates, QoS 2, reserved topics, and
//! packets that AWS does not support.

use std::time::Duration;

use local_cloud::EventKind;
use tokio::time::Instant;

use crate::mqtt_connect::free;
use crate::raw::{Connect, PUBACK, Raw, SUBACK, packet};
use crate::world::{cloud, event};

const VERSIONS: [u8; 2] = [4, 5];

// AWS same(broker): a violation ends the connection: without a packet in MQTT 3.1.1, with
//     DISCONNECT and a reason in MQTT 5
// AWS same(broker): QoS 2 gets neither PUBACK nor SUBACK; MQTT 5 gets 0x9B
// AWS same(broker): PUBREC, PUBREL, PUBCOMP and AUTH are not supported
// AWS same(broker): a topic has at most 256 bytes and 7 slashes, no wildcard and no NUL; a payload
//     at most 128 KiB
// AWS same(broker): reserved topics that no service listens to end the connection, and so does
//     RETAIN on any of them
// AWS same(broker): a SUBSCRIBE has at most 8 filters; subscription identifiers are refused with
//     0xA1
// AWS same(broker): a topic alias above 8 is refused with 0x94
// AWS absent(broker): Device Defender and file streams over MQTT; publishing to their topics ends
//     the connection
#[tokio::test]
async fn violations_end_the_connection() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (deep, long) = ("1/2/3/4/5/6/7/8/9", "t".repeat(257));
    let heavy = "x".repeat(128 * 1024 + 1);
    let nine: Vec<(String, u8)> = (0..9).map(|n| (format!("n{n}"), 0)).collect();
    let nine: Vec<(&str, u8)> = nine.iter().map(|(f, q)| (f.as_str(), *q)).collect();
    // Topic, first byte, payload, reason.
    let publishes = [
        ("QoS 2", 0x34, "open/x", "", 0x9B),
        ("wildcard", 0x30, "a/+", "", 0x90),
        ("deep", 0x32, deep, "", 0x90),
        ("long", 0x32, long.as_str(), "", 0x90),
        ("heavy", 0x32, "open/x", heavy.as_str(), 0x95),
        (
            "retained and reserved",
            0x31,
            "$aws/things/c/shadow/get",
            "",
            0x87,
        ),
        ("unknown reserved", 0x30, "$SYS/x", "", 0x87),
        (
            "file streams",
            0x30,
            "$aws/things/c/streams/s/get/json",
            "",
            0x87,
        ),
        (
            "device defender",
            0x30,
            "$aws/things/c/defender/metrics/json",
            "",
            0x87,
        ),
    ];
    for version in VERSIONS {
        let mut events = cloud.subscribe();
        let how = Connect::new(version);
        for (case, first, topic, payload, reason) in publishes {
            let (mut raw, _) = Raw::connect(&cloud, "c", &all, &how).await;
            let bytes = raw.publish_bytes(first, topic, 7, &[], payload.as_bytes());
            raw.send(&bytes).await;
            raw.ended(reason, case).await;
            let ended = event(&mut events, "disconnect", |kind| match kind {
                EventKind::Disconnected { reason, .. } => Some(reason.clone()),
                _ => None,
            });
            let word = if reason == 0x87 {
                "FORBIDDEN_ACCESS"
            } else {
                "CLIENT_ERROR"
            };
            assert_eq!(ended.await, word, "{case}, {version}");
        }
        for (case, filters, reason) in [
            ("QoS 2", &[("open/x", 2)][..], 0x9B),
            ("nine filters", &nine, 0x97),
        ] {
            let (mut raw, _) = Raw::connect(&cloud, "c", &all, &how).await;
            raw.subscribe(filters).await;
            raw.ended(reason, case).await;
        }
        for first in [0x50, 0x62, 0x70, 0xF0] {
            let (mut raw, _) = Raw::connect(&cloud, "c", &all, &how).await;
            raw.send(&packet(first, &[0, 7])).await;
            while raw.packet().await.is_some() {}
        }
    }
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(5)).await;
    raw.subscribe_with(&[0x0B, 1], &[("open/x", 0)]).await;
    raw.ended(0xA1, "subscription identifier").await;
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(5)).await;
    raw.publish_with("open/x", 0, 0, &[0x23, 0, 9], "").await;
    raw.ended(0x94, "topic alias").await;
    cloud.shutdown().await;
}

// AWS same(broker): everything within the limits is accepted: 8 levels, 256 bytes, 128 KiB, not
//     counting the prefixes of Basic Ingest and $share
// AWS same(broker): topic aliases 1 to 8 stand for a topic on one connection
#[tokio::test]
async fn everything_within_the_limits_is_accepted() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(5)).await;
    let (long, heavy) = ("t".repeat(256), "x".repeat(128 * 1024));
    let filters = [
        ("1/2/3/4/5/6/7/8", 1),
        ("$share/g/1/2/3/4/5/6/7/#", 1),
        (long.as_str(), 1),
    ];
    assert_eq!(raw.subscribed(&filters).await, [1, 1, 1]);
    let ingest = "$aws/rules/none/1/2/3/4/5/6/7/8";
    for (topic, payload) in [
        (ingest, ""),
        ("1/2/3/4/5/6/7/8", ""),
        (long.as_str(), heavy.as_str()),
    ] {
        raw.publish(topic, 1, payload).await;
        assert_eq!(raw.answer(PUBACK).await.body[..2], [0, 7], "{topic}");
    }
    let (mut other, _) = Raw::connect(&cloud, "d", &all, &Connect::new(5)).await;
    other.subscribed(&[("aliased", 0)]).await;
    other
        .publish_with("aliased", 0, 0, &[0x23, 0, 8], "first")
        .await;
    other.publish_with("", 0, 0, &[0x23, 0, 8], "second").await;
    assert_eq!(other.message().await.payload, "first");
    let second = other.message().await;
    assert_eq!(
        (second.topic.as_str(), second.payload.as_str()),
        ("aliased", "second")
    );
    cloud.shutdown().await;
}

// AWS same(broker): a refused publish or subscribe gets 0x87, a malformed filter 0x8F, in PUBACK
//     and SUBACK of MQTT 5, and the connection continues
#[tokio::test]
async fn mqtt_5_gets_a_reason_for_each_filter() {
    let cloud = cloud().await;
    let a = crate::world::thing(&cloud, "a");
    let (mut raw, _) = Raw::connect(&cloud, "a", &a, &Connect::new(5)).await;
    let filters = [
        ("open/x", 0),
        ("hidden", 1),
        ("open/#/x", 1),
        ("open/y", 1),
        ("$SYS/#", 1),
    ];
    assert_eq!(raw.subscribed(&filters).await, [0, 0x87, 0x8F, 1, 0x87]);
    raw.publish("hidden", 1, "").await;
    assert_eq!(raw.answer(PUBACK).await.body, [0, 7, 0x87]);
    raw.publish("open/x", 1, "").await;
    assert_eq!(raw.message().await.topic, "open/x");
    cloud.shutdown().await;
}

// AWS same(broker): 50 subscriptions per connection; one more ends it, in MQTT 5 after a SUBACK
//     with 0x97
// AWS same(broker): an UNSUBSCRIBE with more than 8 filters has no effect and no answer
#[tokio::test]
async fn the_fifty_first_subscription_ends_the_connection() {
    let cloud = cloud().await;
    let all = free(&cloud);
    for version in VERSIONS {
        let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(version)).await;
        for n in 0..50 {
            assert_eq!(raw.subscribed(&[(&format!("n/{n}"), 1)]).await, [1], "{n}");
        }
        assert_eq!(raw.subscribed(&[("n/7", 0)]).await, [0], "a repetition");
        let nine: Vec<String> = (0..9).map(|n| format!("n/{n}")).collect();
        let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
        raw.unsubscribe(&nine).await;
        raw.publish("n/1", 0, "still here").await;
        let next = raw.packet().await.unwrap();
        assert_eq!(next.first & 0xF0, 0x30, "{next:?}");
        raw.subscribe(&[("n/50", 1)]).await;
        if version == 5 {
            assert_eq!(raw.answer(SUBACK).await.body.last(), Some(&0x97));
        }
        raw.ended(0x97, "51").await;
    }
    cloud.shutdown().await;
}

// AWS same(broker): more than 100 publishes in a second on one connection are discarded; MQTT 5
//     gets 0x97
#[tokio::test]
async fn publishes_over_the_rate_are_discarded() {
    let cloud = cloud().await;
    let all = free(&cloud);
    for version in VERSIONS {
        let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(version)).await;
        let start = Instant::now();
        let mut bytes = Vec::new();
        for id in 1..=300 {
            bytes.extend(raw.publish_bytes(0x32, "open/x", id, &[], b""));
        }
        bytes.extend([0xC0, 0]);
        raw.send(&bytes).await;
        let (mut taken, mut refused) = (0, 0);
        loop {
            let answer = raw.packet().await.unwrap();
            match (answer.first, answer.body.get(2)) {
                (PUBACK, None | Some(0)) => taken += 1,
                (PUBACK, Some(0x97)) => refused += 1,
                _ => break,
            }
        }
        let most = 100 + 100 * start.elapsed().as_millis() / 1000 + 1;
        assert!(taken >= 100 && taken <= most, "{taken} of at most {most}");
        assert_eq!(refused, if version == 5 { 300 - taken } else { 0 });
        raw.leave().await;
    }
    cloud.shutdown().await;
}

// AWS same(broker): bytes from a client beyond 512 KiB in a second are delayed, not lost
#[tokio::test]
async fn bytes_over_the_rate_wait() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(4)).await;
    let start = Instant::now();
    let payload = vec![b'x'; 128 * 1024];
    for id in 1..=6 {
        let bytes = raw.publish_bytes(0x32, "open/x", id, &[], &payload);
        raw.send(&bytes).await;
    }
    for id in 1..=6 {
        assert_eq!(raw.answer(PUBACK).await.body, [0, id]);
    }
    // 768 KiB take half a second more than the second's worth that is accepted at once, less the
    // last read.
    assert!(
        start.elapsed() > Duration::from_millis(400),
        "{:?}",
        start.elapsed()
    );
    cloud.shutdown().await;
}

// AWS same(broker): at most 100 messages to a client are unacknowledged, or the receive maximum of
//     MQTT 5
// AWS different(broker): AWS also limits messages to a client to 100 a second; here only those from
//     it
#[tokio::test]
async fn a_client_that_does_not_acknowledge_gets_a_window_full() {
    let cloud = cloud().await;
    let all = free(&cloud);
    for (version, window) in [(4, 100_u16), (5, 3)] {
        let mut how = Connect::new(version);
        if version == 5 {
            how.properties = vec![0x21, 0, 3];
        }
        let (mut slow, _) = Raw::connect(&cloud, "slow", &all, &how).await;
        slow.subscribed(&[("window/q1", 1), ("window/q0", 0)]).await;
        // Two publishers, because the rate of one is too low.
        for publisher in ["p", "q"] {
            let (mut publisher, _) = Raw::connect(&cloud, publisher, &all, &Connect::new(4)).await;
            for id in 1..=60 {
                publisher.publish_with("window/q1", 1, id, &[], "").await;
                assert_eq!(publisher.answer(PUBACK).await.first, PUBACK);
            }
            publisher.leave().await;
        }
        let mut first = None;
        for n in 0..window {
            let message = slow.message().await;
            assert_eq!(message.topic, "window/q1", "{n}");
            first.get_or_insert(message);
        }
        // Until one is acknowledged, nothing more arrives but the answer to a ping.
        slow.send(&[0xC0, 0]).await;
        assert_eq!(slow.packet().await.unwrap().first, 0xD0);
        slow.acknowledge(&first.unwrap()).await;
        assert_eq!(slow.message().await.topic, "window/q1");
        slow.leave().await;
    }
    cloud.shutdown().await;
}
