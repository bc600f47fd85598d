//! Topics: what may be published, by whom, and for which subscriptions.

use serde_json::json;

use super::*;
use sam_template::Context;

const ACCOUNT: &str = "123456789012";
const ALARM: &str = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a";
const ROLE: Publisher<'_> = Publisher::Identity {
    arn: "arn:aws:sts::123456789012:assumed-role/r/f",
};
const CLOUDWATCH: Publisher<'_> = Publisher::Service {
    name: "cloudwatch.amazonaws.com",
    source_arn: ALARM,
};

fn content(message: &str) -> Content {
    Content {
        message: message.to_owned(),
        ..Content::default()
    }
}

fn attribute(data_type: &str, value: &str) -> Attribute {
    Attribute {
        data_type: data_type.to_owned(),
        value: value.to_owned(),
    }
}

/// Topics of a template with these further resources; queue `stack-Q`, topic `stack-T`.
fn topics(resources: &str) -> Topics {
    let text = format!(
        "Resources:\n  T: {{Type: 'AWS::SNS::Topic'}}\n  Q: {{Type: 'AWS::SQS::Queue'}}\n\
         {resources}"
    );
    let context = Context {
        stack_name: "stack".to_owned(),
        region: "us-east-1".to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    let template = Template::parse("t.yaml", &text, &context).unwrap_or_else(|e| panic!("{e}"));
    let account = Account {
        id: ACCOUNT.to_owned(),
        region: "us-east-1".to_owned(),
    };
    let clock = Clock::stopped_at(1_772_366_400_000);
    let events = EventBus::new(clock);
    let queues = Queues::new(&template, &events, clock, 1.0);
    let declared = Declared::read(&template, &account).unwrap();
    Topics::new(declared, account, queues, events, clock)
}

fn arn() -> String {
    format!("arn:aws:sns:us-east-1:{ACCOUNT}:stack-T")
}

fn subscription(more: &str) -> String {
    format!(
        "  S:\n    Type: AWS::SNS::Subscription\n    Properties: {{TopicArn: !Ref T, \
         Protocol: sqs, Endpoint: !GetAtt Q.Arn{more}}}\n"
    )
}

/// A policy of the queue that lets the topic send to it.
const MAY_SEND: &str = "  P:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Q]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          Effect: Allow
          Principal: {Service: sns.amazonaws.com}
          Action: sqs:SendMessage
          Resource: !GetAtt Q.Arn
          Condition: {ArnEquals: {'aws:SourceArn': !Ref T}}
";

// AWS same(queue): a subject has at most 100 printable ASCII characters, a message with its
//     attributes at most 256 KB, and an attribute a data type that SNS knows
#[test]
fn a_message_that_breaks_a_rule_of_sns_is_refused() {
    let subject = |subject: &str| Content {
        subject: Some(subject.to_owned()),
        ..content("m")
    };
    let with = |name: &str, attribute: Attribute| Content {
        attributes: [(name.to_owned(), attribute)].into(),
        ..content("m")
    };
    let (longest, most) = ("s".repeat(100), "m".repeat(256 * 1024));
    for (content, refusal) in [
        (content("m"), None),
        (content(""), Some("Empty message")),
        (content(&most), None),
        (content(&format!("{most}m")), Some("Message too long")),
        (
            Content {
                message: most,
                ..with("a", attribute("String", "b"))
            },
            Some("Message too long"),
        ),
        (subject(&longest), None),
        (subject(&format!("{longest}s")), Some("Subject")),
        (subject("two\nlines"), Some("Subject")),
        (subject("Tür"), Some("Subject")),
        (subject(" begins with a space"), Some("Subject")),
        (subject(""), Some("Subject")),
        (with("code", attribute("String", "forced")), None),
        (with("n", attribute("Number.byte", "-1.5")), None),
        (with("a", attribute("String.Array", "[1]")), None),
        (
            with("n", attribute("Number", "one")),
            Some("Could not cast message attribute 'n' value 'one' to number."),
        ),
        (
            with("a", attribute("Text", "b")),
            Some("invalid message attribute type 'Text'"),
        ),
        (
            with("a", attribute("String", "")),
            Some("must contain non-empty"),
        ),
        (
            with("a b", attribute("String", "c")),
            Some("Invalid message attribute name a b"),
        ),
        (
            with("a..b", attribute("String", "c")),
            Some("Invalid message attribute name"),
        ),
    ] {
        let refused = content.check().err();
        let text = refused.as_deref().unwrap_or_default();
        assert_eq!(
            refused.is_some(),
            refusal.is_some(),
            "{:?}: {text}",
            content.subject
        );
        assert!(text.contains(refusal.unwrap_or_default()), "{text}");
    }
}

// AWS same(queue): a subscription's FilterPolicy selects messages by their attributes: exact,
//     prefix, anything-but and exists
#[test]
fn a_filter_policy_selects_by_attributes() {
    let attributes = BTreeMap::from([
        ("kind".to_owned(), attribute("String", "rain-heavy")),
        ("level".to_owned(), attribute("Number", "3.0")),
        (
            "tags".to_owned(),
            attribute("String.Array", r#"["wet", 7]"#),
        ),
        ("raw".to_owned(), attribute("Binary", "c3Rvcm0=")),
    ]);
    for (filter, accepted) in [
        ("kind: [rain-heavy]", true),
        ("kind: [rain]", false),
        ("kind: [sun, {prefix: rain-}]", true),
        ("kind: [{prefix: heavy}]", false),
        ("kind: [{anything-but: sun}]", true),
        ("kind: [{anything-but: [sun, rain-heavy]}]", false),
        // An attribute that is not there meets no condition on its value.
        ("other: [{anything-but: sun}]", false),
        ("other: [{exists: false}]", true),
        ("other: [{exists: true}]", false),
        ("kind: [{exists: false}]", false),
        ("level: [3]", true),
        ("level: ['3']", false),
        ("level: [4]", false),
        ("tags: [wet]", true),
        ("tags: [7]", true),
        ("tags: [dry]", false),
        ("raw: [storm]", false),
        ("kind: [{prefix: rain}], level: [3]", true),
        ("kind: [{prefix: rain}], level: [4]", false),
    ] {
        let topics = topics(&subscription(&format!(", FilterPolicy: {{{filter}}}")));
        let declared = topics.declared();
        let policy = declared.subscriptions[0].filter.as_ref().unwrap();
        assert_eq!(filter::accepts(policy, &attributes), accepted, "{filter}");
    }
}

// AWS same(queue): a topic delivers to a queue in SNS's JSON envelope, or raw, if the queue's
//     policy allows sns.amazonaws.com
// AWS different(queue): AWS signs the envelope; here Signature is empty
// AWS different(queue): AWS turns the attributes of a raw message into attributes of the queue's
//     message; here they are dropped
#[test]
fn a_queue_gets_the_envelope_or_the_bare_message() {
    let envelope = topics(&format!("{}{MAY_SEND}", subscription("")));
    let message = Content {
        subject: Some("Bulletin".to_owned()),
        attributes: [("kind".to_owned(), attribute("String", "storm"))].into(),
        ..content("wind")
    };
    let id = envelope.publish(&arn(), message.clone(), ROLE).unwrap();
    let bodies = envelope.inner.queues.messages("stack-Q");
    let body: serde_json::Value = serde_json::from_str(&bodies[0]).unwrap();
    for (field, expected) in [
        ("Type", json!("Notification")),
        ("MessageId", json!(id)),
        ("TopicArn", json!(arn())),
        ("Subject", json!("Bulletin")),
        ("Message", json!("wind")),
        ("Timestamp", json!("2026-03-01T12:00:00.000Z")),
        ("SignatureVersion", json!("1")),
        ("Signature", json!("")),
        (
            "MessageAttributes",
            json!({"kind": {"Type": "String", "Value": "storm"}}),
        ),
    ] {
        assert_eq!(body[field], expected, "{field} of {body}");
    }
    let raw = topics(&format!(
        "{}{MAY_SEND}",
        subscription(", RawMessageDelivery: true")
    ));
    raw.publish(&arn(), message, ROLE).unwrap();
    assert_eq!(raw.inner.queues.messages("stack-Q"), ["wind"]);
    assert_eq!(
        raw.notifications()[0].deliveries[0].outcome,
        Outcome::Delivered
    );
}

#[test]
fn a_queue_without_a_policy_gets_nothing_and_says_so() {
    let topics = topics(&subscription(""));
    topics.publish(&arn(), content("m"), ROLE).unwrap();
    let delivery = &topics.notifications()[0].deliveries[0];
    let Outcome::Failed(error) = &delivery.outcome else {
        panic!("{delivery:?}");
    };
    assert!(error.contains("add an AWS::SQS::QueuePolicy"), "{error}");
    assert!(topics.inner.queues.messages("stack-Q").is_empty());
}

fn topic_policy(statement: &str) -> String {
    format!(
        "  TP:\n    Type: AWS::SNS::TopicPolicy\n    Properties:\n      Topics: [!Ref T]\n      \
         PolicyDocument: {{Version: '2012-10-17', Statement: {{Action: 'sns:Publish', \
         Resource: !Ref T, {statement}}}}}\n"
    )
}

// AWS same(queue): a topic's policy decides whether a service such as CloudWatch may publish; the
//     policy that a topic has without one allows services for resources of its account
// AWS different(queue): AWS lets a topic's policy allow a role that has no right of its own; here a
//     function's role needs sns:Publish too, and the topic's policy can only deny it
#[test]
fn a_topics_policy_decides_who_publishes() {
    let service = "Principal: {Service: cloudwatch.amazonaws.com}";
    let source = "Condition: {StringEquals: {'aws:SourceAccount': '123456789012'}}";
    let other = "Condition: {ArnLike: {'aws:SourceArn': 'arn:aws:cloudwatch:*:*:alarm:b'}}";
    for (policy, publisher, allowed) in [
        (String::new(), CLOUDWATCH, true),
        (String::new(), ROLE, true),
        (
            topic_policy(&format!("Effect: Allow, {service}")),
            CLOUDWATCH,
            true,
        ),
        (
            topic_policy(&format!("Effect: Allow, {service}, {source}")),
            CLOUDWATCH,
            true,
        ),
        (
            topic_policy(&format!("Effect: Allow, {service}, {other}")),
            CLOUDWATCH,
            false,
        ),
        (
            topic_policy("Effect: Allow, Principal: {Service: events.amazonaws.com}"),
            CLOUDWATCH,
            false,
        ),
        (
            topic_policy(&format!("Effect: Allow, {service}")),
            ROLE,
            true,
        ),
        (topic_policy("Effect: Deny, Principal: '*'"), ROLE, false),
    ] {
        let topics = topics(&policy);
        let published = topics.publish(&arn(), content("m"), publisher);
        assert_eq!(
            published.is_ok(),
            allowed,
            "{policy} {publisher:?}: {published:?}"
        );
        assert_eq!(topics.notifications().len(), usize::from(allowed));
        if let Err(error) = published {
            let text = error.to_string();
            assert!(
                text.contains("is not authorized to perform: SNS:Publish"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_newest_notifications_are_kept() {
    let topics = topics("");
    for number in 0..KEPT_MAX + 2 {
        let message = content(&number.to_string());
        topics.publish(&arn(), message, ROLE).unwrap();
    }
    let kept = topics.messages("stack-T").unwrap();
    assert_eq!((kept.len(), kept[0].as_str()), (KEPT_MAX, "2"));
    assert_eq!(topics.messages("other"), None);
    let missing = topics.publish("arn:aws:sns:us-east-1:1:no", content("m"), ROLE);
    assert_eq!(missing, Err(PublishError::NotFound));
}
