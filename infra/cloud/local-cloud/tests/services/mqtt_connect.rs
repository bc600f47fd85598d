//! CONNECT: versions, client ids, keep-alive, wills, attributes, certificates.

use local_cloud::{EventKind, LocalCloud};
use serde_json::json;

use crate::raw::{CONNACK, Connect, Raw, Will, packet};
use crate::world::{Client, certificate, cloud, event, settings, thing};

const VERSIONS: [u8; 2] = [4, 5];

/// A certificate with all rights, so that only the broker's own rules refuse.
pub fn free(cloud: &LocalCloud) -> local_cloud::IssuedCertificate {
    let all = json!([{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]);
    certificate(cloud, "all", &all)
}

// AWS same(broker): a client that sends anything before CONNECT is cut off
// AWS same(broker): a second CONNECT on a connection ends it
#[tokio::test]
async fn a_connection_begins_with_one_connect() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let mut raw = Raw::open(&cloud, &all).await;
    raw.send(&[0xC0, 0]).await;
    assert_eq!(raw.packet().await, None);
    for version in VERSIONS {
        let how = Connect::new(version);
        let (mut raw, _) = Raw::connect(&cloud, "c", &all, &how).await;
        let mut again = packet(0x10, b"\0\x04MQTT\x04\x02\0\x3c\0\x01c");
        if version == 5 {
            again = packet(0x10, b"\0\x04MQTT\x05\x02\0\x3c\0\0\x01c");
        }
        raw.send(&again).await;
        while raw.packet().await.is_some() {}
    }
    cloud.shutdown().await;
}

/// A Topic Alias Maximum of 0 has the same effect as none: messages carry their topic.
#[tokio::test]
async fn a_client_without_topic_aliases_is_served() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let plain = packet(0x10, b"\0\x04MQTT\x05\x02\0\x3c\x03\x22\0\0\0\x01c");
    for pieces in [plain.len(), 1] {
        let mut raw = Raw::open_5(&cloud, &all).await;
        for piece in plain.chunks(pieces) {
            raw.send(piece).await;
        }
        assert_eq!(raw.packet().await.unwrap().first, CONNACK, "{pieces}");
        raw.subscribed(&[("alias/none", 1)]).await;
        for _ in 0..2 {
            raw.publish("alias/none", 0, "x").await;
            let message = raw.message().await;
            assert_eq!(
                (message.topic.as_str(), message.properties),
                ("alias/none", vec![])
            );
        }
        raw.leave().await;
    }
    // A property that occurs twice is a protocol error, whatever its value.
    let mut how = Connect::new(5);
    how.properties = b"\x22\0\0\x22\0\0".to_vec();
    let (_, answer) = Raw::try_connect(&cloud, "c", &all, &how).await;
    assert!(answer.is_none_or(|answer| answer.body[1] != 0));
    cloud.shutdown().await;
}

// AWS different(broker): AWS asks clients to wait for the CONNACK before they send more; here early
//     packets are answered after it
#[tokio::test]
async fn packets_sent_along_with_connect_are_answered_after_the_connack() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let mut raw = Raw::open(&cloud, &all).await;
    let mut bytes = packet(0x10, b"\0\x04MQTT\x04\x02\0\x3c\0\x01c");
    bytes.extend(raw.publish_bytes(0x32, "open/x", 5, &[], b""));
    raw.send(&bytes).await;
    assert_eq!(raw.packet().await.unwrap().first, CONNACK);
    assert_eq!(raw.packet().await.unwrap().body, [0, 5]);
    cloud.shutdown().await;
}

