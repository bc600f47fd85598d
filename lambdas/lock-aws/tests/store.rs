//! The store's conditions in a real table: each decision commits once, and never on what has changed since.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "table/local.rs"]
mod local;

use lock_aws::{Cloud, Committed, Conflict};
use lock_core::action::{ClickType, Intent};
use lock_core::binding::{Actions, Binding};
use lock_core::decide::{Origin, ReportDecision};
use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::press::Press;
use lock_core::reason::Verdict;
use lock_core::record::{Record, Status};
use lock_core::report::{Latch, ReportEvent};
use lock_core::request::Request;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_press, decide_report, decide_request};
use serde_json::json;

const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").unwrap()
}

fn limits() -> Limits {
    Limits::default()
}

/// A table with `button-1` bound to `lock-1`. Nothing here publishes: port 9 discards.
async fn bound() -> (Cloud, Binding) {
    let cloud = local::cloud("127.0.0.1:9".parse().unwrap()).await;
    let bound = cloud
        .store
        .bind(&button(), &lock(), &Actions::default(), NOW)
        .await
        .unwrap();
    assert!(bound.created_record);
    (cloud, bound.binding)
}

fn press(id: &str, click: ClickType, sequence: Option<u64>, at: UnixMillis) -> Press {
    Press {
        button: button(),
        click,
        sequence,
        pressed_at: None,
        received_at: at,
        press_id: id.into(),
        principal: None,
        battery_mv: Some(1_568),
    }
}

async fn record(cloud: &Cloud) -> Record {
    cloud.store.read_record(&lock()).await.unwrap().unwrap()
}

async fn decide(cloud: &Cloud, press: &Press, now: UnixMillis) -> Decision {
    let binding = cloud.store.read_binding(&press.button).await.unwrap();
    let record = cloud.store.read_record(&lock()).await.unwrap();
    decide_press(record.as_ref(), binding.as_ref(), press, now, &limits())
}

fn report(record: &Record, latch: &str, shadow: u64) -> ReportEvent {
    let command = record.command.as_ref().unwrap();
    ReportEvent::parse(&json!({"thing": "lock-1", "shadowVersion": shadow, "timestamp": 1_763_779_513,
        "reported": {"lock": latch, "version": record.version, "commandId": command.id, "result": "executed", "source": "remote",
            "refused": null, "bootCount": 1, "clock": "synced", "firmware": "1.0.0", "rssi": -61, "door": "closed"}}))
    .unwrap()
}

