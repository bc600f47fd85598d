//! The rights of functions and rules, as the services check them.

use local_cloud::{EventKind, LocalCloud};
use serde_json::{Value, json};

use crate::world::{Client, cloud, event, options, rest, rest_of_function, thing};

const FUNCTION: &str =
    "arn:aws:sts::123456789012:assumed-role/stack-EchoFunctionRole/stack-EchoFunction";

/// A cloud whose template has `from` replaced by `to`.
async fn changed(from: &str, to: &str) -> LocalCloud {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options();
    let text = std::fs::read_to_string(&options.template).unwrap();
    assert!(text.contains(from), "{from}");
    options.template = directory.path().join("template.yaml");
    std::fs::write(&options.template, text.replace(from, to)).unwrap();
    LocalCloud::start(options).await.unwrap()
}

// AWS different(iam): the data plane refuses what a role does not allow with ForbiddenException and
//     only the text "Forbidden"; here the message names user, action, resource and reason
#[tokio::test]
async fn the_data_plane_refuses_what_a_functions_role_does_not_allow() {
    let cloud = cloud().await;
    let endpoint = &cloud.endpoints().iot_data;
    let (implicit, explicit) = (
        "because no identity-based policy allows the",
        "with an explicit deny in an identity-based policy",
    );
    let rows = [
        ("POST /topics/open%2F1", "iot:Publish", "topic/open/1", None),
        (
            "POST /topics/secret",
            "iot:Publish",
            "topic/secret",
            Some(explicit),
        ),
        (
            "POST /topics/open%2F1?retain=true",
            "iot:RetainPublish",
            "topic/open/1",
            Some(implicit),
        ),
        (
            "GET /things/a/shadow?name=n",
            "iot:GetThingShadow",
            "thing/a/n",
            None,
        ),
        (
            "POST /things/a/shadow",
            "iot:UpdateThingShadow",
            "thing/a",
            Some(implicit),
        ),
        (
            "DELETE /things/a/shadow",
            "iot:DeleteThingShadow",
            "thing/a",
            Some(implicit),
        ),
        (
            "DELETE /connections/a",
            "iot:DeleteConnection",
            "client/a",
            Some(implicit),
        ),
    ];
    for (line, action, path, why) in rows {
        let answer = rest_of_function(&cloud, endpoint, line, "", "{}").await;
        let Some(why) = why else {
            assert_ne!(answer.status, 403, "{line}: {answer:?}");
            continue;
        };
        assert_eq!(answer.status, 403, "{line}: {answer:?}");
        assert!(
            answer.head.contains("x-amzn-errortype: forbiddenexception"),
            "{answer:?}"
        );
        let message = answer.body["message"].as_str().unwrap();
        let expected = format!(
            "User: {FUNCTION} is not authorized to perform: {action} on resource: \
             arn:aws:iot:us-east-1:123456789012:{path} {why}"
        );
        assert!(message.starts_with(&expected), "{line}: {message}");
        // The operator has every right.
        let answer = rest(&cloud, endpoint, line, "", "{}").await;
        assert_ne!(answer.status, 403, "{line}: {answer:?}");
    }
    cloud.shutdown().await;
}

async fn database(cloud: &LocalCloud, operation: &str, body: &Value) -> crate::world::Answer {
    let headers = format!(
        "X-Amz-Target: DynamoDB_20120810.{operation}\r\n\
         Content-Type: application/x-amz-json-1.0\r\n"
    );
    let endpoint = &cloud.endpoints().dynamodb;
    rest_of_function(cloud, endpoint, "POST /", &headers, &body.to_string()).await
}

