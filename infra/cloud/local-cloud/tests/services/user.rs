//! Users who have one managed policy of the template, and functions whose roles have exactly their
//! rights.

use local_cloud::{EventKind, LocalCloud};
use serde_json::json;

use crate::world::{
    Answer, Client, deployed, event, rest, rest_as, rest_of_function, signed, thing,
};

const USER: &str = "arn:aws:iam::123456789012:user/Viewer";

/// A REST call of the user who has the policy `Viewer`.
pub async fn rest_of_user(
    cloud: &LocalCloud,
    endpoint: &str,
    line: &str,
    headers: &str,
    body: impl AsRef<[u8]>,
) -> Answer {
    let body = body.as_ref();
    let user = cloud.credentials_with_policy("Viewer").unwrap();
    let keys = (
        user.access_key_id.as_str(),
        user.secret_access_key.as_str(),
        "",
    );
    let signed = signed(cloud, keys, endpoint, line, headers, body);
    rest_as(endpoint, line, &signed, body).await
}

/// The words of a refusal; `None` if the call was permitted.
fn refusal(answer: &Answer) -> Option<String> {
    let message = answer.body["message"]
        .as_str()
        .or(answer.body["Message"].as_str());
    let message = message.unwrap_or_default();
    message
        .contains("not authorized")
        .then(|| message.to_owned())
}

fn expected(action: &str, resource: &str) -> String {
    format!(
        "User: {USER} is not authorized to perform: {action} on resource: arn:aws:{resource} \
         because no identity-based policy allows the {action} action"
    )
}

// AWS same(iam): a user with a managed policy may call exactly what it allows, on every service; a
//     refusal names user, action and resource
#[tokio::test]
async fn a_user_may_do_what_the_policy_allows_and_nothing_else() {
    let cloud = deployed(&[]).await;
    thing(&cloud, "a");
    let endpoints = cloud.endpoints().clone();
    let (iot, data) = (&endpoints.iot, &endpoints.iot_data);
    let invoke = "POST /2015-03-31/functions/stack-EchoFunction/invocations";
    let dry = "X-Amz-Invocation-Type: DryRun\r\n";
    let sqs = |operation| format!("X-Amz-Target: AmazonSQS.{operation}\r\n");
    let queue = r#"{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/waiting"}"#;
    let account = "us-east-1:123456789012";
    for (endpoint, line, headers, body, denied) in [
        (iot, "GET /things", String::new(), "", None),
        (iot, "GET /endpoint", String::new(), "", None),
        (iot, "GET /things/a", String::new(), "", None),
        (
            iot,
            "POST /things/b",
            String::new(),
            "{}",
            Some(("iot:CreateThing", "iot", "thing/b")),
        ),
        (
            iot,
            "DELETE /policies/thing",
            String::new(),
            "",
            Some(("iot:DeletePolicy", "iot", "policy/thing")),
        ),
        (data, "POST /topics/ask%2Fa", String::new(), "{}", None),
        (
            data,
            "POST /topics/other",
            String::new(),
            "{}",
            Some(("iot:Publish", "iot", "topic/other")),
        ),
        (
            data,
            "POST /things/a/shadow",
            String::new(),
            "{}",
            Some(("iot:UpdateThingShadow", "iot", "thing/a")),
        ),
        (
            iot,
            &format!("{invoke}?Qualifier=live"),
            dry.to_owned(),
            "{}",
            None,
        ),
        (
            iot,
            invoke,
            dry.to_owned(),
            "{}",
            Some((
                "lambda:InvokeFunction",
                "lambda",
                "function:stack-EchoFunction",
            )),
        ),
        (iot, "POST /", sqs("GetQueueAttributes"), queue, None),
        (
            iot,
            "POST /",
            sqs("ReceiveMessage"),
            queue,
            Some(("sqs:ReceiveMessage", "sqs", "waiting")),
        ),
    ] {
        let answer = rest_of_user(&cloud, endpoint, line, &headers, body).await;
        let denied = denied.map(|(action, service, path)| {
            expected(action, &format!("{service}:{account}:{path}"))
        });
        assert_eq!(refusal(&answer), denied, "{line}: {answer:?}");
        assert_eq!(
            refusal(&rest(&cloud, endpoint, line, &headers, body).await),
            None,
            "{line}"
        );
    }
    assert!(cloud.credentials_with_policy("DevicePolicy").is_none());
    cloud.shutdown().await;
}

