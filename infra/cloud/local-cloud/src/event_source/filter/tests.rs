//! Tables of patterns, what they accept, and how they are refused.

use serde_json::{Value, json};

use super::*;

fn record() -> Value {
    json!({
        "eventName": "MODIFY",
        "dynamodb": {
            "Keys": {"pk": {"S": "Room#1"}, "at": {"N": "7"}},
            "NewImage": {
                "name": {"S": "attic"}, "empty": {"S": ""}, "none": {"NULL": true},
                "tags": {"SS": ["a", "b"]},
                "list": {"L": [{"S": "x"}, {"N": "1"}]}
            },
            "SizeBytes": 26,
            "nothing": null
        }
    })
}

// AWS same(stream): filters of a stream: values, prefix, suffix, equals-ignore-case,
//     anything-but, exists and numeric, for nested members; records that no filter accepts are
//     skipped
// AWS same(stream): DynamoDB's numbers are text in a record, so that numeric does not match
//     them
#[test]
fn a_pattern_accepts_the_records_that_it_describes() {
    let keys = |condition: Value| json!({"dynamodb": {"Keys": {"pk": {"S": condition}}}});
    let image = |member: Value| json!({"dynamodb": {"NewImage": member}});
    let size = |condition: Value| json!({"dynamodb": {"SizeBytes": condition}});
    let rows = [
        (json!({}), true),
        (json!({"eventName": ["MODIFY"]}), true),
        (json!({"eventName": ["INSERT"]}), false),
        (json!({"eventName": ["INSERT", "MODIFY"]}), true),
        (json!({"eventName": ["modify"]}), false),
        (
            json!({"eventName": [{"equals-ignore-case": "modify"}]}),
            true,
        ),
        (
            json!({"eventName": ["MODIFY"], "dynamodb": {"SizeBytes": [1]}}),
            false,
        ),
        (keys(json!(["Room#1"])), true),
        (keys(json!([{"prefix": "Room#"}])), true),
        (keys(json!([{"prefix": "room#"}])), false),
        (keys(json!([{"prefix": "oom"}])), false),
        (keys(json!([{"suffix": "#1"}])), true),
        (keys(json!([{"suffix": "#2"}])), false),
        (keys(json!([{"anything-but": ["Room#2"]}])), true),
        (keys(json!([{"anything-but": "Room#1"}])), false),
        (keys(json!([{"exists": true}])), true),
        (keys(json!([{"exists": false}])), false),
        (json!({"dynamodb": {"Keys": {"sk": {"S": ["x"]}}}}), false),
        (
            json!({"dynamodb": {"Keys": {"sk": {"S": [{"exists": false}]}}}}),
            true,
        ),
        (
            json!({"dynamodb": {"Keys": {"sk": {"S": [{"anything-but": "x"}]}}}}),
            false,
        ),
        // An object is not a leaf.
        (json!({"dynamodb": {"Keys": [{"exists": true}]}}), false),
        (json!({"dynamodb": {"Keys": {"at": {"N": ["7"]}}}}), true),
        (json!({"dynamodb": {"Keys": {"at": {"N": [7]}}}}), false),
        (
            json!({"dynamodb": {"Keys": {"at": {"N": [{"numeric": ["=", 7]}]}}}}),
            false,
        ),
        (size(json!([26])), true),
        (size(json!([26.0])), true),
        (size(json!([{"numeric": ["=", 26]}])), true),
        (size(json!([{"numeric": [">", 26]}])), false),
        (size(json!([{"numeric": [">=", 26, "<", 27]}])), true),
        (size(json!([{"numeric": [">", 1, "<=", 25]}])), false),
        (size(json!([{"anything-but": [25]}])), true),
        (json!({"dynamodb": {"nothing": [null]}}), true),
        (json!({"dynamodb": {"SizeBytes": [null]}}), false),
        (json!({"dynamodb": {"absent": [null]}}), false),
        (image(json!({"empty": {"S": [""]}})), true),
        (image(json!({"none": {"NULL": [true]}})), true),
        (image(json!({"tags": {"SS": ["b"]}})), true),
        (image(json!({"tags": {"SS": ["c"]}})), false),
        (image(json!({"list": {"L": {"S": ["x"]}}})), true),
        (image(json!({"list": {"L": {"S": ["y"]}}})), false),
    ];
    for (pattern, expected) in rows {
        let filters = Filters::read(std::slice::from_ref(&pattern)).unwrap();
        assert_eq!(filters.accepts(&record()), expected, "{pattern}");
    }
}

#[test]
fn one_of_several_filters_suffices_and_none_accepts_everything() {
    let (yes, no) = (
        json!({"eventName": ["MODIFY"]}),
        json!({"eventName": ["INSERT"]}),
    );
    for (patterns, expected) in [
        (vec![], true),
        (vec![no.clone()], false),
        (vec![no.clone(), yes], true),
        (vec![no.clone(), no], false),
    ] {
        let filters = Filters::read(&patterns).unwrap();
        assert_eq!(filters.accepts(&record()), expected, "{patterns:?}");
    }
}

// AWS absent(stream): $or, wildcard and cidr in filters; refused with the place in the
//     pattern
#[test]
fn a_pattern_that_is_not_understood_is_refused() {
    let rows = [
        (json!([]), "pattern: must be an object"),
        (
            json!({"a": "x"}),
            "a: must be an object or a list, and not empty",
        ),
        (
            json!({"a": []}),
            "a: must be an object or a list, and not empty",
        ),
        (
            json!({"a": {}}),
            "a: must be an object or a list, and not empty",
        ),
        (
            json!({"a": {"b": null}}),
            "a.b: must be an object or a list, and not empty",
        ),
        (json!({"a": [["x"]]}), "a: a list in a list matches nothing"),
        (
            json!({"a": [{"prefix": "x", "suffix": "y"}]}),
            "a: a condition has one operator",
        ),
        (json!({"a": [{}]}), "a: a condition has one operator"),
        (json!({"a": [{"prefix": 1}]}), "a.prefix: must be text"),
        (
            json!({"a": [{"exists": "yes"}]}),
            "a.exists: must be true or false",
        ),
        (
            json!({"a": [{"anything-but": {"prefix": "x"}}]}),
            "a.anything-but: must be text, a number or a list of them",
        ),
        (
            json!({"a": [{"numeric": [">"]}]}),
            "a.numeric: must be a list of one or two comparisons, such as [\">\", 0, \"<=\", 5]",
        ),
        (
            json!({"a": [{"numeric": ["!", 1]}]}),
            "a.numeric: must be a list of one or two comparisons, such as [\">\", 0, \"<=\", 5]",
        ),
        (
            json!({"a": [{"wildcard": "*"}]}),
            "a.wildcard: is not supported: use prefix, suffix, equals-ignore-case, anything-but, \
             exists or numeric",
        ),
        (
            json!({"a": {"$or": [{"b": ["x"]}]}}),
            "a.$or: is not supported: use several filters",
        ),
    ];
    for (pattern, expected) in rows {
        let (number, error) = Filters::read(&[json!({}), pattern.clone()]).unwrap_err();
        assert_eq!((number, error.to_string()), (2, expected.to_owned()));
    }
}
