//! The sweep on a real table with many due records, a data plane that fails, and too little time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_testing::bound::NOW;
use lock_testing::table;
use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use lock_aws::Cloud;
use lock_aws::clock::Clock;
use lock_aws::item::{Key, to_item};
use lock_core::action::Action;
use lock_core::command::Version;
use lock_core::event::{Event, Kind, Subject};
use lock_core::id::CommandId;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::reason::Alert;
use lock_core::record::{Cause, Command, Due, Record, Reported, Status};
use lock_core::report::{Latch, Report};
use lock_core::time::UnixMillis;
use lock_testing::broker::Broker;
use serde_json::{Value, json};
use sweep::handler::{FINISH_MS, Handler, Sweep, SweepError};

struct World {
    broker: Broker,
    cloud: Cloud,
    handler: Handler,
}

fn name(lock: &str) -> LockName {
    LockName::new(lock).unwrap()
}

/// A record whose command, `action`, was made by a request `age_ms` ago. Due since `due_ms` ago.
fn pending(lock: &str, action: Action, age_ms: u64, due_ms: u64) -> Record {
    let made = NOW.minus(age_ms);
    let expires_at = (action == Action::Unlock).then(|| made.plus(30_000));
    let cause = Cause::Request { actor: None };
    let id = CommandId::of_request(&name(lock), lock);
    Record {
        version: Version(made.0),
        status: Status::Pending,
        state: Latch::Locked,
        command: Some(Command::new(id, action, cause, made, expires_at)),
        due: Due::new(&name(lock), NOW.minus(due_ms)),
        ..Record::created(name(lock), made)
    }
}

fn shadow(record: &Record, latch: &str) -> Value {
    let id = &record.command.as_ref().unwrap().id;
    let mut reported = json!({
        "lock": latch, "version": record.version, "commandId": id, "result": "executed",
        "source": "remote", "refused": null, "bootCount": 1, "clock": "synced",
        "firmware": "1.0.0", "rssi": -61, "door": null
    });
    reported["reportId"] = json!(table::report_id(&reported, 7));
    json!({"state": {"reported": reported}, "version": 7, "timestamp": NOW.seconds()})
}

impl World {
    async fn new(clock: Clock) -> Self {
        let broker = Broker::start().await;
        let cloud = table::cloud(broker.address).await.with_clock(clock);
        let handler = Handler::new(cloud.clone(), Limits::default());
        Self {
            broker,
            cloud,
            handler,
        }
    }

    async fn with(records: &[Record]) -> Self {
        Self::going_by(Clock::by_hand(NOW), records).await
    }

    async fn going_by(clock: Clock, records: &[Record]) -> Self {
        let world = Self::new(clock).await;
        for chunk in records.chunks(25) {
            let puts = chunk.iter().map(|record| {
                let put = PutRequest::builder()
                    .set_item(Some(to_item(&Key::record(&record.lock), record)));
                WriteRequest::builder()
                    .put_request(put.build().unwrap())
                    .build()
            });
            let batch = world.cloud.store.client().batch_write_item();
            batch
                .request_items(table::TABLE, puts.collect())
                .send()
                .await
                .unwrap();
        }
        world
    }

    /// A sweep that may begin records for `begin_ms`.
    async fn sweep(&self, begin_ms: u64) -> Result<Sweep, SweepError> {
        let deadline = self.cloud.clock.now().plus(FINISH_MS + begin_ms);
        Box::pin(self.handler.handle(deadline)).await
    }

    async fn record(&self, lock: &str) -> Record {
        self.cloud
            .store
            .read_record(&name(lock))
            .await
            .unwrap()
            .unwrap()
    }

    /// Lines of a lock, oldest first.
    async fn lines(&self, lock: &str) -> Vec<Event> {
        let subject = Subject::Lock(name(lock));
        let mut lines = self
            .cloud
            .store
            .read_history(&subject, 50, UnixMillis(0))
            .await
            .unwrap();
        lines.reverse();
        lines
    }

