//! The register of locks and buttons: registering, binding, forgetting, in a real table.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aws_sdk_dynamodb::types::AttributeValue;
use lock_aws::item::{Key, to_item};
use lock_aws::{Bound, Cloud, Forgotten, Register, Registered, chain, clock};
use lock_core::action::Action;
use lock_core::binding::{Actions, Binding, LastPress};
use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::Verdict;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_core::time::UnixMillis;
use lock_core::{BindWish, ForgetRefusal};
use lock_testing::table;

fn lock(n: u32) -> LockName {
    LockName::new(format!("lock-{n}")).unwrap()
}

fn button(n: u32) -> ButtonSerial {
    ButtonSerial::new(format!("BUTTON-{n}")).unwrap()
}

fn limits() -> Limits {
    Limits::default()
}

fn wish() -> BindWish {
    BindWish {
        actions: Actions::default(),
        forget_last_press: false,
    }
}

/// An empty table. Nothing here publishes: port 9 discards.
async fn empty() -> Cloud {
    table::cloud("127.0.0.1:9".parse().unwrap()).await
}

/// `lock-1` and `lock-2` registered, `BUTTON-1` bound to the first.
async fn house() -> Cloud {
    let cloud = empty().await;
    for n in [1, 2] {
        let registered = cloud
            .register_lock(&lock(n), Some("alice"), &limits())
            .await;
        assert!(matches!(registered.unwrap(), Registered::Now(_)));
    }
    let registered = cloud.register_button(&button(1), None, &limits()).await;
    assert!(matches!(registered.unwrap(), Registered::Now(_)));
    bind(&cloud, 1, 1).await;
    cloud
}

async fn bind(cloud: &Cloud, to_bind: u32, to: u32) -> Binding {
    let bound = cloud
        .bind(
            &button(to_bind),
            &lock(to),
            &wish(),
            Some("alice"),
            &limits(),
        )
        .await;
    match bound.unwrap() {
        Bound::Done { before, .. } => *before,
        other => panic!("{other:?}"),
    }
}

async fn record(cloud: &Cloud, n: u32) -> Option<Record> {
    cloud.store.read_record(&lock(n)).await.unwrap()
}

async fn binding(cloud: &Cloud, n: u32) -> Option<Binding> {
    cloud.store.read_binding(&button(n)).await.unwrap()
}

