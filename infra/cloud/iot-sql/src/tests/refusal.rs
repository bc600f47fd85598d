//! What other dialects of SQL have and AWS IoT SQL does not: each is refused at its position, with
//! what to write instead.

use serde_json::json;

use super::super::{Statement, Version};
use super::{parse, run};

/// Each statement is refused with its text.
pub(super) fn check(rows: &[(&str, &str)]) {
    for (sql, expected) in rows {
        let error = Statement::parse(sql, Version::V2016).err();
        let found = error.unwrap_or_else(|| panic!("accepted: {sql}"));
        let found = found.to_string();
        assert!(found.contains(expected), "{sql}\n   gave {found}");
    }
}

#[test]
fn in_with_a_value_that_is_never_an_array_is_refused() {
    check(&[
        (
            "SELECT * FROM 'x' WHERE a IN ('red')",
            "at character 29: IN searches an array, and this value is never one: write IN ['red']",
        ),
        ("SELECT a IN 'red' AS r", "write IN ['red']"),
        ("SELECT a IN ((1)) AS r", "write IN [1]"),
        ("SELECT NOT a IN (TRUE) AS r", "write IN [true]"),
        ("SELECT a IN NULL AS r", "write IN [NULL]"),
        ("SELECT a IN -1 AS r", "write IN [a, b]"),
        ("SELECT a IN {'k': 1} AS r", "write IN [a, b]"),
        ("SELECT a IN ('b' + c) AS r", "write IN [a, b]"),
        ("SELECT a IN cast(b AS String) AS r", "write IN [a, b]"),
        (
            "SELECT a IN CASE b WHEN 1 THEN 'c' ELSE 'd' END AS r",
            "write IN [a, b]",
        ),
        (
            "SET @red = 'red' SELECT a IN @red AS r",
            "at character 29: IN searches an array",
        ),
    ]);
    let template = parse("SET @red = 'red' SELECT a").parse_template("a IN @red");
    assert!(template.is_err());
    let sql = "SET @all = [1], @b = b SELECT 1 IN @all AND 2 IN @b AND 1 IN (c) AS r";
    let output = run(sql, &json!({"b": [2], "c": [1]}));
    assert_eq!(output, Some(json!({"r": true})));
}

#[test]
fn clauses_of_other_dialects_are_refused_with_advice() {
    check(&[
        (
            "SELECT a FROM 'x' ORDER BY a",
            "at character 18: expected the end of the statement, not ORDER: AWS IoT SQL does not \
             have ORDER BY, as a rule reads one message at a time: sort where",
        ),
        (
            "SELECT a FROM 'x' GROUP BY a",
            "does not have GROUP BY, as a rule reads one message at a time: count where",
        ),
        (
            "SELECT a FROM 'x' WHERE a > 1 HAVING a > 1",
            "at character 30: expected the end of the statement, not HAVING: AWS IoT SQL does not",
        ),
        ("SELECT a FROM 'x' limit 5", "does not have LIMIT"),
        ("SELECT a FROM 'x' JOIN 'y'", "does not have JOIN"),
        ("SELECT a FROM 'x' LEFT JOIN 'y'", "does not have JOIN"),
        ("SELECT a FROM 'x' UNION SELECT b", "does not have UNION"),
        (
            "SELECT (SELECT v FROM l ORDER BY v) AS r",
            "at character 24: expected `)`, not ORDER: AWS IoT SQL does not have ORDER BY",
        ),
        (
            "SELECT DISTINCT a FROM 'x'",
            "at character 7: expected an item, not DISTINCT: AWS IoT SQL does not have DISTINCT",
        ),
        ("SELECT DISTINCT * FROM 'x'", "does not have DISTINCT"),
        ("SELECT DISTINCT *, a FROM 'x'", "does not have DISTINCT"),
        (
            "SELECT a FROM 'x' AS y",
            "at character 18: FROM has no AS: remove it",
        ),
        (
            "SELECT (SELECT v FROM l AS m) AS r",
            "at character 24: FROM has no AS: remove it",
        ),
        (
            "SELECT a FROM 'x', 'y'",
            "at character 17: FROM has one topic filter: use a wildcard, or write a second rule",
        ),
        (
            "SELECT a FROM 'x' WHERE a AS b",
            "at character 26: expected the end of the statement, not AS: only an item of SELECT",
        ),
        (
            "SELECT VALUE a, b FROM 'x'",
            "at character 14: SELECT VALUE selects one value: write SELECT without VALUE, or",
        ),
        (
            "SELECT VALUE *, b FROM 'x'",
            "SELECT VALUE selects one value",
        ),
        (
            "SELECT VALUE a AS b FROM 'x'",
            "at character 15: SELECT VALUE has no AS: remove VALUE, or AS and its name",
        ),
        ("SELECT VALUE * AS b FROM 'x'", "SELECT VALUE has no AS"),
        (
            "SELECT a.b.* AS c FROM 'x'",
            "at character 13: `.*` adds each key under its own name and has no AS: write a.b AS",
        ),
    ]);
    let payload = json!({"distinct": [1], "value": 1, "limit": 2, "order": 3});
    for (sql, expected) in [
        (
            "SELECT distinct, limit, order",
            json!({"distinct": [1], "limit": 2, "order": 3}),
        ),
        (
            "SELECT value IN distinct AS r, order",
            json!({"r": true, "order": 3}),
        ),
        ("SELECT distinct AS r FROM 'x'", json!({"r": [1]})),
    ] {
        assert_eq!(run(sql, &payload), Some(expected), "{sql}");
    }
}

