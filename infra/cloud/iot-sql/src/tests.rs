//! Tables of statements with their expected output or error.

mod clause;
mod doubt;
mod expression;
mod external;
mod operator;
mod payload;
mod property;
mod public;
mod refusal;
mod version;

use serde_json::{Value, json};

use super::{EvaluateError, Evaluation, Headers, Input, Progress, SqlError, Statement, Version};

const TOPIC: &str = "rooms/kitchen/degrees";

fn parse(sql: &str) -> Statement {
    Statement::parse(sql, Version::V2016).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn evaluate(
    statement: &Statement,
    topic: &str,
    payload: &[u8],
    client_id: Option<&str>,
) -> Result<Option<Vec<u8>>, EvaluateError> {
    let headers = Headers {
        content_type: Some("text/plain".to_owned()),
        correlation_data: Some(b"abc".to_vec()),
        user: vec![
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned()),
            ("a".to_owned(), "3".to_owned()),
        ],
        ..Headers::default()
    };
    let input = Input {
        topic,
        payload,
        headers: &headers,
        client_id,
        principal: Some("cert-1"),
        source_ip: Some("127.0.0.1"),
        account: "123456789012",
        now_ms: 1_763_779_512_345,
    };
    let mut count = 0;
    let mut progress = Progress::new(move || {
        count += 1;
        count
    });
    match statement.evaluate(&input, &mut progress)? {
        Evaluation::Output(output) => Ok(Some(output)),
        Evaluation::NoMatch => Ok(None),
        Evaluation::Needs(call) => panic!("{call:?} is needed"),
    }
}

fn run_on(
    sql: &str,
    topic: &str,
    payload: &[u8],
    client_id: Option<&str>,
) -> Result<Option<Vec<u8>>, EvaluateError> {
    evaluate(&parse(sql), topic, payload, client_id)
}

