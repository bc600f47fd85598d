//! Actions of rules that write to tables, buckets, topics and metrics; functions in Python and Node
//! from the template, from folders and with a layer.

use std::time::Duration;

use local_cloud::metric::Key;
use local_cloud::{EventKind, LocalCloud, Options, narrate};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::{Client, DEADLINE, event, here, options, rest, thing};

fn stack() -> Options {
    Options {
        template: here("actions.yaml"),
        binaries: [].into(),
        ..options()
    }
}

/// A changed copy of the stack, with the same folders.
fn changed(from: &str, to: &str) -> (Options, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(here("actions.yaml")).unwrap();
    assert!(text.contains(from), "{from}");
    let template = folder.path().join("template.yaml");
    std::fs::write(&template, text.replacen(from, to, 1)).unwrap();
    for file in ["layer/python/words.py", "node/echo.js"] {
        let copy = folder.path().join(file);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::copy(here(file), copy).unwrap();
    }
    let options = Options {
        template,
        ..stack()
    };
    (options, folder)
}

/// Waits until `holds`.
async fn until(holds: impl Fn() -> bool) {
    let mut glances = tokio::time::interval(Duration::from_millis(10));
    let wait = async {
        while !holds() {
            glances.tick().await;
        }
    };
    timeout(DEADLINE, wait).await.expect("it holds in time");
}

