//! What an operator does, and sees: bindings made and taken away, histories, errors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "table/local.rs"]
mod local;

use lock_aws::Cloud;
use lock_core::action::ClickType;
use lock_core::binding::{Actions, Binding};
use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::press::Press;
use lock_core::reason::Verdict;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_press};

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
        received_at: at,
        press_id: id.into(),
        principal: None,
        battery_mv: Some(1_568),
    }
}

async fn decide(cloud: &Cloud, press: &Press, now: UnixMillis) -> Decision {
    let binding = cloud.store.read_binding(&press.button).await.unwrap();
    let record = cloud.store.read_record(&lock()).await.unwrap();
    decide_press(record.as_ref(), binding.as_ref(), press, now, &limits())
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_newest_first_and_without_what_is_over() {
    let (cloud, _) = bound().await;
    for n in 0..7_u64 {
        let at = NOW.plus(n * 10_000);
        let ignored = decide(
            &cloud,
            &press(&format!("p{n}"), ClickType::Long, None, at),
            at.plus(40_000),
        )
        .await;
        assert_eq!(ignored.verdict, Verdict::Ignored);
        cloud.store.commit(&ignored.writes).await.unwrap();
    }
    let keys = |now, limit| {
        let store = cloud.store.clone();
        async move {
            let events = store
                .history(&Subject::Lock(lock()), limit, now)
                .await
                .unwrap();
            events
                .into_iter()
                .map(|event| event.key)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(keys(NOW, 3).await, ["p6", "p5", "p4"]);
    let all_but_two_over = NOW.plus(limits().event_ttl_ms + 40_000);
    assert_eq!(keys(all_but_two_over, 9).await, ["p6", "p5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn binding_anew_forgets_the_last_press_and_never_repeats_a_revision() {
    let (cloud, first) = bound().await;
    let decision = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    cloud.store.commit(&decision.writes).await.unwrap();
    let again = cloud
        .store
        .bind(&button(), &lock(), &Actions::default(), NOW.plus(5))
        .await
        .unwrap();
    assert!(!again.created_record);
    assert_eq!(again.binding.last_press, None);
    assert!(again.binding.revision > first.revision);
    assert!(cloud.store.unbind(&button()).await.unwrap());
    assert!(!cloud.store.unbind(&button()).await.unwrap());
    assert_eq!(
        cloud.store.set_enabled(&button(), true).await.unwrap(),
        None
    );
    let anew = cloud
        .store
        .bind(&button(), &lock(), &Actions::default(), NOW.plus(9))
        .await
        .unwrap();
    assert!(
        anew.binding.revision > again.binding.revision,
        "{} after {}",
        anew.binding.revision,
        again.binding.revision
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_the_operation_the_key_and_the_table() {
    let cloud = local::cloud("127.0.0.1:9".parse().unwrap()).await;
    cloud
        .store
        .client()
        .delete_table()
        .table_name(local::TABLE)
        .send()
        .await
        .unwrap();
    let error = cloud.store.read_record(&lock()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "read record of lock-1 in table remote-lock"
    );
    assert!(
        lock_aws::publisher::chain(&error).contains("ResourceNotFound"),
        "{}",
        lock_aws::publisher::chain(&error)
    );
}
