//! What readers get: the state of a lock, kept by the broker, and each line of its history.

use lock_aws::Function as _;
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::reason::Alert;
use lock_core::record::Record;
use lock_core::report::Latch;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::stream::batch;
use serde_json::{Value, json};

use super::world::{World, alert, of_binding, of_event, of_record, settled, unlock};

const STATE: &str = "/topics/remote-lock-state/lock-1?";
const LIVE: &str = "/topics/remote-lock-live/lock-1?";
const LINE: &str = "/topics/remote-lock-event/lock-1?";

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_kept_by_the_broker_says_since_when_and_goes_with_its_record() {
    let world = World::new().await;
    world.label(Subject::Lock(lock()), "Front door").await;
    let (locked, again) = (
        settled(Latch::Locked, NOW),
        settled(Latch::Locked, NOW.plus(9)),
    );
    let open = settled(Latch::Unlocked, NOW.plus(20));
    let created = Record::created(lock(), NOW);
    let events = batch(&[
        of_record(1, None, Some(&created)),
        of_record(2, Some(&created), Some(&locked)),
        of_record(3, Some(&locked), Some(&again)),
        of_record(4, Some(&again), Some(&open)),
    ]);
    // A repeated delivery ends with the same state.
    for _ in 0..2 {
        assert_eq!(world.handle(&events).await, [""; 0]);
        let states = world.published(STATE);
        assert!(states.iter().all(|(is_kept, _)| *is_kept), "{states:?}");
        let shown: Vec<Value> = states
            .iter()
            .map(|(_, state)| json!([state["lock"], state["since"], state["reportedAt"]]))
            .collect();
        assert_eq!(
            shown,
            [
                json!(["unknown", null, null]),
                json!(["locked", NOW, NOW]),
                json!(["locked", NOW, NOW.plus(9)]),
                json!(["unlocked", NOW.plus(20), NOW.plus(20)]),
            ]
        );
        let last = &states[3].1;
        assert_eq!(last["label"], "Front door");
        assert_eq!(last["certainty"], "sensed");
    }
    let gone = batch(&[of_record(5, Some(&open), None)]);
    assert_eq!(world.handle(&gone).await, [""; 0]);
    assert_eq!(world.published(STATE), [(true, Value::Null)]);
    // A lock of the same name has no past.
    assert_eq!(
        world
            .handle(&batch(&[of_record(6, None, Some(&created))]))
            .await,
        [""; 0]
    );
    assert_eq!(world.published(STATE)[0].1["since"], Value::Null);
}