async fn item(cloud: &LocalCloud, table: &str, key: Value) -> Value {
    let headers =
        "X-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Type: application/x-amz-json-1.0\r\n";
    let body = json!({"TableName": table, "Key": key}).to_string();
    let answer = rest(cloud, &cloud.endpoints().dynamodb, "POST /", headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["Item"].clone()
}

// AWS same(rules): the DynamoDB action writes its keys and the message in one attribute, DynamoDBv2
//     each field in its own, Sns publishes, CloudwatchMetric writes a value; a table's stream has
//     what a rule wrote
// AWS different(rules): the S3 action writes an object; here it is a file in the folder of its
//     bucket, and its ACL has no effect
// AWS different(rules): no source says how the DynamoDB action stores a message that is a number or
//     a list; here it is one, as an object is a map and what is not JSON is binary
#[tokio::test]
async fn a_message_becomes_items_an_object_a_notification_and_a_metric() {
    let cloud = LocalCloud::start(stack()).await.unwrap();
    let a = thing(&cloud, "a");
    let mut events = cloud.subscribe();
    let client = Client::connect(&cloud, "a", &a).await;
    let said = r#"{"degrees":7.5,"at":1772366400}"#;
    client.publish("huts/h1/degrees", said).await;
    // A function in Python, inline, follows the table's stream and has a layer.
    event(&mut events, "line", |kind| match kind {
        EventKind::FunctionLog { line, .. } => line.contains("followed H1").then_some(()),
        _ => None,
    })
    .await;
    let key = json!({"hut": {"S": "h1"}, "at": {"N": "1772366400"}});
    let logged = item(&cloud, "log", key).await;
    let map = json!({"degrees": {"N": "7.5"}, "at": {"N": "1772366400"}, "hut": {"S": "h1"}});
    assert_eq!(logged["said"], json!({"M": map}));
    let now = item(&cloud, "now", json!({"hut": {"S": "h1"}})).await;
    assert_eq!(now, map);
    let metric = Key::new("Huts", "h1", &[]);
    until(|| !cloud.metrics().points(&metric).is_empty()).await;
    let points = cloud.metrics().points(&metric);
    assert_eq!((points[0].value, points[0].at_ms), (7.5, 1_772_366_400_000));
    let object = std::fs::read(cloud.buckets().join("heap/huts/h1.json")).unwrap();
    let object: Value = serde_json::from_slice(&object).unwrap();
    let sent = json!({"degrees": 7.5, "at": 1_772_366_400, "hut": "h1"});
    assert_eq!(object, sent);
    let notifications = cloud.notifications();
    assert_eq!(notifications[0].topic, "bell");
    let message: Value = serde_json::from_str(&notifications[0].message).unwrap();
    assert_eq!(message, sent);
    cloud.shutdown().await;
}

/// The failures of a rule's actions, after this message.
async fn failures(cloud: &LocalCloud, topic: &str, payload: &str, count: usize) -> Vec<String> {
    let a = thing(cloud, &format!("of-{topic}"));
    let client = Client::connect(cloud, &format!("of-{topic}"), &a).await;
    let mut events = cloud.subscribe();
    client.publish(topic, payload).await;
    let mut failures = Vec::new();
    while failures.len() < count {
        let failure = event(&mut events, "failure", |kind| match kind {
            EventKind::RuleFailed { error, .. } => Some(error.clone()),
            _ => None,
        });
        failures.push(failure.await);
    }
    failures
}

// AWS same(rules): an action needs its role's right: dynamodb:PutItem, s3:PutObject, sns:Publish,
//     cloudwatch:PutMetricData
#[tokio::test]
async fn each_action_needs_its_right_and_a_message_that_fits() {
    let cloud = LocalCloud::start(stack()).await.unwrap();
    let denied = failures(&cloud, "forbidden", r#"{"hut":"h1"}"#, 4).await;
    for (failure, (kind, action)) in denied.iter().zip([
        ("DynamoDBv2Action", "dynamodb:PutItem"),
        ("S3Action", "s3:PutObject"),
        ("SnsAction", "sns:Publish"),
        ("CloudwatchMetricAction", "cloudwatch:PutMetricData"),
    ]) {
        assert!(failure.starts_with(&format!("{kind}: ")), "{failure}");
        let text = format!("is not authorized to perform: {action}");
        assert!(failure.contains(&text), "{failure}");
    }
    let wrong = failures(&cloud, "wrong", r#"{"key":"up"}"#, 4).await;
    for (failure, expected) in wrong.iter().zip([
        "PutItem into now: ",
        "key \"../up\": here objects are files",
        "must be an object with the text `default`",
        "MetricValue \"up\" is not a number",
    ]) {
        assert!(failure.contains(expected), "{failure}");
    }
    assert!(cloud.notifications().is_empty());
    cloud.shutdown().await;
}

// AWS same(functions): GetFunctionConfiguration names the runtime
#[tokio::test]
async fn a_function_of_a_folder_answers_and_tells_its_runtime() {
    let cloud = LocalCloud::start(stack()).await.unwrap();
    let invoke = "POST /2015-03-31/functions/echo/invocations";
    let answer = rest(&cloud, &cloud.endpoints().iot, invoke, "", r#"{"a":1}"#).await;
    assert_eq!(answer.body, json!({"received": {"a": 1}}), "{answer:?}");
    let ask = "GET /2015-03-31/functions/echo/configuration";
    let answer = rest(&cloud, &cloud.endpoints().iot, ask, "", "").await;
    assert_eq!(answer.body["Runtime"], "nodejs20.x", "{answer:?}");
    assert!(
        answer.body["CodeSize"]
            .as_u64()
            .is_some_and(|size| size > 20)
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn code_that_is_not_there_is_refused_with_advice() {
    for (from, to, expected) in [
        (
            "Handler: echo.hear",
            "Handler: nowhere.hear",
            "has no file of the handler nowhere.hear: put it there, name another folder with \
             --binary Echo=FOLDER",
        ),
        (
            "Code: node",
            "Code: {S3Bucket: heap, S3Key: echo.zip}",
            "function Echo: its code is s3://heap/echo.zip, which is not here: name a folder that \
             holds it with --binary Echo=FOLDER",
        ),
        (
            "ContentUri: layer",
            "ContentUri: nowhere",
            "layer Words: no folder ",
        ),
    ] {
        let (options, _folder) = changed(from, to);
        let refused = LocalCloud::start(options).await;
        let message = refused.err().map(|error| narrate::chain(&error));
        let message = message.unwrap_or_else(|| panic!("{to} was accepted"));
        assert!(message.contains(expected), "{to}: {message}");
    }
    // A folder that is given takes the place of the bucket.
    let (mut options, _folder) = changed("Code: node", "Code: {S3Bucket: heap, S3Key: echo.zip}");
    options.binaries = [("Echo".to_owned(), here("node"))].into();
    let cloud = LocalCloud::start(options).await.unwrap();
    cloud.shutdown().await;
}

// AWS same(functions): changed inline code runs with the next invocation
#[tokio::test]
async fn changed_inline_code_runs_after_a_reload() {
    let inline = "Code: {ZipFile: 'exports.hear = async () => 1;'}";
    let (options, _folder) = changed("Handler: echo.hear", "Handler: index.hear");
    let template = options.template.clone();
    let text = std::fs::read_to_string(&template).unwrap();
    let text = text.replacen("Code: node", inline, 1);
    std::fs::write(&template, &text).unwrap();
    let cloud = LocalCloud::start(options).await.unwrap();
    let invoke = "POST /2015-03-31/functions/echo/invocations";
    let answer = rest(&cloud, &cloud.endpoints().iot, invoke, "", "{}").await;
    assert_eq!(answer.body, json!(1), "{answer:?}");
    std::fs::write(&template, text.replacen("=> 1;", "=> 2;", 1)).unwrap();
    let changed = cloud.reload(&Default::default()).await.unwrap();
    assert_eq!(changed, ["echo"]);
    let answer = rest(&cloud, &cloud.endpoints().iot, invoke, "", "{}").await;
    assert_eq!(answer.body, json!(2), "{answer:?}");
    assert!(
        !cloud.code().await.contains_key("Echo"),
        "no folder to watch"
    );
    cloud.shutdown().await;
}
