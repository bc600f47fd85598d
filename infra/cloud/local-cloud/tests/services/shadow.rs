//! One shadow, reached over MQTT topics and the REST API.

use rumqttc_v4::{Incoming, LastWill, PublishOptions, QoS};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::{Client, DEADLINE, cloud, rest, rest_as, settings, thing, tls};

// AWS same(shadow): one shadow, reached over MQTT and REST
#[tokio::test]
async fn an_update_over_mqtt_is_seen_by_rest() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("$aws/things/a/shadow/update/+").await;
    client
        .publish(
            "$aws/things/a/shadow/update",
            r#"{"state":{"reported":{"on":true}},"clientToken":"t"}"#,
        )
        .await;
    let mut topics = Vec::new();
    for _ in 0..2 {
        let (topic, body) = client.json().await;
        if topic.ends_with("accepted") {
            assert_eq!(body["state"], json!({"reported": {"on": true}}));
            assert_eq!(body["version"], 1);
            assert_eq!(body["clientToken"], "t");
        }
        topics.push(topic);
    }
    topics.sort();
    assert_eq!(
        topics,
        [
            "$aws/things/a/shadow/update/accepted",
            "$aws/things/a/shadow/update/documents"
        ]
    );
    let endpoint = cloud.endpoints().iot_data.clone();
    let answer = rest(&cloud, &endpoint, "GET /things/a/shadow", "", "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["state"], json!({"reported": {"on": true}}));
    cloud.shutdown().await;
}

// AWS same(data-plane): refusals carry x-amzn-ErrorType, a message and a trace id
#[tokio::test]
async fn rest_refusals_carry_awss_names() {
    let cloud = cloud().await;
    let endpoint = cloud.endpoints().iot_data.clone();
    let update = "POST /things/a/shadow";
    let state = r#"{"state":{"reported":{"on":true}}}"#;
    assert_eq!(rest(&cloud, &endpoint, update, "", state).await.status, 200);
    let old = r#"{"state":{},"version":7}"#;
    for (request, body, status, kind) in [
        ("GET /things/b/shadow", "", 404, "resourcenotfoundexception"),
        (
            "GET /things/a/shadow?name=n",
            "",
            404,
            "resourcenotfoundexception",
        ),
        (update, "{", 400, "invalidrequestexception"),
        (update, old, 409, "conflictexception"),
        ("PUT /things/a/shadow", "", 405, "methodnotallowedexception"),
        ("PUT /topics/x", "", 405, "methodnotallowedexception"),
        (
            "GET /things/a%20b/shadow",
            "",
            400,
            "invalidrequestexception",
        ),
        (
            "GET /things/a/shadow?name=%2F",
            "",
            400,
            "invalidrequestexception",
        ),
    ] {
        let answer = rest(&cloud, &endpoint, request, "", body).await;
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        let header = format!("x-amzn-errortype: {kind}");
        assert!(answer.head.contains(&header), "{request}: {answer:?}");
        assert!(answer.body["message"].is_string(), "{request}: {answer:?}");
        assert!(answer.body["traceId"].is_string(), "{request}: {answer:?}");
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_caller_without_a_known_key_is_refused() {
    let cloud = cloud().await;
    let endpoints = cloud.endpoints().clone();
    for endpoint in [&endpoints.iot_data, &endpoints.iot, &endpoints.dynamodb] {
        let answer = rest_as(endpoint, "GET /things/a/shadow", "", "").await;
        assert!(
            answer.status == 403 || answer.status == 400,
            "{endpoint}: {answer:?}"
        );
    }
    cloud.shutdown().await;
}

// AWS case(shadow): last_will_on_shadow_topic_is_ignored
// AWS same(shadow): a will on a shadow topic reaches subscribers, and the shadow service ignores it
#[tokio::test]
async fn a_will_on_a_shadow_topic_changes_no_shadow() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let endpoint = cloud.endpoints().iot_data.clone();
    let state = r#"{"state":{"reported":{"connected":true}}}"#;
    rest(&cloud, &endpoint, "POST /things/a/shadow", "", state).await;

    let topic = "$aws/things/a/shadow/update";
    let will = r#"{"state":{"reported":{"connected":false}}}"#;
    let mut with_will = settings(&cloud, "a", &a);
    with_will.set_last_will(LastWill::new(topic, will, QoS::AtLeastOnce, false));
    with_will.set_clean_session(false);
    let mut client = Client::start(with_will);
    client.connected().await;
    client.subscribe("$aws/things/a/shadow/#").await;
    let kicked = rest(&cloud, &endpoint, "DELETE /connections/a", "", "").await;
    assert_eq!(kicked.status, 200, "{kicked:?}");
    client.closed().await;

    // The session is resumed and gets its own will first: nothing else was published, apart from
    // the answer to the read.
    let mut again = settings(&cloud, "a", &a);
    again.set_clean_session(false);
    let mut client = Client::start(again);
    assert!(client.connected().await);
    assert_eq!(client.message().await.topic, topic);
    client.publish("$aws/things/a/shadow/get", "").await;
    assert_eq!(client.message().await.topic, "$aws/things/a/shadow/get");
    let (topic, shadow) = client.json().await;
    assert_eq!(topic, "$aws/things/a/shadow/get/accepted");
    assert_eq!(shadow["state"], json!({"reported": {"connected": true}}));
    assert_eq!(shadow["version"], 1);
    cloud.shutdown().await;
}

// AWS case(shadow): rest_retain_on_reserved_topic_refused
// AWS same(data-plane): RETAIN on a reserved topic is refused: over REST with a 400, over MQTT by
//     ending the connection
#[tokio::test]
async fn a_reserved_topic_takes_no_retained_message() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let endpoint = cloud.endpoints().iot_data.clone();
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("$aws/things/a/shadow/+/accepted").await;
    let update = r#"{"state":{"reported":{"a":2}}}"#;
    let topic = "$aws/things/a/shadow/update";
    let line = "POST /topics/%24aws%2Fthings%2Fa%2Fshadow%2Fupdate?qos=1";
    let refused = rest(
        &cloud,
        &endpoint,
        &format!("{line}&retain=true"),
        "",
        update,
    )
    .await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let accepted = rest(&cloud, &endpoint, line, "", update).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let (_, body) = client.json().await;
    assert_eq!(body["version"], 1, "the refused update does not count");

    let retained = PublishOptions::at_least_once().retained();
    let sent = client.mqtt.publish(topic, update, retained);
    sent.await.unwrap();
    client.closed().await;
    cloud.shutdown().await;
}