// AWS same(iam): a user's request to a table, an index or a transaction needs the right of each
//     part
#[tokio::test]
async fn a_users_requests_to_tables_are_checked_part_by_part() {
    let cloud = deployed(&[]).await;
    let endpoint = cloud.endpoints().dynamodb.clone();
    let key = |table: &str| json!({"TableName": table, "Key": {"pk": {"S": "a"}}});
    let item = |table: &str| json!({"TableName": table, "Item": {"pk": {"S": "a"}}});
    let query = |index: &str| {
        json!({"TableName": "stack", "IndexName": index, "KeyConditionExpression": "#at = :a",
            "ExpressionAttributeNames": {"#at": "at"},
            "ExpressionAttributeValues": {":a": {"N": "1"}}})
    };
    let table = |path: &str| format!("dynamodb:us-east-1:123456789012:table/{path}");
    for (operation, body, denied) in [
        ("GetItem", key("stack"), None),
        (
            "DeleteItem",
            key("stack"),
            Some(("dynamodb:DeleteItem", table("stack"))),
        ),
        ("Query", query("by-time"), None),
        (
            "Query",
            query("other"),
            Some(("dynamodb:Query", table("stack/index/other"))),
        ),
        (
            "Scan",
            json!({"TableName": "stack"}),
            Some(("dynamodb:Scan", table("stack"))),
        ),
        (
            "TransactWriteItems",
            json!({"TransactItems": [{"Put": item("stack-Scratch")}]}),
            None,
        ),
        (
            "TransactWriteItems",
            json!({"TransactItems": [{"Put": item("stack-Scratch")}, {"Put": item("stack")}]}),
            Some(("dynamodb:PutItem", table("stack"))),
        ),
    ] {
        let headers = format!(
            "X-Amz-Target: DynamoDB_20120810.{operation}\r\n\
             Content-Type: application/x-amz-json-1.0\r\n"
        );
        let body = body.to_string();
        let answer = rest_of_user(&cloud, &endpoint, "POST /", &headers, &body).await;
        let denied = denied.map(|(action, resource)| expected(action, &resource));
        assert_eq!(refusal(&answer), denied, "{operation}: {answer:?}");
    }
    cloud.shutdown().await;
}

// AWS same(functions): an action of a rule, an event source and Invoke run a function by its alias;
//     a permission on the alias does not permit the unqualified function
#[tokio::test]
async fn an_alias_is_invoked_by_rules_and_sources_and_has_its_own_permissions() {
    let cloud = deployed(&[]).await;
    let mut events = cloud.subscribe();
    let client = Client::connect(&cloud, "a", &thing(&cloud, "a")).await;
    client.publish("ask/a", r#"{"question": "who"}"#).await;
    let completed = |kind: &EventKind| match kind {
        EventKind::Completed {
            function, outcome, ..
        } => Some((function.clone(), outcome.clone())),
        _ => None,
    };
    let ok = ("stack-EchoFunction".to_owned(), "ok".to_owned());
    assert_eq!(
        event(&mut events, "invocation by the rule", completed).await,
        ok
    );
    client.publish("latest", r#"{"question": "who"}"#).await;
    let failed = |kind: &EventKind| match kind {
        EventKind::RuleFailed { error, .. } => Some(error.clone()),
        _ => None,
    };
    let error = event(&mut events, "failed rule", failed).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:stack-EchoFunction";
    assert!(
        error.contains(&format!("{arn} has no permission")),
        "{error}"
    );
    cloud.send_message("waiting", "no json object").unwrap();
    event(&mut events, "invocation by the queue", |kind| match kind {
        EventKind::Invoked { function, .. } => (*function == ok.0).then_some(()),
        _ => None,
    })
    .await;
    let line = "POST /2015-03-31/functions/stack-EchoFunction:live/invocations";
    let endpoint = &cloud.endpoints().iot;
    let answer = rest(
        &cloud,
        endpoint,
        line,
        "",
        r#"{"asker":"a","question":"q"}"#,
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(
        answer.head.contains("x-amz-executed-version: 1"),
        "{answer:?}"
    );
    let line = line.replace(":live", ":old");
    assert_eq!(rest(&cloud, endpoint, &line, "", "{}").await.status, 404);
    cloud.shutdown().await;
}

// AWS same(iam): a function's role needs rights to its log group; without them its lines are lost,
//     and metrics in them too
// AWS different(iam): AWS does not say that logs are lost; here an event names the statement
#[tokio::test]
async fn a_function_whose_role_cannot_write_logs_logs_nothing() {
    for (right, is_kept) in [("PutLogEvents", true), ("GetLogEvents", false)] {
        let cloud = deployed(&[("Log", right)]).await;
        let mut events = cloud.subscribe();
        let line = "POST /2015-03-31/functions/stack-EchoFunction/invocations";
        let endpoint = &cloud.endpoints().iot;
        // It fails, and Python writes why.
        let answer = rest(&cloud, endpoint, line, "", "[]").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let role = event(
            &mut events,
            "a line, or the report of its loss",
            |kind| match kind {
                EventKind::FunctionLog { .. } => Some(None),
                EventKind::MissingRight {
                    role, statement, ..
                } => Some(Some((role.clone(), statement.clone()))),
                _ => None,
            },
        )
        .await;
        match role {
            None => assert!(is_kept, "{right}"),
            Some((role, statement)) => {
                assert!(!is_kept, "{right}: {statement}");
                assert_eq!(role, "arn:aws:iam::123456789012:role/stack-EchoRole");
                let group = "arn:aws:logs:us-east-1:123456789012:log-group:stack-EchoLogGroup:*";
                assert!(statement.contains(group), "{statement}");
            }
        }
        cloud.shutdown().await;
    }
}

#[tokio::test]
async fn a_functions_role_is_checked_for_the_control_plane_too() {
    let cloud = deployed(&[]).await;
    let endpoint = &cloud.endpoints().iot;
    let answer = rest_of_function(&cloud, endpoint, "GET /things", "", "").await;
    let message = refusal(&answer).unwrap_or_default();
    assert!(
        message.contains("assumed-role/stack-EchoRole/stack-EchoFunction"),
        "{message}"
    );
    let attributes = "X-Amz-Target: AmazonSQS.GetQueueAttributes\r\n";
    let queue = r#"{"QueueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/waiting"}"#;
    let answer = rest_of_function(&cloud, endpoint, "POST /", attributes, queue).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    cloud.shutdown().await;
}
