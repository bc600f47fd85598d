//! The path of a message through a rule to a function and back.

use local_cloud::metric::Key;
use local_cloud::{EventKind, LocalCloud};
use serde_json::{Value, json};

use crate::world::{Client, DEADLINE, cloud, event, options, rest, thing};

async fn item(cloud: &LocalCloud, key: &str) -> Value {
    let headers =
        "X-Amz-Target: DynamoDB_20120810.GetItem\r\nContent-Type: application/x-amz-json-1.0\r\n";
    let body = json!({"TableName": "stack", "Key": {"pk": {"S": key}}}).to_string();
    let answer = rest(cloud, &cloud.endpoints().dynamodb, "POST /", headers, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["Item"].clone()
}

// AWS same(rules): the Lambda action invokes with the bare output of SELECT; republish accepts
//     substitution templates
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

// AWS same(rules): Basic Ingest reaches the rule without a subscription
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

/// The rule's generated name, taken from the events.
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

// AWS same(rules): the error action gets ruleName, topic, clientId, the payload in base64 and the
//     failures
// AWS different(queue): SQS keeps messages through its own failures; here they are lost at a
//     restart
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
    // The event comes just before the report; another message through the same engine comes after
    // it.
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
        // The next question is answered; an answer to the first one would come earlier.
        client.publish("ask/a", r#"{"question":"next"}"#).await;
        let (_, answer) = client.json().await;
        let expected = if is_answered { "tsrif" } else { "txen" };
        assert_eq!(answer["answer"], expected, "{step}");
        cloud.shutdown().await;
    }
}

/// Publishes as the thing `a`, and waits for the event of a failure or a match of the rule.
async fn rule_result(cloud: &LocalCloud, topic: &str, payload: &str, rule_end: &str) -> String {
    let a = thing(cloud, "a");
    let mut events = cloud.subscribe();
    let client = Client::connect(cloud, "a", &a).await;
    client.publish(topic, payload).await;
    event(&mut events, rule_end, |kind| match kind {
        EventKind::RuleFailed { rule, error, .. } if rule.ends_with(rule_end) => {
            Some(error.clone())
        }
        _ => None,
    })
    .await
}

/// Waits for lines in a log group.
async fn lines(cloud: &LocalCloud, group: &str) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let lines = cloud.log_lines(group);
        if !lines.is_empty() {
            let read = |line: &String| serde_json::from_str(line).unwrap();
            return lines.iter().map(read).collect();
        }
        assert!(tokio::time::Instant::now() < deadline, "nothing in {group}");
        tokio::task::yield_now().await;
    }
}

/// A rule's name: the stack's name, then the rule's logical id.
fn name_of(rule: &str) -> String {
    format!("{}_{rule}", options().stack_name.replace('-', ""))
}

fn metric(cloud: &LocalCloud, name: &str, dimensions: &[(&str, &str)]) -> f64 {
    let key = Key::new("AWS/IoT", name, dimensions);
    cloud.metrics().statistics(&key, 0, u64::MAX).sum
}

fn of_rule(cloud: &LocalCloud, rule: &str, name: &str) -> f64 {
    metric(cloud, name, &[("RuleName", &name_of(rule))])
}

fn of_action(cloud: &LocalCloud, rule: &str, action: &str, name: &str) -> f64 {
    let rule = name_of(rule);
    metric(cloud, name, &[("ActionType", action), ("RuleName", &rule)])
}

// AWS different(rules): a rule that selects its own output runs forever; here it ends after 100
//     rounds with a failed action
#[tokio::test]
async fn a_rule_that_selects_its_own_output_is_ended() {
    let cloud = cloud().await;
    let error = rule_result(&cloud, "open/rules/loop", "{}", "LoopRule").await;
    assert!(error.contains("100 times in a row"), "{error}");
    let reports = lines(&cloud, "rules-loop").await;
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["failures"][0]["failedAction"], "RepublishAction");
    assert_eq!(of_action(&cloud, "LoopRule", "Republish", "Success"), 100.0);
    cloud.shutdown().await;
}

// AWS same(rules): headers of a republish action, with substitution templates, are sent with the
//     message
#[tokio::test]
async fn a_republished_message_has_the_headers_of_the_action() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let client = Client::connect(&cloud, "a", &a).await;
    client
        .publish("open/rules/head", r#"{"kind":"json"}"#)
        .await;
    let expected = json!({"format": "UTF8_DATA", "type": "application/json", "data": "YWJj",
        "user": ["head"]});
    assert_eq!(lines(&cloud, "rules-headed").await, [expected]);
    cloud.shutdown().await;
}