async fn settle(cloud: &Cloud, latch: &str, shadow: u64) -> (Decision, Committed) {
    let record = record(cloud).await;
    let report = report(&record, latch, shadow);
    let ReportDecision::Act(decision) =
        decide_report(Some(&record), &report, Origin::Event, None, NOW, &limits())
    else {
        panic!("the shadow was not deleted");
    };
    let committed = cloud.store.commit(&decision.writes).await.unwrap();
    (*decision, committed)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_what_the_core_says_it_is() {
    let (cloud, binding) = bound().await;
    let before = record(&cloud).await;
    assert_eq!(before, Record::created(lock(), NOW));
    let decision = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    assert_eq!(
        cloud.store.commit(&decision.writes).await.unwrap(),
        Committed::Done
    );

    let writes = &decision.writes;
    assert_eq!(
        Some(record(&cloud).await),
        writes.record.as_ref().unwrap().apply(Some(&before))
    );
    let noted = cloud.store.read_binding(&button()).await.unwrap();
    assert_eq!(
        noted,
        Some(writes.binding.as_ref().unwrap().apply(&binding))
    );
    let history = cloud
        .store
        .history(&Subject::Lock(lock()), 10, NOW)
        .await
        .unwrap();
    assert_eq!(history, std::slice::from_ref(&writes.event));

    let before = record(&cloud).await;
    let (settled, committed) = settle(&cloud, "unlocked", 5).await;
    assert_eq!(committed, Committed::Done);
    let after = record(&cloud).await;
    assert_eq!(
        Some(&after),
        settled
            .writes
            .record
            .as_ref()
            .unwrap()
            .apply(Some(&before))
            .as_ref()
    );
    assert_eq!(
        (after.status, after.state),
        (Status::Settled, Latch::Unlocked)
    );
    assert_eq!(after.reported.unwrap().report.rssi, Some(-61));
    assert_eq!(cloud.store.records().await.unwrap().len(), 1);
    assert_eq!(cloud.store.bindings().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_what_has_changed_since_is_not_committed() {
    let (cloud, old) = bound().await;
    let read = record(&cloud).await;
    let on_old = |id: &str, sequence, at| {
        decide_press(
            Some(&read),
            Some(&old),
            &press(id, ClickType::Long, sequence, at),
            NOW,
            &limits(),
        )
    };
    let second = on_old("p2", Some(2), NOW);
    assert_eq!(
        cloud
            .store
            .commit(&on_old("p1", Some(1), NOW).writes)
            .await
            .unwrap(),
        Committed::Done
    );
    let conflict = |conflict| Committed::Conflict(conflict);
    assert_eq!(
        cloud.store.commit(&second.writes).await.unwrap(),
        conflict(Conflict::Record),
        "the version moved"
    );
    let same = on_old("p3", Some(1), NOW);
    assert_eq!(
        cloud.store.commit(&same.writes).await.unwrap(),
        conflict(Conflict::Binding),
        "the count was taken"
    );
    let uncounted = on_old("p4", None, NOW.plus(1_500));
    assert_eq!(
        cloud.store.commit(&uncounted.writes).await.unwrap(),
        conflict(Conflict::Binding),
        "it would forget the count"
    );
    let quiet = on_old("p6", None, NOW.plus(1_499));
    assert_eq!(
        cloud.store.commit(&quiet.writes).await.unwrap(),
        conflict(Conflict::Binding),
        "inside the quiet window"
    );

    cloud
        .store
        .set_enabled(&button(), false)
        .await
        .unwrap()
        .unwrap();
    let third = on_old("p5", Some(3), NOW);
    assert_eq!(
        cloud.store.commit(&third.writes).await.unwrap(),
        conflict(Conflict::Binding),
        "revoked"
    );
    let history = cloud
        .store
        .history(&Subject::Lock(lock()), 10, NOW)
        .await
        .unwrap();
    assert_eq!(
        history.len(),
        1,
        "what is not committed leaves no line: {history:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_presses_at_once_one_wins_each_version() {
    let (cloud, binding) = bound().await;
    let read = record(&cloud).await;
    let commits = (1..=16_u64).map(|n| {
        let decision = decide_press(
            Some(&read),
            Some(&binding),
            &press(&format!("p{n}"), ClickType::Double, Some(n), NOW),
            NOW,
            &limits(),
        );
        let store = cloud.store.clone();
        tokio::spawn(async move { store.commit(&decision.writes).await.unwrap() })
    });
    let mut done = 0;
    for commit in commits.collect::<Vec<_>>() {
        done += u32::from(commit.await.unwrap() == Committed::Done);
    }
    assert_eq!(done, 1);
    assert_eq!(
        cloud
            .store
            .history(&Subject::Lock(lock()), 99, NOW)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_acts_once_and_says_so_the_second_time() {
    let (cloud, _) = bound().await;
    let request = |intent| Request {
        lock: lock(),
        intent,
        request_id: "r1".into(),
        actor: Some("alice".into()),
        received_at: NOW,
        principal: None,
    };
    let first = decide_request(
        Some(&record(&cloud).await),
        false,
        &request(Intent::Lock),
        NOW,
        &limits(),
    );
    assert_eq!(
        cloud.store.commit(&first.writes).await.unwrap(),
        Committed::Done
    );
    // Another command in between: the record no longer tells that the request has acted.
    let between = decide(&cloud, &press("p1", ClickType::Double, Some(1), NOW), NOW).await;
    assert_eq!(
        cloud.store.commit(&between.writes).await.unwrap(),
        Committed::Done
    );
    let again = decide_request(
        Some(&record(&cloud).await),
        false,
        &request(Intent::Lock),
        NOW,
        &limits(),
    );
    assert_eq!(again.verdict, Verdict::Command);
    assert_eq!(
        cloud.store.commit(&again.writes).await.unwrap(),
        Committed::Conflict(Conflict::Request)
    );
    let seen = decide_request(
        Some(&record(&cloud).await),
        true,
        &request(Intent::Lock),
        NOW,
        &limits(),
    );
    assert_eq!(seen.verdict, Verdict::Ignored);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_moves_its_turn_once_and_only_while_the_binding_holds() {
    let (cloud, _) = bound().await;
    let pressed = press("p1", ClickType::Long, Some(1), NOW);
    let first = decide(&cloud, &pressed, NOW).await;
    assert_eq!(
        cloud.store.commit(&first.writes).await.unwrap(),
        Committed::Done
    );
    let retry = decide(&cloud, &pressed, NOW.plus(10)).await;
    assert_eq!(retry.verdict, Verdict::Resend);
    let other = decide(&cloud, &pressed, NOW.plus(20)).await;
    assert_eq!(
        cloud.store.commit(&retry.writes).await.unwrap(),
        Committed::Done
    );
    assert_eq!(
        cloud.store.commit(&other.writes).await.unwrap(),
        Committed::Conflict(Conflict::Record)
    );
    assert_eq!(record(&cloud).await.command.unwrap().attempts, 2);
    let lines = cloud
        .store
        .history(&Subject::Lock(lock()), 9, NOW)
        .await
        .unwrap();
    assert_eq!(
        lines.len(),
        2,
        "a line for the press, a line for the re-send"
    );

    let third = decide(&cloud, &pressed, NOW.plus(9_000)).await;
    assert_eq!(third.verdict, Verdict::Resend);
    cloud.store.set_enabled(&button(), false).await.unwrap();
    assert_eq!(
        cloud.store.commit(&third.writes).await.unwrap(),
        Committed::Conflict(Conflict::Binding)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_report_never_settles_over_a_newer_one() {
    let (cloud, _) = bound().await;
    let decision = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    cloud.store.commit(&decision.writes).await.unwrap();
    settle(&cloud, "locked", 3).await;
    let read = record(&cloud).await;
    let late = |latch, shadow| match decide_report(
        Some(&read),
        &report(&read, latch, shadow),
        Origin::Event,
        None,
        NOW,
        &limits(),
    ) {
        ReportDecision::Act(decision) => *decision,
        ReportDecision::ReadShadow => panic!("the shadow was not deleted"),
    };
    let (four, five) = (late("unlocked", 4), late("locked", 5));
    assert_eq!(
        cloud.store.commit(&five.writes).await.unwrap(),
        Committed::Done
    );
    assert_eq!(
        cloud.store.commit(&four.writes).await.unwrap(),
        Committed::Conflict(Conflict::Record)
    );
    assert_eq!(record(&cloud).await.state, Latch::Locked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_a_press_that_changed_nothing_never_hides_what_its_first_attempt_did() {
    let (cloud, _) = bound().await;
    let pressed = press("p1", ClickType::Long, Some(1), NOW);
    let first = decide(&cloud, &pressed, NOW).await;
    cloud.store.commit(&first.writes).await.unwrap();
    settle(&cloud, "unlocked", 3).await;
    let again = decide(&cloud, &pressed, NOW).await;
    assert_eq!(again.verdict, Verdict::Ignored);
    assert_eq!(
        cloud.store.commit(&again.writes).await.unwrap(),
        Committed::Done
    );
    let history = cloud
        .store
        .history(&Subject::Lock(lock()), 9, NOW)
        .await
        .unwrap();
    assert!(
        history.contains(&first.writes.event) && !history.contains(&again.writes.event),
        "{history:?}"
    );
}
