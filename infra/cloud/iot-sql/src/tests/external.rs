//! Statements that call other services: the calls they make, and the output for given answers.

use serde_json::json;

use super::super::{
    Call, EvaluateError, Evaluation, Headers, Input, Progress, RegistryOperation, Statement,
    Version,
};
use super::{TOPIC, parse};

/// Evaluates a statement and answers its calls in order; returns the calls and the result.
fn evaluate_with(
    sql: &str,
    payload: &[u8],
    answers: &[&str],
) -> (Vec<Call>, Result<Evaluation, EvaluateError>) {
    let headers = Headers::default();
    let input = Input {
        topic: TOPIC,
        payload,
        headers: &headers,
        client_id: Some("sensor-1"),
        principal: None,
        source_ip: None,
        account: "123456789012",
        now_ms: 1,
    };
    let statement = parse(sql);
    assert!(statement.calls_out(), "{sql}");
    let mut count = 0;
    let mut progress = Progress::new(move || {
        count += 1;
        count
    });
    let mut calls = Vec::new();
    let mut answers = answers.iter();
    loop {
        let call = match statement.evaluate(&input, &mut progress) {
            Ok(Evaluation::Needs(call)) => call,
            other => return (calls, other),
        };
        calls.push(call.clone());
        let answer = answers.next().unwrap_or_else(|| panic!("{call:?} again"));
        if let Err(error) = progress.answer(&call, answer.as_bytes()) {
            return (calls, Err(error));
        }
    }
}

fn output(text: &str) -> Result<Evaluation, EvaluateError> {
    Ok(Evaluation::Output(text.as_bytes().to_vec()))
}