// AWS same(iam): DynamoDB refuses what a role does not allow with AccessDeniedException, naming
//     user, action, resource and reason
// AWS same(dynamodb): a refused transaction names the action of the item that is not allowed, and
//     changes nothing
#[tokio::test]
async fn the_database_refuses_what_a_functions_role_does_not_allow() {
    let cloud = changed(
        "- DynamoDBCrudPolicy: {TableName: !Ref Items}",
        "- DynamoDBReadPolicy: {TableName: !Ref Items}",
    )
    .await;
    let put = json!({"TableName": "stack", "Item": {"pk": {"S": "a"}}});
    let get = json!({"TableName": "stack", "Key": {"pk": {"S": "a"}}});
    let transaction = json!({"TransactItems": [{"Put": put}]});
    let rows = [
        ("GetItem", &get, None),
        ("PutItem", &put, Some("dynamodb:PutItem")),
        ("DeleteItem", &get, Some("dynamodb:DeleteItem")),
        ("TransactWriteItems", &transaction, Some("dynamodb:PutItem")),
    ];
    for (operation, body, action) in rows {
        let answer = database(&cloud, operation, body).await;
        let Some(action) = action else {
            assert_eq!(answer.status, 200, "{operation}: {answer:?}");
            continue;
        };
        assert_eq!(answer.status, 400, "{operation}: {answer:?}");
        let kind = "com.amazon.coral.service#AccessDeniedException";
        assert_eq!(answer.body["__type"], kind, "{operation}");
        let expected = format!(
            "User: {FUNCTION} is not authorized to perform: {action} on resource: \
             arn:aws:dynamodb:us-east-1:123456789012:table/stack \
             because no identity-based policy allows the {action} action"
        );
        assert_eq!(answer.body["Message"], expected, "{operation}");
    }
    let answer = database(&cloud, "GetItem", &get).await;
    assert!(answer.body["Item"].is_null(), "{answer:?}");
    cloud.shutdown().await;
}

// AWS same(iam): a function reaches the control plane only with a right of its role
#[tokio::test]
async fn a_function_without_the_right_does_not_reach_the_control_plane() {
    let cloud = cloud().await;
    let endpoint = &cloud.endpoints().iot;
    let answer = rest_of_function(&cloud, endpoint, "GET /things", "", "").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(
        answer
            .head
            .contains("x-amzn-errortype: accessdeniedexception"),
        "{answer:?}"
    );
    cloud.shutdown().await;
}

// AWS same(iam): a rule's action needs the right of its role, and fails without it
#[tokio::test]
async fn a_rules_role_must_allow_its_actions() {
    let cloud = changed(
        ":topic/repeated/*'\n              - Effect: Allow\n                \
         Action: sqs:SendMessage",
        ":topic/other/*'\n              - Effect: Allow\n                Action: sqs:DeleteMessage",
    )
    .await;
    let mut events = cloud.subscribe();
    let client = Client::connect(&cloud, "a", &thing(&cloud, "a")).await;
    let role = "arn:aws:sts::123456789012:assumed-role/stack-RuleRole/IotRules";
    for (topic, payload, action, resource) in [
        (
            "answer/a",
            r#"{"answer": 1}"#,
            "iot:Publish",
            "iot:us-east-1:123456789012:topic/repeated/a",
        ),
        (
            "forbidden",
            r#"{"question": 1}"#,
            "sqs:SendMessage",
            "sqs:us-east-1:123456789012:failures",
        ),
    ] {
        client.publish(topic, payload).await;
        let expected = format!(
            "User: {role} is not authorized to perform: {action} on resource: arn:aws:{resource}"
        );
        let failed = |kind: &EventKind| match kind {
            EventKind::RuleFailed { error, .. } => error.contains(&expected).then_some(()),
            _ => None,
        };
        event(&mut events, &expected, failed).await;
    }
    assert!(cloud.queue_messages("failures").is_empty());
    cloud.shutdown().await;
}

// AWS different(iam): AWS does not name the missing statement; here an event and a log line contain
//     it
#[tokio::test]
async fn a_real_function_without_a_right_fails_and_the_statement_is_named() {
    let cloud = changed(
        ":topic/*'\n            - Effect: Allow\n              Action: iot:GetThingShadow",
        ":topic/x'\n            - Effect: Allow\n              Action: iot:GetThingShadow",
    )
    .await;
    let mut events = cloud.subscribe();
    let client = Client::connect(&cloud, "a", &thing(&cloud, "a")).await;
    client.publish("ask/a", r#"{"question": "who"}"#).await;
    let (role, statement) = event(&mut events, "missing right", |kind| match kind {
        EventKind::MissingRight {
            role, statement, ..
        } => Some((role.clone(), statement.clone())),
        _ => None,
    })
    .await;
    assert_eq!(
        role,
        "arn:aws:iam::123456789012:role/stack-EchoFunctionRole"
    );
    let statement: Value = serde_json::from_str(&statement).unwrap();
    let expected = json!({
        "Effect": "Allow",
        "Action": "iot:Publish",
        "Resource": "arn:aws:iot:us-east-1:123456789012:topic/answer/a",
    });
    assert_eq!(statement, expected);
    event(&mut events, "failed invocation", |kind| match kind {
        EventKind::Completed { outcome, .. } => (outcome != "ok").then_some(()),
        _ => None,
    })
    .await;
    cloud.shutdown().await;
}
