//! The report function's way through a real table and a data plane that holds a shadow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../lock-aws/tests/table/broker.rs"]
mod broker;
#[path = "../../lock-aws/tests/table/local.rs"]
mod local;

use broker::Broker;
use lock_aws::{Cloud, clock};
use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use report::handler::Handler;
use serde_json::{Value, json};

struct World {
    broker: Broker,
    cloud: Cloud,
    handler: Handler,
}

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn reported(latch: &str, version: &Value, id: &Value) -> Value {
    json!({"lock": latch, "version": version, "commandId": id, "result": "executed", "source": "remote", "refused": null,
           "bootCount": 1, "clock": "synced", "firmware": "1.0.0", "rssi": -61, "door": null})
}

fn event(shadow: u64, second: u64, reported: Value) -> Value {
    json!({"thing": "lock-1", "shadowVersion": shadow, "timestamp": second, "reported": reported})
}

impl World {
    async fn new() -> World {
        let broker = Broker::start().await;
        let cloud = local::cloud(broker.address).await;
        let handler = Handler::new(cloud.clone(), Limits::default());
        World {
            broker,
            cloud,
            handler,
        }
    }

    async fn handle(&self, event: &Value) -> Result<(), lock_aws::PerformError> {
        self.handler.handle(event, clock::now().plus(2_000)).await
    }

    async fn record(&self) -> Record {
        self.cloud
            .store
            .read_record(&lock())
            .await
            .unwrap()
            .unwrap()
    }

    /// A lock heard for the first time, locked by the system, and settled.
    async fn settled() -> World {
        let world = World::new().await;
        world
            .handle(&event(
                1,
                100,
                reported("unlocked", &json!(0), &json!(null)),
            ))
            .await
            .unwrap();
        let [(target, command)] = &world.broker.take()[..] else {
            panic!("one system lock")
        };
        assert!(
            target.starts_with("/topics/remote-lock/lock-1?"),
            "{target}"
        );
        assert_eq!(
            (&command["action"], command.get("expiresAt")),
            (&json!("lock"), None)
        );
        assert_eq!(world.record().await.status, Status::Pending);
        world
            .handle(&event(
                2,
                101,
                reported("locked", &command["version"], &command["commandId"]),
            ))
            .await
            .unwrap();
        world
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_heard_for_the_first_time_comes_to_settled_and_locked_by_itself() {
    let world = World::settled().await;
    let record = world.record().await;
    assert_eq!(
        (record.status, record.state),
        (Status::Settled, Latch::Locked)
    );
    assert_eq!(world.broker.take(), []);
    let lines = world
        .cloud
        .store
        .history(&Subject::Lock(lock()), 9, UnixMillis(0))
        .await
        .unwrap();
    let reasons: Vec<&str> = lines.iter().map(|line| line.reason.code()).collect();
    assert_eq!(reasons, ["executed", "first-report"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_lock_that_could_not_be_published_is_an_error_and_its_retry_publishes_it() {
    let world = World::new().await;
    world.broker.answer(500);
    let first = event(1, 100, reported("unlocked", &json!(0), &json!(null)));
    let error = world.handle(&first).await.unwrap_err();
    assert_eq!(error.code(), "publish");
    let committed = world.record().await.version;
    world.broker.answer(200);
    world.handle(&first).await.unwrap();
    let published = world.broker.take();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].1["version"], json!(committed));
    world.handle(&first).await.unwrap();
    assert_eq!(
        world.broker.take(),
        [],
        "the second re-send waits for its turn"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_or_repeated_report_changes_nothing() {
    let world = World::settled().await;
    let before = world.record().await;
    let id = json!(before.command.as_ref().unwrap().id);
    world
        .handle(&event(
            1,
            100,
            reported("unlocked", &json!(before.version), &id),
        ))
        .await
        .unwrap();
    world
        .handle(&event(
            2,
            101,
            reported("unlocked", &json!(before.version), &id),
        ))
        .await
        .unwrap();
    assert_eq!(world.record().await, before);
    let lines = world
        .cloud
        .store
        .history(&Subject::Lock(lock()), 9, UnixMillis(0))
        .await
        .unwrap();
    let mut reasons: Vec<&str> = lines.iter().map(|line| line.reason.code()).collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        ["duplicate", "executed", "first-report", "stale-report"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_deleted_shadow_only_the_shadow_itself_is_believed() {
    let world = World::settled().await;
    let before = world.record().await;
    let id = json!(before.command.as_ref().unwrap().id);
    let late = event(1, 500, reported("locked", &json!(before.version), &id));
    world.handle(&late).await.unwrap();
    assert_eq!(
        world.record().await,
        before,
        "no shadow, nothing to believe"
    );
    let present = reported("unlocked", &json!(before.version), &id);
    world
        .broker
        .hold_shadow(json!({"state": {"reported": present}, "version": 2, "timestamp": 501}));
    world.handle(&late).await.unwrap();
    let record = world.record().await;
    assert_eq!(
        (record.state, record.reported.unwrap().shadow_version),
        (Latch::Unlocked, 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_refuses_for_ever_is_sent_the_command_within_the_back_off() {
    let world = World::settled().await;
    let version = world.record().await.version;
    for n in 0..20 {
        let mut refusal = reported("locked", &json!(version.0 - 1), &json!("older"));
        refusal["refused"] = json!({"commandId": null, "reason": "journal"});
        world
            .handle(&event(10 + n, 200 + n, refusal))
            .await
            .unwrap();
    }
    assert_eq!(
        world.broker.take().len(),
        1,
        "the system lock, and no re-send before its turn"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_read_is_refused_written_down_and_not_retried() {
    let world = World::settled().await;
    let before = world.record().await;
    let mut bad = event(9, 300, reported("open", &json!(1), &json!("x")));
    world.handle(&bad).await.unwrap();
    bad["thing"] = json!("no/name");
    world.handle(&bad).await.unwrap();
    assert_eq!(world.record().await, before);
    let lines = world
        .cloud
        .store
        .history(&Subject::Lock(lock()), 9, UnixMillis(0))
        .await
        .unwrap();
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.reason.code() == "unknown-word")
            .count(),
        1
    );
}
