//! Records of a stream that their function cannot process.

use local_cloud::EventKind;
use serde_json::json;

use crate::follow::{Stack, given, given_ids, ids, lost, put};
use crate::world::event;

/// The source's settings with these added.
fn settings(more: &[&str]) -> String {
    let lines = more.iter().map(|line| format!("            {line}\n"));
    format!("            BatchSize: 10\n{}", lines.collect::<String>())
}

#[tokio::test]
async fn a_batch_goes_on_at_the_record_that_failed() {
    let stack = Stack::new(&[]);
    let reports = settings(&[
        "FunctionResponseTypes: [ReportBatchItemFailures]",
        "MaximumRetryAttempts: 1",
    ]);
    let items = [("1", ""), ("2", "poison"), ("3", "")];
    let (cloud, mut events) = stack.with_items(&items, &reports).await;
    for expected in [vec!["1", "2", "3"], vec!["2", "3"]] {
        assert_eq!(given_ids(&mut events).await, expected);
    }
    let messages = lost(&cloud, 1).await;
    assert_eq!(messages[0]["DDBStreamBatchInfo"]["batchSize"], 2);
    // The function itself succeeded.
    assert_eq!(
        messages[0]["responseContext"],
        json!({"statusCode": 200, "executedVersion": "$LATEST"})
    );
    put(&cloud, "4", "").await;
    assert_eq!(given_ids(&mut events).await, ["4"]);
    cloud.shutdown().await;
}

#[tokio::test]
async fn splitting_finds_the_only_record_that_fails() {
    for (act, reports) in [("raise", false), ("die", false), ("poison", true)] {
        let stack = Stack::new(&[]);
        let mut more = vec![
            "BisectBatchOnFunctionError: true",
            "MaximumRetryAttempts: 1",
        ];
        if reports {
            more.push("FunctionResponseTypes: [ReportBatchItemFailures]");
        }
        let names: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        let items: Vec<(&str, &str)> = names
            .iter()
            .map(|name| (name.as_str(), if name == "5" { act } else { "" }))
            .collect();
        let (cloud, mut events) = stack.with_items(&items, &settings(&more)).await;
        let (mut completed, mut poison) = (Vec::new(), Vec::new());
        while completed.len() < 7 {
            let records = given(&mut events).await;
            let ids = ids(&records);
            match ids.iter().position(|id| id == "5") {
                None => completed.extend(ids),
                Some(at) => {
                    if reports {
                        completed.extend(ids[..at].iter().cloned());
                    }
                    if ids == ["5"] {
                        poison = records;
                    }
                }
            }
        }
        // Each of the others was completed once, in order.
        assert_eq!(completed, ["0", "1", "2", "3", "4", "6", "7"], "{act}");
        let messages = lost(&cloud, 1).await;
        let info = &messages[0]["DDBStreamBatchInfo"];
        let number = &poison[0]["dynamodb"]["SequenceNumber"];
        assert_eq!(
            (&info["startSequenceNumber"], &info["endSequenceNumber"]),
            (number, number),
            "{act}"
        );
        assert_eq!(
            (messages.len(), &info["batchSize"]),
            (1, &json!(1)),
            "{act}"
        );
        cloud.shutdown().await;
    }
}

// AWS unknown(stream): AWS does not say how long it waits before a retry; here 1 s, doubling up
//     to 60 s
#[tokio::test]
async fn a_batch_that_fails_too_often_is_given_up() {
    let stack = Stack::new(&[]);
    let limited = settings(&["MaximumRetryAttempts: 2"]);
    let items = [("1", ""), ("2", "raise")];
    let (cloud, mut events) = stack.with_items(&items, &limited).await;
    for wait_ms in [Some(1000), Some(2000), None] {
        assert_eq!(given_ids(&mut events).await, ["1", "2"]);
        let failed = event(&mut events, "a failure", |kind| match kind {
            EventKind::BatchFailed {
                records,
                reason,
                wait_ms,
                is_split: false,
                ..
            } => Some((*records, reason.clone(), *wait_ms)),
            _ => None,
        })
        .await;
        assert_eq!(failed, (2, "Asked: as asked".to_owned(), wait_ms));
    }
    let discarded = event(&mut events, "the end of a batch", |kind| match kind {
        EventKind::RecordsDiscarded {
            records,
            destination,
            ..
        } => Some((*records, destination.clone())),
        _ => None,
    })
    .await;
    assert_eq!(discarded, (2, Some("lost".to_owned())));
    let messages = lost(&cloud, 1).await;
    let context = &messages[0]["requestContext"];
    assert_eq!(context["condition"], "RetryAttemptsExhausted");
    assert_eq!(context["approximateInvokeCount"], 3);
    assert_eq!(messages[0]["responseContext"]["functionError"], "Unhandled");
    // What follows is not held up any longer.
    put(&cloud, "3", "").await;
    assert_eq!(given_ids(&mut events).await, ["3"]);
    cloud.shutdown().await;
}

// AWS same(stream): a record that is older than MaximumRecordAgeInSeconds is given up
// AWS different(stream): AWS counts the time that passed; here an age counts scaled waits in full
#[tokio::test]
async fn a_record_that_is_too_old_is_given_up() {
    let stack = Stack::new(&[]);
    let limited = settings(&["MaximumRecordAgeInSeconds: 60"]);
    let (cloud, mut events) = stack.with_items(&[("1", "raise")], &limited).await;
    let messages = lost(&cloud, 1).await;
    let context = &messages[0]["requestContext"];
    assert_eq!(context["condition"], "RecordAgeExceeded");
    // The waits are 1, 2, 4, 8, 16 and 32 s; a slow machine needs fewer.
    let invocations = context["approximateInvokeCount"].as_u64().unwrap();
    assert!((1..=6).contains(&invocations), "{messages:?}");
    for _ in 0..invocations {
        assert_eq!(given_ids(&mut events).await, ["1"]);
    }
    put(&cloud, "2", "").await;
    assert_eq!(given_ids(&mut events).await, ["2"]);
    cloud.shutdown().await;
}

#[tokio::test]
async fn without_a_limit_later_records_wait() {
    let stack = Stack::new(&[]);
    let (cloud, mut events) = stack.with_items(&[("1", "raise")], &settings(&[])).await;
    // Written before the function has the first, the second would be in the same batch.
    assert_eq!(given_ids(&mut events).await, ["1"]);
    put(&cloud, "2", "").await;
    for _ in 0..3 {
        assert_eq!(given_ids(&mut events).await, ["1"]);
    }
    assert_eq!(cloud.queue_messages("lost"), Vec::<String>::new());
    cloud.shutdown().await;
}
