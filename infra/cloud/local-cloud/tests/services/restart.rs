//! State that survives a restart, and errors that stop a start.

use local_cloud::LocalCloud;
use serde_json::json;

use crate::world::{Client, options, rest, thing};

#[tokio::test]
async fn things_certificates_shadows_and_items_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options();
    options.data_dir = Some(dir.path().to_owned());
    let table =
        "X-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Type: application/x-amz-json-1.0\r\n";
    let item = json!({"TableName": "stack", "Item": {"pk": {"S": "kept"}}}).to_string();

    let cloud = LocalCloud::start(options.clone()).await.unwrap();
    let certificate = thing(&cloud, "a");
    let ca_pem = cloud.ca_pem().to_owned();
    let endpoints = cloud.endpoints().clone();
    let state = r#"{"state":{"reported":{"on":true}}}"#;
    let update = "POST /things/a/shadow";
    let answer = rest(&cloud, &endpoints.iot_data, update, "", state).await;
    assert_eq!(answer.status, 200);
    let answer = rest(&cloud, &endpoints.dynamodb, "POST /", table, &item).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    for make in ["POST /thing-types/t", "POST /thing-groups/g"] {
        let answer = rest(&cloud, &endpoints.iot, make, "", "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    cloud.shutdown().await;

    let cloud = LocalCloud::start(options).await.unwrap();
    for get in ["GET /thing-types/t", "GET /thing-groups/g"] {
        let answer = rest(&cloud, &cloud.endpoints().iot, get, "", "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(cloud.ca_pem(), ca_pem);
    Client::connect(&cloud, "a", &certificate).await;
    let endpoints = cloud.endpoints().clone();
    let get = "GET /things/a/shadow";
    let answer = rest(&cloud, &endpoints.iot_data, get, "", "").await;
    assert_eq!(answer.body["state"], json!({"reported": {"on": true}}));
    let table = table.replace("PutItem", "GetItem");
    let key = json!({"TableName": "stack", "Key": {"pk": {"S": "kept"}}}).to_string();
    let answer = rest(&cloud, &endpoints.dynamodb, "POST /", &table, &key).await;
    assert_eq!(answer.body["Item"]["pk"]["S"], "kept");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = options();
    options.ports.iot = taken.local_addr().unwrap().port();
    let port = options.ports.iot;
    let Err(error) = LocalCloud::start(options).await else {
        panic!("started on a taken port");
    };
    let text = error.to_string();
    assert!(text.contains("iot control plane"), "{text}");
    assert!(text.contains(&port.to_string()), "{text}");
}

#[tokio::test]
async fn a_function_without_executable_is_named() {
    let mut options = options();
    options.binaries.clear();
    let Err(error) = LocalCloud::start(options).await else {
        panic!("started without its function");
    };
    let error = local_cloud::narrate::chain(&error);
    assert!(error.contains("echo"), "{error}");
}
