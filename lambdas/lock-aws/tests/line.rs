//! History lines in a real table: when one is written or shared; none is ever replaced.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::Committed;
use lock_core::action::{ClickType, Intent};
use lock_core::decide_request;
use lock_core::event::Subject;
use lock_core::name::LockName;
use lock_core::reason::Verdict;
use lock_core::request::Request;
use lock_core::time::UnixMillis;
use lock_testing::bound::{BOUND, NOW, bound, button, decide, limits, lock, press, settle};
use lock_testing::table;

#[tokio::test(flavor = "multi_thread")]
async fn the_line_of_a_retry_never_replaces_the_line_of_the_first_attempt() {
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
        .read_history(&Subject::Lock(lock()), 9, NOW)
        .await
        .unwrap();
    assert!(
        history.contains(&first.writes.event) && !history.contains(&again.writes.event),
        "{history:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ignored_presses_of_one_button_for_one_reason_share_one_line_per_minute() {
    let (cloud, _) = bound().await;
    table::disable(&cloud, &button(), NOW).await;
    let minute = UnixMillis(NOW.0 - NOW.0 % 60_000);
    let moments = [1_000, 2_000, 59_999, 60_000];
    for (n, after_ms) in moments.into_iter().enumerate() {
        let pressed = press(
            &format!("p{n}"),
            ClickType::Long,
            None,
            minute.plus(after_ms),
        );
        let decision = decide(&cloud, &pressed, minute.plus(after_ms)).await;
        assert_eq!(decision.reason.code(), "revoked");
        // Delivered twice: a retry is not counted.
        for _ in 0..2 {
            let committed = cloud.store.commit(&decision.writes).await.unwrap();
            assert_eq!(committed, Committed::Done);
        }
    }
    let subject = Subject::Lock(lock());
    let lines = cloud.store.read_history(&subject, 9, NOW).await.unwrap();
    let shared = |line: &lock_core::event::Event| {
        let times = line.count.unwrap();
        let last_key = line.last_key.clone().unwrap();
        (line.at.since(minute), times, last_key, line.to_string())
    };
    let ignored = lines
        .iter()
        .filter(|line| line.decision == Verdict::Ignored && line.count.is_some());
    assert_eq!(
        ignored.map(shared).collect::<Vec<_>>(),
        [
            (
                60_000,
                1,
                "p3".to_owned(),
                "button-1 LONG: ignored: revoked".to_owned()
            ),
            (
                1_000,
                3,
                "p2".to_owned(),
                "button-1 LONG: ignored: revoked (3 times)".to_owned()
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_locks_may_have_requests_with_the_same_id() {
    let (cloud, _) = bound().await;
    let other = LockName::new("lock-2").unwrap();
    table::register(&cloud, &other, BOUND).await;
    for name in [lock(), other] {
        let record = cloud.store.read_record(&name).await.unwrap().unwrap();
        let request = Request {
            lock: name,
            intent: Intent::Lock,
            request_id: "r1".into(),
            requested_at: None,
            actor: None,
            received_at: NOW,
            principal: None,
        };
        let decision = decide_request(Some(&record), false, &request, NOW, &limits()).unwrap();
        let committed = cloud.store.commit(&decision.writes).await.unwrap();
        assert_eq!(
            (decision.verdict, committed),
            (Verdict::Command, Committed::Done)
        );
    }
}
