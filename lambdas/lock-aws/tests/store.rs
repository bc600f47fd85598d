//! The store's conditions in a real table: each decision commits once, and never on changed items.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aws_sdk_dynamodb::types::AttributeValue;
use lock_aws::item::Key;
use lock_aws::{Committed, Conflict};
use lock_core::action::{ClickType, Intent};
use lock_core::decide::{Origin, ReportDecision};
use lock_core::event::Subject;
use lock_core::reason::Verdict;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_core::request::Request;
use lock_core::{decide_press, decide_report, decide_request};
use lock_testing::bound::{
    BOUND, NOW, bound, button, decide, limits, lock, press, record, report, settle,
};
use lock_testing::table;

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_writes_what_the_core_applies() {
    let (cloud, binding) = bound().await;
    let before = record(&cloud).await;
    assert_eq!(before, Record::created(lock(), BOUND));
    let decision = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    assert_eq!(
        cloud.store.commit(&decision.writes).await.unwrap(),
        Committed::Done
    );

    let writes = &decision.writes;
    assert_eq!(
        Some(record(&cloud).await),
        writes
            .record
            .as_ref()
            .unwrap()
            .apply(Some(&before))
            .record()
    );
    let noted = cloud.store.read_binding(&button()).await.unwrap();
    assert_eq!(
        noted,
        writes.binding.as_ref().unwrap().apply(Some(&binding))
    );
    let history = cloud
        .store
        .read_history(&Subject::Lock(lock()), 10, NOW)
        .await
        .unwrap();
    assert_eq!(history[0], writes.event);

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
            .record()
            .as_ref()
    );
    assert_eq!(
        (after.status, after.state),
        (Status::Settled, Latch::Unlocked)
    );
    assert_eq!(after.reported.unwrap().report.rssi, Some(-61));
    assert_eq!(cloud.store.read_all_bindings().await.unwrap().len(), 1);
}

/// The number of shards may change with a release. A record that stayed in a shard that is not read
/// would never be found due.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_in_a_former_shard_moves_to_its_own() {
    let (cloud, _) = bound().await;
    let before = record(&cloud).await;
    let moved = cloud.store.client().update_item();
    moved
        .table_name(table::TABLE)
        .set_key(Some(Key::record(&lock()).to_item()))
        .update_expression("SET dueShard = :shard")
        .expression_attribute_values(":shard", AttributeValue::S("99".to_owned()))
        .send()
        .await
        .unwrap();
    assert_eq!(record(&cloud).await.due.due_shard, "99");
    let decision = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    cloud.store.commit(&decision.writes).await.unwrap();
    assert_eq!(record(&cloud).await.due.due_shard, before.due.due_shard);
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
    let of_record = |committed| matches!(committed, Committed::Conflict(Conflict::Record(Some(_))));
    let of_binding =
        |committed| matches!(committed, Committed::Conflict(Conflict::Binding(Some(_))));
    assert!(
        of_record(cloud.store.commit(&second.writes).await.unwrap()),
        "the version moved"
    );
    let same = on_old("p3", Some(1), NOW);
    assert!(
        of_binding(cloud.store.commit(&same.writes).await.unwrap()),
        "the sequence was used"
    );
    let unsequenced = on_old("p4", None, NOW.plus(1_500));
    assert!(
        of_binding(cloud.store.commit(&unsequenced.writes).await.unwrap()),
        "it would forget the count"
    );
    let quiet = on_old("p6", None, NOW.plus(1_499));
    assert!(
        of_binding(cloud.store.commit(&quiet.writes).await.unwrap()),
        "inside the quiet window"
    );

    table::disable(&cloud, &button(), NOW).await;
    let third = on_old("p5", Some(3), NOW);
    assert!(
        of_binding(cloud.store.commit(&third.writes).await.unwrap()),
        "revoked"
    );
    let history = cloud
        .store
        .read_history(&Subject::Lock(lock()), 10, NOW)
        .await
        .unwrap();
    let presses = history.iter().filter(|line| line.button.is_some());
    assert_eq!(
        presses.count(),
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
            .read_history(&Subject::Lock(lock()), 99, NOW)
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_acts_once_and_is_noted_the_second_time() {
    let (cloud, _) = bound().await;
    let request = |intent| Request {
        lock: lock(),
        intent,
        request_id: "r1".into(),
        requested_at: None,
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
    )
    .unwrap();
    assert_eq!(
        cloud.store.commit(&first.writes).await.unwrap(),
        Committed::Done
    );
    // Another command in between: the record no longer shows that the request has acted.
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
    )
    .unwrap();
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
    )
    .unwrap();
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
    assert!(matches!(
        cloud.store.commit(&other.writes).await.unwrap(),
        Committed::Conflict(Conflict::Record(Some(_)))
    ));
    assert_eq!(record(&cloud).await.command.unwrap().attempts, 2);
    let lines = cloud
        .store
        .read_history(&Subject::Lock(lock()), 9, NOW)
        .await
        .unwrap();
    assert_eq!(
        lines.len(),
        3,
        "a line for the registration, for the press, and for the re-send"
    );

    let third = decide(&cloud, &pressed, NOW.plus(9_000)).await;
    assert_eq!(third.verdict, Verdict::Resend);
    table::disable(&cloud, &button(), NOW).await;
    assert!(matches!(
        cloud.store.commit(&third.writes).await.unwrap(),
        Committed::Conflict(Conflict::Binding(Some(_)))
    ));
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
        ReportDecision::ReadShadow | ReportDecision::NotRegistered => {
            panic!("registered, and the shadow was not deleted")
        }
    };
    let (four, five) = (late("unlocked", 4), late("locked", 5));
    assert_eq!(
        cloud.store.commit(&five.writes).await.unwrap(),
        Committed::Done
    );
    assert!(matches!(
        cloud.store.commit(&four.writes).await.unwrap(),
        Committed::Conflict(Conflict::Record(Some(_)))
    ));
    assert_eq!(record(&cloud).await.state, Latch::Locked);
}
