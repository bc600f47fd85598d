//! From a message over a rule to a function and back.

use local_cloud::{EventKind, LocalCloud};
use serde_json::{Value, json};

use crate::world::{Client, cloud, event, options, rest, thing};

async fn item(cloud: &LocalCloud, key: &str) -> Value {
    let headers =
        "X-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Type: application/x-amz-json-1.0\r\n";
    let body = json!({"TableName": "stack", "Key": {"pk": {"S": key}}}).to_string();
    let answer = rest(cloud, &cloud.endpoints().dynamodb, "POST /", headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["Item"].clone()
}

#[tokio::test]
async fn a_message_runs_a_function_whose_answer_is_republished() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("answer/a").await;
    client.subscribe("repeated/#").await;
    client
        .publish("ask/a", r#"{"question":"abc","asker":"someone else"}"#)
        .await;
    let (topic, answer) = client.json().await;
    assert_eq!(topic, "answer/a");
    assert_eq!(answer["answer"], "cba");
    assert_eq!(
        answer["event"],
        json!({"asker": "a", "question": "abc", "principal": a.id, "client": "a"})
    );
    let (topic, repeated) = client.json().await;
    assert_eq!(topic, "repeated/a");
    assert_eq!(repeated, json!({"answer": "cba", "asker": "a"}));
    assert_eq!(item(&cloud, "a").await["question"]["S"], "abc");
    cloud.shutdown().await;
}

#[tokio::test]
async fn basic_ingest_reaches_the_rule_and_no_subscriber() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let rule = cloud_rule_name(&cloud, &a).await;
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("answer/a").await;
    let topic = format!("$aws/rules/{rule}/ask/a");
    client.publish(&topic, r#"{"question":"xy"}"#).await;
    let (_, answer) = client.json().await;
    assert_eq!(answer["answer"], "yx");
    cloud.shutdown().await;
}

/// Rule names are made at deployment; the events tell.
async fn cloud_rule_name(cloud: &LocalCloud, a: &local_cloud::IssuedCertificate) -> String {
    let mut events = cloud.subscribe();
    let client = Client::connect(cloud, "a", a).await;
    client.publish("ask/a", r#"{"question":"?"}"#).await;
    event(&mut events, "completion", |kind| {
        matches!(kind, EventKind::Completed { .. }).then_some(())
    })
    .await;
    let mut events = cloud.subscribe();
    client.publish("ask/a", r#"{"question":"?"}"#).await;
    let name = event(&mut events, "match", |kind| match kind {
        EventKind::RuleMatched { rule, .. } => Some(rule.clone()),
        _ => None,
    })
    .await;
    event(&mut events, "completion", |kind| {
        matches!(kind, EventKind::Completed { .. }).then_some(())
    })
    .await;
    name
}

#[tokio::test]
async fn a_rule_without_permission_reports_to_its_error_action() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut events = cloud.subscribe();
    let client = Client::connect(&cloud, "a", &a).await;
    client.publish("forbidden", r#"{"question":"?"}"#).await;
    event(&mut events, "failure", |kind| match kind {
        EventKind::RuleFailed { error, .. } => error.contains("permission").then_some(()),
        _ => None,
    })
    .await;
    // The event comes just before the report: another message through the same engine comes after it.
    client.publish("answer/x", r#"{"answer":1}"#).await;
    event(&mut events, "next rule", |kind| match kind {
        EventKind::RuleMatched { topic, .. } => (topic == "answer/x").then_some(()),
        _ => None,
    })
    .await;
    let reports = cloud.queue_messages("failures");
    assert_eq!(reports.len(), 1);
    let report: Value = serde_json::from_str(&reports[0]).unwrap();
    assert_eq!(report["topic"], "forbidden");
    assert_eq!(report["clientId"], "a");
    assert_eq!(report["failures"][0]["failedAction"], "LambdaAction");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_function_is_killed_at_the_named_step() {
    for (step, is_written, is_answered) in [
        ("before-read", false, false),
        ("before-commit", false, false),
        ("after-commit", true, false),
        ("before-publish", true, false),
        ("after-publish", true, true),
    ] {
        let mut options = options();
        options.faults = vec![format!("kill:echo.{step}@1").parse().unwrap()];
        let cloud = LocalCloud::start(options).await.unwrap();
        let a = thing(&cloud, "a");
        let mut events = cloud.subscribe();
        let mut client = Client::connect(&cloud, "a", &a).await;
        client.subscribe("answer/a").await;
        client.publish("ask/a", r#"{"question":"first"}"#).await;
        let outcome = event(&mut events, "completion", |kind| match kind {
            EventKind::Completed { outcome, .. } => Some(outcome.clone()),
            _ => None,
        })
        .await;
        assert_ne!(outcome, "ok", "{step}");
        let written = !item(&cloud, "a").await.is_null();
        assert_eq!(written, is_written, "{step}");
        // The next question is answered; an answer to the first one would come before.
        client.publish("ask/a", r#"{"question":"next"}"#).await;
        let (_, answer) = client.json().await;
        let expected = if is_answered { "tsrif" } else { "txen" };
        assert_eq!(answer["answer"], expected, "{step}");
        cloud.shutdown().await;
    }
}