// AWS same(broker): a client id has 1 to 128 bytes and does not begin with $; otherwise CONNACK
//     0x85 (MQTT 3.1.1: 2)
// AWS same(broker): MQTT 5 clients without a client id get one assigned
#[tokio::test]
async fn client_ids_are_checked_and_assigned() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (longest, too_long) = ("é".repeat(64), format!("{}x", "é".repeat(64)));
    for (id, refusal) in [
        ("plain id/with:signs", None),
        (longest.as_str(), None),
        (too_long.as_str(), Some([2, 0x85])),
        ("$aws", Some([2, 0x85])),
    ] {
        for (at, version) in VERSIONS.into_iter().enumerate() {
            let how = Connect::new(version);
            let (_, answer) = Raw::try_connect(&cloud, id, &all, &how).await;
            let code = answer.unwrap().body[1];
            assert_eq!(
                code,
                refusal.map_or(0, |codes| codes[at]),
                "{id}, {version}"
            );
        }
    }
    let mut how = Connect::persistent(5, 60);
    let (_, body) = Raw::connect(&cloud, "", &all, &how).await;
    assert!(
        body.windows(6).any(|w| w[0] == 0x12 && &w[3..] == b"aut"),
        "{body:?}"
    );
    how = Connect::persistent(4, 0);
    let (_, answer) = Raw::try_connect(&cloud, "", &all, &how).await;
    assert_eq!(
        answer.unwrap().body[1],
        2,
        "a persistent session needs a client id"
    );
    cloud.shutdown().await;
}

// AWS same(broker): CONNACK of MQTT 5 announces QoS 1 at most, 100 unacknowledged messages, 8 topic
//     aliases, no subscription identifiers
// AWS same(broker): keep-alive 0 and above 1200 s becomes 1200 s, below 30 s becomes 30 s; MQTT 5
//     clients get the value
// AWS same(broker): a session expiry above 7 days becomes 7 days, and MQTT 5 clients get the value
#[tokio::test]
async fn the_connack_carries_the_values_in_force() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let seven_days = 604_800_u32.to_be_bytes();
    let row = |id: u8, value: &[u8]| [&[id], value].concat();
    for (keep_alive_s, expiry_s, changed) in [
        (60, 60, vec![]),
        (0, 60, row(0x13, &1200_u16.to_be_bytes())),
        (1, 60, row(0x13, &30_u16.to_be_bytes())),
        (29, 60, row(0x13, &30_u16.to_be_bytes())),
        (1201, 60, row(0x13, &1200_u16.to_be_bytes())),
        (60, u32::MAX, row(0x11, &seven_days)),
        (60, 604_801, row(0x11, &seven_days)),
    ] {
        let mut how = Connect::persistent(5, expiry_s);
        how.keep_alive_s = keep_alive_s;
        let (_, body) = Raw::connect(&cloud, "c", &all, &how).await;
        let property = |id| properties(&body[3..]).into_iter().find(|p| p[0] == id);
        for id in [0x13, 0x11] {
            let expected = (changed.first() == Some(&id)).then(|| changed.clone());
            assert_eq!(property(id), expected, "{keep_alive_s} {expiry_s}");
        }
        assert_eq!(property(0x24), Some(vec![0x24, 1]), "maximum QoS");
        assert_eq!(property(0x21), Some(vec![0x21, 0, 100]), "receive maximum");
        assert_eq!(property(0x22), Some(vec![0x22, 0, 8]), "topic aliases");
        assert_eq!(
            property(0x29),
            Some(vec![0x29, 0]),
            "subscription identifiers"
        );
        assert_eq!(property(0x2A), Some(vec![0x2A, 1]), "shared subscriptions");
    }
    cloud.shutdown().await;
}

/// The properties of a CONNACK that have a fixed size.
fn properties(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(id) = bytes.first() {
        let size = match id {
            0x11 | 0x27 => 5,
            0x13 | 0x21 | 0x22 => 3,
            _ => 2,
        };
        found.push(bytes[..size].to_vec());
        bytes = &bytes[size..];
    }
    found
}

// AWS different(broker): AWS accepts one CONNECT per second and client id; here there is no limit
#[tokio::test]
async fn a_client_may_connect_as_often_as_it_likes() {
    let cloud = cloud().await;
    let all = free(&cloud);
    for _ in 0..3 {
        let (raw, _) = Raw::connect(&cloud, "c", &all, &Connect::new(4)).await;
        raw.leave().await;
    }
    cloud.shutdown().await;
}

