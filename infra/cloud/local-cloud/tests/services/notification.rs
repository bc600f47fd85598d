//! SNS: its Query API, rights, and what happens to a message.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use local_cloud::{EventKind, LocalCloud, Notification, Options, Outcome};
use serde_json::Value;

use crate::world::{Answer, DEADLINE, event, here, options, rest, rest_as, rest_of_function};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
pub const BULLETIN: &str = "arn:aws:sns:us-east-1:123456789012:bulletin";
const OTHER: &str = "arn:aws:sns:us-east-1:123456789012:other";

/// Options of a cloud with the topics' template. No alarm changes within its first minute.
pub fn topics() -> Options {
    let mut options = options();
    options.template = here("notification.yaml");
    options
}

/// Parameters as a form.
fn form(action: &str, parameters: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        let bytes = text.bytes();
        bytes
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs = parameters.iter();
    let pairs = pairs.map(|(name, value)| format!("&{name}={}", encode(value)));
    format!(
        "Action={action}&Version=2010-03-31{}",
        pairs.collect::<String>()
    )
}

/// A call of SNS by the operator.
async fn sns(cloud: &LocalCloud, action: &str, parameters: &[(&str, &str)]) -> Answer {
    let body = form(action, parameters);
    rest(cloud, &cloud.endpoints().iot, "POST /", FORM, body).await
}

/// The text between the tags of the first such element.
fn element<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let start = format!("<{name}>");
    let (_, rest) = answer
        .text
        .split_once(&start)
        .unwrap_or_else(|| panic!("{name}: {answer:?}"));
    rest.split_once(&format!("</{name}>")).unwrap().0
}

