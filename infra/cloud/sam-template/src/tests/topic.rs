//! Topics, subscriptions, and the policies of topics and queues.

use super::*;

const BULLETIN: &str = "\
Resources:
  Bulletin:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: The bulletin
      Subscription:
        - {Protocol: email, Endpoint: reader@example.com}
        - {Protocol: sms, Endpoint: '+4930123456'}
  Archive: {Type: AWS::SQS::Queue}
  Copy:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Bulletin
      Protocol: sqs
      Endpoint: !GetAtt Archive.Arn
      RawMessageDelivery: true
      FilterPolicyScope: MessageAttributes
      FilterPolicy:
        kind: [storm, {prefix: rain-}, {anything-but: [sun, wind]}]
        level: [3]
        place: [{exists: false}]
  BulletinPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Bulletin]
      PolicyDocument: {Version: '2012-10-17', Statement: []}
  ArchivePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Archive]
      PolicyDocument: {Version: '2012-10-17', Statement: []}
Outputs:
  Copy: {Value: !Ref Copy}
";

const ARN: &str = "arn:aws:sns:us-east-1:123456789012:my-home-Bulletin";

// AWS same(template): AWS::SNS::Topic with inline subscriptions, AWS::SNS::Subscription with
//     RawMessageDelivery and FilterPolicy, AWS::SNS::TopicPolicy and AWS::SQS::QueuePolicy
#[test]
fn topics_subscriptions_and_policies_are_read() {
    let template = Template::parse("t.yaml", BULLETIN, &context(&[]));
    let template = template.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(template.topics[0].display_name, "The bulletin");
    let subscription = |id: &str, protocol, endpoint: &str| Subscription {
        logical_id: id.to_owned(),
        topic_arn: ARN.to_owned(),
        protocol,
        endpoint: endpoint.to_owned(),
        is_raw: false,
        filter: None,
    };
    let text = str::to_owned;
    let kinds = vec![
        FilterCondition::Exact(text("storm")),
        FilterCondition::Prefix(text("rain-")),
        FilterCondition::AnythingBut(vec![text("sun"), text("wind")]),
    ];
    let queue = &template.queues[0];
    assert_eq!(
        template.subscriptions,
        [
            subscription("Bulletin0", Protocol::Email, "reader@example.com"),
            subscription("Bulletin1", Protocol::Sms, "+4930123456"),
            Subscription {
                is_raw: true,
                filter: Some(FilterPolicy::from([
                    (text("kind"), kinds),
                    (text("level"), vec![FilterCondition::Number(3.0)]),
                    (text("place"), vec![FilterCondition::Exists(false)]),
                ])),
                ..subscription("Copy", Protocol::Sqs, &queue.arn)
            },
        ]
    );
    let document = json!({"Version": "2012-10-17", "Statement": []});
    let policy = |id: &str, target: &str| ResourcePolicy {
        logical_id: id.to_owned(),
        targets: vec![target.to_owned()],
        document: document.clone(),
    };
    assert_eq!(template.topic_policies, [policy("BulletinPolicy", ARN)]);
    let queue_policy = policy("ArchivePolicy", &queue.url);
    assert_eq!(template.queue_policies, [queue_policy]);
    assert!(template.outputs["Copy"].starts_with("arn:aws:sns:"));
}

// AWS absent(template): subscriptions of functions and of http, filters of the message body, by
//     suffix, number range or IP address, and FIFO topics; refused with advice
#[test]
fn a_subscription_that_is_not_delivered_is_refused() {
    for (from, to, expected) in [
        (
            "Protocol: sqs",
            "Protocol: lambda",
            "Copy: Protocol cannot be \"lambda\": no function is invoked; subscribe a queue",
        ),
        (
            "Protocol: email,",
            "Protocol: http,",
            "Subscription.Protocol cannot be \"http\"",
        ),
        (
            "FilterPolicyScope: MessageAttributes",
            "FilterPolicyScope: MessageBody",
            "Copy: FilterPolicyScope cannot be \"MessageBody\": only message attributes",
        ),
        (
            "{prefix: rain-}",
            "{suffix: -rain}",
            "Copy: FilterPolicy cannot be",
        ),
        (
            "level: [3]",
            "level: [{numeric: ['>', 3]}]",
            "Copy: FilterPolicy cannot be",
        ),
        (
            "level: [3]",
            "level: {inner: [3]}",
            "nested keys belong to MessageBody",
        ),
        (
            "level: [3]",
            "a: [1]\n        b: [1]\n        c: [1]\n        d: [1]",
            "at most 5 attributes",
        ),
        (
            "Protocol: sqs\n",
            "Protocol: email\n",
            "raw messages are delivered by sqs and https only",
        ),
        (
            "DisplayName: The bulletin",
            "FifoTopic: true",
            "Bulletin: property FifoTopic is not supported: order is not kept",
        ),
        (
            "Endpoint: !GetAtt Archive.Arn",
            "Endpoint: arn:aws:sqs:us-east-1:1:other",
            "Copy: arn:aws:sqs:us-east-1:1:other is not a queue of this template",
        ),
        (
            "TopicArn: !Ref Bulletin",
            "TopicArn: arn:aws:sns:us-east-1:1:other",
            "Copy: arn:aws:sns:us-east-1:1:other is not a topic of this template",
        ),
        (
            "Topics: [!Ref Bulletin]",
            "Topics: ['arn:other']",
            "BulletinPolicy: arn:other is not a topic of this template",
        ),
        (
            "Queues: [!Ref Archive]",
            "Queues: [!GetAtt Archive.Arn]",
            "is not a queue of this template",
        ),
    ] {
        assert!(BULLETIN.contains(from), "{from}");
        let message = error(&BULLETIN.replacen(from, to, 1), &[]);
        assert!(message.contains(expected), "{to}\n gave {message}");
    }
}

#[test]
fn a_topic_has_one_policy() {
    let second = BULLETIN.replace(
        "  ArchivePolicy:",
        "  Second:\n    Type: AWS::SNS::TopicPolicy\n    Properties:\n\
         \x20     Topics: [!Ref Bulletin]\n      PolicyDocument: {Statement: []}\n  ArchivePolicy:",
    );
    let message = error(&second, &[]);
    assert!(message.contains("Second: target cannot be"), "{message}");
    assert!(
        message.contains("BulletinPolicy is its policy already"),
        "{message}"
    );
}
