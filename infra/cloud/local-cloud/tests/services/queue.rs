//! Delivery from a queue to its function and to the dead-letter queue.

use std::sync::Arc;

use local_cloud::metric::Key;
use local_cloud::{Depth, Event, EventKind, LocalCloud, Options};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::world::{DEADLINE, event, here, options};

/// Options of a cloud with the queues' template, whose time runs a hundred times as fast.
pub fn queues() -> Options {
    let mut options = options();
    options.template = here("queue.yaml");
    options.binaries = [("consume".to_owned(), here("consume.py"))].into();
    options.time_scale = 0.01;
    options
}

/// The queues' template with `from` replaced by `to`, in a separate folder.
fn changed(folder: &tempfile::TempDir, from: &str, to: &str) -> Options {
    let mut options = queues();
    let text = std::fs::read_to_string(&options.template).unwrap();
    assert!(text.contains(from), "{from}");
    options.template = folder.path().join("template.yaml");
    std::fs::write(&options.template, text.replacen(from, to, 1)).unwrap();
    options
}

/// The next messages that the function gets.
async fn given(events: &mut broadcast::Receiver<Arc<Event>>) -> Vec<Value> {
    event(events, "a batch", |kind| {
        let EventKind::FunctionLog { line, .. } = kind else {
            return None;
        };
        let line: Value = serde_json::from_str(line).ok()?;
        line["given"]["Records"].as_array().cloned()
    })
    .await
}

fn bodies(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|r| r["body"].as_str()).collect()
}

/// Waits until the queue has this depth.
async fn until_depth(cloud: &LocalCloud, queue: &str, depth: Depth) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let seen = cloud.queue_depth(queue).unwrap();
        if seen == depth {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{queue} has {seen:?}, not {depth:?}"
        );
        tokio::task::yield_now().await;
    }
}

pub const EMPTY: Depth = Depth {
    visible: 0,
    in_flight: 0,
    delayed: 0,
};
const ONE: Depth = Depth {
    visible: 1,
    ..EMPTY
};

fn sum(cloud: &LocalCloud, queue: &str, name: &str) -> f64 {
    let key = Key::new("AWS/SQS", name, &[("QueueName", queue)]);
    cloud.metrics().statistics(&key, 0, u64::MAX).sum
}

// AWS same(queue): a function's SQS event, or an event source mapping, invokes it with the messages
//     of the queue; completed messages are deleted
// AWS same(queue): the event's Records have messageId, receiptHandle, body, md5OfBody, attributes,
//     messageAttributes, eventSource, eventSourceARN and awsRegion
// AWS absent(queue): message attributes and system attributes of senders; refused by SendMessage
#[tokio::test]
async fn a_function_gets_the_messages_of_its_queue() {
    let cloud = LocalCloud::start(queues()).await.unwrap();
    let mut events = cloud.subscribe();
    let id = cloud.send_message("work", "hello").unwrap();
    let records = given(&mut events).await;
    let [record] = records.as_slice() else {
        panic!("{records:?}");
    };
    let attributes = &record["attributes"];
    let sent = attributes["SentTimestamp"].as_str().unwrap();
    assert!(sent.len() == 13 && sent.parse::<u64>().is_ok(), "{sent}");
    assert!(record["receiptHandle"].as_str().is_some());
    assert_eq!(
        *record,
        json!({
            "messageId": id,
            "receiptHandle": record["receiptHandle"],
            "body": "hello",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": sent,
                "SenderId": cloud.credentials().access_key_id,
                "ApproximateFirstReceiveTimestamp": attributes["ApproximateFirstReceiveTimestamp"],
            },
            "messageAttributes": {},
            "md5OfBody": "5d41402abc4b2a76b9719d911017c592",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:work",
            "awsRegion": "us-east-1",
        })
    );
    until_depth(&cloud, "work", EMPTY).await;
    assert_eq!(cloud.queue_depth("poison"), Some(EMPTY));
    assert_eq!(cloud.queue_depth("nowhere"), None);
    cloud.shutdown().await;
}

