//! Ways put together from single events.

use std::sync::Arc;

use local_cloud::{Event, EventKind};
use serde_json::{Value, json};

use super::*;

fn ways() -> Ways {
    Ways::new("remote-lock")
}

/// The ways as a page gets them.
fn shown(ways: &Ways) -> Vec<Value> {
    ways.all().map(|way| json!(way)).collect()
}

fn names(way: &Value) -> Vec<&str> {
    let steps = way["steps"].as_array().into_iter().flatten();
    steps.filter_map(|step| step["name"].as_str()).collect()
}

fn detail<'a>(way: &'a Value, name: &str) -> &'a str {
    let mut steps = way["steps"].as_array().into_iter().flatten();
    let step = steps.find(|step| step["name"] == name);
    step.and_then(|step| step["detail"].as_str()).unwrap_or("")
}

fn pressed(at_ms: u64, button: &str, sequence: Option<u64>) -> Event {
    let payload = json!({ "clickType": "LONG", "sequence": sequence }).to_string();
    let kind = EventKind::Published {
        topic: format!("iotbutton/{button}"),
        payload: Arc::from(payload.as_bytes()),
        client: None,
        qos: 1,
    };
    Event { at_ms, kind }
}

#[test]
fn twenty_ways_are_kept_and_a_button_that_sends_again_begins_none() {
    let mut ways = ways();
    for number in 1..=50 {
        ways.note(&pressed(number, "button-1", Some(number)));
        ways.note(&pressed(number, "button-1", Some(number)));
    }
    let shown = shown(&ways);
    assert_eq!(shown.len(), WAYS_MAX);
    let ids: Vec<&str> = shown.iter().filter_map(|way| way["id"].as_str()).collect();
    assert_eq!((ids[0], ids[19]), ("way-31", "way-50"));
    assert_eq!(detail(&shown[19], "broker"), "from REST, sent 2 times");
    assert_eq!(ways.take_grown().len(), WAYS_MAX);
    assert!(ways.take_grown().is_empty(), "none has grown since");
}

#[test]
fn a_function_that_fails_is_where_the_way_ends() {
    let text = str::to_owned;
    let topic = text("iotbutton/button-1");
    let (rule, request_id, function) = (text("r"), text("q"), text("s-PressFunction"));
    let failed = EventKind::Completed {
        function: function.clone(),
        request_id: request_id.clone(),
        duration_ms: 1,
        outcome: text("store: no answer"),
    };
    let kinds = [
        // The function may take it before the rule has said so.
        EventKind::RuleMatched {
            rule: rule.clone(),
            topic: topic.clone(),
        },
        EventKind::Invoked {
            function: function.clone(),
            request_id: request_id.clone(),
            cold: true,
        },
        EventKind::RuleInvoked {
            rule,
            topic,
            request_id: request_id.clone(),
        },
        failed,
        EventKind::GivenUp {
            function,
            request_id,
        },
    ];
    let mut ways = ways();
    ways.note(&pressed(1, "button-1", None));
    for kind in kinds {
        ways.note(&Event { at_ms: 2, kind });
    }
    let way = shown(&ways).remove(0);
    assert_eq!(names(&way), ["button", "broker", "rule", "function"]);
    assert_eq!(
        detail(&way, "function"),
        "press, in a new process; failed: store: no answer"
    );
    let why = "given up: the function failed at every attempt: store: no answer";
    assert_eq!(
        way["end"],
        json!({ "kind": "lost", "where": "function", "why": why })
    );
}
