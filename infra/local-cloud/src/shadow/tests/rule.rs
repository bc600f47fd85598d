//! Rules of the shadow that the vector file has no case for: merging, deltas, limits, and which refusal comes first.

use super::*;

fn named() -> Name {
    Name {
        thing: "thermostat-1".to_owned(),
        shadow: Some("config".to_owned()),
    }
}

fn after(updates: &[Value]) -> ShadowCore {
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

fn message(replies: &Replies, suffix: &str) -> Option<Value> {
    let found = replies.messages.iter().find(|(s, _)| *s == suffix);
    found.map(|(_, body)| body.clone())
}

// AWS same(shadow): updates merge objects recursively, replace arrays and scalars, null removes, and a section without keys is gone
#[test]
fn updates_merge_as_documented() {
    let rows = [
        // first, second, state afterwards without its delta
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

// AWS same(shadow): the delta holds every desired field that is not reported so, with its path, arrays whole, nested {} included
// AWS same(shadow): fields that are only reported are never in the delta
#[test]
fn the_delta_is_what_is_desired_and_not_reported_so() {
    let rows = [
        // desired, reported, delta
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

// AWS same(shadow): a delta follows a reported update too, with all fields out of sync, the version of the update and the older timestamps of desired
#[test]
fn the_delta_after_a_report_names_every_field_out_of_sync() {
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

// AWS same(shadow): metadata carries one timestamp per leaf and array element, and follows changes of type
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

// AWS same(shadow): desired plus reported may be 8192 bytes, metadata not counted; one more is refused with 413
#[test]
fn eight_kilobytes_of_state_fit_and_one_byte_more_does_not() {
    // {"k":"…"} is eight bytes around the text.
    let text = |bytes: usize| "x".repeat(bytes - 8);
    let rows = [
        (json!({"desired": {"k": text(8192)}}), 200),
        (json!({"desired": {"k": text(8193)}}), 413),
        (
            json!({"desired": {"k": text(4096)}, "reported": {"k": text(4096)}}),
            200,
        ),
        (
            json!({"desired": {"k": text(4096)}, "reported": {"k": text(4097)}}),
            413,
        ),
        (json!({"desired": {"k": "é".repeat((8192 - 8) / 2)}}), 200),
        (json!({"desired": {"k": "é".repeat((8192 - 6) / 2)}}), 413),
    ];
    for (state, code) in rows {
        let mut core = ShadowCore::default();
        let replies = update(
            &mut core,
            &json!({"state": state, "clientToken": "t"}),
            NOW_S,
        );
        let found = replies
            .rest
            .clone()
            .map_or_else(|error| error.code, |_| 200);
        assert_eq!(found, code, "{} bytes", state.to_string().len());
        if code == 413 {
            let body = json!({
                "code": 413,
                "message": "The payload exceeds the maximum size allowed",
                "clientToken": "t",
            });
            assert_eq!(message(&replies, "update/rejected"), Some(body));
        }
    }
    // What counts is the document, not the request: a small request can be one too many, and one that shrinks may be large.
    let mut core = after(&[json!({"desired": {"k": text(8192)}})]);
    let more = update(&mut core, &json!({"state": {"reported": {"k": 1}}}), NOW_S);
    assert_eq!(more.rest.map_err(|error| error.code), Err(413));
    let less = json!({"state": {"desired": {"k": text(8192 - 10), "old": null}}});
    assert!(update(&mut core, &less, NOW_S).rest.is_ok());
}

// AWS same(shadow): nesting is limited, arrays count as a level; the error text says 6
// AWS different(shadow): quota pages have said 5, 6 and 8 levels; here 6, with a warning in the log above 5
#[test]
fn six_levels_are_accepted_the_sixth_with_a_warning() {
    let nested = |levels: usize, array: bool| {
        (1..levels).fold(json!(1), |inner, _| match array {
            true => json!([inner]),
            false => json!({"k": inner}),
        })
    };
    for array in [false, true] {
        for (levels, accepted, risky) in [
            (5, true, false),
            (6, true, true),
            (7, false, false),
            (500, false, false),
        ] {
            let mut core = ShadowCore::default();
            let body = json!({"state": {"desired": {"top": nested(levels, array)}}});
            let replies = update(&mut core, &body, NOW_S);
            assert_eq!(replies.rest.is_ok(), accepted, "{levels} levels");
            assert_eq!(replies.is_risky, risky, "{levels} levels");
            if let Err(error) = replies.rest {
                let text = "JSON contains too many levels of nesting; maximum is 6";
                assert_eq!(error, ShadowError::new(400, text));
            }
        }
    }
}

// AWS same(shadow): refusals of malformed requests carry the guide's texts
#[test]
fn malformed_requests_are_refused_in_awss_words() {
    let long = "t".repeat(65);
    let rows = [
        ("", 400, "Invalid JSON"),
        ("{", 400, "Invalid JSON"),
        ("{\"state\":{}} x", 400, "Invalid JSON"),
        ("[]", 400, "Missing required node: state"),
        ("{}", 400, "Missing required node: state"),
        (r#"{"State":{}}"#, 400, "Missing required node: state"),
        (r#"{"state":[]}"#, 400, "State node must be an object"),
        (r#"{"state":1}"#, 400, "State node must be an object"),
        (
            r#"{"state":{"desired":[]}}"#,
            400,
            "Desired node must be an object",
        ),
        (
            r#"{"state":{"reported":1}}"#,
            400,
            "Reported node must be an object",
        ),
        (
            r#"{"state":{"delta":{}}}"#,
            400,
            "State contains an invalid node",
        ),
        (
            r#"{"state":{"desired":{"a":[1,null]}}}"#,
            400,
            "State contains an invalid node",
        ),
        (
            r#"{"state":{"desired":{"a":[{"b":[null]}]}}}"#,
            400,
            "State contains an invalid node",
        ),
        (r#"{"state":{},"version":1.5}"#, 400, "Invalid version"),
        (r#"{"state":{},"version":"1"}"#, 400, "Invalid version"),
        (r#"{"state":{},"version":true}"#, 400, "Invalid version"),
        (r#"{"state":{},"version":-1}"#, 400, "Invalid version"),
        (
            r#"{"state":{},"clientToken":1}"#,
            400,
            "Invalid clientToken",
        ),
        (
            r#"{"state":{},"clientToken":{}}"#,
            400,
            "Invalid clientToken",
        ),
        (
            r#"{"state":{},"clientToken":"LONG"}"#,
            400,
            "Invalid clientToken",
        ),
        (r#"{"state":{},"version":5}"#, 409, "Version conflict"),
        (r#"{"state":{},"version":3}"#, 409, "Version conflict"),
    ];
    for (body, code, text) in rows {
        let mut core = after(&[json!({}), json!({}), json!({}), json!({})]);
        let body = body.replace("LONG", &long);
        let replies = core.handle(Operation::Update, body.as_bytes(), &thermostat(), NOW_S);
        assert_eq!(replies.rest, Err(ShadowError::new(code, text)), "{body}");
        let expected = json!({"code": code, "message": text});
        assert_eq!(replies.messages, [("update/rejected", expected)], "{body}");
    }
}

// AWS different(shadow): the order in which AWS finds several faults of one request is not documented; here encoding, JSON, token, version's form, state, conflict, size
#[test]
fn of_several_faults_the_first_in_this_order_is_named() {
    let big = "x".repeat(9000);
    let rows = [
        (
            json!({"clientToken": 1, "version": "x", "state": 1}),
            "Invalid clientToken",
        ),
        (json!({"version": "x", "state": 1}), "Invalid version"),
        (
            json!({"version": 9, "state": 1}),
            "State node must be an object",
        ),
        (
            json!({"version": 9, "state": {"desired": {"a": big}}}),
            "Version conflict",
        ),
        (
            json!({"version": 0, "state": {"desired": {"a": big}}}),
            "The payload exceeds the maximum size allowed",
        ),
    ];
    for (body, text) in rows {
        let mut core = ShadowCore::default();
        let error = update(&mut core, &body, NOW_S).rest.expect_err("refused");
        assert_eq!(error.message, text);
    }
    let mut core = ShadowCore::default();
    let replies = core.handle(Operation::Update, b"\xff{", &thermostat(), NOW_S);
    assert_eq!(replies.rest.expect_err("refused").code, 415);
}

// AWS same(shadow): a client token of up to 64 bytes comes back in every answer, a longer one is refused
#[test]
fn every_answer_carries_the_client_token() {
    let longest = "é".repeat(32);
    for operation in [Operation::Update, Operation::Get, Operation::Delete] {
        for token in ["", "t", &longest] {
            for exists in [true, false] {
                let mut core = after(if exists { &[Value::Null] } else { &[] });
                let body =
                    json!({"state": {"desired": {"a": 1}}, "clientToken": token}).to_string();
                let replies = core.handle(operation, body.as_bytes(), &named(), NOW_S);
                for (suffix, body) in &replies.messages {
                    assert_eq!(body["clientToken"], token, "{suffix}");
                }
            }
        }
        let mut core = after(&[Value::Null]);
        let body = json!({"state": {}, "clientToken": format!("{longest}x")}).to_string();
        let replies = core.handle(operation, body.as_bytes(), &named(), NOW_S);
        let refusal = ShadowError::new(400, "Invalid clientToken");
        assert_eq!(replies.rest, Err(refusal), "{operation:?}");
        assert!(!replies.changed);
    }
}

// AWS same(shadow): keys beside state, version and clientToken are ignored; the body of a get or delete is, but for its token
#[test]
fn what_a_request_need_not_have_is_ignored() {
    let mut core = ShadowCore::default();
    let body = json!({"state": {"desired": {"a": 1}}, "timestamp": 5, "metadata": {}, "x": null, "version": null});
    assert!(update(&mut core, &body, NOW_S).rest.is_ok());
    for operation in [Operation::Get, Operation::Delete] {
        for body in [&b""[..], b"{", b"\xff", b"[]", br#"{"version": 7}"#] {
            let mut core = core.clone();
            let replies = core.handle(operation, body, &thermostat(), NOW_S);
            assert!(replies.rest.is_ok(), "{operation:?} {body:?}");
        }
    }
}

// AWS same(shadow): the version goes on after a delete for 48 hours, the delete itself counting; an old version is a conflict
#[test]
fn versions_go_on_across_a_delete() {
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

// AWS same(shadow): documents tells the state before and after, previous null on creation and on re-creation
#[test]
fn documents_tells_before_and_after() {
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

// AWS same(shadow): a refusal for too many requests is published like every other, with the request's client token
#[test]
fn a_request_refused_beforehand_is_answered_all_the_same() {
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
