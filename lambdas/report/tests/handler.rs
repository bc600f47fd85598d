//! The report function on a real table and a data plane that holds a shadow.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::clock::Clock;
use lock_aws::{Cloud, MessageFunction};
use lock_core::event::{Kind, Subject};
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::reason::Alert;
use lock_core::record::{Record, Status};
use lock_core::report::{Door, Latch};
use lock_core::time::UnixMillis;
use lock_testing::bound::{NOW, lock};
use lock_testing::broker::Broker;
use lock_testing::table;
use report::handler::Handler;
use serde_json::{Value, json};

struct World {
    broker: Broker,
    cloud: Cloud,
    handler: Handler,
}

fn reported(latch: &str, version: &Value, id: &Value) -> Value {
    json!({
        "lock": latch, "version": version, "commandId": id, "result": "executed",
        "source": "remote", "refused": null, "bootCount": 1, "clock": "synced",
        "firmware": "1.0.0", "rssi": -61, "door": null
    })
}

/// The report of an update, with the token and the id that a lock gives it.
fn event(shadow: u64, second: u64, mut reported: Value) -> Value {
    let id = format!("1-{second}{shadow}");
    reported["reportId"] = json!(id);
    json!({
        "thing": "lock-1", "shadowVersion": shadow, "timestamp": second, "clientToken": id,
        "reported": reported
    })
}

impl World {
    async fn new() -> Self {
        let broker = Broker::start().await;
        let cloud = table::cloud(broker.address).await;
        let cloud = cloud.with_clock(Clock::by_hand(NOW));
        table::register(&cloud, &lock(), NOW).await;
        let handler = Handler::new(cloud.clone(), Limits::default());
        Self {
            broker,
            cloud,
            handler,
        }
    }

    async fn handle(&self, event: &Value) -> Result<(), lock_aws::PerformError> {
        self.handle_text(&event.to_string()).await
    }

    async fn handle_text(&self, event: &str) -> Result<(), lock_aws::PerformError> {
        let deadline = self.cloud.clock.now().plus(2_000);
        self.handler.handle(event, deadline).await
    }

    async fn record(&self) -> Record {
        self.cloud
            .store
            .read_record(&lock())
            .await
            .unwrap()
            .unwrap()
    }

