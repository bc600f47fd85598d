//! How SQL version 2015-10-08 differs from 2016-03-23.

use super::super::{EvaluateError, Statement, Version};
use super::{TOPIC, evaluate};

fn run(sql: &str, version: Version, payload: &str) -> Result<Option<String>, EvaluateError> {
    let statement = Statement::parse(sql, version).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let output = evaluate(&statement, TOPIC, payload.as_bytes(), Some("c"))?;
    Ok(output.map(|output| String::from_utf8_lossy(&output).into_owned()))
}

// AWS same(rules): in 2015-10-08 whole Decimals stay Decimals, in 2016-03-23 they become Int
#[test]
fn whole_decimals_stay_in_2015() {
    let cases = [
        ("SELECT d AS r", "10.0", "10"),
        ("SELECT d / 4 AS r", "2.5", "2"),
        ("SELECT d * 2 AS r", "20.0", "20"),
        ("SELECT 3.0 AS r", "3.0", "3"),
        ("SELECT sqrt(9) AS r", "3.0", "3"),
        ("SELECT i / 4 AS r", "1", "1"),
        ("SELECT cast(i AS String) AS r", "\"5\"", "\"5\""),
        (
            "SELECT sql_version() AS r",
            "\"2015-10-08\"",
            "\"2016-03-23\"",
        ),
    ];
    for (sql, old, new) in cases {
        for (version, expected) in [(Version::V2015, old), (Version::V2016, new)] {
            let output = run(sql, version, r#"{"d": 10.0, "i": 5}"#);
            let expected = format!("{{\"r\":{expected}}}");
            assert_eq!(output, Ok(Some(expected)), "{sql} {version:?}");
        }
    }
}

// AWS same(rules): literals of arrays and objects, nested SELECT and the newer functions need
//     2016-03-23
// AWS different(rules): a rule of 2015-10-08 with a newer function is accepted and yields
//     Undefined; here it is refused at start
#[test]
fn features_missing_in_2015_are_refused_with_advice() {
    for sql in [
        "SELECT [1] AS r",
        "SELECT {'a': 1} AS r",
        "SELECT (SELECT VALUE a FROM b) AS r",
        "SELECT a FROM 'x' WHERE NOT isUndefined(a)",
        "SELECT encode(*, 'base64') AS r",
        "SELECT decode(a, 'base64') AS r",
        "SELECT get_thing_shadow('t', 'r') AS r",
        "SELECT get_dynamodb('t', 'k', a, 'r') AS r",
        "SELECT indexof(a, b) AS r",
        "SELECT length(a) AS r",
        "SELECT cast(a AS Decimal) AS r",
        "SELECT cast(a AS Bool) AS r",
        "SELECT parse_time('yyyy', 0) AS r",
    ] {
        assert!(Statement::parse(sql, Version::V2016).is_ok(), "{sql}");
        let error = Statement::parse(sql, Version::V2015).err();
        let error = error.unwrap_or_else(|| panic!("accepted: {sql}")).message;
        let advice = "needs AwsIotSqlVersion '2016-03-23'; this rule has '2015-10-08'";
        assert!(error.contains(advice), "{sql}: {error}");
    }
}

// AWS same(rules): SELECT VALUE of an array as the whole output needs 2016-03-23
#[test]
fn an_array_is_not_an_output_in_2015() {
    let sql = "SELECT VALUE a FROM 'x'";
    let payload = r#"{"a": [1, 2]}"#;
    assert_eq!(
        run(sql, Version::V2016, payload),
        Ok(Some("[1,2]".to_owned()))
    );
    assert_eq!(
        run(sql, Version::V2015, payload),
        Err(EvaluateError::ArrayOutput)
    );
    assert_eq!(
        run(sql, Version::V2015, r#"{"a": "red"}"#),
        Ok(Some("\"red\"".to_owned()))
    );
}

#[test]
fn versions_have_names() {
    assert_eq!(Version::from_name("2015-10-08"), Some(Version::V2015));
    assert_eq!(Version::from_name("2016-03-23"), Some(Version::V2016));
    assert_eq!(Version::from_name("beta"), None);
}