// AWS same(queue): SNS's Publish, ListTopics, GetTopicAttributes and ListSubscriptionsByTopic by
//     its Query protocol, with answers in XML
// AWS different(queue): AWS sends to e-mail addresses, phones and web servers; here the message and
//     its recipients are shown and nothing is sent
// AWS absent(queue): SNS's other operations, message structures, phone numbers as targets, and
//     retries of a delivery; refused with InvalidAction or InvalidParameter
#[tokio::test]
async fn a_message_is_published_and_shown() {
    let cloud = LocalCloud::start(topics()).await.unwrap();
    let mut events = cloud.subscribe();
    let published = sns(
        &cloud,
        "Publish",
        &[
            ("TopicArn", BULLETIN),
            ("Subject", "Weather & bulletin"),
            ("Message", "Über 30 °C"),
            ("MessageAttributes.entry.1.Name", "kind"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", "storm"),
        ],
    )
    .await;
    assert_eq!(published.status, 200, "{published:?}");
    assert_eq!(element(&published, "MessageId").len(), 36);
    let seen = event(&mut events, "a notification", |kind| match kind {
        EventKind::Notified {
            topic, attributes, ..
        } => Some((topic.clone(), attributes["kind"].clone())),
        _ => None,
    })
    .await;
    assert_eq!(seen, ("bulletin".to_owned(), "storm".to_owned()));
    let kept = cloud.notifications();
    let Notification {
        subject,
        message,
        deliveries,
        ..
    } = &kept[0];
    assert_eq!(subject.as_deref(), Some("Weather & bulletin"));
    assert_eq!(message, "Über 30 °C");
    let outcomes = deliveries.iter().map(|d| (d.endpoint.as_str(), &d.outcome));
    let queue = "arn:aws:sqs:us-east-1:123456789012:copies";
    let expected = [
        ("reader@example.com", &Outcome::Shown),
        (queue, &Outcome::Delivered),
    ];
    assert_eq!(outcomes.collect::<Vec<_>>(), expected);
    assert_eq!(cloud.queue_messages("copies"), ["Über 30 °C"]);
    assert_eq!(cloud.queue_messages("bulletin"), ["Über 30 °C"]);
    let endpoint = &cloud.endpoints().iot;
    let page = rest_as(endpoint, "GET /notifications", "", "").await.body;
    assert_eq!(page[0]["subject"], "Weather & bulletin");
    assert_eq!(page[0]["attributes"]["kind"], "storm");
    assert_eq!(page[0]["deliveries"][0]["outcome"], "shown");
    let topics = sns(&cloud, "ListTopics", &[]).await;
    assert_eq!(element(&topics, "TopicArn"), BULLETIN);
    let attributes = sns(&cloud, "GetTopicAttributes", &[("TopicArn", BULLETIN)]).await;
    for part in [
        "<key>DisplayName</key><value>The &lt;bulletin&gt;</value>",
        "<key>SubscriptionsPending</key><value>1</value>",
        "<key>SubscriptionsConfirmed</key><value>1</value>",
        "cloudwatch.amazonaws.com",
    ] {
        assert!(attributes.text.contains(part), "{part}: {attributes:?}");
    }
    let list = [("TopicArn", BULLETIN)];
    let subscriptions = sns(&cloud, "ListSubscriptionsByTopic", &list).await;
    assert_eq!(
        element(&subscriptions, "SubscriptionArn"),
        "PendingConfirmation"
    );
    assert_eq!(element(&subscriptions, "Endpoint"), "reader@example.com");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_call_that_sns_refuses_is_refused_in_its_words() {
    let cloud = LocalCloud::start(topics()).await.unwrap();
    let (to_bulletin, message) = (("TopicArn", BULLETIN), ("Message", "m"));
    let missing = ("TopicArn", "arn:aws:sns:us-east-1:123456789012:missing");
    for (action, parameters, status, code, text) in [
        (
            "Subscribe",
            &[to_bulletin][..],
            400,
            "InvalidAction",
            "Subscribe is not part",
        ),
        (
            "Publish",
            &[missing, message],
            404,
            "NotFound",
            "Topic does not exist",
        ),
        ("Publish", &[message], 400, "InvalidParameter", "TopicArn"),
        (
            "Publish",
            &[to_bulletin],
            400,
            "InvalidParameter",
            "Message",
        ),
        (
            "Publish",
            &[to_bulletin, ("Message", "")],
            400,
            "InvalidParameter",
            "Invalid parameter: Empty message",
        ),
        (
            "Publish",
            &[to_bulletin, message, ("Subject", "two\nlines")],
            400,
            "InvalidParameter",
            "Invalid parameter: Subject",
        ),
        (
            "Publish",
            &[to_bulletin, message, ("MessageStructure", "json")],
            400,
            "InvalidParameter",
            "MessageStructure",
        ),
        (
            "GetTopicAttributes",
            &[missing],
            404,
            "NotFound",
            "Topic does not exist",
        ),
    ] {
        let answer = sns(&cloud, action, parameters).await;
        assert_eq!(answer.status, status, "{action} {parameters:?}: {answer:?}");
        assert_eq!(element(&answer, "Code"), code, "{action} {parameters:?}");
        assert!(element(&answer, "Message").contains(text), "{answer:?}");
    }
    let long = "m".repeat(256 * 1024 + 1);
    let answer = sns(&cloud, "Publish", &[to_bulletin, ("Message", &long)]).await;
    assert_eq!(
        element(&answer, "Message"),
        "Invalid parameter: Message too long"
    );
    assert_eq!(cloud.notifications(), []);
    cloud.shutdown().await;
}

// AWS same(queue): a function publishes with its role's right sns:Publish on the topic, and is
//     refused another topic with AuthorizationError
#[tokio::test]
async fn a_function_publishes_where_its_role_allows_it() {
    let cloud = LocalCloud::start(topics()).await.unwrap();
    let endpoint = &cloud.endpoints().iot;
    let publish = |arn| form("Publish", &[("TopicArn", arn), ("Message", "m")]);
    let allowed = rest_of_function(&cloud, endpoint, "POST /", FORM, &publish(BULLETIN)).await;
    assert_eq!(allowed.status, 200, "{allowed:?}");
    let denied = rest_of_function(&cloud, endpoint, "POST /", FORM, &publish(OTHER)).await;
    assert_eq!(denied.status, 403, "{denied:?}");
    assert_eq!(element(&denied, "Code"), "AuthorizationError");
    let message = element(&denied, "Message");
    assert!(
        message.contains("is not authorized to perform: sns:Publish on resource"),
        "{message}"
    );
    // A call without a right or a signature reaches neither a topic nor SQS.
    let listed = rest_of_function(&cloud, endpoint, "POST /", FORM, &form("ListTopics", &[])).await;
    assert_eq!(listed.status, 403, "{listed:?}");
    let unsigned = rest_as(endpoint, "POST /", FORM, publish(BULLETIN)).await;
    assert_eq!(unsigned.status, 403, "{unsigned:?}");
    assert_eq!(element(&unsigned, "Code"), "MissingAuthenticationToken");
    assert_eq!(cloud.notifications().len(), 1);
    cloud.shutdown().await;
}

/// A function that answers with the variable that SNS's clients read.
const ASK: &str = r#"#!/usr/bin/env python3
import json, os, urllib.request
RUNTIME = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(RUNTIME + "/next") as event:
        url = RUNTIME + "/" + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    answer = json.dumps(os.environ["AWS_ENDPOINT_URL_SNS"]).encode()
    urllib.request.urlopen(url, answer).read()
"#;

#[tokio::test]
async fn a_function_finds_sns_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let ask = folder.path().join("ask");
    fs::write(&ask, ASK).unwrap();
    fs::set_permissions(&ask, fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = topics();
    options.binaries = [("echo".to_owned(), ask)].into();
    let cloud = LocalCloud::start(options).await.unwrap();
    let endpoint = &cloud.endpoints().iot;
    let invoke = "POST /2015-03-31/functions/stack-EchoFunction/invocations";
    let answer = rest(&cloud, endpoint, invoke, "", "{}").await;
    assert_eq!(answer.body, endpoint.as_str(), "{answer:?}");
    cloud.shutdown().await;
}

// AWS same(functions): a topic is an on-failure destination
#[tokio::test]
async fn a_given_up_event_is_published_to_a_topic() {
    let cloud = LocalCloud::start(topics()).await.unwrap();
    let function = "arn:aws:lambda:us-east-1:123456789012:function:stack-EchoFunction";
    // The function has no table, and fails.
    let accepted = cloud.functions().invoke_async(function, b"{}".to_vec());
    accepted.unwrap();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let record = loop {
        if let Some(message) = cloud.queue_messages("bulletin").pop() {
            break serde_json::from_str::<Value>(&message).unwrap();
        }
        assert!(tokio::time::Instant::now() < deadline, "no record in time");
        tokio::task::yield_now().await;
    };
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    cloud.shutdown().await;
}