    /// A lock after its first report, locked by the system and settled.
    async fn settled() -> Self {
        let world = Self::new().await;
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
async fn a_lock_that_reports_for_the_first_time_is_locked_and_settles() {
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
        .read_history(&Subject::Lock(lock()), 9, UnixMillis(0))
        .await
        .unwrap();
    let reports = lines.iter().filter(|line| line.kind == Kind::Report);
    let reasons: Vec<&str> = reports.map(|line| line.reason.code()).collect();
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
    world.cloud.clock.wait(1).await;
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
        .read_history(&Subject::Lock(lock()), 9, UnixMillis(0))
        .await
        .unwrap();
    let reports = lines.iter().filter(|line| line.kind == Kind::Report);
    let mut reasons: Vec<&str> = reports.map(|line| line.reason.code()).collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        ["duplicate", "executed", "first-report", "superseded"]
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
    let mut present = reported("unlocked", &json!(before.version), &id);
    present["reportId"] = json!(table::report_id(&present, 9_000));
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
async fn a_device_that_always_refuses_is_sent_the_command_within_the_back_off() {
    let world = World::settled().await;
    let version = world.record().await.version;
    let clock = &world.cloud.clock;
    let mut sent_ms = Vec::new();
    // Ten times a second for a minute.
    for n in 0..600 {
        let mut refusal = reported("locked", &json!(version.0 - 1), &json!("older"));
        refusal["refused"] = json!({"commandId": null, "reason": "journal"});
        let refusal = event(10 + n, 200 + n / 10, refusal);
        world.handle(&refusal).await.unwrap();
        let sent = world.broker.take();
        sent_ms.extend(sent.iter().map(|_| clock.now().since(NOW)));
        clock.wait(100).await;
    }
    // The second system command follows a second after the first. Its first re-send is immediate,
    // and each later one waits twice as long.
    assert_eq!(sent_ms, [1_000, 1_100, 3_100, 7_100, 15_100, 31_100]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_report_is_refused_recorded_and_not_retried() {
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
        .read_history(&Subject::Lock(lock()), 9, UnixMillis(0))
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

#[tokio::test(flavor = "multi_thread")]
async fn a_report_with_an_unreadable_value_is_refused_in_the_locks_history() {
    let world = World::settled().await;
    let before = world.record().await;
    let good = event(9, 300, reported("locked", &json!("VERSION"), &json!("x"))).to_string();
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for version in ["1e400", "-1e999", &deep] {
        let text = good.replace("\"VERSION\"", version);
        world.handle_text(&text).await.unwrap();
    }
    for nobodys in ["null", "1e400", &deep, "{}", r#"{"thing":1e400}"#] {
        world.handle_text(nobodys).await.unwrap();
    }
    assert_eq!(world.record().await, before);
    let lines = world
        .cloud
        .store
        .read_history(&Subject::Lock(lock()), 9, UnixMillis(0))
        .await
        .unwrap();
    let refused: Vec<_> = lines
        .iter()
        .filter(|line| line.reason.code() == "wrong-type")
        .map(|line| line.detail.as_deref())
        .collect();
    let detail = "field version is not a whole number below 2^53";
    assert!(
        !refused.is_empty() && refused.iter().all(|text| *text == Some(detail)),
        "{lines:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_saved_again_by_hand_settles_nothing() {
    let world = World::settled().await;
    let before = world.record().await;
    let id = json!(before.command.as_ref().unwrap().id);
    let whole = reported("unlocked", &json!(before.version), &id);
    let mut by_hand = event(9, 300, whole.clone());
    by_hand.as_object_mut().unwrap().remove("clientToken");
    world.handle(&by_hand).await.unwrap();
    let mut by_a_program = event(10, 301, whole);
    by_a_program["clientToken"] = json!("f3a01b2c");
    world.handle(&by_a_program).await.unwrap();
    assert_eq!(world.record().await, before);
    let lines = world
        .cloud
        .store
        .read_history(&Subject::Lock(lock()), 9, UnixMillis(0))
        .await
        .unwrap();
    let texts = lines.iter().map(ToString::to_string);
    let wanted = "reports unlocked (remote): ignored: not from lock";
    assert_eq!(texts.filter(|text| text == wanted).count(), 2, "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_about_a_thing_that_is_not_registered() {
    let world = World::new().await;
    let mut whole = event(1, 100, reported("unlocked", &json!(0), &json!(null)));
    let mut unreadable = event(2, 101, json!({"bootCount": 3, "temp": 20}));
    for message in [&mut whole, &mut unreadable] {
        message["thing"] = json!("thermostat-1");
        world.handle(message).await.unwrap();
    }
    let thermostat = LockName::new("thermostat-1").unwrap();
    let record = world.cloud.store.read_record(&thermostat).await.unwrap();
    let subject = Subject::Lock(thermostat);
    let lines = world
        .cloud
        .store
        .read_history(&subject, 9, UnixMillis(0))
        .await;
    assert_eq!((record, lines.unwrap()), (None, Vec::new()));
    assert_eq!(world.broker.take(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_opened_by_force_is_an_alert_and_makes_the_record_due() {
    let world = World::settled().await;
    let before = world.record().await;
    let id = json!(before.command.as_ref().unwrap().id);
    let now_s = NOW.seconds().0;
    for (shadow, door) in [(3, "closed"), (4, "open"), (5, "open")] {
        world.cloud.clock.wait(1_000).await;
        let mut report = reported("locked", &json!(before.version), &id);
        report["door"] = json!(door);
        let event = event(shadow, now_s + shadow - 4, report);
        world.handle(&event).await.unwrap();
    }
    let record = world.record().await;
    let since = NOW.seconds().millis();
    assert_eq!(record.door_since, Some(since));
    assert_eq!(record.due.due_at, since.plus(600_000));
    let subject = Subject::Lock(lock());
    let lines = world.cloud.store.read_history(&subject, 9, UnixMillis(0));
    let lines = lines.await.unwrap();
    let forced: Vec<_> = lines
        .iter()
        .filter(|line| line.alerts == [Alert::Forced])
        .map(|line| (line.was, line.latch, line.door))
        .collect();
    let locked = Some(Latch::Locked);
    assert_eq!(forced, [(locked, locked, Some(Door::Open))], "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployments_limits_are_stored_after_the_first_event() {
    let world = World::new().await;
    assert_eq!(world.cloud.store.read_limits().await.unwrap(), None);
    let first = reported("unlocked", &json!(0), &json!(null));
    world.handle(&event(1, 100, first)).await.unwrap();
    let limits = world.cloud.store.read_limits().await.unwrap();
    assert_eq!(limits, Some(Limits::default()));
}
