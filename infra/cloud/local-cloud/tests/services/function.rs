//! Functions as AWS SDKs invoke them, and the metrics they write.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use local_cloud::LocalCloud;
use local_cloud::metric::Key;
use serde_json::{Value, json};

use crate::world::{Answer, event, options, rest, rest_as, rest_of_function};

/// A function that writes a metric, then answers with its event and client context, or fails.
const METER: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request
RUNTIME = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation"
def call(url, body=None, headers={}):
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request) as response:
        return response.headers, response.read()
while True:
    headers, event = call(RUNTIME + "/next")
    url = RUNTIME + "/" + headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(event)
    directive = {"Namespace": "Home", "Dimensions": [["Room"]],
                 "Metrics": [{"Name": "Degrees", "Unit": "None"}]}
    metadata = {"Timestamp": 1, "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": metadata, "Room": "kitchen", "Degrees": 21.5}), flush=True)
    if event.get("fail"):
        error = {"errorType": "Meter.Broken", "errorMessage": "as asked", "stackTrace": ["meter"]}
        error = json.dumps(error).encode()
        call(url + "/error", error, {"Lambda-Runtime-Function-Error-Type": "Meter.Broken"})
    else:
        context = json.loads(headers.get("Lambda-Runtime-Client-Context") or "null")
        call(url + "/response", json.dumps({"event": event, "context": context}).encode())
"#;

const INVOKE: &str = "POST /2015-03-31/functions/stack-EchoFunction/invocations";

/// A cloud whose function is `METER`.
async fn cloud(directory: &tempfile::TempDir) -> LocalCloud {
    let path = directory.path().join("meter");
    std::fs::write(&path, METER).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = options();
    options.binaries = BTreeMap::from([("echo".to_owned(), path)]);
    LocalCloud::start(options).await.unwrap()
}

async fn invoke(cloud: &LocalCloud, headers: &str, body: &str) -> Answer {
    rest(cloud, &cloud.endpoints().iot, INVOKE, headers, body).await
}

// AWS same(functions): Invoke waits for the answer, passes the client context, and marks an error
//     in a header
#[tokio::test]
async fn a_function_is_invoked_as_sdks_do_and_answers() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(&directory).await;
    // {"custom":{"a":"b"}}
    let context = "X-Amz-Client-Context: eyJjdXN0b20iOnsiYSI6ImIifX0=\r\n";
    let good = invoke(&cloud, context, r#"{"degrees":21}"#).await;
    assert_eq!(good.status, 200, "{good:?}");
    assert!(
        good.head.contains("x-amz-executed-version: $latest"),
        "{good:?}"
    );
    let expected = json!({"event": {"degrees": 21}, "context": {"custom": {"a": "b"}}});
    assert_eq!(good.body, expected);
    let bad = invoke(&cloud, "", r#"{"fail":true}"#).await;
    assert_eq!(bad.status, 200, "{bad:?}");
    assert!(
        bad.head.contains("x-amz-function-error: unhandled"),
        "{bad:?}"
    );
    assert_eq!(bad.body["errorType"], "Meter.Broken");
    assert_eq!(bad.body["stackTrace"], json!(["meter"]));
    cloud.shutdown().await;
}

// AWS same(functions): Invoke with type Event answers 202 at once, with DryRun 204
#[tokio::test]
async fn an_event_is_queued_and_a_dry_run_does_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(&directory).await;
    let mut events = cloud.subscribe();
    let dry = invoke(&cloud, "X-Amz-Invocation-Type: DryRun\r\n", "").await;
    assert_eq!(dry.status, 204, "{dry:?}");
    let queued = invoke(&cloud, "X-Amz-Invocation-Type: Event\r\n", "{}").await;
    assert_eq!(queued.status, 202, "{queued:?}");
    let id = event(&mut events, "completion", |kind| match kind {
        local_cloud::EventKind::Completed { request_id, .. } => Some(request_id.clone()),
        _ => None,
    });
    let id = id.await;
    assert!(queued.head.contains(&id), "{queued:?} is not {id}");
    cloud.shutdown().await;
}

// AWS absent(functions): Lambda's API creates functions, versions, aliases and settings; here the
//     template does, and every call but Invoke is refused
// AWS absent(functions): a log tail (LogType Tail); here the call is refused
#[tokio::test]
async fn invalid_invocations_are_refused_in_lambdas_words() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(&directory).await;
    for (headers, body, status, kind) in [
        ("", "no json", 400, "InvalidRequestContentException"),
        (
            "X-Amz-Log-Type: Tail\r\n",
            "{}",
            400,
            "InvalidParameterValueException",
        ),
        (
            "X-Amz-Invocation-Type: Later\r\n",
            "{}",
            400,
            "InvalidParameterValueException",
        ),
        (
            "X-Amz-Client-Context: e30\r\n",
            "{}",
            400,
            "InvalidParameterValueException",
        ),
    ] {
        let refused = invoke(&cloud, headers, body).await;
        assert_eq!(refused.status, status, "{headers}{refused:?}");
        let kind = kind.to_ascii_lowercase();
        assert!(refused.head.contains(&kind), "{headers}{refused:?}");
    }
    let large = format!("\"{}\"", " ".repeat(1 << 20));
    let large = invoke(&cloud, "X-Amz-Invocation-Type: Event\r\n", &large).await;
    assert_eq!(large.status, 413, "{large:?}");
    let endpoint = &cloud.endpoints().iot;
    let absent = "POST /2015-03-31/functions/nobody/invocations";
    assert_eq!(rest(&cloud, endpoint, absent, "", "{}").await.status, 404);
    let listing = rest(&cloud, endpoint, "GET /2015-03-31/functions", "", "").await;
    assert!(listing.status >= 400, "{listing:?}");
    assert_eq!(rest_as(endpoint, INVOKE, "", "{}").await.status, 403);
    let by_function = rest_of_function(&cloud, endpoint, INVOKE, "", "{}").await;
    assert_eq!(by_function.status, 403, "{by_function:?}");
    cloud.shutdown().await;
}

// AWS different(functions): CloudWatch's API returns metrics within minutes; here they are
//     available at once, as JSON from GET /metrics
#[tokio::test]
async fn metrics_of_functions_are_read_in_process_and_by_http() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = cloud(&directory).await;
    let mut events = cloud.subscribe();
    let answers = [
        invoke(&cloud, "", "{}").await,
        invoke(&cloud, "", r#"{"fail":true}"#).await,
    ];
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    // The line may arrive after the answer, although it was written before.
    for _ in 0..2 {
        event(&mut events, "metric line", |kind| match kind {
            local_cloud::EventKind::FunctionLog { line, .. } => line.contains("_aws").then_some(()),
            _ => None,
        })
        .await;
    }
    let values = |key: Key| -> Vec<f64> {
        let points = cloud.metrics().points(&key);
        points.iter().map(|point| point.value).collect()
    };
    let degrees = Key::new("Home", "Degrees", &[("Room", "kitchen")]);
    assert_eq!(values(degrees), [21.5, 21.5]);
    assert_eq!(values(Key::new("AWS/Lambda", "Errors", &[])), [0.0, 1.0]);
    let page = rest_as(&cloud.endpoints().iot, "GET /metrics", "", "").await;
    let of_room = |series: &&Value| series["dimensions"]["Room"] == "kitchen";
    let series = page.body.as_array().unwrap().iter().find(of_room).unwrap();
    assert_eq!(series["name"], "Degrees");
    assert_eq!(series["points"][1], json!({"atMs": 1, "value": 21.5}));
    cloud.shutdown().await;
}