fn run(sql: &str, payload: &Value) -> Option<Value> {
    let bytes = run_on(sql, TOPIC, payload.to_string().as_bytes(), Some("sensor-1"));
    let bytes = bytes.unwrap_or_else(|error| panic!("{sql}: {error}"))?;
    Some(serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{sql}: {e}")))
}

// AWS same(rules): SELECT *, additions, AS a.b, SELECT VALUE; keys that are Undefined are left out
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

// AWS same(rules): WHERE is evaluated first, sees no alias of SELECT, and must be true
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

// AWS same(rules): SELECT * forwards any bytes, encode(*, 'base64') turns them into JSON;
//     everything else needs a JSON payload
#[test]
fn payloads_that_are_not_json_pass_only_if_nothing_reads_them() {
    let raw: &[u8] = b"\xff\x00not json";
    let cases: [(&str, Option<&[u8]>); 6] = [
        ("SELECT * FROM 'x'", Some(raw)),
        (
            "SELECT topic(1) AS t, encode(*, 'base64') AS data, principal() AS p FROM 'x'",
            Some(br#"{"data":"/wBub3QganNvbg==","p":"cert-1","t":"rooms"}"#),
        ),
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

// AWS same(rules): over HTTP clientid() is n/a and traceid() is Undefined; topic() omits the prefix
//     of Basic Ingest
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

// AWS same(rules): FROM is a topic filter in single quotes; without it only Basic Ingest reaches
//     the rule
#[test]
fn statements_over_several_lines_have_their_filter() {
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
        assert_eq!(parse(sql).topic_filter(), filter);
    }
}

// AWS absent(rules): machinelearning_predict, get_secret, md2; a rule that calls them is refused at
//     start
// AWS different(rules): a second get_dynamodb fails the rule for each message; here the rule is
//     refused at start
// AWS different(rules): regular expressions are Java's; here a rule with look-around or
//     back-references is refused at start
// AWS different(rules): dates accept any pattern of Joda-Time; here the common letters, and a rule
//     with others is refused at start
#[test]
fn an_invalid_or_unsupported_statement_is_refused_with_its_position() {
    let cases = [
        ("", "at character 0: expected SELECT"),
        ("UPDATE a", "at character 0: expected SELECT"),
        (
            "SELECT",
            "at character 6: expected an expression, not the end of the statement",
        ),
        (
            "SELECT a FROM rooms",
            "at character 14: expected a topic filter in single quotes",
        ),
        (
            "SELECT a FROM 'rooms/#/x'",
            "at character 14: \"rooms/#/x\" is not a topic filter",
        ),
        ("SELECT a FROM 'ro+ms'", "is not a topic filter"),
        ("SELECT a FROM ''", "is not a topic filter"),
        (
            "SELECT a FROM 'x' GROUP BY a",
            "at character 18: expected the end of the statement",
        ),
        (
            "SELECT a AS FROM 'x'",
            "at character 17: expected the end of the statement",
        ),
        (
            "SELECT machinelearning_predict('m','r',a) AS x FROM 'x'",
            "at character 7: function machinelearning_predict is not supported: call the model \
             from a function that the rule invokes",
        ),
        (
            "SELECT get_secret('s', 'SecretString', 'r') AS x FROM 'x'",
            "function get_secret is not supported: pass the value in the payload or the template",
        ),
        (
            "SELECT md2(a) AS x FROM 'x'",
            "md2 is not supported: use sha256",
        ),
        (
            "SELECT hello(a) AS x FROM 'x'",
            "function hello is not a function of AWS IoT SQL",
        ),
        (
            "SELECT get_dynamodb('t','k',a,'r').a + get_dynamodb('t','k',b,'r').a AS x FROM 'x'",
            "get_dynamodb can be called only once in a statement",
        ),
        (
            "SELECT regexp_matches(a, '(?=b)') AS x FROM 'x'",
            "regexp_matches: regular expression",
        ),
        (
            "SELECT parse_time('yyyy w', 0) AS x FROM 'x'",
            "pattern \"yyyy w\": w is not supported",
        ),
        (
            "SELECT decode(a, 'hex') AS x FROM 'x'",
            "decode supports only 'base64'",
        ),
        (
            "SELECT topic(1, 2) AS x FROM 'x'",
            "at character 7: topic takes 0 to 1 arguments, not 2",
        ),
        ("SELECT (SELECT v) AS x FROM 'x'", "expected FROM"),
        ("SELECT cast(a as Date) AS x FROM 'x'", "date is not a type"),
        (
            "SELECT encode(*, 'hex') AS x FROM 'x'",
            "encode supports only 'base64'",
        ),
        (
            "SELECT 'open AS x",
            "at character 7: text has no closing quote",
        ),
        ("SELECT a ; b FROM 'x'", "at character 9: unexpected ';'"),
        ("SELECT a.'b' FROM 'x'", "expected a name"),
        (
            "SELECT a + FROM 'x'",
            "at character 11: expected an expression, not FROM",
        ),
        ("SELECT CASE a END AS x FROM 'x'", "expected WHEN"),
        ("SELECT {1: 2} AS x FROM 'x'", "expected a key"),
        ("SELECT 1e1000 AS x FROM 'x'", "1e1000 is out of range"),
        ("SELECT - -1 AS x FROM 'x'", "expected one `-` at most"),
    ];
    for (sql, expected) in cases {
        let error = Statement::parse(sql, Version::V2016)
            .err()
            .map(|e| e.to_string());
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
        assert_eq!(
            Statement::parse(&sql, Version::V2016).is_err(),
            refused,
            "{}",
            &sql[..20]
        );
    }
}

// AWS same(rules): a nested SELECT reads an array or object, with WHERE and VALUE
#[test]
fn a_nested_select_looks_into_arrays_and_objects() {
    let payload = json!({
        "e": [
            {"n": "temperature", "u": "Cel", "t": 1234, "v": 22.5},
            {"n": "light", "u": "lm", "t": 1235, "v": 135},
            {"n": "acidity", "u": "pH", "t": 1235, "v": 7},
        ],
        "n": "outside", "o": {"a": "A", "b": [1, 2]},
        "deep": [{"inner": [{"x": 1}, {"x": 2}]}, {"inner": []}],
    });
    let cases = [
        (
            "SELECT (SELECT VALUE n FROM e) as r FROM 'x'",
            json!(["temperature", "light", "acidity"]),
        ),
        (
            "SELECT (SELECT v FROM e WHERE n = 'temperature') as r FROM 'x'",
            json!([{"v": 22.5}]),
        ),
        (
            "SELECT get((SELECT v FROM e WHERE n = 'temperature'), 0).v as r FROM 'x'",
            json!(22.5),
        ),
        (
            "SELECT (SELECT * FROM e WHERE t = 1235 AND v > 10) AS r FROM 'x'",
            json!([{"n": "light", "u": "lm", "t": 1235, "v": 135}]),
        ),
        ("SELECT (SELECT a FROM o) AS r FROM 'x'", json!({"a": "A"})),
        (
            "SELECT (SELECT VALUE b FROM o) AS r FROM 'x'",
            json!([1, 2]),
        ),
        ("SELECT (SELECT z FROM o) AS r FROM 'x'", json!({})),
        (
            "SELECT (SELECT VALUE (SELECT VALUE x FROM inner) FROM deep) AS r FROM 'x'",
            json!([[1, 2], []]),
        ),
        (
            "SELECT (SELECT VALUE * FROM o.b) AS r FROM 'x'",
            json!([1, 2]),
        ),
        ("SELECT (SELECT VALUE z FROM e) AS r FROM 'x'", json!([])),
        ("SELECT (SELECT v FROM n) AS r FROM 'x'", Value::Null),
        (
            "SELECT (SELECT a FROM o WHERE a = 'B') AS r FROM 'x'",
            Value::Null,
        ),
    ];
    for (sql, expected) in cases {
        let output = run(sql, &payload).unwrap_or_else(|| panic!("{sql}: no output"));
        assert_eq!(output["r"], expected, "{sql}");
    }
}

// AWS same(rules): an empty payload is not malformed, its keys are Undefined
#[test]
fn an_empty_payload_has_no_keys() {
    let sql = "SELECT *, a, topic(1) AS t FROM 'x'";
    let output = run_on(sql, TOPIC, b"", None);
    assert_eq!(output, Ok(Some(br#"{"t":"rooms"}"#.to_vec())));
}

#[test]
fn the_output_of_a_statement_is_bounded() {
    let nested = (0..24).fold("a".to_owned(), |inner, _| {
        format!("(SELECT [v, v, v, v] AS v FROM {inner})")
    });
    let sql = format!("SELECT {nested} AS r FROM 'x'");
    let output = run_on(&sql, TOPIC, br#"{"a": {"v": "0123456789"}}"#, None);
    assert_eq!(output, Err(EvaluateError::TooMuch));
}
