//! Every value of the core survives the round trip through an item, whose form never changes.

#[path = "item/json.rs"]
mod json;
#[path = "item/value.rs"]
mod value;

use std::collections::BTreeMap;
use std::fmt::Debug;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_aws::item::{Item, ItemError, Key, from_item, request_item, to_attribute, to_item};
use lock_core::binding::Binding;
use lock_core::event::Event;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_core::time::{UnixMillis, UnixSeconds};
use lock_core::write::{Operand, RequestMark};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::Serialize;
use serde::de::DeserializeOwned;

use value::{binding, event, record};

/// An attribute of any type and depth.
fn attribute() -> impl Strategy<Value = AttributeValue> {
    let digits = select(&["0", "7", "-7", "1.5", "18446744073709551615", "1e3", ""]);
    let text = select(&[
        "locked", "settled", "lock-1", "executed", "single", "button", "",
    ]);
    let leaf = prop_oneof![
        digits.prop_map(|digits| AttributeValue::N(digits.to_owned())),
        text.prop_map(|text| AttributeValue::S(text.to_owned())),
        any::<bool>().prop_map(AttributeValue::Bool),
        Just(AttributeValue::Null(true)),
        Just(AttributeValue::Ss(vec!["a".to_owned()])),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let members = proptest::collection::hash_map("[a-z]{1,4}", inner.clone(), 0..3);
        prop_oneof![
            proptest::collection::vec(inner, 0..3).prop_map(AttributeValue::L),
            members.prop_map(AttributeValue::M),
        ]
    })
}

/// One attribute's new value, and its place: at the top or one level below.
type Edit = (Index, bool, AttributeValue);

fn edit() -> impl Strategy<Value = Edit> {
    (any::<Index>(), any::<bool>(), attribute())
}

fn change(item: &mut Item, (place, is_deep, new): Edit) {
    let mut names: Vec<String> = item.keys().cloned().collect();
    names.sort();
    let old = item.get_mut(place.get(&names)).expect("a name of the item");
    match old {
        AttributeValue::M(members) if is_deep && !members.is_empty() => {
            change(members, (place, false, new));
        }
        _ => *old = new,
    }
}

