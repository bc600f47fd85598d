//! Tables of statements: what they select, and how they are refused.

mod expression;

use serde_json::json;

use super::*;

const TOPIC: &str = "rooms/kitchen/degrees";

fn run_on(
    sql: &str,
    topic: &str,
    payload: &[u8],
    client_id: Option<&str>,
) -> Result<Option<Vec<u8>>, EvaluateError> {
    let statement = Statement::parse(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut count = 0;
    statement.evaluate(&mut Input {
        topic,
        payload,
        client_id,
        principal: Some("cert-1"),
        account: "123456789012",
        now_ms: 1_763_779_512_345,
        new_uuid: &mut || {
            count += 1;
            format!("uuid-{count}")
        },
    })
}

fn run(sql: &str, payload: &Value) -> Option<Value> {
    let bytes = run_on(sql, TOPIC, payload.to_string().as_bytes(), Some("sensor-1"));
    let bytes = bytes.unwrap_or_else(|error| panic!("{sql}: {error}"))?;
    Some(serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{sql}: {e}")))
}

#[test]
fn select_builds_its_output_in_order() {
    let small = json!({"a": 1, "b": {"c": 2}});
    let cases = [
        ("SELECT * FROM 'x'", small.clone()),
        ("select a from 'x'", json!({"a": 1})),
        ("SELECT b.c FROM 'x'", json!({"c": 2})),
        (
            "SELECT a AS p.q, b.c AS p.r FROM 'x'",
            json!({"p": {"q": 1, "r": 2}}),
        ),
        (
            "SELECT *, 15 AS speed FROM 'x'",
            json!({"a": 1, "b": {"c": 2}, "speed": 15}),
        ),
        (
            "SELECT *, 15 AS a FROM 'x'",
            json!({"a": 15, "b": {"c": 2}}),
        ),
        (
            "SELECT a AS b, b AS b.d FROM 'x'",
            json!({"b": {"d": {"c": 2}}}),
        ),
        ("SELECT z, a FROM 'x'", json!({"a": 1})),
        ("SELECT z FROM 'x'", json!({})),
        ("SELECT VALUE b FROM 'x'", json!({"c": 2})),
        ("SELECT VALUE * FROM 'x'", small.clone()),
        ("SELECT value * 2 AS r, a FROM 'x'", json!({"a": 1})),
        ("SELECT VALUE [a, b.c] FROM 'x'", json!([1, 2])),
        ("SELECT a WHERE a = 1", json!({"a": 1})),
    ];
    for (sql, expected) in cases {
        assert_eq!(run(sql, &small), Some(expected), "{sql}");
    }
}

#[test]
fn only_a_true_where_lets_a_message_through() {
    let cases = [
        ("a = 1", true),
        ("a = 2", false),
        ("z = 1", false),
        ("NOT isUndefined(b.c)", true),
        ("NOT isUndefined(b.z)", false),
        ("'TRUE'", true),
        ("a", false),
        ("renamed = 1", false),
        ("NOT (z = 1)", false),
    ];
    for (condition, passes) in cases {
        let sql = format!("SELECT a AS renamed FROM 'x' WHERE {condition}");
        let output = run(&sql, &json!({"a": 1, "b": {"c": 2}}));
        assert_eq!(output.is_some(), passes, "{condition}");
    }
}

#[test]
fn payloads_that_are_not_json_pass_only_where_nothing_looks_into_them() {
    let raw: &[u8] = b"\xff\x00not json";
    let cases: [(&str, Option<&[u8]>); 5] = [
        ("SELECT * FROM 'x'", Some(raw)),
        (
            "SELECT encode(*, 'base64') AS data FROM 'x'",
            Some(br#"{"data":"/wBub3QganNvbg=="}"#),
        ),
        ("SELECT topic(1) AS t FROM 'x'", Some(br#"{"t":"rooms"}"#)),
        ("SELECT a FROM 'x'", None),
        ("SELECT *, 1 AS one FROM 'x'", None),
    ];
    for (sql, expected) in cases {
        let output = run_on(sql, TOPIC, raw, None);
        match expected {
            Some(bytes) => assert_eq!(output, Ok(Some(bytes.to_vec())), "{sql}"),
            None => assert!(
                matches!(output, Err(EvaluateError::NotJson { ref topic, .. }) if topic == TOPIC),
                "{sql}: {output:?}"
            ),
        }
    }
    let value = run_on("SELECT VALUE z FROM 'x'", TOPIC, b"{}", None);
    assert_eq!(value, Ok(Some(Vec::new())), "Undefined alone is empty");
}

#[test]
fn a_message_by_http_has_no_client_and_basic_ingest_hides_its_prefix() {
    let sql = "SELECT clientid() AS c, traceid() AS t, topic(1) AS first, topic() AS all FROM 'x'";
    let topic = "$aws/rules/Measured/rooms/attic";
    let output = run_on(sql, topic, b"{}", None).expect("no json needed");
    let output: Value = serde_json::from_slice(&output.expect("no WHERE")).expect("json");
    assert_eq!(
        output,
        json!({"c": "n/a", "first": "rooms", "all": "rooms/attic"})
    );
}

#[test]
fn statements_over_lines_give_their_filter() {
    let cases = [
        ("SELECT a FROM 'rooms/+'", "rooms/+"),
        ("select\n a\n from\n 'rooms/#'\n where a = 1", "rooms/#"),
        (
            "SELECT a FROM '$aws/things/+/shadow/update/accepted'",
            "$aws/things/+/shadow/update/accepted",
        ),
        ("SELECT a", ""),
    ];
    for (sql, filter) in cases {
        let statement = Statement::parse(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(statement.topic_filter(), filter);
    }
}

#[test]
fn what_is_wrong_or_not_supported_is_refused_with_its_place() {
    let cases = [
        ("", "at character 0: SELECT expected"),
        ("UPDATE a", "at character 0: SELECT expected"),
        (
            "SELECT",
            "at character 6: an expression expected, the statement ends",
        ),
        (
            "SELECT a FROM rooms",
            "at character 14: a topic filter in quotes expected",
        ),
        (
            "SELECT a FROM 'rooms/#/x'",
            "at character 14: \"rooms/#/x\" is not a topic filter",
        ),
        ("SELECT a FROM 'ro+ms'", "is not a topic filter"),
        ("SELECT a FROM ''", "is not a topic filter"),
        (
            "SELECT a FROM 'x' GROUP BY a",
            "at character 18: end of statement expected",
        ),
        (
            "SELECT a AS FROM 'x'",
            "at character 17: end of statement expected",
        ),
        ("SELECT topic(2) FROM 'x'", "AS and a name expected"),
        (
            "SELECT get_dynamodb('t','k',a,'r') AS x FROM 'x'",
            "at character 7: function get_dynamodb is not supported",
        ),
        (
            "SELECT aws_lambda('arn', *) AS x FROM 'x'",
            "function aws_lambda is not supported",
        ),
        (
            "SELECT topic(1, 2) AS x FROM 'x'",
            "at character 7: topic takes 0 to 1 arguments, not 2",
        ),
        (
            "SELECT (SELECT v FROM e) AS x FROM 'x'",
            "nested SELECT is not supported",
        ),
        ("SELECT a FROM 'x' WHERE a IN [1]", "IN is not supported"),
        ("SELECT cast(a as Date) AS x FROM 'x'", "date is not a type"),
        (
            "SELECT encode(*, 'hex') AS x FROM 'x'",
            "encode knows only 'base64'",
        ),
        (
            "SELECT 'open AS x",
            "at character 7: text has no closing quote",
        ),
        ("SELECT a ; b FROM 'x'", "at character 9: unexpected ';'"),
        ("SELECT a.'b' FROM 'x'", "a name expected"),
        (
            "SELECT a + FROM 'x'",
            "at character 11: an expression expected, not FROM",
        ),
        ("SELECT CASE a END AS x FROM 'x'", "WHEN expected"),
        ("SELECT {1: 2} AS x FROM 'x'", "a key expected"),
        ("SELECT 1e999 AS x FROM 'x'", "1e999 is out of range"),
        ("SELECT --1 AS x FROM 'x'", "one `-` at most"),
    ];
    for (sql, expected) in cases {
        let error = Statement::parse(sql).err().map(|e| e.to_string());
        let error = error.unwrap_or_else(|| panic!("accepted: {sql}"));
        assert!(
            error.contains(expected),
            "{sql}\n   gave {error}\n   want {expected}"
        );
    }
    let deep = format!("SELECT {}1{} AS x", "(".repeat(5000), ")".repeat(5000));
    let long = format!("SELECT 1{} AS x", " + 1".repeat(5000));
    let fields = format!("SELECT a{} AS x", ".b".repeat(5000));
    let inverted = format!("SELECT {} t AS x", "NOT ".repeat(5000));
    for (sql, refused) in [
        (deep, true),
        (long, true),
        (fields, true),
        (inverted, false),
    ] {
        assert_eq!(Statement::parse(&sql).is_err(), refused, "{}", &sql[..20]);
    }
}
