//! One shadow, two ways to it: MQTT topics and the REST API.

use serde_json::json;

use crate::world::{Client, cloud, rest, rest_as, thing};

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
    ] {
        let answer = rest(&cloud, &endpoint, request, "", body).await;
        assert_eq!(answer.status, status, "{request}: {answer:?}");
        let header = format!("x-amzn-errortype: {kind}");
        assert!(answer.head.contains(&header), "{request}: {answer:?}");
        assert!(answer.body["message"].is_string(), "{request}: {answer:?}");
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_caller_without_a_known_key_is_a_stranger() {
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