// AWS same(broker): a will with QoS 2, on a malformed topic, or retained on a reserved one refuses
//     the connection (0x9B, 0x90)
// AWS same(broker): a will needs iot:Publish on its topic, and iot:RetainPublish if it is retained;
//     otherwise 0x87 and connect_failed
// AWS different(broker): AWS has been observed to refuse with CONNACK code 7 in MQTT 3.1.1; here
//     the code is 5, as in the standard
#[tokio::test]
async fn a_will_is_checked_when_connecting() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let poor = certificate(
        &cloud,
        "poor",
        &json!([
            {"Effect": "Allow", "Action": ["iot:Connect", "iot:Publish"], "Resource": "*"},
            {"Effect": "Deny", "Action": "iot:Publish",
             "Resource": cloud.registry().arn("topic/other")},
        ]),
    );
    for (case, certificate, topic, qos, retain, reason) in [
        ("QoS 2", &all, "will", 2, false, 0x9B),
        ("wildcard", &all, "a/+", 0, false, 0x90),
        ("reserved", &all, "$SYS/x", 0, false, 0x90),
        (
            "reserved and retained",
            &all,
            "$aws/things/c/shadow/update",
            0,
            true,
            0x90,
        ),
        ("not allowed", &poor, "other", 0, false, 0x87),
        ("not allowed to be retained", &poor, "will", 0, true, 0x87),
        ("allowed", &poor, "will", 1, false, 0),
        ("allowed to be retained", &all, "will", 1, true, 0),
    ] {
        for version in VERSIONS {
            let mut how = Connect::new(version);
            how.will = Some(Will {
                topic,
                payload: "gone",
                qos,
                retain,
                properties: Vec::new(),
            });
            let (_, answer) = Raw::try_connect(&cloud, "c", certificate, &how).await;
            let code = answer.unwrap().body[1];
            let expected = if version == 4 && reason != 0 {
                5
            } else {
                reason
            };
            assert_eq!(code, expected, "{case}, {version}");
        }
    }
    cloud.shutdown().await;
}

// AWS same(broker): a will is sent after every end but the client's DISCONNECT: lost connection,
//     violation, take-over, MQTT 5's DISCONNECT with will
// AWS same(broker): a retained will is kept for later subscribers
// AWS same(broker): content type, response topic, correlation data, user properties and message
//     expiry of a will reach its subscribers
// AWS absent(broker): the will delay interval, which AWS does not list among its properties; the
//     will is sent at once
#[tokio::test]
async fn the_will_is_sent_after_every_end_but_a_disconnect() {
    let cloud = cloud().await;
    let all = free(&cloud);
    let (mut watcher, _) = Raw::connect(&cloud, "watcher", &all, &Connect::new(5)).await;
    watcher.subscribed(&[("will/#", 1)]).await;
    let with_will = |version, topic| {
        let mut how = Connect::new(version);
        how.will = Some(Will {
            topic,
            payload: "gone",
            qos: 0,
            retain: true,
            // A delay of an hour, an expiry of a minute, a content type, a user property.
            properties: b"\x18\0\0\x0e\x10\x02\0\0\0\x3c\x03\0\x01t\x26\0\x01k\0\x01v".to_vec(),
        });
        how
    };
    for version in VERSIONS {
        let (mut polite, _) =
            Raw::connect(&cloud, "c", &all, &with_will(version, "will/never")).await;
        polite.send(&[0xE0, 0]).await;
        while polite.packet().await.is_some() {}

        let (lost, _) = Raw::connect(&cloud, "c", &all, &with_will(version, "will/lost")).await;
        drop(lost);
        assert_eq!(watcher.message().await.topic, "will/lost");

        let how = with_will(version, "will/violation");
        let (mut rude, _) = Raw::connect(&cloud, "c", &all, &how).await;
        rude.publish("a/+", 0, "").await;
        assert_eq!(watcher.message().await.topic, "will/violation");

        let how = with_will(version, "will/taken");
        let (_first, _) = Raw::connect(&cloud, "c", &all, &how).await;
        let (second, _) = Raw::connect(&cloud, "c", &all, &Connect::new(version)).await;
        assert_eq!(watcher.message().await.topic, "will/taken");
        second.leave().await;
    }
    let how = with_will(5, "will/wanted");
    let (mut raw, _) = Raw::connect(&cloud, "c", &all, &how).await;
    raw.send(&[0xE0, 1, 4]).await;
    let will = watcher.message().await;
    assert_eq!(will.topic, "will/wanted");
    let travelled = |p: &[u8]| will.properties.windows(p.len()).any(|w| w == p);
    assert!(
        travelled(b"\x03\0\x01t") && travelled(b"\x26\0\x01k\0\x01v"),
        "{will:?}"
    );
    assert!(
        travelled(b"\x02\0\0\0\x3b") || travelled(b"\x02\0\0\0\x3c"),
        "{will:?}"
    );

    let (mut late, _) = Raw::connect(&cloud, "late", &all, &Connect::new(4)).await;
    late.subscribed(&[("will/lost", 1)]).await;
    let kept = late.message().await;
    assert_eq!((kept.payload.as_str(), kept.first & 1), ("gone", 1));
    cloud.shutdown().await;
}