#[test]
fn names_and_keys_that_are_not_plain_are_refused_with_advice() {
    let name = "a name is letters, digits and _, without quotes; a dot in it makes an object";
    for (sql, at) in [
        ("SELECT a AS my-name FROM 'x'", "14: unexpected `-` in"),
        ("SELECT a AS b[0] FROM 'x'", "13: unexpected `[` in"),
        (
            "SELECT a AS 'x' FROM 'x'",
            "12: expected a name behind AS, not 'x'",
        ),
        (
            "SELECT a AS \"t\" FROM 'x'",
            "12: expected a name behind AS, not \"t\"",
        ),
        (
            "SELECT a AS b.'c' FROM 'x'",
            "14: expected a name behind AS, not 'c'",
        ),
        (
            "SELECT * AS 1 FROM 'x'",
            "12: expected a name behind AS, not 1",
        ),
        (
            "SELECT a AS",
            "11: expected a name behind AS, not the end of the statement",
        ),
    ] {
        check(&[(sql, &format!("at character {at}")), (sql, name)]);
    }
    check(&[
        (
            "SELECT a[0] AS r",
            "at character 8: AWS IoT SQL does not have `[` behind a value: write get(a, 0)",
        ),
        ("SELECT a.b['my key'] AS r", "write get(a.b, 'my key')"),
        ("SELECT get(a, 0)[1] AS r", "write get(get(a, 0), 1)"),
        ("SELECT a FROM 'x' WHERE a[n] = 1", "write get(a, 0)"),
        (
            "SELECT a.\"my name\" AS r",
            "at character 9: expected a name behind `.`, which is letters, digits and _: write \
             get(a, \"my name\")",
        ),
        ("SELECT a.b.'my-key' AS r", "write get(a.b, 'my-key')"),
        ("SELECT a.0 AS r", "write get(a, '0')"),
        (
            "SELECT a.",
            "expected a name behind `.`, not the end of the statement",
        ),
    ]);
}

#[test]
fn signs_of_other_languages_are_refused_with_advice() {
    check(&[
        (
            "SELECT 5--3 AS r",
            "at character 8: comments are not part of AWS IoT SQL: remove the comment (a minus in \
             front of a negative number is written 5 - -3 or -(-3))",
        ),
        (
            "SELECT - -b AS r",
            "at character 9: expected one `-` at most: write -(-a)",
        ),
        (
            "SELECT * FROM 'x';",
            "at character 17: unexpected ';': a rule has one statement, without `;`: remove it",
        ),
        (
            "SELECT `a` FROM 'x'",
            "at character 7: unexpected '`': a key is without quotes",
        ),
        (
            "SELECT * FROM “x”",
            "at character 14: unexpected '“': text is in plain quotes: 'text'",
        ),
        (
            "SELECT * FROM ‘x’",
            "unexpected '‘': text is in plain quotes",
        ),
        (
            "SELECT * FROM 'x' # all",
            "at character 18: unexpected '#': a topic filter is in",
        ),
        (
            "SELECT * FROM rooms/#",
            "a topic filter is in single quotes",
        ),
        (
            "SELECT a || b AS r",
            "at character 9: unexpected `||`: join texts with + or concat(a, b)",
        ),
        (
            "SELECT a WHERE b == 1",
            "at character 17: unexpected `==`: write = for equality",
        ),
        (
            "SELECT a WHERE b && c",
            "at character 17: unexpected `&&`: write AND",
        ),
        (
            "SELECT a WHERE !b",
            "at character 15: unexpected '!': write NOT, or <>",
        ),
        ("SELECT a | b AS r", "write bitor(a, b)"),
        ("SELECT a & b AS r", "write bitand(a, b)"),
        ("SELECT a ^ b AS r", "write bitxor(a, b) or power(a, b)"),
        ("SELECT ~a AS r", "write bitnot(a)"),
        ("SELECT a ? b AS r", "at character 9: unexpected '?'"),
        (
            "SELECT CASE WHEN a > 1 THEN 'x' END AS r",
            "at character 12: CASE needs a value in front of WHEN: write CASE a WHEN 1 THEN 'x' \
             ELSE 'y' END, or for conditions CASE true WHEN a > 1 THEN 'x' ELSE 'y' END",
        ),
        (
            "SELECT CASE a END AS r",
            "at character 14: expected WHEN, not END",
        ),
    ]);
}

/// What the messages recommend works.
#[test]
fn what_is_advised_is_accepted() {
    let payload = json!({"a": 3, "b": [5], "s": "x"});
    for (expression, expected) in [
        ("5 - -3", json!(8)),
        ("-(-a)", json!(3)),
        ("-(-3)", json!(3)),
        ("CASE true WHEN a > 1 THEN 'x' ELSE 'y' END", json!("x")),
        (
            "CASE true WHEN a > 9 THEN 'x' WHEN a > 2 THEN 'z' END",
            json!("z"),
        ),
        ("CASE a WHEN 1 THEN 'x' ELSE 'y' END", json!("y")),
        ("get(b, 0)", json!(5)),
        ("concat(s, a)", json!("x3")),
        ("s IN ['x']", json!(true)),
    ] {
        let output = run(&format!("SELECT {expression} AS r"), &payload);
        assert_eq!(output.unwrap_or_default()["r"], expected, "{expression}");
    }
}
