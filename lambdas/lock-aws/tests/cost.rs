//! What an operator's view of all locks costs: the same, however long their histories are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_testing::table;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use lock_aws::{Cloud, clock};
use lock_core::event::{Event, Kind, Subject};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Status;
use lock_core::report::Latch;
use lock_testing::counter::Counter;
use serde_json::Value;

fn lock(n: u32) -> LockName {
    LockName::new(format!("lock-{n}")).unwrap()
}

fn button(n: u32) -> ButtonSerial {
    ButtonSerial::new(format!("BUTTON-{n}")).unwrap()
}

fn limits() -> Limits {
    Limits::default()
}

/// Lines of each of two histories.
const LINES: usize = 5_000;

/// Writes so many lines into a history, a minute apart, the first of them so many days ago.
async fn fill(cloud: &Cloud, subject: &Subject, lines: usize, days: u64) {
    let from = clock::now().minus(days * 86_400_000);
    let mut left: Vec<WriteRequest> = (0..lines as u64)
        .map(|n| {
            let at = from.plus(n * 60_000);
            let event = Event::new(
                subject.clone(),
                Kind::Report,
                at,
                format!("r{n}"),
                &limits(),
            );
            let item = lock_aws::item::to_item(&lock_aws::item::Key::event(&event), &event);
            let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
            WriteRequest::builder().put_request(put).build()
        })
        .collect();
    while !left.is_empty() {
        let batch = left.split_off(left.len().saturating_sub(25));
        let call = cloud.store.client().batch_write_item();
        let call = call.request_items(table::TABLE, batch);
        let done = call.send().await.unwrap();
        left.extend(
            done.unprocessed_items
                .into_iter()
                .flatten()
                .flat_map(|(_, left)| left),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_view_costs_the_same_after_ten_thousand_lines() {
    let table = table::start().await;
    let counter = Counter::start(table).await;
    let nobody = "127.0.0.1:9".parse().unwrap();
    let direct = table::client(table, nobody);
    table::create(direct.store.client()).await;
    for n in 1..=3 {
        direct
            .register_lock(&lock(n), None, &limits())
            .await
            .unwrap();
        direct
            .register_button(&button(n), None, &limits())
            .await
            .unwrap();
        table::bind(&direct, &button(n), &lock(n), clock::now()).await;
        table::leave(&direct, &lock(n), Status::Settled, Latch::Locked).await;
    }
    fill(&direct, &Subject::Lock(lock(1)), LINES, 300).await;
    fill(&direct, &Subject::Button(button(1)), LINES, 300).await;

    let cloud = table::client(counter.address, nobody);
    let cost = || {
        let mut operations = BTreeMap::new();
        let mut looked_at = 0;
        for call in counter.take() {
            if call.operation == "Query" {
                let values = &call.request["ExpressionAttributeValues"];
                assert_eq!(values[":pk"]["S"], "things", "the list alone is queried");
                assert_eq!(call.request["FilterExpression"], Value::Null);
            }
            *operations.entry(call.operation).or_insert(0) += 1;
            looked_at += call.looked_at;
        }
        (operations, looked_at)
    };
    let one_of_each = |names: &[&str]| -> BTreeMap<String, i32> {
        names.iter().map(|name| ((*name).to_owned(), 1)).collect()
    };

    let locks = cloud.store.read_register().await.unwrap().locks;
    assert_eq!(cloud.store.read_records(&locks).await.unwrap().len(), 3);
    assert_eq!(
        cost(),
        (one_of_each(&["Query", "BatchGetItem"]), 6 + 3),
        "status, recover --all"
    );
    assert_eq!(cloud.store.read_all_bindings().await.unwrap().len(), 3);
    assert_eq!(
        cost(),
        (one_of_each(&["Query", "BatchGetItem"]), 6 + 3),
        "bindings"
    );
    cloud
        .revoke(&button(1), None, &limits())
        .await
        .unwrap()
        .unwrap();
    let (operations, looked_at) = cost();
    assert_eq!(looked_at, 2, "revoke: {operations:?}");
    assert_eq!(
        operations.keys().collect::<Vec<_>>(),
        ["GetItem", "TransactWriteItems"]
    );
    cloud
        .forget(&lock(2), false, None, &limits())
        .await
        .unwrap();
    let (operations, looked_at) = cost();
    assert_eq!(looked_at, 1 + 6 + 3, "forget: {operations:?}");
    assert!(!operations.contains_key("Scan"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_lines_cost_the_same_however_long_the_history_is() {
    let table = table::start().await;
    let counter = Counter::start(table).await;
    let cloud = table::client(counter.address, "127.0.0.1:9".parse().unwrap());
    let direct = table::client(table, "127.0.0.1:9".parse().unwrap());
    table::create(direct.store.client()).await;
    for (n, lines) in [(1, 100), (2, LINES)] {
        let subject = Subject::Lock(lock(n));
        fill(&direct, &subject, lines, 10).await;
        let newest = cloud.store.read_history(&subject, 20, clock::now());
        assert_eq!(newest.await.unwrap().len(), 20);
        let calls = counter.take();
        let cost: Vec<_> = calls
            .iter()
            .map(|call| (&*call.operation, call.looked_at))
            .collect();
        assert_eq!(cost, [("Query", 28)], "{lines} lines");
    }
}