/// A changed item is read as its JSON is, or neither can be read.
fn check_read<T: DeserializeOwned + Debug + PartialEq>(
    mut item: Item,
    edit: Edit,
) -> Result<(), TestCaseError> {
    change(&mut item, edit);
    prop_assert_eq!(from_item::<T>(&item).ok(), json::from_item(&item));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_record_survives(record in record()) {
        let key = Key::record(&record.lock);
        let item = to_item(&key, &record);
        prop_assert_eq!(&item, &json::to_item(&key, &record));
        prop_assert_eq!(from_item::<Record>(&item).expect("what was written"), record);
    }

    #[test]
    fn a_binding_survives(binding in binding()) {
        let key = Key::binding(&binding.button);
        let item = to_item(&key, &binding);
        prop_assert_eq!(&item, &json::to_item(&key, &binding));
        prop_assert_eq!(from_item::<Binding>(&item).expect("what was written"), binding);
    }

    #[test]
    fn an_event_survives_under_a_key_that_sorts_by_time(event in event(), later in event()) {
        let key = Key::event(&event);
        let item = to_item(&key, &event);
        prop_assert_eq!(&item, &json::to_item(&key, &event));
        prop_assert_eq!(&from_item::<Event>(&item).expect("what was written"), &event);
        let in_range = |at: UnixMillis| at.0 < 10_000_000_000_000;
        if event.at < later.at && in_range(later.at) {
            prop_assert!(Key::event(&event).sk < Key::event(&later).sk);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_record_changed_by_hand_is_read_as_its_json_is(record in record().boxed(), edit in edit()) {
        check_read::<Record>(to_item(&Key::record(&record.lock), &record), edit)?;
    }

    #[test]
    fn a_binding_changed_by_hand_is_read_as_its_json_is(binding in binding(), edit in edit()) {
        check_read::<Binding>(to_item(&Key::binding(&binding.button), &binding), edit)?;
    }

    #[test]
    fn an_event_changed_by_hand_is_read_as_its_json_is(event in event(), edit in edit()) {
        check_read::<Event>(to_item(&Key::event(&event), &event), edit)?;
    }

    #[test]
    fn an_operand_is_what_its_json_is(record in record(), number in any::<u64>()) {
        let operands = [
            Some(Operand::Flag(number % 2 == 0)),
            Some(Operand::Number(number)),
            Some(Operand::Status(Status::Settled)),
            Some(Operand::Latch(Latch::Jammed)),
            record.reported.as_ref().map(Operand::Reported),
        ];
        for operand in operands {
            prop_assert_eq!(to_attribute(&operand), json::to_attribute(&operand));
        }
    }
}

/// A structure with all that serde knows and an attribute may be.
#[derive(Serialize)]
struct Any {
    numbers: (i8, i16, i32, i64, u8, u16, u32, u64),
    texts: (char, &'static str, Option<&'static str>, ()),
    named: BTreeMap<u32, Newtype>,
    list: Vec<Variant>,
    unit: Unit,
}

#[derive(Serialize)]
struct Newtype(bool);

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
enum Variant {
    Plain,
    With(u8),
}

#[test]
fn any_value_is_the_attribute_that_its_json_is() {
    let any = Any {
        numbers: (-8, -16, -32, i64::MIN, 8, 16, 32, u64::MAX),
        texts: ('c', "text", None, ()),
        named: BTreeMap::from([(7, Newtype(true))]),
        list: vec![Variant::Plain, Variant::With(1)],
        unit: Unit,
    };
    assert_eq!(to_attribute(&any), json::to_attribute(&any));
    let (key, limits) = (Key::limits(), Limits::default());
    assert_eq!(to_item(&key, &limits), json::to_item(&key, &limits));
    assert_eq!(to_item(&key, &7), key.to_item(), "a value without members");
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().expect("text").clone()
}

#[test]
fn the_attributes_are_those_of_the_protocol() {
    let lock = LockName::new("lock-1").expect("a name");
    let record = Record::created(lock.clone(), UnixMillis(5));
    let item = to_item(&Key::record(&lock), &record);
    assert_eq!(
        (text(&item, "pk").as_str(), text(&item, "sk").as_str()),
        ("lock#lock-1", "record")
    );
    assert_eq!(
        (
            text(&item, "state").as_str(),
            text(&item, "status").as_str()
        ),
        ("unknown", "unresponsive")
    );
    assert_eq!(item["version"], AttributeValue::N("0".to_owned()));
    assert!(
        item["dueShard"].is_s() && item["dueAt"].is_n(),
        "as the template's index wants them: {item:?}"
    );
    assert!(!item.contains_key("command") && !item.contains_key("reported"));
    assert!(!item.contains_key("doorSince") && !item.contains_key("leftOpenAlerted"));
    assert_eq!(
        from_item::<Record>(&item).expect("as older functions write it"),
        record
    );
    let opened = Record {
        door_since: Some(UnixMillis(1_000)),
        left_open_alerted: Some(UnixMillis(2_000)),
        ..record
    };
    let item = to_item(&Key::record(&lock), &opened);
    assert_eq!(item["doorSince"], AttributeValue::N("1000".to_owned()));
    assert_eq!(
        item["leftOpenAlerted"],
        AttributeValue::N("2000".to_owned())
    );

    let mark = RequestMark {
        request_id: "r1".to_owned(),
        lock,
        at: UnixMillis(7_000),
        ttl: UnixSeconds(90),
    };
    let item = request_item(&mark);
    assert_eq!(
        (text(&item, "pk").as_str(), text(&item, "sk").as_str()),
        ("request#lock-1#r1", "request")
    );
    assert_eq!(
        item["ttl"],
        AttributeValue::N("90".to_owned()),
        "seconds, as DynamoDB drops them"
    );
}

#[test]
fn an_item_of_another_form_is_an_error() {
    let lock = LockName::new("lock-1").expect("a name");
    let good = to_item(
        &Key::record(&lock),
        &Record::created(lock.clone(), UnixMillis(5)),
    );
    let with = |name: &str, value| {
        let mut item = good.clone();
        item.insert(name.to_owned(), value);
        from_item::<Record>(&item)
    };
    assert!(with("new", AttributeValue::S("from a later release".to_owned())).is_ok());
    let shape = with("status", AttributeValue::S("open".to_owned()));
    assert!(matches!(shape, Err(ItemError::Shape(_))), "{shape:?}");
    let number = with("version", AttributeValue::N("1.5".to_owned()));
    assert!(
        matches!(&number, Err(ItemError::Number(name)) if name == "version"),
        "{number:?}"
    );
    let set = with("version", AttributeValue::Ns(vec!["1".to_owned()]));
    assert!(
        matches!(&set, Err(ItemError::Type(name)) if name == "version"),
        "{set:?}"
    );
}
