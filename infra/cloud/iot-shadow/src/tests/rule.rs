//! Rules of the shadow that the vector file does not cover: merging, deltas, versions.

use super::*;

pub(super) fn named() -> Name {
    Name {
        thing: "thermostat-1".to_owned(),
        shadow: Some("config".to_owned()),
    }
}

pub(super) fn after(updates: &[Value]) -> ShadowCore {
    let mut core = ShadowCore::default();
    for (n, state) in (0..).zip(updates) {
        let replies = update(&mut core, &json!({"state": state}), NOW_S + n);
        assert!(replies.rest.is_ok(), "{state}: {:?}", replies.rest);
    }
    core
}

fn state_of(core: &mut ShadowCore) -> Value {
    let reply = core.handle(Operation::Get, b"", &thermostat(), NOW_S).rest;
    reply.expect("it exists")["state"].clone()
}

pub(super) fn message(replies: &Replies, suffix: &str) -> Option<Value> {
    let found = replies.messages.iter().find(|(s, _)| *s == suffix);
    found.map(|(_, body)| body.clone())
}

// AWS same(shadow): updates merge objects recursively and replace arrays and scalars; null removes
//     a key, and a section without keys is removed
#[test]
fn updates_merge_as_documented() {
    let rows = [
        // First update, second update, resulting state without its delta.
        (
            json!({"desired": {"a": {"b": {"c": 1}, "d": 2}}}),
            json!({"desired": {"a": {"b": {"e": 3}}}}),
            json!({"desired": {"a": {"b": {"c": 1, "e": 3}, "d": 2}}}),
        ),
        (
            json!({"desired": {"a": [1, 2, 3]}}),
            json!({"desired": {"a": []}}),
            json!({"desired": {"a": []}}),
        ),
        (
            json!({"desired": {"a": [{"b": 1}]}}),
            json!({"desired": {"a": [{"c": 2}]}}),
            json!({"desired": {"a": [{"c": 2}]}}),
        ),
        (
            json!({"desired": {"a": {"b": 1}}}),
            json!({"desired": {"a": [1]}}),
            json!({"desired": {"a": [1]}}),
        ),
        (
            json!({"desired": {"a": "text"}}),
            json!({"desired": {"a": {"b": true}}}),
            json!({"desired": {"a": {"b": true}}}),
        ),
        (
            json!({"desired": {"a": {"b": 1, "c": 2}}}),
            json!({"desired": {"a": {"b": null}}}),
            json!({"desired": {"a": {"c": 2}}}),
        ),
        (
            json!({"desired": {"a": 1}, "reported": {"a": 1}}),
            json!({"desired": null, "reported": {"b": 2}}),
            json!({"reported": {"a": 1, "b": 2}}),
        ),
        (
            json!({"desired": {"a": 1}, "reported": {"a": 1}}),
            json!(null),
            json!({}),
        ),
        (
            json!({"reported": {"a": 1}}),
            json!({"reported": {}}),
            json!({"reported": {"a": 1}}),
        ),
        (
            json!({"reported": {"a": 1}}),
            json!({"reported": {"a": null}}),
            json!({}),
        ),
        (
            json!({"reported": {"a": {"b": 1}}}),
            json!({"reported": {"a": {}}}),
            json!({"reported": {"a": {"b": 1}}}),
        ),
    ];
    for (first, second, expected) in rows {
        let mut core = after(&[first.clone(), second.clone()]);
        let mut state = state_of(&mut core);
        if let Some(state) = state.as_object_mut() {
            state.remove("delta");
        }
        assert_eq!(state, expected, "{first} then {second}");
        assert_eq!(core.version(), Some(2), "{first} then {second}");
    }
}

// AWS same(shadow): the delta holds every desired field that differs from the reported one, with
//     its path; arrays are whole and nested {} is included
// AWS same(shadow): fields that are only reported are never in the delta
#[test]
fn the_delta_holds_desired_values_that_differ() {
    let rows = [
        // Desired, reported, delta.
        (json!({"a": 1}), json!(null), json!({"a": 1})),
        (json!({"a": 1}), json!({"a": 1, "b": 2}), json!(null)),
        (json!({"a": 1}), json!({"a": "1"}), json!({"a": 1})),
        (json!({"a": 1}), json!({"a": 1.0}), json!(null)),
        (
            json!({"a": [1, {"b": 2}]}),
            json!({"a": [1.0, {"b": 2}]}),
            json!(null),
        ),
        (
            json!({"a": [1, 2]}),
            json!({"a": [2, 1]}),
            json!({"a": [1, 2]}),
        ),
        (
            json!({"a": [1, 2]}),
            json!({"a": [1]}),
            json!({"a": [1, 2]}),
        ),
        (json!({"a": false}), json!({"a": 0}), json!({"a": false})),
        (
            json!({"a": {"b": {"c": 1, "d": 2}}}),
            json!({"a": {"b": {"c": 1, "d": 3, "e": 4}}}),
            json!({"a": {"b": {"d": 2}}}),
        ),
        (
            json!({"a": {"b": 1}}),
            json!({"a": 1}),
            json!({"a": {"b": 1}}),
        ),
        (
            json!({"a": {"b": {}}}),
            json!(null),
            json!({"a": {"b": {}}}),
        ),
        (
            json!({"a": {"b": {}}}),
            json!({"a": {"c": 1}}),
            json!({"a": {"b": {}}}),
        ),
        (
            json!({"a": {"b": {}}}),
            json!({"a": {"b": {}}}),
            json!(null),
        ),
        (json!(null), json!({"a": 1}), json!(null)),
    ];
    for (desired, reported, delta) in rows {
        let mut core = ShadowCore::default();
        let body = json!({"state": {"desired": desired, "reported": reported}});
        let replies = update(&mut core, &body, NOW_S);
        let published = message(&replies, "update/delta");
        let published = published.map_or(Value::Null, |body| body["state"].clone());
        assert_eq!(published, delta, "{body}");
        assert_eq!(state_of(&mut core)["delta"], delta, "{body}");
    }
}

