//! `*` as an argument: the whole payload.

use serde_json::{Value, json};

use super::super::{Statement, Version};
use super::refusal::check;
use super::{TOPIC, run, run_on};

// AWS same(rules): get(*, 'a-b') reads a key of the payload, as an article of dev.classmethod.jp
//     says
// AWS unknown(rules): whether get_or_default takes * as get does; here it does
#[test]
fn the_whole_payload_is_an_argument_of_some_functions() {
    let payload = json!({"my-key": {"n": 7}, "list": [{"a-b": 1}, {"a-b": 2}]});
    for (expression, expected) in [
        ("get(*, 'my-key')", json!({"n": 7})),
        ("GET( * , 'my-key').n * 2", json!(14)),
        ("get(*, 'other')", Value::Null),
        ("get_or_default(get(*, 'other'), 'none')", json!("none")),
        ("get(get_or_default(*, {}), 'my-key').n", json!(7)),
        ("(SELECT VALUE get(*, 'a-b') FROM list)", json!([1, 2])),
    ] {
        let sql = format!("SELECT {expression} AS r FROM 'x'");
        let output = run(&sql, &payload).unwrap_or_default();
        assert_eq!(output["r"], expected, "{expression}");
    }
    let sql = "SELECT get(*, 'a') AS r";
    assert!(run_on(sql, TOPIC, b"no json", None).is_err());
    let empty = run_on(sql, TOPIC, b"", None);
    assert_eq!(empty, Ok(Some(b"{}".to_vec())));
    assert!(Statement::parse(sql, Version::V2015).is_ok());
    check(&[
        (
            "SELECT abs(*) AS r",
            "at character 11: abs does not take `*` here: only encode, get and get_or_default",
        ),
        (
            "SELECT get(a, *) AS r",
            "at character 14: get does not take `*`",
        ),
        (
            "SELECT aws_lambda(*, a) AS r",
            "aws_lambda does not take `*`",
        ),
        ("SELECT encode(*) AS r", "encode takes 2 arguments, not 1"),
        (
            "SELECT encode(*, 5) AS r",
            "at character 7: encode supports only 'base64'",
        ),
        (
            "SELECT encode(*, a) AS r",
            "at character 7: encode supports only 'base64'",
        ),
        (
            "SELECT aws_lambda('f') AS r",
            "aws_lambda takes 2 arguments, not 1",
        ),
        (
            "SELECT get_dynamodb('t', 'k', a, 's', 'r') AS r",
            "get_dynamodb takes 4 or 6 arguments, not 5",
        ),
    ]);
}