// AWS same(rules): aws_lambda receives JSON, or the whole payload for *, and its answer is a value
//     of the statement
#[test]
fn a_call_sends_its_event_and_uses_the_answer() {
    let sql = "SELECT aws_lambda('arn:f', {'p': a}).x + 1 AS r, newuuid() AS id FROM 'x'";
    let (calls, result) = evaluate_with(sql, br#"{"a": 21}"#, &[r#"{"x": 2}"#]);
    let call = Call::Lambda {
        arn: "arn:f".to_owned(),
        event: br#"{"p":21}"#.to_vec(),
    };
    assert_eq!(calls, [call]);
    assert_eq!(
        result,
        output(r#"{"id":"00000000-0000-4000-8000-000000000001","r":3}"#)
    );
    let (calls, _) = evaluate_with("SELECT aws_lambda('f', *) AS r", br#"{"a": 2.50}"#, &["1"]);
    let event = br#"{"a":2.50}"#.to_vec();
    let arn = "f".to_owned();
    assert_eq!(calls, [Call::Lambda { arn, event }]);
}

#[test]
fn two_calls_are_answered_in_turn_and_their_events_do_not_change_between() {
    let sql = "SELECT aws_lambda('a', newuuid()) + aws_lambda('b', newuuid()) AS r FROM 'x'";
    let (calls, result) = evaluate_with(sql, b"", &["1", "2"]);
    let arns: Vec<_> = calls
        .iter()
        .map(|call| match call {
            Call::Lambda { arn, event } => (arn.as_str(), String::from_utf8_lossy(event)),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(arns[0].0, "a");
    assert_eq!(arns[1].0, "b");
    assert_ne!(arns[0].1, arns[1].1);
    assert_eq!(result, output(r#"{"r":3}"#));
}

#[test]
fn an_answer_must_be_json() {
    let (_, result) = evaluate_with("SELECT aws_lambda('a', 1) AS r FROM 'x'", b"", &["nothing"]);
    assert!(
        matches!(
            result,
            Err(EvaluateError::Answer {
                of: "aws_lambda",
                ..
            })
        ),
        "{result:?}"
    );
}

// AWS same(rules): get_thing_shadow returns the whole document of the classic or a named shadow,
//     also in WHERE
#[test]
fn a_shadow_is_requested_by_thing_and_name() {
    let sql = "SELECT a FROM 'x' WHERE get_thing_shadow(topic(2), 'role').state.reported.on = 'ON'";
    for (answer, expected) in [
        (
            r#"{"state": {"reported": {"on": "ON"}}}"#,
            output(r#"{"a":1}"#),
        ),
        (
            r#"{"state": {"reported": {"on": "OFF"}}}"#,
            Ok(Evaluation::NoMatch),
        ),
        ("{}", Ok(Evaluation::NoMatch)),
    ] {
        let (calls, result) = evaluate_with(sql, br#"{"a": 1}"#, &[answer]);
        let call = Call::Shadow {
            thing: "kitchen".to_owned(),
            shadow: None,
            role_arn: "role".to_owned(),
        };
        assert_eq!(calls, [call]);
        assert_eq!(result, expected, "{answer}");
    }
    let sql = "SELECT get_thing_shadow('t', 'n', 'role').version AS v";
    let (calls, _) = evaluate_with(sql, b"", &["{}"]);
    assert!(matches!(&calls[0], Call::Shadow { shadow: Some(name), .. } if name == "n"));
}

// AWS same(rules): get_dynamodb reads one item by partition key, or by partition and sort key
#[test]
fn an_item_is_requested_by_its_keys() {
    let sql = "SELECT *, get_dynamodb('Table', 'pk', id, 'sk', n, 'role').place AS place FROM 'x'";
    let (calls, result) = evaluate_with(sql, br#"{"id": "a", "n": 5}"#, &[r#"{"place": "attic"}"#]);
    let call = Call::DynamoDb {
        table: "Table".to_owned(),
        key: vec![
            ("pk".to_owned(), json!({"S": "a"})),
            ("sk".to_owned(), json!({"N": "5"})),
        ],
        role_arn: "role".to_owned(),
    };
    assert_eq!(calls, [call]);
    assert_eq!(result, output(r#"{"id":"a","n":5,"place":"attic"}"#));
}

// AWS same(rules): get_registry_data reads a thing's description or its groups, once in a rule
#[test]
fn a_thing_is_requested_by_operation_and_name() {
    let role = "'role'";
    for (operation, expected) in [
        ("DescribeThing", RegistryOperation::DescribeThing),
        (
            "ListThingGroupsForThing",
            RegistryOperation::ListThingGroupsForThing,
        ),
    ] {
        let sql = format!("SELECT get_registry_data(\"{operation}\", topic(2), {role}).a AS r");
        let (calls, result) = evaluate_with(&sql, b"", &[r#"{"a": {"place": "attic"}}"#]);
        let call = Call::Registry {
            operation: expected,
            thing: "kitchen".to_owned(),
            role_arn: "role".to_owned(),
        };
        assert_eq!(calls, [call]);
        assert_eq!(result, output(r#"{"r":{"place":"attic"}}"#));
    }
    let twice = format!(
        "SELECT get_registry_data('DescribeThing', a, {role}) AS a, \
         get_registry_data('ListThingGroupsForThing', a, {role}) AS b"
    );
    let error = Statement::parse(&twice, Version::V2016).expect_err("twice");
    assert!(error.message.contains("only once"), "{error}");
}

// AWS same(rules): a variable of SET calls its service once, however often it is used
#[test]
fn a_variable_asks_once() {
    let sql = "SET @s = get_thing_shadow('t', 'role').state, @id = newuuid() \
               SELECT @s.on AS a, @s.on AS b, @id AS id, newuuid() AS own, \
               aws_lambda('f', @id) AS r FROM 'x' WHERE @s.on = 'ON'";
    let answers = [r#"{"state": {"on": "ON"}}"#, "1"];
    let (calls, result) = evaluate_with(sql, b"", &answers);
    assert_eq!(calls.len(), 2, "{calls:?}");
    let id = |number: u8| format!("00000000-0000-4000-8000-00000000000{number}");
    let expected = json!({"a": "ON", "b": "ON", "id": id(1), "own": id(2), "r": 1});
    assert_eq!(result, output(&expected.to_string()));
}

#[test]
fn undefined_arguments_make_no_call() {
    for sql in [
        "SELECT get_dynamodb('Table', 'pk', z, 'role') AS r FROM 'x'",
        "SELECT aws_lambda('a', z) AS r FROM 'x'",
        "SELECT get_thing_shadow(z, 'role') AS r FROM 'x'",
        "SELECT get_registry_data('DescribeThing', z, 'role') AS r FROM 'x'",
    ] {
        let (calls, result) = evaluate_with(sql, b"{}", &[]);
        assert!(calls.is_empty(), "{sql}");
        assert_eq!(result, output("{}"), "{sql}");
    }
}
