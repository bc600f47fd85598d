//! What an operator's view of all locks costs: the same, however long their histories are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_testing::table;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use lock_aws::store::Wanted;
use lock_aws::{Cloud, clock};
use lock_core::event::{Event, Kind, Subject};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Status;
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
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

const DAY_MS: u64 = 86_400_000;

/// Writes so many lines into a history, a minute apart, the first of them so many days ago.
async fn fill(cloud: &Cloud, subject: &Subject, lines: usize, days: u64) {
    let from = clock::now().minus(days * DAY_MS);
    fill_from(cloud, subject, lines, from, 60_000).await;
}

/// Writes so many lines into a history, one in `step_ms`.
async fn fill_from(cloud: &Cloud, subject: &Subject, lines: usize, from: UnixMillis, step_ms: u64) {
    let mut left: Vec<WriteRequest> = (0..lines as u64)
        .map(|n| {
            let at = from.plus(n * step_ms);
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

/// A lock's history in a table of its own, and the calls on it.
struct History {
    subject: Subject,
    counter: Counter,
    /// Its calls are counted.
    cloud: Cloud,
    /// Its calls are not.
    direct: Cloud,
}

impl History {
    async fn new() -> Self {
        let table = table::start().await;
        let counter = Counter::start(table).await;
        let nobody = "127.0.0.1:9".parse().unwrap();
        let direct = table::client(table, nobody);
        table::create(direct.store.client()).await;
        Self {
            subject: Subject::Lock(lock(1)),
            cloud: table::client(counter.address, nobody),
            counter,
            direct,
        }
    }

    async fn fill(&self, lines: usize, from: UnixMillis, step_ms: u64) {
        fill_from(&self.direct, &self.subject, lines, from, step_ms).await;
    }

    /// The keys of the newest lines at `now`, and the number of lines that each query looked at.
    async fn newest(&self, limit: usize, now: UnixMillis) -> (Vec<String>, Vec<usize>) {
        let lines = self.cloud.store.read_history(&self.subject, limit, now);
        let keys = lines.await.unwrap().into_iter().map(|line| line.key);
        (keys.collect(), self.queries())
    }

    fn queries(&self) -> Vec<usize> {
        let calls = self.counter.take();
        assert!(calls.iter().all(|call| call.operation == "Query"));
        calls.iter().map(|call| call.looked_at).collect()
    }
}

/// The keys of this many lines before line `end`, newest first.
fn keys_before(end: usize, count: usize) -> Vec<String> {
    (end - count..end).rev().map(|n| format!("r{n}")).collect()
}

/// The numbers of lines of the histories that are compared.
const GROWTH: [usize; 3] = [100, 1_000, 10_000];

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_lines_cost_the_same_however_long_the_history_is() {
    let from = clock::now().minus(10 * DAY_MS);
    for lines in GROWTH {
        let history = History::new().await;
        history.fill(lines, from, 60_000).await;
        let newest = history.newest(20, clock::now()).await;
        assert_eq!(newest, (keys_before(lines, 20), vec![28]), "{lines} lines");
        // What `watch` reads at each look, with one line a minute.
        let end = from.plus(lines as u64 * 60_000);
        let since = end.minus(600_000);
        let store = &history.cloud.store;
        let recent = store.read_history_since(&history.subject, since).await;
        assert_eq!(recent.unwrap().len(), 10, "{lines} lines");
        let queries = history.queries();
        assert_eq!(queries.len(), 1, "{lines} lines: {queries:?}");
        assert!(queries[0] <= 12, "{lines} lines: {queries:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_reads_no_further_than_the_last_line_that_it_wants() {
    let history = History::new().await;
    let (from, lines) = (clock::now().minus(10 * DAY_MS), 5_000);
    history.fill(lines, from, 60_000).await;
    let at = |n: u64| from.plus(n * 60_000);
    let all = Wanted {
        limit: 20,
        now: clock::now(),
        since: None,
        until: None,
    };
    let between = |since: Option<u64>, until: Option<u64>| Wanted {
        since: since.map(at),
        until: until.map(at),
        ..all
    };
    // What is wanted, every how many lines one is accepted => the newest, how many, and how many
    // lines the queries looked at: the first page has 28, the second 448.
    for (wanted, every, newest, count, looked_at) in [
        (all, 1, 4_999, 20, 28),
        (all, 10, 4_990, 20, 28 + 448),
        (all, 1_000, 4_000, 5, lines),
        (Wanted { limit: 0, ..all }, 1, 0, 0, 0),
        (between(None, Some(4_000)), 1, 3_999, 20, 28),
        (between(Some(4_980), None), 10, 4_990, 2, 20),
        (between(Some(4_000), Some(4_010)), 2, 4_008, 5, 10),
    ] {
        let accepts = |line: &Event| {
            let number: usize = line.key[1..].parse().unwrap();
            number.is_multiple_of(every)
        };
        let store = &history.cloud.store;
        let found = store.find_history(&history.subject, wanted, accepts).await;
        let keys: Vec<String> = found.unwrap().into_iter().map(|line| line.key).collect();
        let expected: Vec<String> = (0..count)
            .map(|n| format!("r{}", newest - n * every))
            .collect();
        assert_eq!(keys, expected, "{wanted:?}, every {every}");
        let seen: usize = history.queries().into_iter().sum();
        assert_eq!(seen, looked_at, "{wanted:?}, every {every}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_lines_cost_two_calls_however_many_are_of_one_minute() {
    let minute = UnixMillis(clock::now().0 / 60_000 * 60_000);
    for lines in GROWTH {
        let history = History::new().await;
        history.fill(lines, minute.plus(1), 5).await;
        let newest = history.newest(20, minute).await;
        let expected = keys_before(lines, 20);
        assert_eq!(newest, (expected.clone(), vec![28, 0]), "{lines} lines");

        // A line that ignored presses share is stored before all others, and is the newest.
        let last = minute.plus(59_999);
        let line = Event {
            last_at: Some(last),
            ..Event::new(
                history.subject.clone(),
                Kind::Press,
                minute,
                "shared".to_owned(),
                &limits(),
            )
        };
        let item = lock_aws::item::to_item(&lock_aws::item::Key::event(&line), &line);
        let put = history.direct.store.client().put_item();
        let put = put.table_name(table::TABLE).set_item(Some(item));
        put.send().await.unwrap();
        let (keys, queries) = history.newest(20, minute).await;
        assert_eq!(keys[0], "shared", "{lines} lines");
        assert_eq!(keys[1..], expected[..19], "{lines} lines");
        assert_eq!(queries, [28, 1], "{lines} lines");
        // Many of them: each line once.
        let many = lines.min(1_500);
        let (keys, queries) = history.newest(many + 1, minute).await;
        assert_eq!(keys[1..], keys_before(lines, many), "{lines} lines");
        assert!(queries.len() <= 3, "{lines} lines: {queries:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_lines_that_are_not_deleted_yet_cost_few_calls() {
    let history = History::new().await;
    let from = clock::now().minus(10 * DAY_MS);
    let lines = 10_000;
    history.fill(lines, from, 60_000).await;
    // All but the newest `left` have expired.
    for (left, calls_max) in [(0, 12), (5, 12), (20, 1), (28, 1)] {
        let first = from.plus((lines - left) as u64 * 60_000);
        let now = first.plus(limits().event_ttl_ms).minus(1_000);
        let (keys, queries) = history.newest(20, now).await;
        assert_eq!(keys, keys_before(lines, left.min(20)), "{left} left");
        let calls = queries.len();
        assert!(calls <= calls_max, "{left} left: {queries:?}");
        let looked_at: usize = queries.iter().sum();
        assert!(looked_at <= lines, "{left} left: {queries:?}");
    }
}