// AWS same(queue): metrics NumberOfMessagesSent, Received, Deleted and ApproximateNumberOfMessages
//     Visible, NotVisible, Delayed; a message that is moved to a dead-letter queue does not count
//     as sent
// AWS absent(queue): the metrics ApproximateAgeOfOldestMessage, SentMessageSize and
//     NumberOfEmptyReceives; read the messages themselves
#[tokio::test]
async fn messages_that_the_function_cannot_process_end_in_the_other_queue() {
    let cloud = LocalCloud::start(queues()).await.unwrap();
    let mut events = cloud.subscribe();
    for body in ["poison", "good"] {
        cloud.send_message("work", body).unwrap();
    }
    let (queue, target, receives) = event(&mut events, "the end of a message", |kind| match kind {
        EventKind::Redriven {
            queue,
            target,
            receives,
            ..
        } => Some((queue.clone(), target.clone(), *receives)),
        _ => None,
    })
    .await;
    assert_eq!(
        (queue.as_str(), target.as_str(), receives),
        ("work", "poison", 3)
    );
    until_depth(&cloud, "poison", ONE).await;
    assert_eq!(cloud.queue_messages("poison"), ["poison"]);
    until_depth(&cloud, "work", EMPTY).await;
    for (queue, name, expected) in [
        ("work", "NumberOfMessagesSent", 2.0),
        ("work", "NumberOfMessagesReceived", 4.0),
        ("work", "NumberOfMessagesDeleted", 1.0),
        ("poison", "NumberOfMessagesSent", 0.0),
        ("poison", "ApproximateNumberOfMessagesVisible", 1.0),
    ] {
        assert_eq!(sum(&cloud, queue, name), expected, "{queue} {name}");
    }
    cloud.shutdown().await;
}

// AWS different(queue): Lambda slows down after failures, and starts with five concurrent
//     invocations, then more; here it stays at five, or at MaximumConcurrency
#[tokio::test]
async fn a_batch_that_fails_as_a_whole_is_received_again_as_a_whole() {
    for how in ["raise", "die"] {
        let folder = tempfile::tempdir().unwrap();
        // The window is 2 s, so that both messages are in one batch.
        let options = changed(
            &folder,
            "BatchSize: 5",
            "BatchSize: 2\n            MaximumBatchingWindowInSeconds: 200",
        );
        let cloud = LocalCloud::start(options).await.unwrap();
        let mut events = cloud.subscribe();
        for body in ["good", how] {
            cloud.send_message("work", body).unwrap();
        }
        for receive in ["1", "2", "3"] {
            let records = given(&mut events).await;
            assert_eq!(bodies(&records), ["good", how], "{receive}");
            for record in &records {
                let count = &record["attributes"]["ApproximateReceiveCount"];
                assert_eq!(count, receive, "{record}");
            }
        }
        let two = Depth {
            visible: 2,
            ..EMPTY
        };
        until_depth(&cloud, "poison", two).await;
        cloud.shutdown().await;
    }
}