// AWS same(rules): the error action gets one message for all failures; the other actions are
//     performed
// AWS same(rules): a republish action needs a role that allows iot:Publish on the topic
// AWS different(rules): AWS may retry an action after intermittent errors; here each is tried once
#[tokio::test]
async fn every_failure_of_a_message_is_in_one_report() {
    let cloud = cloud().await;
    let error = rule_result(&cloud, "open/rules/failing", r#"{"a":1}"#, "FailingRule").await;
    assert!(
        error.contains("not authorized to perform: iot:Publish"),
        "{error}"
    );
    let reports = lines(&cloud, "rules-failing").await;
    assert_eq!(reports.len(), 1);
    let report = &reports[0];
    assert_eq!(report["topic"], "open/rules/failing");
    assert_eq!(report["base64OriginalPayload"], "eyJhIjoxfQ==");
    let failures = report["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 2, "{report}");
    // An Undefined substitution is empty.
    let message = failures[0]["errorMessage"].as_str().unwrap();
    assert!(message.contains("topic/secret//x"), "{message}");
    assert_eq!(failures[1]["failedAction"], "LambdaAction");
    assert_eq!(lines(&cloud, "rules-done").await, [json!({"a": 1})]);
    assert_eq!(of_action(&cloud, "FailingRule", "Lambda", "Failure"), 1.0);
    assert_eq!(
        of_action(&cloud, "FailingRule", "CloudwatchLogs", "Success"),
        1.0
    );
    cloud.shutdown().await;
}

// AWS same(rules): a payload that is not JSON is counted as ParseError and never reaches the error
//     action
// AWS same(rules): a rule without AwsIotSqlVersion follows 2015-10-08
#[tokio::test]
async fn a_payload_that_is_not_json_is_counted() {
    let cloud = cloud().await;
    let error = rule_result(&cloud, "open/rules/json", "not json", "JsonRule").await;
    assert!(error.contains("is not json"), "{error}");
    assert_eq!(of_rule(&cloud, "JsonRule", "ParseError"), 1.0);
    assert_eq!(of_rule(&cloud, "JsonRule", "TopicMatch"), 1.0);
    assert!(cloud.log_lines("rules-never").is_empty());
    let a = thing(&cloud, "b");
    let client = Client::connect(&cloud, "b", &a).await;
    client
        .publish("open/rules/json", r#"{"degrees":20.0}"#)
        .await;
    lines(&cloud, "rules-json").await;
    assert_eq!(cloud.log_lines("rules-json"), [r#"{"degrees":20.0}"#]);
    cloud.shutdown().await;
}

// AWS same(rules): Basic Ingest for a missing rule is logged and counted as RuleNotFound; the
//     device gets no error
#[tokio::test]
async fn basic_ingest_for_a_missing_rule_is_counted() {
    let cloud = cloud().await;
    let error = rule_result(&cloud, "$aws/rules/Nobody/x", "{}", "Nobody").await;
    assert!(error.contains("RuleNotFound"), "{error}");
    assert_eq!(
        metric(&cloud, "RuleNotFound", &[("RuleName", "Nobody")]),
        1.0
    );
    cloud.shutdown().await;
}

// AWS same(rules): a statement may read a shadow, an item and a function's answer, with the role's
//     and the function's permission
#[tokio::test]
async fn a_statement_reads_from_other_services() {
    let cloud = cloud().await;
    let a = thing(&cloud, "a");
    let mut client = Client::connect(&cloud, "a", &a).await;
    client.subscribe("answer/a").await;
    client.publish("ask/a", r#"{"question":"first"}"#).await;
    client.json().await;
    client
        .subscribe("$aws/things/a/shadow/update/accepted")
        .await;
    let update = r#"{"state":{"desired":{"on":true}}}"#;
    client.publish("$aws/things/a/shadow/update", update).await;
    client.json().await;
    let mut events = cloud.subscribe();
    client
        .publish("open/rules/asking", r#"{"thing":"a"}"#)
        .await;
    let outcome = event(&mut events, "the rule's end", |kind| match kind {
        EventKind::RuleFailed { rule, error, .. } if rule.ends_with("AskingRule") => {
            Some(Err(error.clone()))
        }
        EventKind::RuleMatched { rule, .. } if rule.ends_with("AskingRule") => Some(Ok(())),
        _ => None,
    })
    .await;
    assert_eq!(outcome, Ok(()));
    let expected = json!({"desired": {"on": true}, "question": "first", "answer": {}});
    assert_eq!(lines(&cloud, "rules-asking").await, [expected]);
    cloud.shutdown().await;
}
