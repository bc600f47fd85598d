//! Every case of `tests/vectors/shadow-cases.json` that needs no connection, and laws of the core.

mod limit;
mod rule;

use std::collections::BTreeMap;

use super::*;
use shadow_cases::{Setting, matches, payload, strings};

/// Cases about a connection rather than a shadow. The tests of the services run these, and all
/// others a second time.
const NEED_A_CONNECTION: [&str; 3] = [
    "eleventh_in_flight_request_429",
    "last_will_on_shadow_topic_is_ignored",
    "rest_retain_on_reserved_topic_refused",
];

const NOW_S: u64 = 1_770_000_000;

struct Case<'a> {
    value: &'a Value,
    name: Name,
    core: ShadowCore,
    now_s: u64,
}

impl Case<'_> {
    fn run(&mut self, topic: &str, payload: &[u8]) -> Replies {
        let operation = match topic {
            "get" | "GET /things/<thing>/shadow" => Operation::Get,
            "update" | "POST /things/<thing>/shadow" => Operation::Update,
            "delete" => Operation::Delete,
            other => panic!("{other} is not a request"),
        };
        self.core.handle(operation, payload, &self.name, self.now_s)
    }

    fn setting(&self) -> Setting {
        Setting {
            thing: self.name.thing.clone(),
            shadow: self.name.shadow.clone(),
            seconds: self.now_s..=self.now_s,
        }
    }
}

/// The differences between a case and the core, as text.
fn differences(value: &Value) -> Vec<String> {
    let mut case = Case {
        value,
        name: Name {
            thing: "thermostat-1".to_owned(),
            shadow: value["shadow_name"].as_str().map(str::to_owned),
        },
        core: ShadowCore {
            document: serde_json::from_value(value["initial"].clone()).expect("a document or null"),
            tombstone: None,
        },
        now_s: NOW_S,
    };
    for step in value["setup"].as_array().cloned().unwrap_or_default() {
        match step["advance_clock_hours"].as_u64() {
            Some(hours) => case.now_s += hours * 3600,
            None => {
                case.run(step["topic"].as_str().expect("a topic"), &payload(&step));
            }
        }
    }
    let request = &value["request"];
    let replies = case.run(
        request["topic"].as_str().expect("a topic"),
        &payload(request),
    );
    let over_rest = value["transport"] == "http";
    let messages: BTreeMap<&str, Value> = if over_rest {
        replies.messages_of_rest().cloned().collect()
    } else {
        replies.messages.iter().cloned().collect()
    };
    let mut wrong = Vec::new();
    for expected in value["expected"].as_array().expect("a list") {
        let optional = strings(&expected["optional_keys"]);
        let actual = match (expected["topic"].as_str(), &replies.rest) {
            (Some(topic), _) => messages.get(topic).cloned(),
            (None, Ok(body)) if expected["http"] == 200 => Some(body.clone()),
            (None, Err(error)) if expected["http"] == error.code => {
                Some(json!({"message": error.message}))
            }
            (None, _) => None,
        };
        match actual {
            Some(actual) if matches(&case.setting(), &expected["payload"], &actual, &optional) => {}
            actual => wrong.push(format!("want {expected}\n   got {actual:?}")),
        }
    }
    let named: Vec<&str> = value["expected"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|e| e["topic"].as_str())
        .collect();
    for (topic, message) in &messages {
        let silent = strings(&value["never"]).iter().any(|never| never == topic);
        // Some cases list only some messages; an unlisted one must not be a refusal.
        if silent || (!named.contains(topic) && topic.ends_with("rejected")) {
            wrong.push(format!("unexpected {topic} {message}"));
        }
    }
    wrong.extend(after(&mut case));
    wrong
}

/// Checks that a subsequent GET contains the values of `after_get`.
fn after(case: &mut Case<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let expected = case.value["after_get"].as_object().cloned();
    if let Some(expected) = expected {
        let body = case.run("get", b"").rest.unwrap_or_default();
        for (key, value) in expected {
            if body[&key] != value {
                wrong.push(format!("after: {key} is {}, want {value}", body[&key]));
            }
        }
    }
    wrong
}

// AWS cases(shadow): tests/vectors/shadow-cases.json
#[test]
fn the_core_agrees_with_every_case_that_needs_no_connection() {
    let cases = shadow_cases::cases();
    let mut not_run = Vec::new();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case["name"].as_str().expect("a name");
        if NEED_A_CONNECTION.contains(&name) {
            not_run.push(name);
            continue;
        }
        for difference in differences(case) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    println!("not run at this level, they need a connection: {not_run:?}");
    assert_eq!(not_run, NEED_A_CONNECTION);
    assert_eq!(cases.len() - not_run.len(), 55, "cases run");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn thermostat() -> Name {
    Name {
        thing: "thermostat-1".to_owned(),
        shadow: None,
    }
}

fn update(core: &mut ShadowCore, body: &Value, now_s: u64) -> Replies {
    core.handle(
        Operation::Update,
        body.to_string().as_bytes(),
        &thermostat(),
        now_s,
    )
}

#[test]
fn a_deletion_takes_a_version_and_is_forgotten_after_two_days() {
    let cases = [(0, 11), (TOMBSTONE_S, 11), (TOMBSTONE_S + 1, 1)];
    for (wait_s, version) in cases {
        let mut core = ShadowCore::default();
        for degrees in 0..9 {
            update(
                &mut core,
                &json!({"state": {"reported": {"d": degrees}}}),
                NOW_S,
            );
        }
        let deleted = core.handle(Operation::Delete, b"", &thermostat(), NOW_S);
        assert_eq!(
            deleted.rest.map(|body| body["version"].clone()),
            Ok(json!(9))
        );
        let again = update(&mut core, &json!({"state": {}}), NOW_S + wait_s);
        assert_eq!(
            again.rest.map(|body| body["version"].clone()),
            Ok(json!(version)),
            "after {wait_s} s"
        );
    }
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut core = ShadowCore::default();
    update(&mut core, &json!({"state": {"desired": {"d": 21}}}), NOW_S);
    let before = core.clone();
    let refused = [
        json!({"state": {"desired": {"d": 22}}, "version": 7}),
        json!({"state": {"desired": {"d": [null]}}}),
        json!({"state": {"other": {}}}),
        json!({"state": {"desired": {"d": "x".repeat(9000)}}}),
        json!({"state": {}, "clientToken": "x".repeat(65)}),
        json!({"state": {}, "clientToken": 7}),
        json!({"state": {"desired": {"1": {"2": {"3": {"4": {"5": {"6": {"7": 0}}}}}}}}}),
    ];
    for body in refused {
        let replies = update(&mut core, &body, NOW_S + 1);
        assert!(!replies.changed && replies.rest.is_err(), "{body}");
        assert_eq!(core, before, "{body}");
        assert_eq!(replies.messages_of_rest().count(), 0, "{body}");
    }
}

#[test]
fn a_core_survives_storage() {
    let mut core = ShadowCore::default();
    update(
        &mut core,
        &json!({"state": {"desired": {"a": [1, {"b": 2}]}, "reported": {"c": {"d": {}}}}}),
        NOW_S,
    );
    let stored = serde_json::to_string(&core).expect("json");
    let mut loaded: ShadowCore = serde_json::from_str(&stored).expect("json");
    assert_eq!(loaded, core);
    loaded.handle(Operation::Delete, b"", &thermostat(), NOW_S);
    let stored = serde_json::to_string(&loaded).expect("json");
    assert_eq!(
        serde_json::from_str::<ShadowCore>(&stored).ok(),
        Some(loaded)
    );
}
