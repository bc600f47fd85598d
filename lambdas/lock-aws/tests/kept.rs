//! What is kept for the state messages of a lock, on a real table.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::Cloud;
use lock_aws::item::Key;
use lock_core::name::LockName;
use lock_core::state::Batteries;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::table;

/// The end of life of a kept item, in seconds; `None` if it has none.
async fn ttl(cloud: &Cloud, part: &str) -> Option<u64> {
    let get = cloud.store.client().get_item().table_name(table::TABLE);
    let get = get.set_key(Some(Key::kept(&lock(), part).to_item()));
    let item = get.send().await.unwrap().item.unwrap();
    let ttl = item.get("ttl")?;
    Some(ttl.as_n().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_read_back_and_only_what_is_empty_has_an_end() {
    let cloud = table::cloud("127.0.0.1:9".parse().unwrap()).await;
    let (store, lock) = (&cloud.store, lock());
    assert_eq!(store.read_since(&lock).await.unwrap(), None);
    assert_eq!(store.read_batteries(&lock).await.unwrap(), Batteries::new());
    let batteries = Batteries::from([(button(), 2_900)]);
    let two_days = NOW.plus(2 * 86_400_000).seconds().0;
    for (since, batteries, end) in [
        (Some(NOW), batteries, None),
        (None, Batteries::new(), Some(two_days)),
    ] {
        store.keep_since(&lock, since, NOW).await.unwrap();
        let kept = store.keep_batteries(&lock, batteries.clone(), NOW);
        kept.await.unwrap();
        assert_eq!(store.read_since(&lock).await.unwrap(), since);
        assert_eq!(store.read_batteries(&lock).await.unwrap(), batteries);
        assert_eq!(ttl(&cloud, "since").await, end);
        assert_eq!(ttl(&cloud, "batteries").await, end);
    }
    // A lock of another name has none of it.
    let other = LockName::new("lock-10").unwrap();
    assert_eq!(store.read_since(&other).await.unwrap(), None);
}

#[test]
fn a_key_says_whose_record_it_is() {
    let key = |pk: &str, sk: &str| Key {
        pk: pk.to_owned(),
        sk: sk.to_owned(),
    };
    assert_eq!(Key::record(&lock()).lock_of_record(), Some(lock()));
    assert!(Key::binding(&button()).is_binding());
    for other in [
        Key::binding(&button()),
        Key::kept(&lock(), "record"),
        key("lock#lock-1", "event#1763779512345#k"),
        key("lock#", "record"),
    ] {
        assert_eq!(other.lock_of_record(), None, "{other:?}");
    }
    assert!(!Key::record(&lock()).is_binding());
}