async fn lines(cloud: &Cloud, subject: Subject) -> Vec<String> {
    let lines = cloud.store.read_history(&subject, 9, UnixMillis(0)).await;
    lines.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_lock_or_button_is_listed_by_name_and_has_a_line() {
    let cloud = house().await;
    let register = cloud.store.read_register().await.unwrap();
    let wanted = Register {
        locks: vec![lock(1), lock(2)],
        buttons: vec![button(1)],
        ..Register::default()
    };
    assert_eq!(register, wanted);
    let records = cloud.store.read_records(&register.locks).await.unwrap();
    let named: Vec<_> = records.iter().map(|record| record.lock.clone()).collect();
    assert_eq!(named, [lock(1), lock(2)]);
    let bindings = cloud.store.read_all_bindings().await.unwrap();
    assert_eq!(bindings[0].lock, Some(lock(1)));
    assert_eq!(
        lines(&cloud, Subject::Lock(lock(2))).await,
        ["alice registers lock-2: noted: registered"]
    );
    assert_eq!(
        lines(&cloud, Subject::Button(button(1))).await,
        ["someone registers BUTTON-1: noted: registered"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_again_changes_nothing_but_a_list_that_lacks_it() {
    let cloud = house().await;
    table::leave(&cloud, &lock(1), Status::Settled, Latch::Locked).await;
    let before = (record(&cloud, 1).await, binding(&cloud, 1).await);
    for listed in ["lock#lock-1", "button#BUTTON-1"] {
        // As in a table that is older than the list.
        let delete = cloud.store.client().delete_item().table_name(table::TABLE);
        delete
            .key("pk", AttributeValue::S("things".into()))
            .key("sk", AttributeValue::S(listed.into()))
            .send()
            .await
            .unwrap();
    }
    let left = cloud.store.read_register().await.unwrap();
    assert_eq!((left.locks, left.buttons), (vec![lock(2)], vec![]));
    let again = cloud.register_lock(&lock(1), None, &limits()).await;
    assert!(matches!(again.unwrap(), Registered::Already));
    let again = cloud.register_button(&button(1), None, &limits()).await;
    assert!(matches!(again.unwrap(), Registered::Already));
    assert_eq!((record(&cloud, 1).await, binding(&cloud, 1).await), before);
    let register = cloud.store.read_register().await.unwrap();
    assert_eq!((register.locks.len(), register.buttons.len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_registered_buttons_and_locks_can_be_bound() {
    let cloud = house().await;
    let before = binding(&cloud, 1).await;
    let (wish, limits) = (wish(), limits());
    let bound = cloud.bind(&button(1), &lock(9), &wish, None, &limits).await;
    assert!(matches!(bound.unwrap(), Bound::UnknownLock));
    let bound = cloud.bind(&button(9), &lock(1), &wish, None, &limits).await;
    assert!(matches!(bound.unwrap(), Bound::UnknownButton));
    assert_eq!(binding(&cloud, 1).await, before);
    assert_eq!(
        (record(&cloud, 9).await, binding(&cloud, 9).await),
        (None, None)
    );
    assert_eq!(cloud.store.read_register().await.unwrap().locks.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_bound_elsewhere_leaves_its_old_lock_locked_in_the_same_transaction() {
    let cloud = house().await;
    table::leave(&cloud, &lock(1), Status::Settled, Latch::Unlocked).await;
    table::leave(&cloud, &lock(2), Status::Settled, Latch::Locked).await;
    let before = bind(&cloud, 1, 2).await;
    assert_eq!(before.lock, Some(lock(1)), "what it replaces");
    let left = record(&cloud, 1).await.unwrap();
    let command = left.command.unwrap();
    assert_eq!(
        (left.status, command.action),
        (Status::Pending, Action::Lock)
    );
    let bound = binding(&cloud, 1).await.unwrap();
    let bound_at = bound.bound_at.map_or(0, |at| at.0);
    assert_eq!(
        (bound.lock, bound.revision),
        (Some(lock(2)), bound_at.max(before.revision + 1))
    );
    let to = record(&cloud, 2).await.unwrap();
    assert_eq!((to.status, to.bound_at), (Status::Settled, bound.bound_at));
    assert_eq!(
        lines(&cloud, Subject::Lock(lock(1))).await[0],
        format!(
            "alice unbinds BUTTON-1: lock {} (unbound) (bound to lock-2 now)",
            left.version
        )
    );
    assert_eq!(
        lines(&cloud, Subject::Lock(lock(2))).await[0],
        "alice binds BUTTON-1: noted: bound (was bound to lock-1)"
    );
    let again = bind(&cloud, 1, 2).await;
    assert_eq!(again.lock, Some(lock(2)));
    assert!(record(&cloud, 2).await.unwrap().command.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unbound_button_is_still_registered() {
    let cloud = house().await;
    table::leave(&cloud, &lock(1), Status::Settled, Latch::Unlocked).await;
    let unbound = cloud.unbind(&button(1), Some("alice"), &limits()).await;
    let unbound = unbound.unwrap().unwrap();
    assert_eq!(unbound.before.lock, Some(lock(1)));
    assert_eq!(unbound.decision.verdict, Verdict::Command);
    let left = binding(&cloud, 1).await.unwrap();
    assert_eq!((left.lock, left.enabled), (None, true));
    assert_eq!(
        cloud.store.read_register().await.unwrap().buttons,
        [button(1)]
    );
    let again = cloud.unbind(&button(1), None, &limits()).await.unwrap();
    assert_eq!(again.unwrap().decision.verdict, Verdict::Ignored);
    assert!(
        cloud
            .unbind(&button(9), None, &limits())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_forgotten_when_no_button_is_bound_and_it_is_locked() {
    let cloud = house().await;
    let forget = async |n: u32, gone| {
        let forgotten = cloud.forget(&lock(n), gone, Some("alice"), &limits()).await;
        forgotten.unwrap()
    };
    table::leave(&cloud, &lock(1), Status::Settled, Latch::Unlocked).await;
    let Forgotten::Refused(refusal) = forget(1, true).await else {
        panic!("a button is bound to it")
    };
    assert_eq!(refusal, ForgetRefusal::Bound(vec![button(1)]));
    bind(&cloud, 1, 2).await;
    let Forgotten::Refused(refusal) = forget(1, false).await else {
        panic!("it is being locked, not known to be locked")
    };
    assert_eq!(refusal, ForgetRefusal::MayBeOpen);
    table::leave(&cloud, &lock(1), Status::Settled, Latch::Locked).await;
    assert!(matches!(forget(1, false).await, Forgotten::Done(_)));
    assert_eq!(record(&cloud, 1).await, None);
    assert_eq!(cloud.store.read_register().await.unwrap().locks, [lock(2)]);
    let last = &lines(&cloud, Subject::Lock(lock(1))).await[0];
    assert_eq!(last, "alice forgets lock-1: noted: forgotten");
    assert!(matches!(forget(1, false).await, Forgotten::Unknown));
    let back = cloud.register_lock(&lock(1), None, &limits()).await;
    assert!(matches!(back.unwrap(), Registered::Now(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_known_once_a_function_has_handled_an_event() {
    let cloud = empty().await;
    assert_eq!(cloud.store.read_limits().await.unwrap(), None);
    let limits = Limits::longest();
    cloud.note_limits(&limits, clock::now().plus(500)).await;
    assert_eq!(
        cloud.store.read_limits().await.unwrap(),
        None,
        "no time left"
    );
    let deadline = clock::now().plus(60_000);
    cloud.note_limits(&limits, deadline).await;
    assert_eq!(cloud.store.read_limits().await.unwrap(), Some(limits));
    cloud.note_limits(&Limits::default(), deadline).await;
    assert_eq!(
        cloud.store.read_limits().await.unwrap(),
        Some(limits),
        "once in a process"
    );
    cloud.store.write_limits(&Limits::default()).await.unwrap();
    assert_eq!(
        cloud.store.read_limits().await.unwrap(),
        Some(Limits::default())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_list_entry_is_an_error_that_shows_it() {
    let cloud = house().await;
    let put = cloud.store.client().put_item().table_name(table::TABLE);
    put.item("pk", AttributeValue::S("things".into()))
        .item("sk", AttributeValue::S("thermostat#1".into()))
        .send()
        .await
        .unwrap();
    let error = cloud.store.read_register().await.unwrap_err();
    assert_eq!(
        chain(&error),
        "read the list of locks and buttons in table remote-lock: \
         list entry \"thermostat#1\" names neither a lock nor a button"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_button_keeps_its_last_press_and_is_listed_again_once_it_is_registered() {
    let cloud = house().await;
    let serial = button(1);
    let is_retired = async || {
        let register = cloud.store.read_register().await.unwrap();
        let bindings = cloud.store.read_bindings(&register.buttons).await.unwrap();
        bindings.iter().any(|binding| register.is_retired(binding))
    };
    let mut pressed = cloud.store.read_binding(&serial).await.unwrap().unwrap();
    pressed.last_press = Some(LastPress {
        press_id: "p".to_owned(),
        at: UnixMillis(1),
        sequence: Some(412),
        command: None,
    });
    let item = to_item(&Key::binding(&serial), &pressed);
    let put = cloud.store.client().put_item().table_name(table::TABLE);
    put.set_item(Some(item)).send().await.unwrap();
    // A mark does not hide a button that commands a lock.
    cloud.retire_button(&serial).await.unwrap();
    assert!(!is_retired().await);
    cloud.unbind(&serial, None, &limits()).await.unwrap();
    cloud.retire_button(&serial).await.unwrap();
    assert!(is_retired().await);
    // A function ignores the mark, and what refuses an old press is still there.
    let before = cloud.store.read_binding(&serial).await.unwrap();
    let again = cloud
        .register_button(&serial, None, &limits())
        .await
        .unwrap();
    assert!(matches!(again, Registered::Already), "{again:?}");
    assert!(!is_retired().await);
    let after = cloud.store.read_binding(&serial).await.unwrap();
    assert_eq!(after, before);
    assert_eq!(before.unwrap().last_press, pressed.last_press);
    // A button that is not registered is not listed by it.
    cloud.retire_button(&button(9)).await.unwrap();
    let register = cloud.store.read_register().await.unwrap();
    assert_eq!(register.buttons, [serial]);
}
