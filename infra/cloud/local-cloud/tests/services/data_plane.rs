//! The data plane beyond shadows: publishing, retained messages, connections.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rumqttc_v4::{LastWill, QoS};
use rumqttc_v5::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, TlsConfiguration, Transport,
};
use serde_json::{Value, json};

use crate::world::{Answer, Client, DEADLINE, cloud, rest, settings, thing, tls};

async fn call(cloud: &local_cloud::LocalCloud, line: &str, headers: &str, body: &str) -> Answer {
    let endpoint = cloud.endpoints().iot_data.clone();
    rest(cloud, &endpoint, line, headers, body).await
}

async fn next_publish(connection: &mut EventLoop) -> Publish {
    let search = async {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = connection.poll().await.unwrap() {
                return publish;
            }
        }
    };
    tokio::time::timeout(DEADLINE, search)
        .await
        .expect("a message")
}

async fn subscribed_5(cloud: &local_cloud::LocalCloud, filter: &str) -> (AsyncClient, EventLoop) {
    let certificate = thing(cloud, "five");
    let mut settings = MqttOptions::new("five", ("127.0.0.1", cloud.endpoints().mqtts.port()));
    let config = tls(
        cloud.ca_pem(),
        &certificate.pem,
        &certificate.private_key_pem,
    );
    settings.set_transport(Transport::Tls(TlsConfiguration::Rustls(config)));
    settings.set_keep_alive(30);
    let (mqtt, mut connection) = AsyncClient::builder(settings).capacity(10).build();
    mqtt.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
    let acknowledged = async {
        while !matches!(
            connection.poll().await.unwrap(),
            Event::Incoming(Packet::SubAck(_))
        ) {}
    };
    tokio::time::timeout(DEADLINE, acknowledged)
        .await
        .expect("suback");
    (mqtt, connection)
}

