//! One table: an expression over one payload, and the value it gives.

use serde_json::{Value, json};

use super::super::value;
use super::{TOPIC, run};

/// One payload with a value of each type.
fn payload() -> Value {
    json!({
        "i": 5, "neg": -2, "d": 1.5, "ten": 10.0, "s": "abc", "n": "12.5", "yes": "True",
        "t": true, "f": false, "nil": null, "a": [1, 2, 3], "o": {"x": {"y": 7}, "my-key": 8},
        "value": 9, "timestamp": 11,
    })
}

#[test]
fn an_expression_gives_a_value_or_nothing() {
    let cases: &[(&str, Option<Value>)] = &[
        // paths
        ("i", Some(json!(5))),
        ("o.x.y", Some(json!(7))),
        ("o.x.z", None),
        ("i.x", None),
        ("nil", Some(json!(null))),
        ("value", Some(json!(9))),
        ("timestamp", Some(json!(11))),
        ("timestamp()", Some(json!(1_763_779_512_345_u64))),
        ("get(o, 'my-key')", Some(json!(8))),
        ("get(a, 1)", Some(json!(2))),
        ("get(a, 3)", None),
        ("get(a, -1)", None),
        ("get(s, 1)", Some(json!("b"))),
        ("get(o, 'x').y", Some(json!(7))),
        ("get(i, 1)", None),
        // literals
        ("'it''s'", Some(json!("it's"))),
        ("\"double\"", Some(json!("double"))),
        ("[1, 'a', missing, [i]]", Some(json!([1, "a", [5]]))),
        (
            "{'k': i, m: missing, 'o': {'p': s}}",
            Some(json!({"k": 5, "o": {"p": "abc"}})),
        ),
        ("1.50", Some(json!(1.5))),
        ("ten", Some(json!(10.0))),
        ("NULL", Some(json!(null))),
        // comparison
        ("i = 5", Some(json!(true))),
        ("i = 5.0", Some(json!(true))),
        ("i = '5'", Some(json!(false))),
        ("i <> '5'", Some(json!(true))),
        ("nil = null", Some(json!(true))),
        ("nil <> null", Some(json!(false))),
        ("missing = 5", None),
        ("missing <> 5", None),
        ("a = [1, 2, 3]", Some(json!(true))),
        ("a = [3, 2, 1]", Some(json!(false))),
        ("o.x = {'y': 7.0}", Some(json!(true))),
        ("i > 4", Some(json!(true))),
        ("n > 12", Some(json!(true))),
        ("n <= '12.5'", Some(json!(true))),
        ("s > 1", None),
        ("t > 0", None),
        ("missing < 1", None),
        // logic
        ("t AND f", Some(json!(false))),
        ("yes and t", Some(json!(true))),
        ("NOT yes", Some(json!(false))),
        ("NOT NOT t", Some(json!(true))),
        ("NOT i = 5", Some(json!(false))),
        ("t OR missing", None),
        ("t AND i", None),
        ("NOT nil", None),
        ("f AND f OR t", Some(json!(true))),
        ("f AND (f OR t)", Some(json!(false))),
        // arithmetic
        ("1 + 2 * 3", Some(json!(7))),
        ("(1 + 2) * 3", Some(json!(9))),
        ("7 / 2", Some(json!(3))),
        ("7 / 2.0", Some(json!(3))),
        ("7.5 / 2", Some(json!(3.75))),
        ("i % 3", Some(json!(2))),
        ("i / 0", None),
        ("d * 2", Some(json!(3))),
        ("n - 1", Some(json!(11.5))),
        ("n + 1", Some(json!("12.51"))),
        ("s + i", Some(json!("abc5"))),
        ("t + s", Some(json!("trueabc"))),
        ("s + nil", None),
        ("t + 1", None),
        ("-i", Some(json!(-5))),
        ("3 - -2", Some(json!(5))),
        (
            "9223372036854775807 + 1",
            Some(json!(9_223_372_036_854_775_808_u64 as f64)),
        ),
        // CASE
        (
            "CASE s WHEN 'abc' THEN 1 WHEN 'x' THEN 2 END",
            Some(json!(1)),
        ),
        ("CASE i WHEN 1 THEN 'a' ELSE 'b' END", Some(json!("b"))),
        ("CASE i WHEN 1 THEN 'a' END", None),
        ("CASE missing WHEN 1 THEN 'a' ELSE 'b' END", None),
        // presence
        ("isUndefined(missing)", Some(json!(true))),
        ("isUndefined(nil)", Some(json!(false))),
        ("isNull(nil)", Some(json!(true))),
        ("ISNULL(missing)", Some(json!(false))),
        // the message
        ("topic()", Some(json!(TOPIC))),
        ("topic(2)", Some(json!("kitchen"))),
        ("topic(4)", None),
        ("topic(0)", None),
        ("clientid()", Some(json!("sensor-1"))),
        ("principal()", Some(json!("cert-1"))),
        ("accountid()", Some(json!("123456789012"))),
        ("[newuuid(), traceid()]", Some(json!(["uuid-1", "uuid-2"]))),
        // cast
        ("cast(t as Int)", Some(json!(1))),
        ("cast(d as Integer)", Some(json!(1))),
        ("cast(-1.5 as Int)", Some(json!(-2))),
        ("cast(n as Decimal)", Some(json!(12.5))),
        ("cast(i as String)", Some(json!("5"))),
        ("cast(ten as varchar)", Some(json!("10"))),
        ("cast(a as Text)", Some(json!("[1,2,3]"))),
        ("cast(i as Bool)", Some(json!(true))),
        ("cast(0 as Boolean)", Some(json!(false))),
        ("cast(s as Bool)", None),
        ("cast(nil as String)", None),
        ("cast(s as Int)", None),
        // base64
        ("encode(s, 'base64')", Some(json!("YWJj"))),
        ("encode(i, 'base64')", Some(json!("NQ=="))),
        ("decode('YWJj', 'base64')", Some(json!("abc"))),
        ("decode('eyJkIjogMzN9', 'base64').d", Some(json!(33))),
        ("decode('!', 'base64')", Some(json!(null))),
        ("decode('YWJj', 'rot13')", None),
        // strings, as in the reference's examples
        ("substring('012345', 2)", Some(json!("2345"))),
        ("substring('012345', 2.745)", Some(json!("2345"))),
        ("substring(123, 2)", Some(json!("3"))),
        ("substring(true, 1.2)", Some(json!("rue"))),
        ("substring('012345', -50, 50)", Some(json!("012345"))),
        ("substring('012345', 1, 3)", Some(json!("12"))),
        ("substring('012345', 3, 1)", Some(json!(""))),
        ("substring('äöü', 1, 2)", Some(json!("ö"))),
        ("substring(nil, 1)", None),
        ("concat('con', 'cat')", Some(json!("concat"))),
        ("concat(1, 'hello')", Some(json!("1hello"))),
        ("concat(1)", Some(json!(1))),
        ("concat()", None),
        ("concat([1, 2], 'x', [3])", Some(json!([1, 2, "x", 3]))),
        ("concat('a', missing)", None),
        ("upper(s) + lower('DEF')", Some(json!("ABCdef"))),
        ("trim('  h i ')", Some(json!("h i"))),
        ("length('äö')", Some(json!(2))),
        ("numbytes('äö')", Some(json!(4))),
        ("startswith('ranger', 'ran')", Some(json!(true))),
        ("endswith(s, 'x')", Some(json!(false))),
        ("indexof('abcd', 'cd')", Some(json!(2))),
        ("indexof('abcd', 'x')", Some(json!(-1))),
        ("replace('abcdabcd', 'b', 'x')", Some(json!("axcdaxcd"))),
        ("regexp_matches('aaaa', '^a{2,}$')", Some(json!(true))),
        ("regexp_replace('abcd', 'b(.*)d', '$1')", Some(json!("ac"))),
        ("regexp_matches('a', '[')", None),
        // numbers
        (
            "[abs(neg), ceil(1.2), floor(-1.2), round(1.5), sign(-7)]",
            Some(json!([2, 2, -2, 2, -1])),
        ),
        ("sqrt(9)", Some(json!(3))),
        ("sqrt(-1)", None),
    ];
    for (expression, expected) in cases {
        let sql = format!("SELECT {expression} AS r FROM 'rooms/#'");
        let output = run(&sql, &payload()).unwrap_or_else(|| panic!("{sql}: no output"));
        let expected = expected.as_ref();
        let got = output.get("r");
        let same = match (got, expected) {
            (Some(got), Some(expected)) => value::equal(got, expected),
            (got, expected) => got == expected,
        };
        assert!(same, "{expression}\n   gave {got:?}\n   want {expected:?}");
    }
}