// AWS same(policy): the condition key iot:ConnectAttributes contains PersistentConnect and LastWill
//     if the client requests them
#[tokio::test]
async fn policies_may_forbid_persistent_sessions_and_wills() {
    let cloud = cloud().await;
    let only = |name: &str, attributes: &[&str]| {
        let condition = json!({"ForAllValues:StringEquals": {"iot:ConnectAttributes": attributes}});
        certificate(
            &cloud,
            name,
            &json!([
                {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*",
                 "Condition": condition},
                {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"},
            ]),
        )
    };
    let (none, persistent) = (
        only("none", &[]),
        only("persistent", &["PersistentConnect"]),
    );
    let both = only("both", &["PersistentConnect", "LastWill"]);
    for (case, certificate, is_persistent, has_will, is_allowed) in [
        ("plain", &none, false, false, true),
        ("persistent without", &none, true, false, false),
        ("persistent", &persistent, true, false, true),
        ("will without", &persistent, false, true, false),
        ("both", &both, true, true, true),
    ] {
        for version in VERSIONS {
            let mut how = Connect::new(version);
            if is_persistent {
                how = Connect::persistent(version, 60);
            }
            how.will = has_will.then(|| Will {
                topic: "will",
                payload: "",
                qos: 0,
                retain: false,
                properties: Vec::new(),
            });
            let (_, answer) = Raw::try_connect(&cloud, "c", certificate, &how).await;
            let code = answer.unwrap().body[1];
            assert_eq!(code == 0, is_allowed, "{case}, {version}: {code}");
        }
    }
    cloud.shutdown().await;
}

// AWS different(broker): AWS closes the connections of a deactivated certificate within minutes;
//     here they are closed at once
#[tokio::test]
async fn a_deactivated_certificate_loses_its_connections() {
    let cloud = cloud().await;
    let (a, b) = (thing(&cloud, "a"), thing(&cloud, "b"));
    let mut events = cloud.subscribe();
    let (mut cut, _) = Raw::connect(&cloud, "a", &a, &Connect::new(5)).await;
    let mut other = Client::connect(&cloud, "b", &b).await;
    cloud
        .registry()
        .set_certificate_active(&a.id, false)
        .unwrap();
    cut.ended(0x87, "deactivated").await;
    let reason = event(&mut events, "disconnect", |kind| match kind {
        EventKind::Disconnected { client, reason } if client == "a" => Some(reason.clone()),
        _ => None,
    });
    assert_eq!(reason.await, "AUTH_ERROR");
    let mut again = Client::start(settings(&cloud, "a", &a));
    again.closed().await;
    other.subscribe("open/x").await;
    cloud.shutdown().await;
}
