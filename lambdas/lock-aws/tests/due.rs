//! The due index in a real table: every due lock once, oldest first over all shards, page by page.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::{Cloud, Committed, Conflict};
use lock_core::decide_sweep;
use lock_core::limits::{Limits, REPORT_OVERDUE_MS};
use lock_core::name::LockName;
use lock_core::time::UnixMillis;
use lock_testing::table;

const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

fn lock(n: u64) -> LockName {
    LockName::new(format!("lock-{n}")).unwrap()
}

/// A table with `count` locks. Lock n is created n seconds after [`NOW`], and due 35 minutes later.
async fn cloud_with_locks(count: u64) -> Cloud {
    let cloud = table::cloud("127.0.0.1:9".parse().unwrap()).await;
    for n in 0..count {
        let at = NOW.plus(n * 1_000);
        table::register(&cloud, &lock(n), at).await;
    }
    cloud
}

async fn due(cloud: &Cloud, until: UnixMillis, page: u16) -> Vec<(String, u64)> {
    let mut locks = cloud.store.due_locks(until, page);
    let mut found = Vec::new();
    while let Some(due) = locks.next().await.unwrap() {
        found.push((due.lock.to_string(), due.due_at.0));
    }
    assert_eq!(locks.unreadable(), 0);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn due_locks_come_oldest_first_over_all_shards_whatever_the_page() {
    let cloud = cloud_with_locks(60).await;
    let first = NOW.plus(REPORT_OVERDUE_MS);
    let wanted = |count: u64| -> Vec<(String, u64)> {
        (0..count)
            .map(|n| (lock(n).to_string(), first.plus(n * 1_000).0))
            .collect()
    };
    for page in [1, 2, 7, 100] {
        assert_eq!(
            due(&cloud, first.plus(49_999), page).await,
            wanted(50),
            "{page}"
        );
    }
    assert_eq!(due(&cloud, first.minus(1), 3).await, []);
    assert_eq!(due(&cloud, first, 3).await, wanted(1));
    assert_eq!(
        due(&cloud, UnixMillis(u64::MAX / 1_000), 3).await,
        wanted(60)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_swept_while_paging_is_listed_once_and_is_due_later() {
    let cloud = cloud_with_locks(40).await;
    let until = NOW.plus(REPORT_OVERDUE_MS + 60_000);
    let mut locks = cloud.store.due_locks(until, 2);
    let mut seen = 0;
    while let Some(due) = locks.next().await.unwrap() {
        assert_eq!(due.lock, lock(seen));
        seen += 1;
        let record = cloud.store.read_record(&due.lock).await.unwrap().unwrap();
        let decision = decide_sweep(&record, None, None, until, &Limits::default()).unwrap();
        let committed = cloud.store.commit(&decision.writes).await.unwrap();
        assert_eq!(committed, Committed::Done);
        let twice = cloud.store.commit(&decision.writes).await.unwrap();
        assert!(
            matches!(twice, Committed::Conflict(Conflict::Record(Some(_)))),
            "a second sweep is too late"
        );
    }
    assert_eq!(seen, 40);
    assert_eq!(due(&cloud, until, 2).await, []);
}