/// A reader with a broker of its own, which would keep what comes with RETAIN and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_asks_gets_the_state_that_is_kept_and_nothing_it_would_keep() {
    let world = World::new().await;
    let ask = json!({"locks": "lock-1,lock-2", "payload": "b25saW5l"}).to_string();
    let deadline = NOW.plus(60_000);
    // Nothing was ever shown: there is nothing to repeat.
    assert_eq!(world.handler.invoke(&ask, deadline).await, Ok(Value::Null));
    assert_eq!(world.broker.take().len(), 0);
    let locked = settled(Latch::Locked, NOW);
    let shown = batch(&[of_record(1, None, Some(&locked))]);
    assert_eq!(world.handle(&shown).await, [""; 0]);
    let all = world.broker.take();
    let [(kept, first), (live, second)] = &all[..] else {
        panic!("{all:?}");
    };
    assert!(
        kept.starts_with(STATE) && kept.contains("retain=true"),
        "{kept}"
    );
    assert!(
        live.starts_with(LIVE) && !live.contains("retain=true"),
        "{live}"
    );
    assert_eq!(first, second);
    assert_eq!(world.handler.invoke(&ask, deadline).await, Ok(Value::Null));
    assert_eq!(world.broker.take(), [(live.clone(), first.clone())]);

    world.broker.answer(500);
    let failed = world.handler.invoke(&ask, deadline).await.unwrap_err();
    assert_eq!(failed.code, "publish");
    world.broker.answer(200);
    let failed = world
        .handler
        .invoke(r#"{"locks": "lock#1"}"#, deadline)
        .await;
    assert_eq!(failed.unwrap_err().code, "bad-name");
    assert_eq!(
        world.handler.invoke(&ask, NOW).await.unwrap_err().code,
        "deadline"
    );

    let gone = batch(&[of_record(2, Some(&locked), None)]);
    assert_eq!(world.handle(&gone).await, [""; 0]);
    assert_eq!(world.published(LIVE), [(false, Value::Null)]);
    assert_eq!(world.handler.invoke(&ask, deadline).await, Ok(Value::Null));
    assert_eq!(world.broker.take().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_shown_holds_back_those_after_it() {
    let world = World::new().await;
    let (locked, open) = (
        settled(Latch::Locked, NOW),
        settled(Latch::Unlocked, NOW.plus(20)),
    );
    let events = batch(&[
        of_record(1, None, Some(&locked)),
        of_record(2, Some(&locked), Some(&open)),
    ]);
    world.broker.answer(500);
    assert_eq!(world.handle(&events).await, ["1"]);
    world.broker.answer(200);
    assert_eq!(world.handle(&events).await, [""; 0]);
    let states = world.published(STATE);
    let latches: Vec<&Value> = states.iter().map(|(_, state)| &state["lock"]).collect();
    assert_eq!(latches, ["locked", "unlocked"]);
    // An item that is not a record stops none.
    let mut none = of_record(3, None, Some(&open));
    none["dynamodb"]["NewImage"] = json!({"what": {"S": "is this"}});
    let events = batch(&[none, of_record(4, Some(&locked), Some(&open))]);
    assert_eq!(world.handle(&events).await, [""; 0]);
    assert_eq!(world.published(STATE).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_published_in_order_and_never_kept() {
    let world = World::new().await;
    let (forced, plain) = (alert("a", &[Alert::Forced]), unlock("b"));
    let counted = |count| Event {
        count: Some(count),
        ..alert("c", &[])
    };
    let events = batch(&[
        of_event(1, None, &forced),
        of_event(2, None, &plain),
        of_event(3, Some(&counted(1)), &counted(2)),
        of_event(4, Some(&plain), &plain),
    ]);
    world.broker.answer(500);
    assert_eq!(world.handle(&events).await, ["1"]);
    world.broker.answer(200);
    assert_eq!(world.handle(&events).await, [""; 0]);
    let lines = world.published(LINE);
    let texts: Vec<&Value> = lines.iter().map(|(_, line)| &line["text"]).collect();
    assert_eq!(
        texts,
        [
            "report: settled: executed [alert: forced]",
            "reports unlocked (remote): settled: executed",
            "report: settled: executed (2 times)",
        ]
    );
    assert!(lines.iter().all(|(is_kept, _)| !is_kept), "{lines:?}");
    assert_eq!(lines[1].1["button"], "button-1");
    // A line of a button that reaches no lock has no topic.
    let stray = Event {
        subject: Subject::Button(button()),
        ..alert("d", &[])
    };
    assert_eq!(
        world.handle(&batch(&[of_event(5, None, &stray)])).await,
        [""; 0]
    );
    assert_eq!(world.broker.take().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_has_the_batteries_of_the_buttons_that_are_bound() {
    let world = World::new().await;
    let bound = |to_lock: bool, battery_mv| Binding {
        lock: to_lock.then(lock),
        battery_mv: Some(battery_mv),
        ..Binding::new(button(), 1)
    };
    let locked = settled(Latch::Locked, NOW);
    for (number, old, new, wanted) in [
        (
            1,
            bound(true, 3_000),
            bound(true, 2_900),
            json!({"button-1": 2_900}),
        ),
        (
            3,
            bound(true, 2_900),
            bound(true, 2_900),
            json!({"button-1": 2_900}),
        ),
        (5, bound(true, 2_900), bound(false, 2_900), json!({})),
    ] {
        let events = batch(&[
            of_binding(number, &old, &new),
            of_record(number + 1, Some(&locked), Some(&locked)),
        ]);
        assert_eq!(world.handle(&events).await, [""; 0]);
        assert_eq!(world.published(STATE)[0].1["batteries"], wanted, "{number}");
    }
}
