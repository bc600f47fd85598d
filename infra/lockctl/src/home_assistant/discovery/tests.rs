//! The messages have the keys that Home Assistant knows, and say what the vector file says.

use std::collections::BTreeSet;

use lock_core::label::{Label, Labels};
use lock_core::name::{LockName, Subject};

use super::*;

const VECTORS: &str = include_str!("../../../../../tests/vectors/home-assistant.json");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).expect("JSON")
}

fn texts(value: &Value) -> BTreeSet<&str> {
    let all = value.as_array().expect("a list").iter();
    all.map(|text| text.as_str().expect("a text")).collect()
}

/// The doors of the vector file, and what is expected of their messages.
fn doors(vectors: &Value) -> Vec<(Door, Names, &Value)> {
    let all = vectors["doors"].as_array().expect("a list").iter();
    all.map(|case| {
        let lock = LockName::new(case["lock"].as_str().expect("a text")).expect("a name");
        let label = |key: &str| {
            let text = case[key].as_str();
            text.map(|text| Label::new(text).expect("a label"))
        };
        let labels = Labels {
            label: label("label"),
            room: label("room"),
        };
        let mut names = Names::default();
        names.insert(Subject::Lock(lock.clone()), labels);
        let lock_only = case["lockOnly"].as_bool().expect("a flag");
        (Door { lock, lock_only }, names, case)
    })
    .collect()
}

#[test]
fn the_messages_are_those_of_the_vector_file() {
    let vectors = vectors();
    for (door, names, case) in doors(&vectors) {
        let made = messages(
            "homeassistant",
            "house",
            std::slice::from_ref(&door),
            &names,
        );
        assert_eq!(made[0].topic, case["topic"].as_str().expect("a text"));
        let payload: Value = serde_json::from_str(&made[0].payload).expect("JSON");
        let expected = case["expect"].as_object().expect("an object");
        for (pointer, wanted) in expected {
            assert_eq!(
                payload.pointer(pointer),
                Some(wanted),
                "{} {pointer}",
                door.lock
            );
        }
        let absent = texts(&case["absent"]);
        for pointer in absent {
            assert_eq!(payload.pointer(pointer), None, "{} {pointer}", door.lock);
        }
    }
}

#[test]
fn home_assistant_knows_each_key() {
    let vectors = vectors();
    for (door, names, _) in doors(&vectors) {
        let message = device("house", &door, &names);
        let known = |keys: &Value, value: &Value| {
            let keys = texts(keys);
            let own = value.as_object().expect("an object").keys();
            let strange: Vec<&String> = own.filter(|key| !keys.contains(key.as_str())).collect();
            assert!(strange.is_empty(), "{strange:?}");
        };
        known(&vectors["message"], &message);
        known(&vectors["device"], &message["device"]);
        known(&vectors["origin"], &message["origin"]);
        let mut ids = BTreeSet::new();
        for (id, component) in message["components"].as_object().expect("components") {
            let platform = component["platform"].as_str().expect("a platform");
            let table = &vectors["components"][platform];
            let mut keys = texts(&vectors["shared"]);
            keys.extend(texts(&table["keys"]));
            let own = component.as_object().expect("an object");
            for key in own.keys() {
                assert!(keys.contains(key.as_str()), "{id}: {key}");
            }
            for key in texts(&table["required"]) {
                assert!(own.contains_key(key), "{id}: {key} is missing");
            }
            let items = component["availability"].as_array().expect("a list");
            assert!(!items.is_empty(), "{id}");
            for item in items {
                known(&vectors["availability"], item);
                assert!(item["topic"].is_string(), "{id}: {item}");
            }
            assert!(ids.insert(component["unique_id"].to_string()), "{id}");
        }
        assert_eq!(ids.len(), 9);
    }
}

#[test]
fn a_request_says_when_it_was_made_and_ends() {
    let door = Door {
        lock: LockName::new("lock-1").expect("a name"),
        lock_only: false,
    };
    let message = device("house", &door, &Names::default());
    let lock = &message["components"]["lock"];
    let template = lock["command_template"].as_str().expect("a text");
    for part in [
        "{\"v\":1,\"action\":\"{{ value }}\",",
        "\"requestId\":\"ha-{{ at }}-{{ range(0, 99999) | random }}\",",
        "\"actor\":\"house\",",
        "\"requestedAt\":{{ at }}}",
    ] {
        assert!(template.contains(part), "{template}");
    }
    assert_eq!(lock["message_expiry_interval"], COMMAND_EXPIRY_S);
    assert_eq!(lock["retain"], false);
    assert_eq!(lock["optimistic"], false);
    // Its presence would offer *open*.
    assert!(lock.get("payload_open").is_none());
}

#[test]
fn each_refusal_has_an_event_with_its_reason() {
    let door = Door {
        lock: LockName::new("lock-1").expect("a name"),
        lock_only: true,
    };
    let message = device("house", &door, &Names::default());
    let refusal = &message["components"]["refusal"];
    assert_eq!(
        refusal["event_types"],
        json!(["ignored", "refused", "given-up"])
    );
    let template = refusal["value_template"].as_str().expect("a text");
    assert!(
        template.contains("in ['ignored', 'refused', 'given-up']"),
        "{template}"
    );
    assert!(template.contains("'reason': e.reason"), "{template}");
    assert!(
        template.ends_with("} | to_json }}{% endif %}"),
        "{template}"
    );
    let all = message["components"]["event"]["event_types"].as_array();
    assert_eq!(all.expect("a list").len(), Verdict::ALL.len());
}
