//! What the clauses accept beyond the plain forms: SET, the items of SELECT, FROM, IN, and the
//! functions that the guide added later.

use serde_json::{Value, json};

use super::super::{Evaluation, Headers, Input, Progress, Statement, Version};
use super::{TOPIC, parse, run, run_on};

fn refusal(sql: &str) -> String {
    let error = Statement::parse(sql, Version::V2016).err();
    error
        .unwrap_or_else(|| panic!("accepted: {sql}"))
        .to_string()
}

// AWS same(rules): * AS name puts the whole payload under the name, as AWS's own samples use it
// AWS unknown(rules): whether path.* adds the keys of an object, as a test of
//     serverless-iot-offline expects; here it does, and adds nothing for any other value
#[test]
fn the_whole_payload_and_the_keys_of_an_object_are_items() {
    let payload = json!({"colour": "red", "inside": {"a": 1, "deep": {"b": 2}}, "n": 7});
    let cases = [
        ("SELECT * AS said FROM 'x'", json!({"said": payload})),
        (
            "SELECT * AS said.all, topic(1) AS place FROM 'x'",
            json!({"said": {"all": payload}, "place": "rooms"}),
        ),
        (
            "select n, * as said from 'x'",
            json!({"n": 7, "said": payload}),
        ),
        (
            "SELECT inside.* FROM 'x'",
            json!({"a": 1, "deep": {"b": 2}}),
        ),
        (
            "SELECT inside.deep.*, inside.a AS b FROM 'x'",
            json!({"b": 1}),
        ),
        (
            "SELECT inside.a AS b, inside.deep.* FROM 'x'",
            json!({"b": 2}),
        ),
        ("SELECT nowhere.*, n FROM 'x'", json!({"n": 7})),
        ("SELECT n.*, n FROM 'x'", json!({"n": 7})),
        (
            "SELECT get(inside, 'deep').* FROM 'x' WHERE n * 2 > 13",
            json!({"b": 2}),
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(run(sql, &payload), Some(expected), "{sql}");
    }
    for (sql, expected) in [
        (
            "SELECT a + b.* FROM 'x'",
            "at character 12: `.*` stands only behind a path",
        ),
        (
            "SELECT a FROM 'x' WHERE b.* = 1",
            "at character 25: `.*` stands only behind a path in the list of SELECT",
        ),
        ("SELECT abs(a.*) AS r FROM 'x'", "expected `,`"),
    ] {
        let found = refusal(sql);
        assert!(found.contains(expected), "{sql}: {found}");
    }
}

// AWS unknown(rules): what * AS name yields for a payload that is not JSON; here it counts as a
//     ParseError, as *, 1 AS one does
#[test]
fn the_whole_payload_under_a_name_must_be_json() {
    assert!(run_on("SELECT * AS said FROM 'x'", TOPIC, b"no json", None).is_err());
}

// AWS unknown(rules): the name of an item without AS other than a path; here that of its function,
//     as ministack says of AWS (its change 1252), else _ and its position, with a warning at the
//     start
#[test]
fn an_item_without_as_has_a_name_and_is_doubted() {
    let payload = json!({"a": 1, "b": {"c": 2}});
    let cases = [
        (
            "SELECT *, clientid() FROM 'x'",
            json!({"a": 1, "b": {"c": 2}, "clientid": "sensor-1"}),
            1,
        ),
        (
            "SELECT ClientId(), b.c FROM 'x'",
            json!({"clientid": "sensor-1", "c": 2}),
            1,
        ),
        (
            "SELECT topic(1), topic(2) FROM 'x'",
            json!({"topic": "kitchen"}),
            2,
        ),
        (
            "SELECT a, {\"place\": topic(2)} FROM 'x'",
            json!({"a": 1, "_2": {"place": "kitchen"}}),
            1,
        ),
        ("SELECT a + 1 FROM 'x'", json!({"_1": 2}), 1),
        ("SELECT cast(a AS String) FROM 'x'", json!({"cast": "1"}), 1),
        ("SELECT a, b.c FROM 'x'", json!({"a": 1, "c": 2}), 0),
        (
            "SELECT clientid() AS c FROM 'x'",
            json!({"c": "sensor-1"}),
            0,
        ),
    ];
    for (sql, expected, doubts) in cases {
        assert_eq!(run(sql, &payload), Some(expected), "{sql}");
        assert_eq!(parse(sql).doubts().len(), doubts, "{sql}");
    }
    let statement = parse("SELECT a, topic(2) FROM 'x'");
    assert_eq!(
        statement.doubts(),
        [
            "item 2 of SELECT has no AS and is called topic here; AWS does not document its name: \
          write AS and a name"
        ]
    );
}

// AWS unknown(rules): whether FROM may be in double quotes, as six public repositories deploy it
//     and the guide does not say; here it may, with a warning at the start
#[test]
fn a_filter_in_double_quotes_is_taken_and_doubted() {
    let statement = parse("SELECT * FROM \"huts/+\" WHERE a = 1");
    assert_eq!(statement.topic_filter(), "huts/+");
    assert!(statement.doubts()[0].contains("use single quotes"));
    assert!(parse("SELECT * FROM 'huts/+'").doubts().is_empty());
    let wrong = refusal("SELECT * FROM \"huts/#/x\"");
    assert!(wrong.contains("is not a topic filter"), "{wrong}");
}

// AWS same(rules): IN is true if the array on its right has a value that equals the one on its left
// AWS unknown(rules): what IN yields if a side is Undefined or the right side is not an array;
//     here Undefined, and a right side that is never an array is refused at start
#[test]
fn in_searches_an_array() {
    let payload = json!({
        "colour": "blue", "n": 3, "none": null, "list": [1, 3, "three", 5.7, null, {"k": [1]}],
    });
    let cases = [
        ("colour IN ['red', 'blue']", json!(true)),
        ("colour in ['red']", json!(false)),
        ("NOT colour IN ['red']", json!(true)),
        ("n IN list", json!(true)),
        ("3.0 IN list", json!(true)),
        ("'3' IN list", json!(false)),
        ("'three' IN list AND 5.7 IN list", json!(true)),
        ("none IN list", json!(true)),
        ("{'k': [1]} IN list", json!(true)),
        ("(n + 2 IN [5]) = true", json!(true)),
        ("n IN []", json!(false)),
        ("nothing IN list", Value::Null),
        ("n IN nothing", Value::Null),
        ("n IN colour", Value::Null),
    ];
    for (expression, expected) in cases {
        let sql = format!("SELECT {expression} AS r FROM 'x'");
        let output = run(&sql, &payload).unwrap_or_default();
        assert_eq!(output["r"], expected, "{expression}");
    }
    let sql = "SELECT n FROM 'x' WHERE colour IN ['red', 'blue']";
    assert_eq!(run(sql, &payload), Some(json!({"n": 3})));
    let sql = "SELECT n FROM 'x' WHERE n IN ['red', 'blue']";
    assert_eq!(run(sql, &payload), None);
}

// AWS unknown(rules): whether LIKE, BETWEEN, IS NULL, NOT IN and IN (…) exist, as ministack's tests
//     say and the guide does not; here they are refused with what to write instead
#[test]
fn operators_that_the_guide_lacks_are_refused_with_advice() {
    for (condition, expected) in [
        ("a LIKE 'h%'", "no operator LIKE here: use startswith"),
        (
            "a BETWEEN 1 AND 2",
            "no operator BETWEEN here: use >= and <=",
        ),
        (
            "a IS NULL",
            "no operator IS here: use isNull or isUndefined",
        ),
        ("a NOT IN [1]", "write NOT in front of the whole comparison"),
        (
            "a IN (1, 2)",
            "a list is an array, written [a, b], also after IN",
        ),
    ] {
        let found = refusal(&format!("SELECT * FROM 'x' WHERE {condition}"));
        assert!(found.contains(expected), "{condition}: {found}");
    }
}

// AWS same(rules): comments are not supported; a statement with one is refused, naming it
#[test]
fn a_comment_is_refused_by_name() {
    for (sql, at) in [
        ("SELECT * FROM 'x' -- all of it", 18),
        ("-- all\nSELECT * FROM 'x'", 0),
        ("SELECT a /* a */ FROM 'x'", 9),
        ("SELECT a // a\nFROM 'x'", 9),
        ("SELECT a -- a\nFROM 'x'", 9),
    ] {
        let expected = format!("at character {at}: comments are not part of AWS IoT SQL");
        let found = refusal(sql);
        assert!(found.contains(&expected), "{sql}: {found}");
    }
    let text = run("SELECT '-- a' AS r, 1 - -1 AS n FROM 'x'", &json!({}));
    assert_eq!(text, Some(json!({"r": "-- a", "n": 2})));
}

// AWS same(rules): SET names values for SELECT, WHERE, nested SELECT and later variables; each is
//     set once
// AWS unknown(rules): the guide's example of SET has 23.89 for Int * Int / Int, against its table
//     of the operator /; here the table holds and the example gives 23
#[test]
fn variables_are_set_once_and_used_anywhere() {
    let payload = json!({
        "f": 77, "wet": 60, "device": {"sensors": {"t": 20, "h": 5}}, "list": [{"v": 1}, {"v": 9}],
    });
    let cases = [
        (
            "SET @c = (f - 32) * 5 / 9 SELECT @c AS c, wet FROM 'x'",
            Some(json!({"c": 25, "wet": 60})),
        ),
        (
            "set @s = device.sensors, @t2 = @s.t select @t2 as t, @s.h from 'x' where @t2 > 19",
            Some(json!({"t": 20, "h": 5})),
        ),
        ("SET @t = f SELECT * FROM 'x' WHERE @t > 100", None),
        (
            "SET @least = 5 SELECT (SELECT v FROM list WHERE v > @least) AS r FROM 'x'",
            Some(json!({"r": [{"v": 9}]})),
        ),
        (
            "SET @s = device.sensors SELECT @s.*, abs(@s.t) AS a FROM 'x'",
            Some(json!({"t": 20, "h": 5, "a": 20})),
        ),
        (
            "SET @none = nowhere SELECT @none AS n, isUndefined(@none) AS u FROM 'x'",
            Some(json!({"u": true})),
        ),
        ("SET @a = 1 SELECT VALUE @a FROM 'x'", Some(json!(1))),
        (
            "SET @c = (f - 34) * 5 / 9 SELECT @c AS c FROM 'x'",
            Some(json!({"c": 23})),
        ),
    ];
    for (sql, expected) in cases {
        assert_eq!(run(sql, &payload), expected, "{sql}");
    }
    let long = format!("SET @{} = 1 SELECT a FROM 'x'", "v".repeat(65));
    for (sql, expected) in [
        (
            "SET @a = 1, @a = 2 SELECT @a AS r FROM 'x'",
            "at character 12: @a is set twice",
        ),
        (
            "SET @a = @b, @b = 1 SELECT @a AS r FROM 'x'",
            "at character 9: variable @b is not set",
        ),
        (
            "SELECT @a AS r FROM 'x'",
            "write SET @a = … in front of SELECT",
        ),
        (
            "SET a = 1 SELECT a FROM 'x'",
            "expected a variable, written `@name`",
        ),
        ("SET @a = 1 SET @b = 2 SELECT @a AS r", "expected SELECT"),
        ("SELECT a FROM 'x' SET @a = 1", "expected the end"),
        (
            "SET @ = 1 SELECT a FROM 'x'",
            "`@` begins the name of a variable",
        ),
        (long.as_str(), "1 to 64 letters"),
        (
            "SET @r = 'role' SELECT get_thing_shadow('t', @r) AS r FROM 'x'",
            "the role of get_thing_shadow cannot be a variable",
        ),
    ] {
        let found = refusal(sql);
        assert!(found.contains(expected), "{sql}: {found}");
    }
}

// AWS same(rules): a substitution template uses the variables of its rule's statement, with the
//     values that they have for the message
#[test]
fn a_template_has_the_variables_of_its_statement() {
    let statement = parse("SET @id = newuuid(), @room = topic(2) SELECT @id AS id FROM 'x'");
    let headers = Headers::default();
    let input = Input {
        topic: TOPIC,
        payload: b"",
        headers: &headers,
        client_id: None,
        principal: None,
        source_ip: None,
        account: "123456789012",
        now_ms: 1,
    };
    let mut progress = Progress::new(|| 7);
    let uuid = "00000000-0000-4000-8000-000000000007";
    let output = statement.evaluate(&input, &mut progress);
    let expected = Evaluation::Output(format!("{{\"id\":\"{uuid}\"}}").into_bytes());
    assert_eq!(output, Ok(expected));
    let variables = progress.variables();
    for (template, expected) in [
        ("@id", uuid),
        ("@room", "kitchen"),
        ("upper(@room)", "KITCHEN"),
    ] {
        let template = statement.parse_template(template).expect("a template");
        let mut progress = Progress::of_template(&variables, || 8);
        let output = template.evaluate(&input, &mut progress);
        let expected = format!("\"{expected}\"").into_bytes();
        assert_eq!(output, Ok(Evaluation::Output(expected)));
    }
    assert!(statement.parse_template("@other").is_err());
    assert!(Statement::parse_expression("@id", Version::V2016).is_err());
}

// AWS same(rules): get_or_default gives its default for a key that is missing
// AWS unknown(rules): what get_or_default gives for Null or without a default, and whether its
//     default may call a service, as no text of the page was seen; here the default for Null,
//     Undefined without one, and such a default is refused
#[test]
fn a_default_replaces_what_has_no_value() {
    let payload = json!({"t": 5, "none": null, "no": false, "zero": 0});
    let cases = [
        ("get_or_default(t, 0)", json!(5)),
        ("get_or_default(missing, 0)", json!(0)),
        ("get_or_default(none, 'x')", json!("x")),
        ("get_or_default(no, true)", json!(false)),
        ("get_or_default(zero, 1)", json!(0)),
        ("get_or_default(missing, also_missing)", Value::Null),
        ("get_or_default(missing)", Value::Null),
        ("get_or_default(missing.deep, [1])", json!([1])),
        ("get_or_default(missing, t) + 1", json!(6)),
    ];
    for (expression, expected) in cases {
        let output = run(&format!("SELECT {expression} AS r FROM 'x'"), &payload);
        assert_eq!(output.unwrap_or_default()["r"], expected, "{expression}");
    }
    let found = refusal("SELECT get_or_default(a, aws_lambda('f', *)) AS r FROM 'x'");
    assert!(found.contains("cannot call another service"), "{found}");
    let inner = "SELECT get_or_default(aws_lambda('f', *).x, 1) AS r FROM 'x'";
    assert!(parse(inner).calls_out());
}

// AWS absent(rules): decode of Protobuf; a rule that uses it is refused at start, with advice
#[test]
fn calls_that_cannot_be_made_are_refused_with_the_reason() {
    for (sql, expected) in [
        (
            "SELECT decode(a, 'proto', 'bucket', 'key', 'f.proto', 'M') AS r FROM 'x'",
            "decode with 'proto' is not supported, as no bucket holds a descriptor here: publish",
        ),
        (
            "SELECT decode(a) AS r FROM 'x'",
            "decode takes 2 arguments, not 1",
        ),
        ("SELECT abs() AS r FROM 'x'", "abs takes 1 argument, not 0"),
        (
            "SELECT get_registry_data('ListThings', a, 'r') AS r FROM 'x'",
            "get_registry_data cannot call \"ListThings\"",
        ),
        (
            "SELECT get_registry_data('DescribeThing', a) AS r FROM 'x'",
            "get_registry_data takes 3 arguments, not 2",
        ),
    ] {
        let found = refusal(sql);
        assert!(found.contains(expected), "{sql}: {found}");
    }
}

// AWS unknown(rules): concat(1): the guide's table returns it unmodified, its example is text; here
//     it is unmodified
// AWS unknown(rules): 10 / 4.0: the guide reads 4.0 as an Int and does not mention such a literal;
//     here Int / Int, which is 2
#[test]
fn where_the_guide_contradicts_itself_its_tables_hold() {
    let sql = "SELECT concat(1) AS one, 10 / 4.0 AS quotient FROM 'x'";
    assert_eq!(run(sql, &json!({})), Some(json!({"one": 1, "quotient": 2})));
}
