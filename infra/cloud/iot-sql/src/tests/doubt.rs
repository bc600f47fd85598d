//! What is accepted although AWS does not document it, or although it may not mean what it looks
//! like: each with its meaning here and a warning.

use serde_json::{Value, json};

use super::{parse, run};

// AWS unknown(rules): whether != exists, as the guide describes only <>; here it is <>, with a
//     warning at the start
// AWS unknown(rules): whether a doubled quote in a text is one quote; here it is, with a warning at
//     the start
// AWS unknown(rules): whether keys of an object literal may be without quotes; here they may, with
//     a warning at the start
// AWS unknown(rules): what a path that begins with $. reads; here a key called $, with a warning at
//     the start
// AWS same(rules): a key with a hyphen is not read by a path, only by get; here with a warning at
//     the start
#[test]
fn what_the_guide_does_not_describe_is_doubted() {
    let payload = json!({"a": 1, "b": 5, "$": {"a": 2}, "my-key": 6, "o": {"x-y-z": 7}});
    for (expression, expected, doubt) in [
        ("a != 2", json!(true), "`!=` at character 9 is read as <>"),
        (
            "'it''s'",
            json!("it's"),
            "the text at character 7 has a doubled quote",
        ),
        (
            "{a: 1, 'b': 2}",
            json!({"a": 1, "b": 2}),
            "key a at character 8 is without quotes",
        ),
        (
            "$.a",
            json!(2),
            "`$` at character 7 is read as a key of this name",
        ),
        (
            "my-key",
            Value::Null,
            "my-key at character 7 is a subtraction: if it is a key, write get(*, 'my-key')",
        ),
        (
            "b-a",
            json!(4),
            "write get(*, 'b-a'); if not, put spaces around the minus",
        ),
        (
            "o.x-y-z",
            Value::Null,
            "x-y-z at character 9 is a subtraction",
        ),
        ("o.x-y-z", Value::Null, "write get(o, 'x-y-z')"),
        ("9 - b-a", json!(3), "b-a at character 11 is a subtraction"),
        ("b - a", json!(4), ""),
        ("b-1", json!(4), ""),
        ("b-abs(a)", json!(4), ""),
        ("\"it's\"", json!("it's"), ""),
        ("a <> 2", json!(true), ""),
        ("{'a': 1}", json!({"a": 1}), ""),
        ("get(*, 'my-key')", json!(6), ""),
        ("get(o, 'x-y-z')", json!(7), ""),
    ] {
        let sql = format!("SELECT {expression} AS r FROM 'x'");
        let output = run(&sql, &payload).unwrap_or_default();
        assert_eq!(output["r"], expected, "{sql}");
        let doubts = parse(&sql).doubts().to_vec();
        match doubts.as_slice() {
            [] => assert_eq!(doubt, "", "{sql}"),
            [found] => assert!(!doubt.is_empty() && found.contains(doubt), "{sql}: {found}"),
            many => panic!("{sql}: {many:?}"),
        }
    }
}
