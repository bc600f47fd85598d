//! The announce function on a real table and a topic that can fail.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use announce::handler::{Handler, Options};
use lock_aws::{Batch, Function};
use lock_core::announce::UNLOCKED;
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::reason::Alert;
use lock_core::report::Latch;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::stream::{batch, failed};
use lock_testing::{table, topic};
use serde_json::{Value, json};

use world::{World, alert, gone, inserted, modified, unlock};

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_is_sent_once_however_often_its_batch_is_delivered() {
    let world = World::new(false).await;
    let forced = alert(1, &[Alert::Forced]);
    let both = alert(2, &[Alert::Unresponsive, Alert::Contested]);
    let events = batch(&[inserted(&forced), inserted(&alert(3, &[])), inserted(&both)]);
    for _ in 0..2 {
        assert_eq!(world.handle(&events).await, [""; 0]);
    }
    let sent = world.topic.take();
    let codes = ["forced", "unresponsive", "contested"];
    assert_eq!(world::codes(&sent), codes);
    assert_eq!(sent[0].subject, "lock-1: opened while locked");
    assert_eq!(
        sent[0].message,
        "lock-1 was opened at 03:45 while it was locked. Go and look, or send somebody who can."
    );
    let attributes = [("code", "forced"), ("lock", "lock-1")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sent[0].attributes, attributes.into());
    // A mark outlives every delivery of its record.
    let marks = world.marks().await;
    let two_days = NOW.plus(2 * 86_400_000).seconds().0;
    assert_eq!(marks.len(), codes.len(), "{marks:?}");
    assert!(marks.iter().all(|ttl| *ttl == two_days), "{marks:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_calls_door_and_button_by_their_labels() {
    let world = World::new(true).await;
    world.label(Subject::Lock(lock()), "Front door").await;
    world.label(Subject::Button(button()), "hall").await;
    let events = batch(&[inserted(&alert(1, &[Alert::Forced])), inserted(&unlock(2))]);
    assert_eq!(world.handle(&events).await, [""; 0]);
    let sent = world.topic.take();
    let door = format!("Front door ({})", lock());
    assert_eq!(sent[0].subject, format!("{door}: opened while locked"));
    assert_eq!(
        sent[0].message,
        format!(
            "{door} was opened at 03:45 while it was locked. Go and look, or send somebody who can."
        )
    );
    let wanted = format!("{door} was unlocked by hall ({}) at 03:45.", button());
    assert_eq!(sent[1].message, wanted);
    // A program that filters messages still finds the name.
    assert_eq!(sent[0].attributes["lock"], lock().as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_does_not_wait_for_labels_and_an_event_without_one_reads_none() {
    let world = World::new(true).await;
    world.label(Subject::Lock(lock()), "Front door").await;
    world.counter.refuse(Some("BatchGetItem"));
    let events = batch(&[inserted(&alert(1, &[Alert::Forced]))]);
    assert_eq!(world.handle(&events).await, [""; 0]);
    let sent = world.topic.take();
    assert_eq!(sent[0].subject, format!("{}: opened while locked", lock()));
    world.counter.refuse(None);
    world.counter.take();
    let nothing = batch(&[inserted(&alert(2, &[]))]);
    assert_eq!(world.handle(&nothing).await, [""; 0]);
    let calls = world.counter.take();
    assert!(calls.is_empty(), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_message_holds_back_those_after_it_and_repeats_none_before_it() {
    let world = World::new(false).await;
    let alerts = [
        &[Alert::Forced][..],
        &[Alert::Jammed, Alert::Clock],
        &[Alert::LeftOpen],
    ];
    let events = [1, 2, 3].map(|at| inserted(&alert(at, alerts[at as usize - 1])));
    let events = batch(&events);
    // The topic takes `forced` and `jammed`, and refuses `clock`.
    world.topic.take_only(Some(2));
    assert_eq!(world.handle(&events).await, ["2"]);
    assert_eq!(world::codes(&world.topic.take()), ["forced", "jammed"]);
    assert_eq!(world.handle(&events).await, ["2"]);
    assert_eq!(world.topic.take(), []);
    world.topic.take_only(None);
    assert_eq!(world.handle(&events).await, [""; 0]);
    assert_eq!(world::codes(&world.topic.take()), ["clock", "left-open"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_message_and_mark_repeats_the_message_and_loses_none() {
    let world = World::new(false).await;
    let events = batch(&[
        inserted(&alert(1, &[Alert::Forced])),
        inserted(&alert(2, &[Alert::LeftOpen])),
    ]);
    world.counter.refuse(Some("PutItem"));
    assert_eq!(world.handle(&events).await, ["1"]);
    assert_eq!(world::codes(&world.topic.take()), ["forced"]);
    world.counter.refuse(None);
    assert_eq!(world.handle(&events).await, [""; 0]);
    assert_eq!(world::codes(&world.topic.take()), ["forced", "left-open"]);
    // Whether a message was sent is not guessed.
    world.counter.refuse(Some("GetItem"));
    assert_eq!(world.handle(&events).await, ["1"]);
    assert_eq!(world.topic.take(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_is_not_an_event_fails_alone() {
    let world = World::new(false).await;
    let good = inserted(&alert(4, &[Alert::Forced]));
    let with = |sequence: &str, path: &str, value: Value| {
        let mut record = good.clone();
        record["dynamodb"]["SequenceNumber"] = json!(sequence);
        *record.pointer_mut(path).unwrap() = value;
        record
    };
    let events = batch(&[
        with("1", "/dynamodb/NewImage", json!({"what": {"S": "is this"}})),
        with(
            "2",
            "/dynamodb/NewImage/alerts",
            json!({"L": [{"S": "fire"}]}),
        ),
        with("3", "/dynamodb/NewImage/at", json!({"B": "AA=="})),
        good.clone(),
        with("5", "/dynamodb/Keys", json!({})),
        with("6", "/dynamodb/NewImage/at", json!({"N": "soon"})),
        inserted(&alert(7, &[Alert::LeftOpen])),
    ]);
    assert_eq!(world.handle(&events).await, ["1", "2", "3", "5", "6"]);
    assert_eq!(world::codes(&world.topic.take()), ["forced", "left-open"]);
    // It stays the only failure, and what came after it is not sent again.
    let again = batch(&[with("1", "/dynamodb/NewImage", json!({})), good.clone()]);
    assert_eq!(world.handle(&again).await, ["1"]);
    assert_eq!(world.topic.take(), []);
    // Once a person has corrected it, it is an event like any other.
    let mut corrected = inserted(&alert(8, &[Alert::Clock]));
    corrected["eventName"] = json!("MODIFY");
    corrected["dynamodb"]["OldImage"] = json!({"what": {"S": "is this"}});
    assert_eq!(world.handle(&batch(&[corrected])).await, [""; 0]);
    assert_eq!(world::codes(&world.topic.take()), ["clock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_new_alerts_of_present_events_are_sent() {
    let world = World::new(true).await;
    let forced = alert(1, &[Alert::Forced]);
    let item = |sequence: &str, pk: &str, sk: &str| {
        let keys = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        json!({
            "eventName": "INSERT",
            "dynamodb": {"Keys": keys, "NewImage": keys, "SequenceNumber": sequence}
        })
    };
    let events = batch(&[
        gone(&forced),
        item("2", "lock#lock-1", "record"),
        item("3", "button#button-1", "binding"),
        item("4", "announced#lock#lock-1", "forced#event#1763779512345#k"),
        item("5", "request#lock-1#r", "request"),
        modified(&forced, &forced),
        modified(&alert(7, &[]), &alert(7, &[])),
        modified(&unlock(8), &unlock(8)),
    ]);
    assert_eq!(world.handle(&events).await, [""; 0]);
    assert_eq!(world.topic.take(), []);
    let more = Event {
        alerts: vec![Alert::Forced, Alert::Contested],
        ..forced.clone()
    };
    let events = batch(&[modified(&forced, &more)]);
    assert_eq!(world.handle(&events).await, [""; 0]);
    assert_eq!(world::codes(&world.topic.take()), ["contested"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unlocks_are_sent_only_where_the_deployment_asks_for_them() {
    let still_open = Event {
        was: Some(Latch::Unlocked),
        ..unlock(3)
    };
    let at_boot = Event {
        alerts: vec![Alert::UnlockedAtBoot],
        ..unlock(2)
    };
    let events = batch(&[
        inserted(&unlock(1)),
        inserted(&at_boot),
        inserted(&still_open),
    ]);
    let boot = Alert::UnlockedAtBoot.as_str();
    for (unlocks, wanted) in [(true, &[UNLOCKED, boot, UNLOCKED][..]), (false, &[boot])] {
        let world = World::new(unlocks).await;
        for _ in 0..2 {
            assert_eq!(world.handle(&events).await, [""; 0]);
        }
        let sent = world.topic.take();
        assert_eq!(world::codes(&sent), wanted);
        if unlocks {
            let text = "lock-1 was unlocked by button-1 at 03:45.";
            assert_eq!(
                (sent[0].subject.as_str(), sent[0].message.as_str()),
                ("lock-1: unlocked", text)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_table_or_time_the_first_record_is_named_and_nothing_is_sent() {
    let world = World::new(false).await;
    let events = batch(&[
        inserted(&alert(1, &[])),
        inserted(&alert(2, &[Alert::Forced])),
        inserted(&alert(3, &[Alert::Forced])),
    ]);
    let answer = world.handler.handle(&events, NOW).await.unwrap();
    assert_eq!(failed(&answer), ["1"], "no time is left");
    let cloud = table::client(table::start().await, world::NOWHERE.parse().unwrap());
    let handler = Batch(Handler::new(
        cloud,
        world.notifier.clone(),
        world::options(false),
    ));
    let deadline = lock_aws::clock::now().plus(60_000);
    let answer = handler.handle(&events, deadline).await.unwrap();
    assert_eq!(failed(&answer), ["2"], "no table");
    assert_eq!(world.topic.take(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_names_what_was_sent_and_where() {
    let world = World::new(false).await;
    world.topic.take_only(Some(0));
    let event = alert(1, &[Alert::Forced]);
    let sent = lock_core::announce::announcements(None, &event, false, &Names::default(), &|_| {
        String::new()
    });
    let error = world.notifier.send(&event.subject, &sent[0]).await;
    assert_eq!(
        lock_aws::chain(&error.unwrap_err()),
        format!(
            "send forced of lock-1 to {}: AuthorizationError: User: f is not authorized to \
             perform: SNS:Publish",
            topic::ARN
        )
    );
    let failed = world.handler.invoke("{}", NOW).await.unwrap_err();
    assert_eq!(failed.code, "malformed");
}

#[test]
fn a_wrong_setting_keeps_the_function_from_starting_and_is_named() {
    let read = |zone: &str, unlocks: &str, arn: &str| {
        let lookup = |name: &str| match name {
            "TIME_ZONE" => Some(zone.to_owned()),
            "ANNOUNCE_UNLOCKS" => Some(unlocks.to_owned()),
            "ALERT_TOPIC_ARN" => Some(arn.to_owned()),
            _ => None,
        };
        Options::read(&lookup).map_err(|error| error.to_string())
    };
    let options = read("", "true", topic::ARN).unwrap();
    assert_eq!(
        (options.topic_arn.as_str(), options.unlocks),
        (topic::ARN, true)
    );
    assert_eq!(options.zone.write(NOW, NOW), "02:45 UTC");
    for (zone, unlocks, arn, wanted) in [
        ("", "", "", "ALERT_TOPIC_ARN is not set"),
        (
            "",
            "on",
            topic::ARN,
            "ANNOUNCE_UNLOCKS is \"on\": wanted true or false",
        ),
        (
            "Mars/Olympus",
            "",
            topic::ARN,
            "TIME_ZONE is \"Mars/Olympus\": wanted the name of an IANA time zone, for example \
             Europe/Berlin",
        ),
    ] {
        let error = read(zone, unlocks, arn).unwrap_err();
        assert_eq!(error, format!("environment variable {wanted}"));
    }
}