// AWS same(queue): messages are gathered until there are BatchSize of them, or until
//     MaximumBatchingWindowInSeconds are over
#[tokio::test]
async fn a_batch_is_gathered_until_it_is_full_or_its_window_is_over() {
    let folder = tempfile::tempdir().unwrap();
    // 300 s are 3 s here.
    let options = changed(
        &folder,
        "BatchSize: 5",
        "BatchSize: 3\n            MaximumBatchingWindowInSeconds: 300",
    );
    let cloud = LocalCloud::start(options).await.unwrap();
    let mut events = cloud.subscribe();
    for body in ["1", "2", "3", "4"] {
        cloud.send_message("work", body).unwrap();
    }
    assert_eq!(bodies(&given(&mut events).await), ["1", "2", "3"]);
    assert_eq!(bodies(&given(&mut events).await), ["4"]);
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_duplicated_batch_is_handed_over_twice() {
    let mut options = queues();
    options.faults = vec!["twice:consume@1".parse().unwrap()];
    let cloud = LocalCloud::start(options).await.unwrap();
    let mut events = cloud.subscribe();
    let id = cloud.send_message("work", "hello").unwrap();
    for _ in 0..2 {
        assert_eq!(given(&mut events).await[0]["messageId"], id.as_str());
    }
    until_depth(&cloud, "work", EMPTY).await;
    cloud.shutdown().await;
}

// AWS same(queue): a source that is disabled, or removed from the template, hands over nothing; the
//     messages stay
#[tokio::test]
async fn a_source_can_be_disabled_while_the_cloud_runs() {
    let folder = tempfile::tempdir().unwrap();
    let off = "BatchSize: 5\n            Enabled: false";
    let options = changed(&folder, "BatchSize: 5", off);
    let path = options.template.clone();
    let cloud = LocalCloud::start(options).await.unwrap();
    let mut events = cloud.subscribe();
    cloud.send_message("work", "hello").unwrap();
    assert_eq!(cloud.queue_depth("work"), Some(ONE));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen(off, "BatchSize: 5", 1)).unwrap();
    let changed = cloud.reload(&Default::default()).await.unwrap();
    assert_eq!(changed, ["ConsumeFunctionWork"]);
    assert_eq!(bodies(&given(&mut events).await), ["hello"]);
    until_depth(&cloud, "work", EMPTY).await;
    std::fs::write(&path, text).unwrap();
    let changed = cloud.reload(&Default::default()).await.unwrap();
    assert_eq!(changed, ["ConsumeFunctionWork"]);
    cloud.send_message("work", "more").unwrap();
    assert_eq!(cloud.queue_depth("work"), Some(ONE));
    cloud.shutdown().await;
}

// AWS same(queue): a mapping is refused if the function's role may not receive, delete and get
//     attributes; SAM adds these rights for an SQS event to a role it creates
#[tokio::test]
async fn a_source_whose_function_may_not_read_its_queue_is_refused() {
    let event = "      Events:
        Work:
          Type: SQS
          Properties:
            Queue: !GetAtt Work.Arn
            BatchSize: 5
            FunctionResponseTypes: [ReportBatchItemFailures]
";
    let mapping = |actions: &str, queue: &str| {
        format!(
            "      Policies:
        - Statement:
            - {{Effect: Allow, Action: [{actions}], Resource: !GetAtt {queue}.Arn}}

  WorkSource:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Work.Arn
      FunctionName: !Ref ConsumeFunction
"
        )
    };
    const ALL: &str = "'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'";
    for (actions, queue, missing) in [
        (ALL, "Work", None),
        (ALL, "Poison", Some("sqs:ReceiveMessage")),
        (
            "'sqs:ReceiveMessage', 'sqs:GetQueueAttributes'",
            "Work",
            Some("sqs:DeleteMessage"),
        ),
        (
            "'sqs:ReceiveMessage', 'sqs:DeleteMessage'",
            "Work",
            Some("sqs:GetQueueAttributes"),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let options = changed(&folder, event, &mapping(actions, queue));
        match (LocalCloud::start(options).await, missing) {
            (Ok(cloud), None) => {
                let mut events = cloud.subscribe();
                cloud.send_message("work", "hello").unwrap();
                assert_eq!(bodies(&given(&mut events).await), ["hello"]);
                cloud.shutdown().await;
            }
            (Err(error), Some(action)) => {
                let error = local_cloud::narrate::chain(&error);
                let expected = format!(
                    "template.yaml:6:3: ConsumeFunction: function ConsumeFunction: its execution \
                     role may not call {action} \
                     on arn:aws:sqs:us-east-1:123456789012:work"
                );
                assert!(error.contains(&expected), "{error}");
            }
            (Ok(_), Some(action)) => panic!("started without {action}"),
            (Err(error), None) => panic!("{error}"),
        }
    }
}