// AWS same(data-plane): Publish carries MQTT 5 properties from query and headers to MQTT 5 subscribers
#[tokio::test]
async fn a_message_published_by_rest_has_its_mqtt_5_properties() {
    let cloud = cloud().await;
    let (_mqtt, mut connection) = subscribed_5(&cloud, "open/+").await;
    let user = STANDARD.encode(r#"[{"name":"alpha"},{"count":"45"}]"#);
    let headers = format!(
        "x-amz-mqtt5-user-properties: {user}\r\nx-amz-mqtt5-payload-format-indicator: UTF8_DATA\r\n\
         x-amz-mqtt5-correlation-data: {}\r\n",
        STANDARD.encode([0, 255])
    );
    let line = "POST /topics/open%2Fx?qos=1&contentType=application%2Fjson&responseTopic=open%2Fanswer&messageExpiry=60";
    for line in [
        line.to_owned(),
        line.replace("topics", "connections/five/messages")
            .replace("/open%2Fx?qos=1", "?topic=open%2Fx"),
    ] {
        let answer = call(&cloud, &line, &headers, "{}").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let publish = next_publish(&mut connection).await;
        let properties = publish.properties.expect("properties");
        assert_eq!(properties.content_type.as_deref(), Some("application/json"));
        assert_eq!(properties.response_topic.as_deref(), Some("open/answer"));
        assert_eq!(properties.payload_format_indicator, Some(1));
        assert_eq!(properties.correlation_data.as_deref(), Some(&[0, 255][..]));
        let pairs = [("name", "alpha"), ("count", "45")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(properties.user_properties, pairs);
    }
    cloud.shutdown().await;
}

// AWS same(data-plane): Publish refuses what MQTT could not carry with 400
#[tokio::test]
async fn malformed_publishes_are_refused() {
    let cloud = cloud().await;
    let large = "x".repeat(128 * 1024 + 1);
    let utf8 = "x-amz-mqtt5-payload-format-indicator: UTF8\r\n";
    let data = "x-amz-mqtt5-correlation-data: ?\r\n";
    let list = format!(
        "x-amz-mqtt5-user-properties: {}\r\n",
        STANDARD.encode("[1]")
    );
    let plain = "x-amz-mqtt5-user-properties: [{\"a\":\"b\"}]\r\n";
    for (line, headers, body) in [
        ("POST /topics/open%2F%2B", "", ""),
        ("POST /topics/open%2F%23", "", ""),
        ("POST /topics/1%2F2%2F3%2F4%2F5%2F6%2F7%2F8%2F9", "", ""),
        ("POST /topics/open%2Fx?qos=2", "", ""),
        ("POST /topics/open%2Fx?qos=x", "", ""),
        ("POST /topics/open%2Fx?retain=1", "", ""),
        ("POST /topics/open%2Fx?messageExpiry=soon", "", ""),
        ("POST /topics/open%2Fx?messageExpiry=-1", "", ""),
        ("POST /topics/open%2Fx?responseTopic=open%2F%2B", "", ""),
        ("POST /topics/open%2Fx", utf8, ""),
        ("POST /topics/open%2Fx", data, ""),
        ("POST /topics/open%2Fx", &list, ""),
        ("POST /topics/open%2Fx", plain, ""),
        ("POST /topics/open%2Fx", "", &large),
    ] {
        let answer = call(&cloud, line, headers, body).await;
        assert_eq!(answer.status, 400, "{line} {headers}: {answer:?}");
        let kind = "x-amzn-errortype: invalidrequestexception";
        assert!(answer.head.contains(kind), "{line}: {answer:?}");
    }
    cloud.shutdown().await;
}

// AWS same(data-plane): retained messages are read one by one with payload and properties, and listed in pages; an empty payload deletes one
#[tokio::test]
async fn retained_messages_are_told_and_listed() {
    let cloud = cloud().await;
    let user = STANDARD.encode(r#"[{"k":"v"}]"#);
    let headers = format!("x-amz-mqtt5-user-properties: {user}\r\n");
    for n in 0..5 {
        let line = format!("POST /topics/open%2F{n}?qos={}&retain=true", n % 2);
        let answer = call(&cloud, &line, &headers, &"x".repeat(n + 1)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let read = call(&cloud, "GET /retainedMessage/open%2F1", "", "").await;
    assert_eq!(read.status, 200);
    let modified = read.body["lastModifiedTime"].as_u64().unwrap();
    assert!(modified > 1_700_000_000_000, "milliseconds");
    let expected = json!({
        "topic": "open/1",
        "payload": STANDARD.encode("xx"),
        "qos": 1,
        "lastModifiedTime": modified,
        "userProperties": user,
    });
    assert_eq!(read.body, expected);

    assert_eq!(
        call(&cloud, "POST /topics/open%2F3?retain=true", "", "")
            .await
            .status,
        200
    );
    let gone = call(&cloud, "GET /retainedMessage/open%2F3", "", "").await;
    assert_eq!(gone.status, 404, "{gone:?}");
    let kind = "x-amzn-errortype: resourcenotfoundexception";
    assert!(gone.head.contains(kind), "{gone:?}");

    let lines = |token: &str| format!("GET /retainedMessage?maxResults=3{token}");
    let first = call(&cloud, &lines(""), "", "").await.body;
    let told = |body: &Value| -> Vec<(String, u64, u64)> {
        let topics = body["retainedTopics"].as_array().unwrap().iter();
        let tell = |t: &Value| {
            (
                t["topic"].as_str().unwrap().to_owned(),
                t["payloadSize"].as_u64().unwrap(),
                t["qos"].as_u64().unwrap(),
            )
        };
        topics.map(tell).collect()
    };
    let expect = |n: u64| (format!("open/{n}"), n + 1, n % 2);
    assert_eq!(told(&first), [expect(0), expect(1), expect(2)]);
    let token = first["nextToken"].as_str().unwrap();
    let last = call(&cloud, &lines(&format!("&nextToken={token}")), "", "")
        .await
        .body;
    assert_eq!(told(&last), [expect(4)]);
    assert_eq!(last["nextToken"], Value::Null);
    for query in ["maxResults=0", "maxResults=201", "nextToken=%3F"] {
        let line = format!("GET /retainedMessage?{query}");
        let answer = call(&cloud, &line, "", "").await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
    cloud.shutdown().await;
}

// AWS same(data-plane): named shadows are listed in pages, without the classic one; an unknown thing has none
#[tokio::test]
async fn named_shadows_are_listed_in_pages() {
    let cloud = cloud().await;
    for query in ["", "?name=a", "?name=b", "?name=c"] {
        let line = format!("POST /things/t/shadow{query}");
        let state = r#"{"state":{}}"#;
        assert_eq!(call(&cloud, &line, "", state).await.status, 200);
    }
    let list = "GET /api/things/shadow/ListNamedShadowsForThing";
    let first = call(&cloud, &format!("{list}/t?pageSize=2"), "", "")
        .await
        .body;
    assert_eq!(first["results"], json!(["a", "b"]));
    assert!(
        first["timestamp"]
            .as_u64()
            .is_some_and(|s| s < 100_000_000_000),
        "seconds"
    );
    let token = first["nextToken"].as_str().unwrap();
    let line = format!("{list}/t?pageSize=2&nextToken={token}");
    let last = call(&cloud, &line, "", "").await.body;
    assert_eq!(
        (&last["results"], &last["nextToken"]),
        (&json!(["c"]), &Value::Null)
    );
    let unknown = call(&cloud, &format!("{list}/nobody"), "", "").await;
    assert_eq!(
        (unknown.status, &unknown.body["results"]),
        (200, &json!([]))
    );
    let answer = call(&cloud, &format!("{list}/t?pageSize=101"), "", "").await;
    assert_eq!(answer.status, 400);
    cloud.shutdown().await;
}

// AWS same(data-plane): a connection is described while it lives and for a while after; subscriptions are listed in pages
#[tokio::test]
async fn a_connection_is_described_with_its_subscriptions() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    for line in [
        "GET /connections/a",
        "GET /connections/a/subscriptions",
        "DELETE /connections/a",
    ] {
        let answer = call(&cloud, line, "", "").await;
        assert_eq!(answer.status, 404, "{line}: {answer:?}");
    }
    let mut persistent = settings(&cloud, "a", &a);
    persistent.set_clean_session(false);
    let mut client = Client::start(persistent);
    client.connected().await;
    client.subscribe("open/b").await;
    client.subscribe("open/+").await;
    client
        .mqtt
        .subscribe("open/c", QoS::AtMostOnce)
        .await
        .unwrap();
    client
        .wait("suback", |p| {
            matches!(p, rumqttc_v4::Incoming::SubAck(_)).then_some(())
        })
        .await;

    let mut body = call(&cloud, "GET /connections/a", "", "").await.body;
    assert!(
        body["connectedSince"]
            .take()
            .as_u64()
            .is_some_and(|ms| ms > 1_700_000_000_000)
    );
    let expected = json!({
        "clientId": "a", "connected": true, "thingName": "a", "cleanSession": false,
        "sessionExpiry": 3600, "keepAliveDuration": 30, "connectedSince": null,
    });
    assert_eq!(body, expected);
    let line = "GET /connections/a?includeSocketInformation=true";
    let body = call(&cloud, line, "", "").await.body;
    assert_eq!(
        (&body["sourceIp"], &body["targetIp"]),
        (&json!("127.0.0.1"), &json!("127.0.0.1"))
    );
    assert_eq!(body["targetPort"], cloud.endpoints().mqtts.port());
    assert!(body["sourcePort"].as_u64().is_some_and(|port| port > 0));

    let list = |query: &str| format!("GET /connections/a/subscriptions?maxResults=2{query}");
    let first = call(&cloud, &list(""), "", "").await.body;
    let one = json!({"topicFilter": "open/+", "qos": 1});
    let two = json!({"topicFilter": "open/b", "qos": 1});
    assert_eq!(first["subscriptions"], json!([one, two]));
    let token = first["nextToken"].as_str().unwrap();
    let last = call(&cloud, &list(&format!("&nextToken={token}")), "", "")
        .await
        .body;
    assert_eq!(
        last,
        json!({"subscriptions": [{"topicFilter": "open/c", "qos": 0}]})
    );

    assert_eq!(
        call(&cloud, "DELETE /connections/a", "", "").await.status,
        200
    );
    client.closed().await;
    let ended = async {
        loop {
            let body = call(&cloud, "GET /connections/a", "", "").await.body;
            if body["connected"] == false {
                return body;
            }
        }
    };
    let body = tokio::time::timeout(DEADLINE, ended)
        .await
        .expect("it ends");
    assert_eq!(body["disconnectReason"], "API_INITIATED_DISCONNECT");
    assert!(body["disconnectedSince"].is_u64() && body["connectedSince"].is_null());
    // The session waits for the client, subscriptions and all.
    let kept = call(&cloud, "GET /connections/a/subscriptions", "", "").await;
    assert_eq!(kept.body["subscriptions"].as_array().map(Vec::len), Some(3));
    cloud.shutdown().await;
}

// AWS same(data-plane): DeleteConnection ends a connection, publishes the will unless told not to, and ends the session if told to
#[tokio::test]
async fn an_operator_can_end_a_connection() {
    let cloud = cloud().await;
    let (a, watcher) = (thing(&cloud, "a"), thing(&cloud, "watcher"));
    let mut watcher = Client::connect(&cloud, "watcher", &watcher).await;
    watcher.subscribe("open/will").await;
    for (query, has_will, goes_on) in [
        ("", true, true),
        ("?preventWillMessage=true", false, true),
        ("?cleanSession=true", true, false),
        ("?cleanSession=true&preventWillMessage=true", false, false),
    ] {
        let persistent = || {
            let mut settings = settings(&cloud, "a", &a);
            settings.set_clean_session(false);
            let text = format!("will {query}");
            settings.set_last_will(LastWill::new("open/will", text, QoS::AtLeastOnce, false));
            settings
        };
        let mut client = Client::start(persistent());
        client.connected().await;
        client.subscribe("open/x").await;
        let line = format!("DELETE /connections/a{query}");
        let answer = call(&cloud, &line, "", "").await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        client.closed().await;
        let mut client = Client::start(persistent());
        assert_eq!(client.connected().await, goes_on, "{query}");
        client.publish("open/will", "still here").await;
        if has_will {
            assert_eq!(watcher.message().await.payload, format!("will {query}"));
        }
        assert_eq!(watcher.message().await.payload, "still here", "{query}");
        client.mqtt.disconnect().await.unwrap();
        client.closed().await;
    }
    cloud.shutdown().await;
}