    async fn reasons(&self, lock: &str) -> Vec<String> {
        let lines = self.lines(lock).await;
        lines.iter().map(|line| line.reason.to_string()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_left_open_is_an_alert_once_and_its_overdue_command_is_sent_in_the_same_sweep() {
    let mut lock = pending("lock-1", Action::Lock, 20_000, 10);
    let mut shadow = shadow(&lock, "unlocked");
    let report = &mut shadow["state"]["reported"];
    (report["door"], report["version"]) = (json!("open"), json!(lock.version.0 - 1));
    report["reportId"] = json!(table::report_id(report, 7));
    lock.reported = Some(Reported {
        report: Report::parse(report).unwrap(),
        shadow_version: 7,
        shadow_at: NOW.minus(600_000).seconds(),
        at: NOW.minus(600_000),
    });
    lock.door_since = Some(NOW.minus(600_000));
    let world = World::with(std::slice::from_ref(&lock)).await;
    world.broker.hold_shadow(shadow);
    world.sweep(20_000).await.unwrap();
    let mut reasons = world.reasons("lock-1").await;
    reasons.sort_unstable();
    assert_eq!(reasons, ["left-open", "not-answered"]);
    assert_eq!(world.broker.take().len(), 1, "the lock is sent again");
    world.cloud.clock.wait(60_000).await;
    world.sweep(20_000).await.unwrap();
    let lines = world.lines("lock-1").await;
    assert!(lines.len() > 2, "the second sweep acts too");
    let alerts = lines.iter().filter(|line| line.alerts == [Alert::LeftOpen]);
    let since: Vec<_> = alerts.map(|line| line.since).collect();
    assert_eq!(since, [lock.door_since], "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overdue_unlock_becomes_an_alert_and_a_system_lock_in_one_sweep() {
    let unlock = pending("lock-1", Action::Unlock, 60_000, 20_000);
    let world = World::with(std::slice::from_ref(&unlock)).await;
    let sweep = world.sweep(20_000).await.unwrap();
    assert_eq!(
        (sweep.seen, sweep.acted, sweep.failed, sweep.finished),
        (1, 1, 0, true)
    );
    assert!(sweep.oldest_ms >= 20_000, "{sweep:?}");
    let record = world.record("lock-1").await;
    assert_eq!(record.status, Status::Pending);
    assert!(record.version > unlock.version);
    let published = world.broker.take();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].1["action"], "lock");
    assert_eq!(published[0].1["version"], json!(record.version));
    let lines = world.lines("lock-1").await;
    assert_eq!((lines.len(), lines[0].kind), (1, Kind::Sweep));
    assert_eq!(
        lines[0].to_string(),
        format!(
            "sweep: lock {} (unlock not answered) [alert: unlock-not-answered]",
            record.version
        )
    );
    let again = world.sweep(20_000).await.unwrap();
    assert_eq!(
        (again.seen, again.acted),
        (0, 0),
        "due in a second, not now"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_in_the_shadow_is_used_before_the_clock() {
    let unlock = pending("lock-1", Action::Unlock, 60_000, 20_000);
    let world = World::with(std::slice::from_ref(&unlock)).await;
    world.broker.hold_shadow(shadow(&unlock, "unlocked"));
    world.sweep(20_000).await.unwrap();
    let record = world.record("lock-1").await;
    assert_eq!(
        (record.status, record.state),
        (Status::Settled, Latch::Unlocked)
    );
    assert_eq!(world.broker.take(), []);
    assert_eq!(world.reasons("lock-1").await, ["executed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_that_was_edited_before_it_was_read_is_not_believed() {
    let unlock = pending("lock-1", Action::Unlock, 60_000, 20_000);
    let world = World::with(std::slice::from_ref(&unlock)).await;
    let mut edited = shadow(&unlock, "unlocked");
    edited["state"]["reported"]["lock"] = json!("locked");
    world.broker.hold_shadow(edited);
    world.sweep(20_000).await.unwrap();
    let record = world.record("lock-1").await;
    assert_eq!(
        (record.status, record.state),
        (Status::Pending, unlock.state),
        "the latch is not known, so it is locked"
    );
    assert_eq!(world.reasons("lock-1").await, ["unlock-not-answered"]);
    assert_eq!(world.broker.take().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_never_answers_is_alerted_once_and_sent_its_command_within_the_back_off() {
    let lock = pending("lock-1", Action::Lock, 60_000, 20_000);
    let world = World::with(std::slice::from_ref(&lock)).await;
    for _ in 0..3 {
        world.sweep(20_000).await.unwrap();
    }
    let record = world.record("lock-1").await;
    assert_eq!(
        (record.status, record.version),
        (Status::Unresponsive, lock.version)
    );
    assert_eq!(world.broker.take().len(), 1);
    let lines = world.lines("lock-1").await;
    let alerts: usize = lines.iter().map(|line| line.alerts.len()).sum();
    let mut reasons = world.reasons("lock-1").await;
    reasons.dedup();
    assert_eq!(
        (lines.len(), alerts, reasons),
        (2, 1, vec!["not-answered".to_owned()])
    );
    assert_eq!(record.command.unwrap().attempts, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_without_a_report_is_treated_as_absent() {
    let lock = pending("lock-1", Action::Lock, 5_000, 1_000);
    let world = World::with(&[lock]).await;
    world.broker.hold_shadow(
        json!({"state": {"reported": {"lock": "open"}}, "version": 1, "timestamp": 1}),
    );
    world.sweep(20_000).await.unwrap();
    assert_eq!(world.reasons("lock-1").await, ["not-answered"]);
    assert_eq!(world.broker.take().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_that_fails_does_not_stop_the_others_and_is_an_error_at_the_end() {
    let locks: Vec<Record> = (0..20)
        .map(|n| pending(&format!("lock-{n}"), Action::Lock, 5_000, 1_000 + n))
        .collect();
    let world = World::with(&locks).await;
    let client = world.cloud.store.client();
    // An unreadable record, due longest, and an index entry that does not belong to a record.
    let mut broken = to_item(
        &Key::record(&name("broken")),
        &pending("broken", Action::Lock, 0, 9_000),
    );
    broken.insert("status".to_owned(), AttributeValue::S("lost".to_owned()));
    let mut stray = broken.clone();
    stray.insert("pk".to_owned(), AttributeValue::S("stray".to_owned()));
    for item in [broken, stray] {
        let put = client
            .put_item()
            .table_name(table::TABLE)
            .set_item(Some(item));
        put.send().await.unwrap();
    }
    let error = world.sweep(20_000).await.unwrap_err();
    assert_eq!(error.code(), "records");
    let text = error.to_string();
    assert!(
        text.starts_with(
            "2 of 21 due records failed, the first one: broken: read the record of broken in table"
        ),
        "{text}"
    );
    assert_eq!(world.broker.take().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_be_published_is_an_error_and_sent_by_a_later_sweep() {
    let unlock = pending("lock-1", Action::Unlock, 60_000, 20_000);
    let world = World::with(&[unlock]).await;
    world.broker.answer(500);
    let error = world.sweep(20_000).await.unwrap_err();
    assert!(error.to_string().contains("publish command"), "{error}");
    assert_eq!(world.broker.take(), []);
    world.broker.answer(200);
    let turn = world.record("lock-1").await.command.unwrap().next_send_at;
    world
        .cloud
        .clock
        .wait(turn.since(world.cloud.clock.now()))
        .await;
    world.sweep(20_000).await.unwrap();
    let sent = world.broker.take();
    assert_eq!(
        sent[0].1["version"],
        json!(world.record("lock-1").await.version)
    );
    assert_eq!(
        world.reasons("lock-1").await,
        ["unlock-not-answered", "not-answered"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_records_is_swept_oldest_first_over_as_many_runs_as_it_takes() {
    const COUNT: usize = 1_050;
    let locks: Vec<Record> = (0..COUNT as u64)
        .map(|n| {
            pending(
                &format!("lock-{n}"),
                Action::Lock,
                5_000,
                10_000 + n * 1_000,
            )
        })
        .collect();
    // Each reading of the clock takes a millisecond: a few dozen records per run.
    let world = World::going_by(Clock::stepping(NOW, 1), &locks).await;
    let nothing = world.sweep(0).await.unwrap();
    assert_eq!(
        (nothing.seen, nothing.finished),
        (0, false),
        "no time, nothing begun"
    );
    let mut sent = BTreeSet::new();
    let mut runs = 0;
    while sent.len() < COUNT {
        runs += 1;
        let before = sent.len();
        let sweep = world.sweep(400).await.unwrap();
        for (target, _) in world.broker.take() {
            let lock = target.split(['/', '?']).nth(3).unwrap();
            let n: usize = lock.trim_start_matches("lock-").parse().unwrap();
            // A re-send is due two seconds after the first send: newer than all that still wait,
            // and so after them, except for the eight in progress.
            let is_new = sent.insert(n);
            assert!(
                is_new || sent.len() + 8 >= COUNT,
                "lock-{n} was sent again after {} of all",
                sent.len()
            );
        }
        assert!(sent.len() > before, "run {runs} sent nothing new");
        // A run finishes what it has begun, so it sends the oldest, in any order.
        let oldest: BTreeSet<usize> = (COUNT - sent.len()..COUNT).collect();
        assert_eq!(sent, oldest, "run {runs}");
        assert!(
            !sweep.finished || sent.len() == COUNT,
            "finished after {}",
            sent.len()
        );
    }
    assert!(
        runs > 5,
        "all in {runs} runs: the test's time is too long for it to prove anything"
    );
}
