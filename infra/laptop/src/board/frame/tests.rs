//! Differences lead from one state to the other, and hold no more than they must.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A state after a difference, as the console computes it.
fn apply(difference: &Value, state: &State) -> State {
    let mut state = state.clone();
    for (name, things) in [("locks", &mut state.locks), ("buttons", &mut state.buttons)] {
        for (thing, changed) in difference[name].as_object().into_iter().flatten() {
            let fields = things.get_mut(thing).expect("a thing that was there");
            for (field, value) in changed["fields"].as_object().into_iter().flatten() {
                fields.insert(field.clone(), value.clone());
            }
            for (field, list) in changed["lists"].as_object().into_iter().flatten() {
                let before = fields[field].as_array().expect("a list").clone();
                fields.insert(field.clone(), apply_list(list, &before).into());
            }
        }
    }
    if !difference["alerts"].is_null() {
        state.alerts = apply_list(&difference["alerts"], &state.alerts);
    }
    if let Some(error) = difference.get("error") {
        state.error = error.as_str().map(str::to_owned);
    }
    state
}

fn apply_list(difference: &Value, before: &[Value]) -> Vec<Value> {
    let at = |end: usize| difference["keep"][end].as_u64().expect("a number") as usize;
    let mut list = difference["front"].as_array().expect("a list").clone();
    list.extend_from_slice(&before[at(0)..at(1)]);
    list
}

fn list() -> impl Strategy<Value = Vec<Value>> {
    vec((0..6u8).prop_map(|item| json!({ "text": item })), 0..6)
}

fn fields() -> impl Strategy<Value = Fields> {
    let value = prop_oneof![
        Just(Value::Null),
        (0..3u8).prop_map(|number| json!({ "state": number, "more": null })),
        list().prop_map(Value::from),
    ];
    (value, list()).prop_map(|(value, list)| {
        let fields = json!({ "record": value, "history": list });
        fields.as_object().expect("an object").clone()
    })
}

fn state() -> impl Strategy<Value = State> {
    let things = |kind: &'static str| {
        vec(fields(), 3).prop_map(move |all| {
            let named = all.into_iter().enumerate();
            named.map(|(i, it)| (format!("{kind}-{i}"), it)).collect()
        })
    };
    let error = prop_oneof![Just(None), "[ab]".prop_map(Some)];
    let parts = (things("lock"), things("button"), list(), error);
    parts.prop_map(|(locks, buttons, alerts, error)| State {
        locks,
        buttons,
        alerts,
        error,
    })
}

proptest! {
    #[test]
    fn the_difference_of_two_states_leads_from_one_to_the_other(a in state(), b in state()) {
        let difference = Value::Object(difference(&a, &b));
        prop_assert_eq!(apply(&difference, &a), b);
    }

    #[test]
    fn equal_states_do_not_differ(a in state()) {
        prop_assert_eq!(difference(&a, &a), Fields::new());
    }
}

#[test]
fn one_more_event_is_all_that_a_difference_holds() {
    let event = |number: u32| json!({ "text": number });
    let lock = |newest: u32, latch: &str| {
        let history: Vec<Value> = (0..12).map(|i| event(newest - i)).collect();
        let fields = json!({ "thing": "lock-1", "device": latch, "history": history });
        let fields = fields.as_object().expect("an object").clone();
        State {
            locks: BTreeMap::from([("lock-1".to_owned(), fields)]),
            ..State::default()
        }
    };
    let difference = difference(&lock(40, "locked"), &lock(41, "unlocked"));
    assert_eq!(
        Value::Object(difference),
        json!({ "locks": { "lock-1": {
            "fields": { "device": "unlocked" },
            "lists": { "history": { "front": [event(41)], "keep": [0, 11] } },
        } } })
    );
}