// AWS same(shadow): an update of reported also sends a delta, with all fields that differ, the
//     version of the update and the timestamps of desired
#[test]
fn the_delta_after_a_report_holds_every_field_out_of_sync() {
    let mut core = after(&[json!({"desired": {"a": 1, "b": {"c": 2}}})]);
    let body = json!({"state": {"reported": {"a": 1, "other": 3}}, "clientToken": "t"});
    let replies = update(&mut core, &body, NOW_S + 9);
    let expected = json!({
        "state": {"b": {"c": 2}},
        "metadata": {"b": {"c": {"timestamp": NOW_S}}},
        "timestamp": NOW_S + 9,
        "version": 2,
        "clientToken": "t",
    });
    assert_eq!(message(&replies, "update/delta"), Some(expected));
    let silent = json!({"state": {"reported": {"b": {"c": 2}}}});
    let replies = update(&mut core, &silent, NOW_S + 10);
    assert_eq!(message(&replies, "update/delta"), None);
}

// AWS same(shadow): metadata carries one timestamp per leaf and array element, and follows changes
//     of type
#[test]
fn metadata_follows_the_state() {
    let rows = [
        (json!({"a": 1}), json!({"a": {"timestamp": NOW_S}})),
        (
            json!({"a": [1, [2]]}),
            json!({"a": [{"timestamp": NOW_S}, [{"timestamp": NOW_S}]]}),
        ),
        (
            json!({"a": [{"b": 1}]}),
            json!({"a": [{"b": {"timestamp": NOW_S}}]}),
        ),
        (
            json!({"a": {"timestamp": 5}}),
            json!({"a": {"timestamp": {"timestamp": NOW_S}}}),
        ),
    ];
    for before in [json!(7), json!([7]), json!({"timestamp": 7}), json!({})] {
        for (state, metadata) in &rows {
            let mut core = ShadowCore::default();
            update(
                &mut core,
                &json!({"state": {"reported": {"a": before}}}),
                NOW_S - 5,
            );
            update(
                &mut core,
                &json!({"state": {"reported": {"a": null}}}),
                NOW_S - 4,
            );
            update(&mut core, &json!({"state": {"reported": state}}), NOW_S);
            let reply = core.handle(Operation::Get, b"", &thermostat(), NOW_S + 1);
            let body = reply.rest.expect("it exists");
            assert_eq!(
                body["metadata"]["reported"], *metadata,
                "{before} then {state}"
            );
        }
    }
    let mut core = after(&[
        json!({"reported": {"timestamp": 1}}),
        json!({"reported": {"timestamp": {"b": 2}}}),
    ]);
    let reply = core.handle(Operation::Get, b"", &thermostat(), NOW_S);
    let metadata = &reply.rest.expect("it exists")["metadata"]["reported"];
    assert_eq!(
        *metadata,
        json!({"timestamp": {"b": {"timestamp": NOW_S + 1}}})
    );
}

// AWS same(shadow): for 48 hours after a delete the version continues, the delete itself counting;
//     an old version is a conflict
#[test]
fn versions_continue_across_a_delete() {
    let rows = [
        (8, Err(409)),
        (9, Err(409)),
        (10, Ok(11)),
        (11, Err(409)),
        (0, Err(409)),
    ];
    for (version, expected) in rows {
        let nine = vec![json!({}); 9];
        let mut core = after(&nine);
        assert!(
            core.handle(Operation::Delete, b"", &thermostat(), NOW_S)
                .changed
        );
        assert_eq!(core.version(), None);
        let again = core.handle(Operation::Delete, b"", &thermostat(), NOW_S + 1);
        assert_eq!(again.rest.map_err(|error| error.code), Err(404));
        let body = json!({"state": {}, "version": version});
        let found = update(&mut core, &body, NOW_S + 2).rest;
        let found = found.map(|body| body["version"].as_u64().unwrap_or_default());
        assert_eq!(
            found.map_err(|error| error.code),
            expected,
            "version {version}"
        );
    }
}

// AWS same(shadow): update/documents holds the state before and after the update; previous is null
//     when the shadow is created or created again
#[test]
fn update_documents_holds_both_states() {
    let mut core = ShadowCore::default();
    let previous = |core: &mut ShadowCore| {
        let replies = update(core, &json!({"state": {"desired": {"a": 1}}}), NOW_S);
        message(&replies, "update/documents").map(|body| body["previous"].clone())
    };
    assert_eq!(previous(&mut core), Some(Value::Null));
    let second = previous(&mut core).expect("published");
    assert_eq!(second["version"], 1);
    assert_eq!(
        second["state"],
        json!({"desired": {"a": 1}}),
        "without its delta"
    );
    core.handle(Operation::Delete, b"", &thermostat(), NOW_S);
    assert_eq!(previous(&mut core), Some(Value::Null));
}

// AWS same(shadow): a refusal for too many requests is published like any other, with the request's
//     client token
#[test]
fn a_request_refused_in_advance_gets_a_reply() {
    for (operation, suffix) in [
        (Operation::Get, "get/rejected"),
        (Operation::Update, "update/rejected"),
        (Operation::Delete, "delete/rejected"),
    ] {
        let body = br#"{"state": {}, "clientToken": "t"}"#;
        let replies = ShadowCore::refuse(operation, body, ShadowError::too_many());
        let expected = json!({"code": 429, "message": "Too many requests", "clientToken": "t"});
        assert_eq!(replies.messages, [(suffix, expected)]);
        assert!(!replies.changed);
    }
}
