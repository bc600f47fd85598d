//! Calls that are refused or lost on purpose, in the bytes that an AWS SDK decodes.

use local_cloud::LocalCloud;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{
    Answer, DEADLINE, cloud, options, rest, rest_as, rest_of_function, signed_by_function,
};

const TYPE: &str = "Content-Type: application/x-amz-json-1.0\r\n";

async fn broken(faults: &[&str]) -> LocalCloud {
    let mut options = options();
    options.faults = faults.iter().map(|f| f.parse().unwrap()).collect();
    LocalCloud::start(options).await.unwrap()
}

fn target(operation: &str) -> String {
    format!("X-Amz-Target: DynamoDB_20120810.{operation}\r\n{TYPE}")
}

/// A call to the database with the function's access key.
async fn call(cloud: &LocalCloud, operation: &str, body: &Value) -> Answer {
    let endpoint = &cloud.endpoints().dynamodb;
    let body = body.to_string();
    rest_of_function(cloud, endpoint, "POST /", &target(operation), &body).await
}

async fn is_there(cloud: &LocalCloud, key: &str) -> bool {
    let endpoint = &cloud.endpoints().dynamodb;
    let body = json!({"TableName": "stack", "Key": {"pk": {"S": key}}}).to_string();
    let answer = rest(cloud, endpoint, "POST /", &target("GetItem"), &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["Item"].is_object()
}

fn put(key: &str) -> Value {
    json!({"TableName": "stack", "Item": {"pk": {"S": key}}})
}

fn transaction() -> Value {
    json!({"TransactItems": [{"Put": put("a")}, {"Put": put("b")}]})
}

fn get() -> Value {
    json!({"TableName": "stack", "Key": {"pk": {"S": "a"}}})
}

// AWS same(faults): DynamoDB refuses a write for a conflict or for load, a transaction with a
//     reason for each item
#[tokio::test]
async fn a_refused_call_is_not_carried_out_and_the_next_one_is() {
    const CANCELLED: &str = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    const CONFLICT: &str = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
    const THROTTLED: &str = "com.amazon.coral.availability#ThrottlingException";
    let busy = Some(["TransactionConflict", "None"]);
    const EXCEEDED: &str =
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
    let loaded = Some(["ThrottlingError", "None"]);
    let exceeded = Some(["ProvisionedThroughputExceeded", "None"]);
    for (fault, operation, body, kind, codes) in [
        (
            "conflict:echo@1",
            "TransactWriteItems",
            transaction(),
            CANCELLED,
            busy,
        ),
        ("conflict:echo@1", "PutItem", put("a"), CONFLICT, None),
        (
            "throttle:echo@1",
            "TransactWriteItems",
            transaction(),
            CANCELLED,
            loaded,
        ),
        ("throttle:echo@1", "PutItem", put("a"), THROTTLED, None),
        ("throttle:echo.read@1", "GetItem", get(), THROTTLED, None),
        ("throttle:PutItem@1", "PutItem", put("a"), THROTTLED, None),
        ("exceed:echo@1", "PutItem", put("a"), EXCEEDED, None),
        ("exceed:stack.GetItem@1", "GetItem", get(), EXCEEDED, None),
        (
            "exceed:stack@1",
            "TransactWriteItems",
            transaction(),
            CANCELLED,
            exceeded,
        ),
    ] {
        let cloud = broken(&[fault]).await;
        let refused = call(&cloud, operation, &body).await;
        assert_eq!(refused.status, 400, "{fault} {operation}: {refused:?}");
        assert_eq!(refused.body["__type"], kind, "{fault} {operation}");
        if let Some(codes) = codes {
            let reasons = refused.body["CancellationReasons"].as_array().unwrap();
            let found: Vec<_> = reasons
                .iter()
                .map(|r| r["Code"].as_str().unwrap())
                .collect();
            assert_eq!(found, codes, "{fault} {operation}");
        }
        assert!(!is_there(&cloud, "a").await, "{fault} {operation}");
        let accepted = call(&cloud, operation, &body).await;
        assert_eq!(accepted.status, 200, "{fault} {operation}: {accepted:?}");
        cloud.shutdown().await;
    }
}

// AWS different(faults): AWS throttles by load and keys; here a fault selects the caller, table and
//     operation
#[tokio::test]
async fn a_fault_strikes_the_table_and_operation_that_it_names_for_any_caller() {
    let cloud = broken(&["exceed:stack.PutItem@1-2", "throttle:stack.DeleteItem@1-9"]).await;
    let endpoint = &cloud.endpoints().dynamodb;
    let operator = async |operation: &str, body: &Value| {
        let body = body.to_string();
        rest(&cloud, endpoint, "POST /", &target(operation), &body)
            .await
            .status
    };
    assert_eq!(call(&cloud, "GetItem", &get()).await.status, 200);
    assert_eq!(operator("GetItem", &get()).await, 200);
    assert_eq!(call(&cloud, "PutItem", &put("a")).await.status, 400);
    assert_eq!(operator("PutItem", &put("a")).await, 400);
    assert_eq!(operator("PutItem", &put("a")).await, 200);
    cloud.shutdown().await;
}

// AWS same(faults): a slow call is carried out and answered
#[tokio::test]
async fn a_slow_call_is_carried_out_later() {
    for fault in ["slow:stack.PutItem@1+300ms", "slow:echo.commit@1+300ms"] {
        let cloud = broken(&[fault]).await;
        let started = std::time::Instant::now();
        assert_eq!(call(&cloud, "PutItem", &put("a")).await.status, 200);
        let slow = started.elapsed();
        assert!(
            slow >= std::time::Duration::from_millis(300),
            "{fault}: {slow:?}"
        );
        assert!(is_there(&cloud, "a").await, "{fault}");
        cloud.shutdown().await;
    }
}

// AWS same(faults): a call that is not answered may or may not have been carried out
#[tokio::test]
async fn a_lost_request_is_not_carried_out_and_a_lost_answer_is() {
    for (fault, is_done) in [
        ("lost-request:echo.commit@1", false),
        ("lost-answer:echo.commit@1", true),
    ] {
        let cloud = broken(&[fault]).await;
        let mut events = cloud.subscribe();
        let item = put("a");
        let mut lost = Box::pin(call(&cloud, "PutItem", &item));
        let struck = crate::world::event(&mut events, "fault", |kind| match kind {
            local_cloud::EventKind::FaultInjected { fault, .. } => Some(fault.clone()),
            _ => None,
        });
        tokio::select! {
            answer = &mut lost => panic!("{fault}: {answer:?}"),
            struck = struck => assert_eq!(struck, fault),
        }
        // A call that is carried out is done before its caller gives up.
        let done = async {
            while is_done && !is_there(&cloud, "a").await {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            answer = &mut lost => panic!("{fault}: {answer:?}"),
            () = done => {}
        }
        assert_eq!(is_there(&cloud, "a").await, is_done, "{fault}");
        drop(lost);
        cloud.shutdown().await;
    }
}

// AWS same(faults): a publish that is not answered may or may not have been carried out
#[tokio::test]
async fn a_publish_may_lose_its_request_or_its_answer() {
    for (fault, is_published) in [
        ("lost-request:echo.publish@1", false),
        ("lost-answer:echo.publish@1", true),
    ] {
        let cloud = broken(&[fault]).await;
        let mut events = cloud.subscribe();
        let endpoint = &cloud.endpoints().iot_data;
        let lost = rest_of_function(&cloud, endpoint, "POST /topics/x?qos=1", "", "{}");
        // The operator's message arrives after the function's, if that one arrives at all.
        let mark = async {
            crate::world::event(&mut events, "fault", |kind| {
                matches!(kind, local_cloud::EventKind::FaultInjected { .. }).then_some(())
            })
            .await;
            rest(&cloud, endpoint, "POST /topics/mark?qos=1", "", "{}").await;
            let mut topics = Vec::new();
            while topics.last().is_none_or(|topic| topic != "mark") {
                let topic = crate::world::event(&mut events, "message", |kind| match kind {
                    local_cloud::EventKind::Published { topic, .. } => Some(topic.clone()),
                    _ => None,
                });
                topics.push(topic.await);
            }
            topics
        };
        tokio::select! {
            answer = lost => panic!("{fault}: {answer:?}"),
            topics = mark => {
                assert_eq!(topics.contains(&"x".to_owned()), is_published, "{fault}");
            }
        }
        cloud.shutdown().await;
    }
}

// AWS same(faults): the data plane refuses because of load with ThrottlingException, status 429
#[tokio::test]
async fn a_read_of_a_shadow_may_be_refused_for_load() {
    let cloud = broken(&["throttle:echo.shadow@1"]).await;
    let endpoint = &cloud.endpoints().iot_data;
    let ask = async || rest_of_function(&cloud, endpoint, "GET /things/a/shadow", "", "").await;
    let refused = ask().await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert!(refused.head.contains("throttlingexception"), "{refused:?}");
    assert_eq!(ask().await.status, 404, "there is no shadow");
    cloud.shutdown().await;
}

// AWS same(faults): a connection may break before or after a call was carried out, without an
//     answer
#[tokio::test]
async fn a_cut_connection_ends_at_once_whether_or_not_the_call_was_carried_out() {
    for (fault, is_done) in [
        ("cut-request:echo.commit@1", false),
        ("cut-answer:echo.commit@1", true),
    ] {
        let cloud = broken(&[fault]).await;
        let endpoint = &cloud.endpoints().dynamodb;
        let host = endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.unwrap();
        let body = put("a").to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\n{}Content-Length: {}\r\n\r\n{body}",
            signed_by_function(&cloud, endpoint, "POST /", &target("PutItem"), &body),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
        // The connection ends or is reset at once, without a byte of an answer.
        let ended = read.expect("the connection ends");
        assert!(answer.is_empty(), "{fault}: {ended:?} {answer:?}");
        assert_eq!(is_there(&cloud, "a").await, is_done, "{fault}");
        cloud.shutdown().await;
    }
}

// AWS different(faults): AWS fails at random; here two runs with one seed make the same decisions,
//     apart from the order of arrival
#[tokio::test]
async fn two_runs_with_one_seed_write_the_same_journal() {
    let run = async |seed: u64| {
        let mut options = options();
        options.seed = seed;
        let specs = ["drop:open/+@40%", "reorder:open/+@20%", "throttle:echo@30%"];
        options.faults = specs.map(|f| f.parse().unwrap()).into();
        let cloud = LocalCloud::start(options).await.unwrap();
        let item = put("a");
        let calls = async {
            for _ in 0..10 {
                call(&cloud, "PutItem", &item).await;
            }
        };
        let messages = async |topic: &str| {
            let line = format!("POST /topics/{topic}?qos=1");
            for _ in 0..10 {
                rest(&cloud, &cloud.endpoints().iot_data, &line, "", "{}").await;
            }
        };
        tokio::join!(calls, messages("open/1"), messages("open/2"));
        let journal = cloud.faults().journal();
        cloud.shutdown().await;
        journal
    };
    let (first, again, other) = (run(3).await, run(3).await, run(4).await);
    assert_eq!(first.decisions.len(), 50);
    assert_eq!(first.in_order(), again.in_order());
    assert_ne!(first.in_order(), other.in_order());
}

#[tokio::test]
async fn faults_are_armed_and_ended_while_everything_runs() {
    let cloud = cloud().await;
    let page = cloud.endpoints().iot.clone();
    let ask = async |method: &str, kind: &str, fault: &str| {
        let body = json!({ "fault": fault }).to_string();
        let headers = format!("Content-Type: {kind}\r\n");
        rest_as(&page, &format!("{method} /faults"), &headers, body).await
    };
    const JSON: &str = "application/json";
    let refused = "conflict:echo@1";
    let armed = ask("POST", JSON, refused).await;
    assert_eq!(armed.body, json!({"faults": [refused]}), "{armed:?}");
    let answer = call(&cloud, "PutItem", &put("a")).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    // It is spent.
    let list = rest_as(&page, "GET /faults", "", "").await;
    assert_eq!(list.body, json!({"faults": []}));
    for (fault, kind, status, text) in [
        ("nonsense", JSON, 400, "nonsense"),
        ("kill:other.before-read@1", JSON, 400, "no function other"),
        ("power:attic@t=1s+1s", JSON, 400, "devices are not run here"),
        // What a form on any web page could send.
        ("drop:a@1", "text/plain", 415, ""),
    ] {
        let answer = ask("POST", kind, fault).await;
        assert_eq!(answer.status, status, "{fault}: {answer:?}");
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(message.contains(text), "{fault}: {message}");
    }
    let drops = "drop:a/#@100%";
    ask("POST", JSON, drops).await;
    let ended = ask("DELETE", JSON, drops).await;
    assert_eq!(ended.body, json!({"faults": []}), "{ended:?}");
    assert_eq!(ask("DELETE", JSON, drops).await.status, 404);
    cloud.shutdown().await;
}
