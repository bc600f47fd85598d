//! One table: expressions over one payload, and their values.

use serde_json::{Value, json};

use super::super::{json as own, value};
use super::{SqlError, Statement, TOPIC, Version, evaluate, parse};

/// A payload with a value of each type.
fn payload() -> Value {
    json!({
        "i": 5, "neg": -2, "d": 1.5, "ten": 10.0, "s": "abc", "n": "12.5", "yes": "True",
        "t": true, "f": false, "nil": null, "a": [1, 2, 3], "o": {"x": {"y": 7}, "my-key": 8},
        "value": 9, "timestamp": 11,
    })
}

// AWS same(rules): paths, literals, operators, CASE, cast and the functions of the SQL reference
// AWS different(rules): bitnot(13) is 2 in the reference's example; here -14, the bitwise
//     complement its text describes
#[test]
fn an_expression_yields_a_value_or_nothing() {
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
            Some(json!(9_223_372_036_854_775_808_u64)),
        ),
        ("'7' / 2", Some(json!(3.5))),
        ("'7' % 4", Some(json!(3))),
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
        (
            "[newuuid(), traceid()]",
            Some(json!([
                "00000000-0000-4000-8000-000000000001",
                "00000000-0000-4000-8000-000000000002"
            ])),
        ),
        ("sourceip()", Some(json!("127.0.0.1"))),
        ("sql_version()", Some(json!("2016-03-23"))),
        ("rand() < 1 AND rand() >= 0", Some(json!(true))),
        (
            "get_mqtt_property('content_type')",
            Some(json!("text/plain")),
        ),
        ("get_mqtt_property('correlation_data')", Some(json!("YWJj"))),
        ("get_mqtt_property('response_topic')", None),
        ("get_user_properties('a')", Some(json!(["1", "3"]))),
        ("get_user_properties('z')", Some(json!([]))),
        (
            "get_user_properties()",
            Some(json!([{"a": "1"}, {"b": "2"}, {"a": "3"}])),
        ),
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
        ("regexp_matches('a', concat('', '['))", None),
        ("regexp_replace('ab', '(a)', '$1x$')", Some(json!("ax$b"))),
        ("regexp_substr('hihihello', '(hi)*')", Some(json!("hihi"))),
        ("regexp_substr('a', 'b')", None),
        ("substring(false, -2.411E247)", Some(json!("false"))),
        ("lpad('hello', 2)", Some(json!("  hello"))),
        ("rpad(1, 3.9)", Some(json!("1   "))),
        ("length(lpad('', 2000))", Some(json!(1000))),
        ("lpad('a', nil)", None),
        ("[chr(65), chr('49.9')]", Some(json!(["A", "1"]))),
        ("chr(128)", None),
        ("ltrim(' h i ')", Some(json!("h i "))),
        ("rtrim(' h i ')", Some(json!(" h i"))),
        ("upper(['hello'])", Some(json!("[\"HELLO\"]"))),
        ("length(false)", Some(json!(5))),
        ("numbytes('\u{20ac}')", Some(json!(3))),
        // hashes
        (
            "md5('hello')",
            Some(json!("5d41402abc4b2a76b9719d911017c592")),
        ),
        (
            "sha1('abc')",
            Some(json!("a9993e364706816aba3e25717850c26c9cd0d89d")),
        ),
        (
            "sha224('abc')",
            Some(json!(
                "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"
            )),
        ),
        (
            "sha256('abc')",
            Some(json!(
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            )),
        ),
        ("substring(sha384('abc'), 0, 8)", Some(json!("cb00753f"))),
        ("substring(sha512('abc'), 0, 8)", Some(json!("ddaf35a1"))),
        ("md5(nil)", None),
        // times, the reference's examples among them
        (
            "parse_time(\"yyyy.MM.dd G 'at' HH:mm:ss z\", 100000000, 'America/Belize')",
            Some(json!("1970.01.01 AD at 21:46:40 CST")),
        ),
        (
            "parse_time('yyyy', timestamp(), 'UTC')",
            Some(json!("2025")),
        ),
        (
            "parse_time('h:mm a EEE d MMM yy SSS', 1763779512345)",
            Some(json!("2:45 AM Sat 22 Nov 25 345")),
        ),
        ("parse_time('yyyy', s)", None),
        ("parse_time('yyyy', 0, 'Nowhere')", None),
        (
            "time_to_epoch('2020-04-03 09:45:18 UTC+01:00', 'yyyy-MM-dd HH:mm:ss VV')",
            Some(json!(1_585_903_518_000_i64)),
        ),
        (
            "time_to_epoch('18 December 2015', 'dd MMMM yyyy')",
            Some(json!(1_450_396_800_000_i64)),
        ),
        (
            "time_to_epoch('2007-12-03 10:15:30.592 America/Los_Angeles', 'yyyy-MM-dd HH:mm:ss.SSS \
             z')",
            Some(json!(1_196_705_730_592_i64)),
        ),
        ("time_to_epoch('soon', 'yyyy')", None),
        // collections
        (
            "transform('enrichArray', o.x, [{'a': 3}, {'b': 4}])",
            Some(json!([{"a": 3, "y": 7}, {"b": 4, "y": 7}])),
        ),
        ("transform('other', o.x, [{'a': 3}])", None),
        // numbers
        (
            "[abs(neg), ceil(1.2), floor(-1.2), round(1.5), sign(-7)]",
            Some(json!([2, 2, -2, 2, -1])),
        ),
        ("sqrt(9)", Some(json!(3))),
        ("sqrt(-1)", None),
        (
            "[round(-1.5), round(-1.1), round(0.5), ceil(-1.2), floor('1.9')]",
            Some(json!([-2, -1, 1, -1, 1])),
        ),
        (
            "[abs('-5.123'), sign(0), sign('-0.5')]",
            Some(json!([5.123, 0, -1])),
        ),
        (
            "[trunc(2.3, 0), trunc(2.3123, 2), trunc(2.888, 2), trunc(2.00, 5)]",
            Some(json!([2, 2.31, 2.88, 2])),
        ),
        (
            "[mod(8, 3), remainder('8.5', 3), power(2, 5)]",
            Some(json!([2, 2.5, 32])),
        ),
        (
            "[acos(0), atan2(1, 0), tanh(2.3)]",
            Some(json!([
                std::f64::consts::FRAC_PI_2,
                std::f64::consts::FRAC_PI_2,
                0.980_096_396_266_191_4
            ])),
        ),
        (
            "[exp(0), ln(1), log(100), sin(0), cos(0)]",
            Some(json!([1, 0, 2, 0, 1])),
        ),
        ("acos(2)", None),
        ("ln(0)", None),
        (
            "[bitand(13, 5), bitor(8, 5), bitxor(13, 5), bitnot(13)]",
            Some(json!([5, 13, 8, -14])),
        ),
        (
            "[nanvl(8, 3), nanvl(nil, 3), nanvl(missing, 3)]",
            Some(json!([8, 3, 3])),
        ),
        ("nanvl(missing, nil)", Some(json!(null))),
        ("abs(t)", None),
        ("mod(1, 0)", None),
    ];
    for (expression, expected) in cases {
        let sql = format!("SELECT {expression} AS r FROM 'rooms/#'");
        let payload = payload().to_string();
        let output = evaluate(&parse(&sql), TOPIC, payload.as_bytes(), Some("sensor-1"));
        let output = output
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
            .unwrap_or_else(|| panic!("{sql}: no output"));
        let output = own::read(&output).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let expected = expected.as_ref().map(|expected| {
            own::read(expected.to_string().as_bytes()).unwrap_or_else(|e| panic!("{sql}: {e}"))
        });
        let same = match (output.get("r"), &expected) {
            (Some(got), Some(expected)) => value::equal(got, expected),
            (got, expected) => got == expected.as_ref(),
        };
        assert!(
            same,
            "{expression}\n   gave {output:?}\n   want {expected:?}"
        );
    }
}

#[test]
fn an_error_has_its_position_in_any_text() {
    let error = Statement::parse("SELECT 'a' + FROM 'x'", Version::V2016);
    let expected = SqlError {
        position: 13,
        message: "expected an expression, not FROM".to_owned(),
    };
    assert_eq!(error, Err(expected));
}