// AWS same(data-plane): of the reserved topics, only requests of shadows, jobs and provisioning and
//     basic ingest can be published to
// AWS unknown(data-plane): a message on another reserved topic, such as $aws/things/a/b: the guide
//     says that the connection may end, a sample of 2021 shows a rule that gets it; here it ends
#[tokio::test]
async fn answers_of_the_shadow_service_cannot_be_forged() {
    let cloud = cloud().await;
    let endpoint = cloud.endpoints().iot_data.clone();
    for (topic, status) in [
        ("$aws/things/a/shadow/update/accepted", 400),
        ("$aws/things/a/shadow/name/n/update/delta", 400),
        ("$aws/events/presence/connected/a", 400),
        ("$else", 400),
        ("$aws/things/a/shadow/name/n/update", 200),
        ("$aws/rules/AskRule/ask/x", 200),
    ] {
        let encoded = topic.replace('$', "%24").replace('/', "%2F");
        let line = format!("POST /topics/{encoded}");
        let answer = rest(&cloud, &endpoint, &line, "", "{}").await;
        assert_eq!(answer.status, status, "{topic}: {answer:?}");
    }
    cloud.shutdown().await;
}

// AWS same(shadow): named shadows of a thing are independent, and deleting one leaves the others
#[tokio::test]
async fn named_shadows_are_independent() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("$aws/things/a/shadow/#").await;
    let endpoint = cloud.endpoints().iot_data.clone();
    let names = ["", "?name=one", "?name=$two:_-"];
    for (n, name) in names.iter().enumerate() {
        let line = format!(
            "POST /things/a/shadow{}",
            name.replace('$', "%24").replace(':', "%3A")
        );
        let body = json!({"state": {"desired": {"n": n}}}).to_string();
        let answer = rest(&cloud, &endpoint, &line, "", &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let infix = name
            .strip_prefix("?name=")
            .map(|name| format!("name/{name}/"));
        let infix = infix.unwrap_or_default();
        for suffix in ["accepted", "delta", "documents"] {
            let (topic, body) = client.json().await;
            assert_eq!(
                topic,
                format!("$aws/things/a/shadow/{infix}update/{suffix}")
            );
            assert_eq!(
                body["current"]["version"]
                    .as_u64()
                    .or(body["version"].as_u64()),
                Some(1)
            );
        }
    }
    let list = "GET /api/things/shadow/ListNamedShadowsForThing/a";
    let answer = rest(&cloud, &endpoint, list, "", "").await;
    assert_eq!(answer.body["results"], json!(["$two:_-", "one"]));
    client
        .publish("$aws/things/a/shadow/name/one/delete", "")
        .await;
    client
        .wait("deletion", |p| match p {
            Incoming::Publish(p) => p.topic.ends_with(b"name/one/delete/accepted").then_some(()),
            _ => None,
        })
        .await;
    let answer = rest(&cloud, &endpoint, list, "", "").await;
    assert_eq!(answer.body["results"], json!(["$two:_-"]));
    for (name, status) in [("", 200), ("?name=one", 404), ("?name=%24two%3A_-", 200)] {
        let line = format!("GET /things/a/shadow{name}");
        let answer = rest(&cloud, &endpoint, &line, "", "").await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
    }
    cloud.shutdown().await;
}

