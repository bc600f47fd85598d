//! Labels of locks and buttons, in a real table.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_aws::item::{Key, item_of_image};
use lock_aws::{Cloud, Forgotten, Registered};
use lock_core::event::Subject;
use lock_core::label::{Label, LabelWish, Labels, Names};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_testing::table;
use serde_json::Value;

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn door() -> Subject {
    Subject::Lock(lock())
}

fn button() -> Subject {
    Subject::Button(ButtonSerial::new("button-1").unwrap())
}

fn label(text: &str) -> Option<Label> {
    Some(Label::new(text).unwrap())
}

fn labels(text: &str, room: &str) -> Labels {
    let known = |text: &str| (!text.is_empty()).then(|| Label::new(text).unwrap());
    Labels {
        label: known(text),
        room: known(room),
    }
}

/// `lock-1` and `button-1`, registered. Nothing here publishes: port 9 discards.
async fn house() -> Cloud {
    let cloud = table::cloud("127.0.0.1:9".parse().unwrap()).await;
    register(&cloud).await;
    cloud
}

async fn register(cloud: &Cloud) -> bool {
    let limits = Limits::default();
    let Subject::Button(serial) = button() else {
        unreachable!("it is a button");
    };
    let button = cloud.register_button(&serial, None, &limits).await.unwrap();
    let lock = cloud.register_lock(&lock(), None, &limits).await.unwrap();
    matches!((button, lock), (Registered::Now(_), Registered::Now(_)))
}

async fn set(cloud: &Cloud, subject: &Subject, wish: LabelWish) -> Option<Labels> {
    cloud.store.set_label(subject, &wish).await.unwrap()
}

async fn names(cloud: &Cloud) -> Names {
    cloud.store.read_register().await.unwrap().names
}

/// Writes an attribute of the lock's entry, whatever it is.
async fn write_by_hand(cloud: &Cloud, path: &str, value: AttributeValue) {
    let mut item = Key::listing(&door()).to_item();
    item.insert(path.to_owned(), value);
    let put = cloud.store.client().put_item().table_name(table::TABLE);
    put.set_item(Some(item)).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_replaces_what_is_there_and_the_rest_stays_unless_cleared() {
    let cloud = house().await;
    let wish = |text: &str, room: &str, clear| {
        let Labels { label, room } = labels(text, room);
        LabelWish { label, room, clear }
    };
    // label, room, clear => labels afterwards
    for (given, wanted) in [
        (wish("", "", false), labels("", "")),
        (wish("Front door", "", false), labels("Front door", "")),
        (wish("", "Hall", false), labels("Front door", "Hall")),
        (wish("Gate", "", false), labels("Gate", "Hall")),
        (wish("", "", false), labels("Gate", "Hall")),
        (wish("Küche", "", true), labels("Küche", "")),
        (wish("", "Hall", true), labels("", "Hall")),
        (wish("", "", true), labels("", "")),
        (wish("", "", true), labels("", "")),
    ] {
        let shown = format!("{given:?}");
        // Every call may be repeated.
        for _ in 0..2 {
            let found = set(&cloud, &door(), given.clone()).await;
            assert_eq!(found.as_ref(), Some(&wanted), "{shown}");
        }
        assert_eq!(names(&cloud).await.of_lock(&lock()), &wanted, "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_registers_nothing_and_leaves_with_the_lock() {
    let cloud = house().await;
    let wish = LabelWish {
        label: label("Front door"),
        ..LabelWish::default()
    };
    let stranger = Subject::Lock(LockName::new("lock-9").unwrap());
    assert_eq!(set(&cloud, &stranger, wish.clone()).await, None);
    assert_eq!(set(&cloud, &stranger, LabelWish::default()).await, None);
    let register = cloud.store.read_register().await.unwrap();
    assert_eq!(register.locks, [lock()]);

    set(&cloud, &door(), wish).await.unwrap();
    let limits = Limits::default();
    let forgotten = cloud.forget(&lock(), true, None, &limits).await;
    assert!(matches!(forgotten.unwrap(), Forgotten::Done(_)));
    let registered = cloud.register_lock(&lock(), None, &limits).await.unwrap();
    assert!(matches!(registered, Registered::Now(_)));
    assert_eq!(names(&cloud).await, Names::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_registration_keeps_the_labels() {
    let cloud = house().await;
    for subject in [door(), button()] {
        let wish = LabelWish {
            label: label("hall"),
            ..LabelWish::default()
        };
        set(&cloud, &subject, wish).await.unwrap();
    }
    let before = names(&cloud).await;
    assert_eq!(before.subject(&door()), "hall (lock-1)");
    assert_eq!(before.subject(&button()), "hall (button-1)");
    assert!(!register(&cloud).await, "both were registered before");
    assert_eq!(names(&cloud).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_cannot_be_used_is_left_out_and_the_lock_stays_listed() {
    let cloud = house().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for value in [
        text(""),
        text("two\nlines"),
        text(&"x".repeat(41)),
        AttributeValue::N("7".to_owned()),
    ] {
        write_by_hand(&cloud, "label", value).await;
        let register = cloud.store.read_register().await.unwrap();
        assert_eq!(register.locks, [lock()]);
        assert_eq!(register.names, Names::default());
        let read = cloud.store.read_labels(&[door(), button()]).await.unwrap();
        assert_eq!(read.subject(&door()), "lock-1");
    }
    // A new label replaces it.
    let wish = LabelWish {
        label: label("Gate"),
        ..LabelWish::default()
    };
    assert_eq!(set(&cloud, &door(), wish).await, Some(labels("Gate", "")));
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_read_by_name_without_the_list() {
    let cloud = house().await;
    let wish = LabelWish {
        label: label("Front door"),
        room: label("Hall"),
        clear: false,
    };
    set(&cloud, &door(), wish).await.unwrap();
    let unknown = Subject::Button(ButtonSerial::new("button-9").unwrap());
    let subjects = [door(), button(), unknown.clone()];
    let read = cloud.store.read_labels(&subjects).await.unwrap();
    let shown = subjects.map(|subject| read.subject(&subject));
    let wanted = ["Front door, Hall (lock-1)", "button-1", "button-9"];
    assert_eq!(shown, wanted);
    let none = cloud.store.read_labels(&[]).await.unwrap();
    assert_eq!(none, Names::default());
}

/// A list that an earlier release wrote has names alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_recorded_list_of_every_release_is_read_without_labels() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/recorded");
    for release in std::fs::read_dir(folder).unwrap() {
        let path = release.unwrap().path().join("items.json");
        let items: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let cloud = table::cloud("127.0.0.1:9".parse().unwrap()).await;
        let mut listed = 0;
        for item in items.iter().map(|image| item_of_image(image).unwrap()) {
            if item["pk"].as_s().unwrap() != "things" {
                continue;
            }
            listed += 1;
            let put = cloud.store.client().put_item().table_name(table::TABLE);
            put.set_item(Some(item)).send().await.unwrap();
        }
        let register = cloud.store.read_register().await.unwrap();
        assert_eq!(register.locks.len() + register.buttons.len(), listed);
        assert!(listed > 0, "{}", path.display());
        assert!(register.names == Names::default() || !path.to_string_lossy().contains("/0.1.0/"));
    }
}
