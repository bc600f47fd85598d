//! Alarms on local metrics, with the time scaled down.

use std::fs;

use local_cloud::metric::Key;
use local_cloud::{AlarmState, EventKind, LocalCloud, Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::notification::{BULLETIN, topics};
use crate::world::{DEADLINE, event, rest_as};

/// Options of a cloud with the topics' template, whose time runs a hundred times as fast.
fn watched() -> Options {
    Options {
        time_scale: 0.01,
        ..topics()
    }
}

/// The topics' template with each first text replaced by the second, in a separate folder.
fn changed(folder: &TempDir, edits: &[(&str, &str)]) -> Options {
    let mut options = watched();
    let mut text = fs::read_to_string(&options.template).unwrap();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    options.template = folder.path().join("template.yaml");
    fs::write(&options.template, text).unwrap();
    options
}

/// Waits until the alarm has this state.
async fn until(cloud: &LocalCloud, state: AlarmState) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while cloud.alarms()[0].state != state {
        let alarms = cloud.alarms();
        assert!(
            tokio::time::Instant::now() < deadline,
            "not {state:?}: {alarms:?}"
        );
        tokio::task::yield_now().await;
    }
}

/// Waits for the next notification, and returns its subject and its message.
async fn notified(cloud: &LocalCloud, number: usize) -> (String, Value) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(notification) = cloud.notifications().get(number) {
            let message = serde_json::from_str(&notification.message).unwrap();
            return (notification.subject.clone().unwrap(), message);
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "no notification {number}"
        );
        tokio::task::yield_now().await;
    }
}

// AWS same(alarm): an alarm begins with INSUFFICIENT_DATA, and notifies its topics each time that
//     its state changes to OK or ALARM
// AWS same(alarm): ApproximateNumberOfMessagesVisible and ApproximateAgeOfOldestMessage of a queue,
//     once a minute
#[tokio::test]
async fn an_alarm_goes_off_and_is_over() {
    let cloud = LocalCloud::start(watched()).await.unwrap();
    let first = &cloud.alarms()[0];
    assert_eq!(first.state, AlarmState::InsufficientData);
    assert_eq!(first.reason, "Unchecked: Initial alarm creation");
    until(&cloud, AlarmState::Ok).await;
    let (subject, _) = notified(&cloud, 0).await;
    assert_eq!(subject, "OK: \"stack-full\" in US East (N. Virginia)");
    let mut events = cloud.subscribe();
    cloud.send_message("copies", "unread").unwrap();
    let (from, to) = event(&mut events, "a change", |kind| match kind {
        EventKind::AlarmChanged { from, to, .. } => Some((from.clone(), to.clone())),
        _ => None,
    })
    .await;
    assert_eq!((from.as_str(), to.as_str()), ("OK", "ALARM"));
    let (subject, message) = notified(&cloud, 1).await;
    assert_eq!(subject, "ALARM: \"stack-full\" in US East (N. Virginia)");
    assert_eq!(
        message["AlarmDescription"],
        "Somebody should read the copies."
    );
    let reason = message["NewStateReason"].as_str().unwrap_or_default();
    assert!(
        reason.starts_with("Threshold Crossed: 1 out of the last 1"),
        "{reason}"
    );
    let page = rest_as(&cloud.endpoints().iot, "GET /alarms", "", "")
        .await
        .body;
    assert_eq!(page[0]["state"], "ALARM");
    assert_eq!(page[0]["name"], "stack-full");
    let age = Key::new(
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        &[("QueueName", "copies")],
    );
    let deadline = tokio::time::Instant::now() + DEADLINE;
    // A message of a scaled minute is a minute old.
    while cloud.metrics().statistics(&age, 0, u64::MAX).maximum < 60.0 {
        assert!(tokio::time::Instant::now() < deadline, "no age in time");
        tokio::task::yield_now().await;
    }
    cloud.shutdown().await;
}

// AWS different(alarm): an action that the topic's policy refuses is only in the alarm's history;
//     here it is an event and a line of the log
#[tokio::test]
async fn an_alarm_that_may_not_publish_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let other = (
        "Service: cloudwatch.amazonaws.com",
        "Service: events.amazonaws.com",
    );
    let cloud = LocalCloud::start(changed(&folder, &[other])).await.unwrap();
    let mut events = cloud.subscribe();
    let (topic, error) = event(&mut events, "a failed action", |kind| match kind {
        EventKind::AlarmActionFailed { topic, error, .. } => Some((topic.clone(), error.clone())),
        _ => None,
    })
    .await;
    assert_eq!(topic, BULLETIN);
    assert!(
        error.contains("cloudwatch.amazonaws.com is not authorized to perform: SNS:Publish"),
        "{error}"
    );
    assert_eq!(cloud.notifications(), []);
    cloud.shutdown().await;
}

#[tokio::test]
async fn an_alarm_without_actions_only_changes() {
    let folder = tempfile::tempdir().unwrap();
    let disabled = ("TreatMissingData: notBreaching", "ActionsEnabled: false");
    let breaching = (
        "Threshold: 0",
        "Threshold: 0\n      TreatMissingData: breaching",
    );
    let edits = [disabled, breaching];
    let options = changed(&folder, &edits);
    let text = fs::read_to_string(&options.template).unwrap();
    // A queue that does not exist has no values.
    let text = text.replace("Value: !GetAtt Copies.QueueName", "Value: nothing");
    fs::write(&options.template, text).unwrap();
    let cloud = LocalCloud::start(options).await.unwrap();
    until(&cloud, AlarmState::Alarm).await;
    let reason = &cloud.alarms()[0].reason;
    assert!(reason.ends_with("treated as [Breaching]."), "{reason}");
    assert_eq!(cloud.notifications(), []);
    cloud.shutdown().await;
}

// AWS same(alarm): a changed alarm keeps its state
#[tokio::test]
async fn changed_topics_and_alarms_are_applied_or_refused_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let options = changed(&folder, &[]);
    let template = options.template.clone();
    let base = fs::read_to_string(&template).unwrap();
    let cloud = LocalCloud::start(options).await.unwrap();
    until(&cloud, AlarmState::Ok).await;
    let reload = async |edits: &[(&str, &str)]| {
        let mut text = base.clone();
        for (from, to) in edits {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        fs::write(&template, text).unwrap();
        cloud.reload(&[].into()).await
    };
    let description = ("Somebody should read", "Nobody needs to read");
    let address = ("reader@example.com", "other@example.com");
    let refused = reload(&[
        description,
        address,
        ("Service: cloudwatch.amazonaws.com", "Federated: cloudwatch"),
    ])
    .await;
    assert!(refused.is_err(), "{refused:?}");
    let unchanged = &cloud.alarms()[0];
    let description_of = unchanged.description.as_deref();
    assert_eq!(description_of, Some("Somebody should read the copies."));
    let changed = reload(&[description, address]).await.unwrap();
    assert_eq!(changed, ["Bulletin0", "stack-full"]);
    let alarm = &cloud.alarms()[0];
    assert_eq!(alarm.state, AlarmState::Ok);
    assert_eq!(
        alarm.description.as_deref(),
        Some("Nobody needs to read the copies.")
    );
    let before = cloud.notifications().len();
    cloud.send_message("copies", "unread").unwrap();
    notified(&cloud, before).await;
    let deliveries = &cloud.notifications()[before].deliveries;
    assert_eq!(deliveries[0].endpoint, "other@example.com");
    cloud.shutdown().await;
}
