//! Rule SQL: any text is parsed or refused, any payload evaluated, and white space does not change
//! a statement. An input holds statement, topic and payload, separated by zero bytes.

use iot_sql::{EvaluateError, Evaluation, Headers, Input, Progress, Statement, Version};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Largest output, bytes: the limit of an evaluation.
const OUTPUT_BYTES_MAX: usize = 32 << 20;

/// Checks one input.
pub fn check(bytes: &[u8]) {
    let mut parts = crate::parts(bytes, 3);
    let mut part = || parts.next().unwrap_or_default();
    let sql = String::from_utf8_lossy(part());
    let topic = String::from_utf8_lossy(part());
    let payload = part();
    exercise(&sql, payload);
    let statement = match parse(&sql) {
        Ok(statement) => statement,
        Err(error) => {
            let characters = sql.chars().count();
            assert!(error.position <= characters, "{error} of {characters}");
            assert!(!error.message.is_empty());
            return;
        }
    };
    // A written statement parses to the same, unless its parentheses nest too deep.
    if let Ok(again) = parse(&statement.to_string()) {
        assert_eq!(statement, again, "{sql:?} is written {statement}");
    }
    let spaced = respaced(&sql);
    match parse(&spaced) {
        Ok(other) => assert_eq!(statement, other, "spaces change {sql:?}"),
        Err(error) => panic!("spaces break {sql:?}: {error}"),
    }

    let output = evaluate(&statement, &topic, payload);
    assert_eq!(
        output,
        evaluate(&statement, &topic, payload),
        "not the same twice"
    );
    match &output {
        Err(EvaluateError::NotJson { .. }) => assert!(
            serde_json::from_slice::<Value>(payload).is_err(),
            "{sql:?} refuses json"
        ),
        Err(_) | Ok(Evaluation::NoMatch | Evaluation::Needs(_)) => {}
        Ok(Evaluation::Output(output)) => {
            let is_json = serde_json::from_slice::<IgnoredAny>(output).is_ok();
            assert!(
                is_json || output.is_empty() || output == payload,
                "{sql:?} gives {output:?}"
            );
            assert!(output.len() <= OUTPUT_BYTES_MAX, "{} bytes", output.len());
        }
    }
    where_decides_alone(&sql, &topic, payload, &output);
}

/// An added condition passes everything or nothing.
fn where_decides_alone(
    sql: &str,
    topic: &str,
    payload: &[u8],
    output: &Result<Evaluation, EvaluateError>,
) {
    if let Ok(always) = parse(&format!("{sql} WHERE 1 = 1")) {
        assert_eq!(&evaluate(&always, topic, payload), output, "{sql:?}");
    }
    if let Ok(never) = parse(&format!("{sql} WHERE 1 = 2")) {
        let nothing = evaluate(&never, topic, payload);
        assert!(
            !matches!(nothing, Ok(Evaluation::Output(_))),
            "{sql:?}: {nothing:?}"
        );
    }
}

fn input<'a>(topic: &'a str, payload: &'a [u8], headers: &'a Headers) -> Input<'a> {
    Input {
        topic,
        payload,
        headers,
        client_id: Some("client-1"),
        principal: None,
        source_ip: None,
        account: "123456789012",
        now_ms: 1_763_779_512_345,
    }
}

/// Parses any text in both versions and evaluates every statement on `payload`, which also answers
/// its calls to other services; it must only ever return.
fn exercise(sql: &str, payload: &[u8]) {
    let headers = Headers::default();
    let input = input("fuzz/topic", payload, &headers);
    for version in [Version::V2015, Version::V2016] {
        let parsed = [
            Statement::parse(sql, version),
            Statement::parse_expression(sql, version),
        ];
        for statement in parsed.into_iter().flatten() {
            let mut progress = Progress::new(|| 7);
            // A statement makes a handful of calls at most.
            for _ in 0..8 {
                match statement.evaluate(&input, &mut progress) {
                    Ok(Evaluation::Needs(call)) if progress.answer(&call, payload).is_ok() => {}
                    _ => break,
                }
            }
        }
    }
}

fn evaluate(
    statement: &Statement,
    topic: &str,
    payload: &[u8],
) -> Result<Evaluation, EvaluateError> {
    let headers = Headers::default();
    let input = input(topic, payload, &headers);
    let mut count = 0;
    let mut progress = Progress::new(move || {
        count += 1;
        count
    });
    statement.evaluate(&input, &mut progress)
}

fn parse(sql: &str) -> Result<Statement, iot_sql::SqlError> {
    Statement::parse(sql, Version::V2016)
}

/// The same statement with other white space outside quotes.
fn respaced(sql: &str) -> String {
    let mut spaced = String::from("\n ");
    let mut quote = None;
    for c in sql.chars() {
        match quote {
            // A doubled quote closes and reopens the text, which makes no difference here.
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c.is_whitespace() => spaced.push_str(" \t"),
            None => {}
        }
        spaced.push(c);
    }
    spaced.push_str("\r\n");
    spaced
}
