//! The failure function on a real table.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use failure::handler::Handler;
use lock_aws::clock::Clock;
use lock_aws::{Batch, Cloud};
use lock_core::event::{Event, Subject};
use lock_core::limits::Limits;
use lock_core::name::ButtonSerial;
use lock_core::reason::Verdict;
use lock_core::time::UnixMillis;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::table;
use serde_json::{Value, json};

/// An address at which nothing listens: the function publishes nothing.
const NOWHERE: &str = "127.0.0.1:1";

struct World {
    cloud: Cloud,
    handler: Batch<Handler>,
}

/// A document of Lambda about an event of a rule.
fn given_up(id: &str, event: &Value) -> String {
    json!({
        "version": "1.0",
        "timestamp": "2026-02-02T02:43:00.000Z",
        "requestContext": {
            "requestId": id,
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST",
            "condition": "EventAgeExceeded",
            "approximateInvokeCount": 2
        },
        "requestPayload": event,
        "responsePayload": {"errorType": "store", "errorMessage": "timed out"}
    })
    .to_string()
}

fn press(received_at: UnixMillis) -> Value {
    json!({
        "button": "button-1", "clickType": "SINGLE", "sequence": 412,
        "receivedAt": received_at, "pressId": "5f0e"
    })
}

fn batch(bodies: &[(&str, &str)]) -> Value {
    let sent = NOW.0.to_string();
    let records: Vec<Value> = bodies
        .iter()
        .map(|(id, body)| {
            json!({
                "messageId": id, "body": body,
                "attributes": {"SentTimestamp": sent, "ApproximateReceiveCount": "1"}
            })
        })
        .collect();
    json!({ "Records": records })
}

fn failed(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    let ids = failures.iter().map(|failure| &failure["itemIdentifier"]);
    ids.map(|id| id.as_str().unwrap()).collect()
}

impl World {
    /// A table with a registered lock and a button that is bound to it.
    async fn new() -> Self {
        let cloud = table::cloud(NOWHERE.parse().unwrap()).await;
        let cloud = cloud.with_clock(Clock::by_hand(NOW));
        table::register(&cloud, &lock(), NOW).await;
        table::bind(&cloud, &button(), &lock(), NOW).await;
        let handler = Batch(Handler::new(cloud.clone(), Limits::default()));
        Self { cloud, handler }
    }

    async fn handle(&self, bodies: &[(&str, &str)]) -> Value {
        let deadline = NOW.plus(60_000);
        self.handler.handle(&batch(bodies), deadline).await.unwrap()
    }

    /// The number of items in the table.
    async fn items(&self) -> i32 {
        let scan = self.cloud.store.client().scan().table_name(table::TABLE);
        scan.send().await.unwrap().count()
    }

    /// The lines about messages given up, newest first.
    async fn lines(&self, subject: Subject) -> Vec<Event> {
        let lines = self
            .cloud
            .store
            .read_history(&subject, 99, UnixMillis(0))
            .await;
        let mut lines = lines.unwrap();
        lines.retain(|line| line.decision == Verdict::GivenUp);
        lines
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_was_given_up_leaves_one_line_however_often_it_is_delivered() {
    let world = World::new().await;
    let document = given_up("request-1", &press(NOW));
    for id in ["a", "b", "b"] {
        assert_eq!(failed(&world.handle(&[(id, &document)]).await), [""; 0]);
    }
    let lines = world.lines(Subject::Lock(lock())).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        lines[0].to_string(),
        "button-1 SINGLE: given up: event age (2 attempts: store: timed out) [alert: given-up]"
    );
    assert_eq!(lines[0].at, NOW);
    assert_eq!(world.lines(Subject::Button(button())).await, []);
    // Another press that was given up is another line, in the same millisecond too.
    world
        .handle(&[("c", &given_up("request-2", &press(NOW)))])
        .await;
    assert_eq!(world.lines(Subject::Lock(lock())).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_unreadable_messages_return_to_the_queue_and_stop_no_others() {
    let world = World::new().await;
    let request = json!({"thing": "lock-1", "action": "lock", "requestId": "r", "receivedAt": NOW});
    let rule = json!({
        "ruleName": "r", "topic": "iotbutton/button-2", "cloudwatchTraceId": "t", "clientId": "c",
        "base64OriginalPayload": "e30=",
        "failures": [{"failedAction": "LambdaAction", "errorMessage": "no permission"}]
    });
    let answer = world
        .handle(&[
            ("poison", "hello"),
            ("press", &given_up("1", &press(NOW))),
            ("poison-too", &given_up("2", &json!({"what": "is this"}))),
            ("request", &given_up("3", &request)),
            ("rule", &rule.to_string()),
        ])
        .await;
    assert_eq!(failed(&answer), ["poison", "poison-too"]);
    assert_eq!(world.lines(Subject::Lock(lock())).await.len(), 2);
    let stranger = Subject::Button(ButtonSerial::new("button-2").unwrap());
    let lines = world.lines(stranger).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        lines[0].to_string(),
        "press: given up: rule action (LambdaAction: no permission) [alert: given-up]"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_about_a_sweep_or_an_unregistered_lock() {
    let world = World::new().await;
    let report = json!({"thing": "thermostat", "shadowVersion": 3, "timestamp": 1, "reported": {}});
    let request =
        json!({"thing": "thermostat", "action": "lock", "requestId": "r", "receivedAt": 1});
    let sweep = json!({
        "version": "0", "id": "i", "detail-type": "Scheduled Event", "source": "aws.scheduler"
    });
    let bodies: Vec<String> = [report, request, sweep]
        .iter()
        .map(|event| given_up("1", event))
        .collect();
    let ids = ["a", "b", "c"];
    let messages: Vec<(&str, &str)> = ids
        .into_iter()
        .zip(bodies.iter().map(String::as_str))
        .collect();
    let before = world.items().await;
    assert_eq!(failed(&world.handle(&messages).await), [""; 0]);
    assert_eq!(world.items().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_recorded_returns_to_the_queue() {
    // No table behind it.
    let nowhere = NOWHERE.parse().unwrap();
    let cloud = table::client(table::start().await, nowhere);
    let handler = Batch(Handler::new(cloud, Limits::default()));
    let event = batch(&[("a", &given_up("1", &press(NOW)))]);
    let answer = handler.handle(&event, NOW.plus(60_000)).await;
    assert_eq!(failed(&answer.unwrap()), ["a"]);
    // Nor is there time left.
    let world = World::new().await;
    let answer = world.handler.handle(&event, NOW).await;
    assert_eq!(failed(&answer.unwrap()), ["a"]);
    assert_eq!(world.lines(Subject::Lock(lock())).await, []);
    let error = world.handler.handle(&json!({}), NOW).await.unwrap_err();
    assert_eq!(error.code(), "malformed");
}