// AWS same(shadow): deleting a thing leaves its shadows, and a shadow needs no thing
#[tokio::test]
async fn a_shadow_outlives_its_thing() {
    let cloud = cloud().await;
    cloud.registry().create_thing("a").unwrap();
    let endpoints = cloud.endpoints().clone();
    let state = r#"{"state":{"reported":{"on":true}}}"#;
    for name in ["a", "never-registered"] {
        let line = format!("POST /things/{name}/shadow");
        let answer = rest(&cloud, &endpoints.iot_data, &line, "", state).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    cloud.registry().delete_thing("a", None).unwrap();
    for name in ["a", "never-registered"] {
        let line = format!("GET /things/{name}/shadow");
        let answer = rest(&cloud, &endpoints.iot_data, &line, "", "").await;
        assert_eq!(answer.body["state"], json!({"reported": {"on": true}}));
    }
    cloud.shutdown().await;
}

// AWS absent(shadow): more than 20 requests per second for one shadow are refused with 429; here
//     all are answered
#[tokio::test]
async fn one_shadow_takes_requests_as_fast_as_they_come() {
    let cloud = cloud().await;
    let endpoint = cloud.endpoints().iot_data.clone();
    for n in 1..=50 {
        let body = json!({"state": {"reported": {"n": n}}}).to_string();
        let answer = rest(&cloud, &endpoint, "POST /things/a/shadow", "", &body).await;
        assert_eq!(answer.body["version"], n, "{answer:?}");
    }
    cloud.shutdown().await;
}

// AWS case(shadow): eleventh_in_flight_request_429
#[tokio::test]
async fn requests_sent_without_waiting_are_refused_from_the_eleventh_on() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let config = tls(cloud.ca_pem(), &a.pem, &a.private_key_pem);
    let connector = tokio_rustls::TlsConnector::from(config);
    let socket = TcpStream::connect(cloud.endpoints().mqtts).await.unwrap();
    let server = "127.0.0.1".try_into().unwrap();
    let mut stream = connector.connect(server, socket).await.unwrap();
    // One packet per line: CONNECT as client `a`, SUBSCRIBE to the answers; then twelve updates in
    // one write.
    let mut opening = packet(0x10, b"\0\x04MQTT\x04\x02\0\x1e\0\x01a");
    let filter = b"$aws/things/a/shadow/update/+";
    opening.extend(packet(
        0x82,
        &[b"\0\x01\0\x1d", &filter[..], b"\0"].concat(),
    ));
    stream.write_all(&opening).await.unwrap();
    let topic = b"\0\x1b$aws/things/a/shadow/update";
    let update =
        |n: usize| format!(r#"{{"state":{{"reported":{{"n":{n}}}}},"clientToken":"{n}"}}"#);
    let updates = (1..=12).flat_map(|n| packet(0x30, &[&topic[..], update(n).as_bytes()].concat()));
    let updates: Vec<u8> = updates.collect();
    stream.write_all(&updates).await.unwrap();

    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    let read = async {
        while accepted.len() + refused.len() < 12 {
            let (kind, body) = next_packet(&mut stream).await;
            if kind & 0xf0 != 0x30 {
                continue;
            }
            let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
            let (topic, payload) = body[2..].split_at(length);
            let payload: serde_json::Value = serde_json::from_slice(payload).unwrap();
            let token = payload["clientToken"].as_str().unwrap().to_owned();
            match topic.rsplit(|b| *b == b'/').next().unwrap() {
                b"accepted" => accepted.push(token),
                b"rejected" => {
                    assert_eq!(payload["code"], 429);
                    refused.push(token);
                }
                _ => {}
            }
        }
    };
    timeout(DEADLINE, read).await.expect("twelve answers");
    let numbers = |range: std::ops::RangeInclusive<u32>| -> Vec<String> {
        range.map(|n| n.to_string()).collect()
    };
    assert_eq!(accepted, numbers(1..=10));
    assert_eq!(refused, numbers(11..=12));

    // Answered requests make room.
    let again = packet(0x30, &[&topic[..], update(13).as_bytes()].concat());
    stream.write_all(&again).await.unwrap();
    let answered = async {
        loop {
            let (_, body) = next_packet(&mut stream).await;
            let text = String::from_utf8_lossy(&body).into_owned();
            if text.contains(r#""clientToken":"13""#) {
                return text;
            }
        }
    };
    let text = timeout(DEADLINE, answered).await.expect("an answer");
    assert!(text.contains("update/accepted"), "{text}");
    cloud.shutdown().await;
}

/// An MQTT packet of less than 128 bytes.
fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap();
    assert!(length < 128, "one byte of length");
    [&[kind, length], body].concat()
}

async fn next_packet(stream: &mut (impl AsyncReadExt + Unpin)) -> (u8, Vec<u8>) {
    let kind = stream.read_u8().await.unwrap();
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let byte = stream.read_u8().await.unwrap();
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (kind, body)
}
