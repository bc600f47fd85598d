//! Every operator with operands of every pair of types: the tables of the reference, cell by cell.

use super::super::json;
use super::{TOPIC, evaluate, parse};

/// A value of each type; no two give the same result by chance.
const OPERANDS: [(&str, &str); 11] = [
    ("int", "6"),
    ("decimal", "2.5"),
    ("numeric", "'4'"),
    ("word", "'abc'"),
    ("truth", "'True'"),
    ("yes", "t"),
    ("no", "f"),
    ("array", "[1, 2]"),
    ("object", "{'k': 1}"),
    ("null", "NULL"),
    ("undefined", "z"),
];

fn result(expression: &str) -> String {
    let sql = format!("SELECT {expression} AS r FROM 'x'");
    let output = evaluate(&parse(&sql), TOPIC, br#"{"t": true, "f": false}"#, None);
    let output = output.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let output = json::read(&output.unwrap_or_default()).unwrap_or_else(|e| panic!("{sql}: {e}"));
    output.get("r").map_or_else(
        || "-".to_owned(),
        |r| json::to_text(r).unwrap_or_else(|| "null".to_owned()),
    )
}

/// `table` has a row for each left operand and a column for each right one; `-` is Undefined.
fn check(operator: &str, table: &str) {
    let rows: Vec<&str> = table.trim().lines().collect();
    assert_eq!(rows.len(), OPERANDS.len(), "{operator}");
    for ((left_name, left), row) in OPERANDS.iter().zip(rows) {
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells.len(), OPERANDS.len(), "{operator} {left_name}");
        for ((right_name, right), expected) in OPERANDS.iter().zip(cells) {
            let got = result(&format!("{left} {operator} {right}"));
            assert_eq!(got, expected, "{left_name} {operator} {right_name}");
        }
    }
}

// AWS same(rules): = and <> with Undefined are Undefined; with different types = is false and <> is
//     true
#[test]
fn equality_cell_by_cell() {
    // int decimal numeric word truth yes no array object null undefined
    check(
        "=",
        "
        true  false false false false false false false false false -
        false true  false false false false false false false false -
        false false true  false false false false false false false -
        false false false true  false false false false false false -
        false false false false true  false false false false false -
        false false false false false true  false false false false -
        false false false false false false true  false false false -
        false false false false false false false true  false false -
        false false false false false false false false true  false -
        false false false false false false false false false true  -
        -     -     -     -     -     -     -     -     -     -     -
        ",
    );
    check(
        "<>",
        "
        false true  true  true  true  true  true  true  true  true  -
        true  false true  true  true  true  true  true  true  true  -
        true  true  false true  true  true  true  true  true  true  -
        true  true  true  false true  true  true  true  true  true  -
        true  true  true  true  false true  true  true  true  true  -
        true  true  true  true  true  false true  true  true  true  -
        true  true  true  true  true  true  false true  true  true  -
        true  true  true  true  true  true  true  false true  true  -
        true  true  true  true  true  true  true  true  false true  -
        true  true  true  true  true  true  true  true  true  false -
        -     -     -     -     -     -     -     -     -     -     -
        ",
    );
}

/// The table of an operator on numbers and numeric strings: nine cells, everything else Undefined.
fn check_numeric(operator: &str, cells: [&str; 9]) {
    let mut table = String::new();
    for row in cells.chunks(3) {
        table += &format!("{} - - - - - - - -\n", row.join(" "));
    }
    table += &"- - - - - - - - - - -\n".repeat(8);
    check(operator, &table);
}

// AWS same(rules): < <= > >= compare numbers and numeric strings as Decimal; anything else is
//     Undefined
#[test]
fn order_cell_by_cell() {
    let (t, f) = ("true", "false");
    check_numeric("<", [f, f, f, t, f, t, t, f, f]);
    check_numeric("<=", [t, f, f, t, t, t, t, f, t]);
    check_numeric(">", [f, t, t, f, f, f, f, t, f]);
    check_numeric(">=", [t, t, t, f, t, f, f, t, t]);
}

// AWS same(rules): - * / % treat numeric strings as Decimal; Int with Int is Int; anything else is
//     Undefined
#[test]
fn arithmetic_cell_by_cell() {
    check_numeric(
        "-",
        ["0", "3.5", "2", "-3.5", "0", "-1.5", "-2", "1.5", "0"],
    );
    check_numeric(
        "*",
        ["36", "15", "24", "15", "6.25", "10", "24", "10", "16"],
    );
    let third = "0.6666666666666666666666666666666667";
    check_numeric(
        "/",
        [
            "1",
            "2.4",
            "1.5",
            "0.4166666666666666666666666666666667",
            "1",
            "0.625",
            third,
            "1.6",
            "1",
        ],
    );
    check_numeric("%", ["0", "1", "2", "2.5", "0", "2.5", "4", "1.5", "0"]);
}

// AWS same(rules): + concatenates if either side is a String, adds numbers, and is otherwise
//     Undefined
#[test]
fn plus_cell_by_cell() {
    check(
        "+",
        r#"
        12    8.5     64       6abc       6True       -        -         -         -           - -
        8.5   5       2.54     2.5abc     2.5True     -        -         -         -           - -
        46    42.5    44       4abc       4True       4true    4false    4[1,2]    4{"k":1}    - -
        abc6  abc2.5  abc4     abcabc     abcTrue     abctrue  abcfalse  abc[1,2]  abc{"k":1}  - -
        True6 True2.5 True4    Trueabc    TrueTrue    Truetrue Truefalse True[1,2] True{"k":1} - -
        -     -       true4    trueabc    trueTrue    -        -         -         -           - -
        -     -       false4   falseabc   falseTrue   -        -         -         -           - -
        -     -       [1,2]4   [1,2]abc   [1,2]True   -        -         -         -           - -
        -     -       {"k":1}4 {"k":1}abc {"k":1}True -        -         -         -           - -
        -     -       -        -          -           -        -         -         -           - -
        -     -       -        -          -           -        -         -         -           - -
        "#,
    );
}

/// The table of an operator on Booleans and their strings: `truth yes no` against each other.
fn check_logic(operator: &str, cells: [&str; 9]) {
    let mut table = "- - - - - - - - - - -\n".repeat(4);
    for row in cells.chunks(3) {
        table += &format!("- - - - {} - - - -\n", row.join(" "));
    }
    table += &"- - - - - - - - - - -\n".repeat(4);
    check(operator, &table);
}

// AWS same(rules): AND, OR and NOT accept Booleans and the strings true and false; with anything
//     else they are Undefined
#[test]
fn logic_cell_by_cell() {
    let (t, f) = ("true", "false");
    check_logic("AND", [t, t, f, t, t, f, f, f, f]);
    check_logic("OR", [t, t, t, t, t, t, t, t, f]);
    let inverted = ["-", "-", "-", "-", f, f, t, "-", "-", "-", "-"];
    for ((name, operand), expected) in OPERANDS.iter().zip(inverted) {
        assert_eq!(result(&format!("NOT {operand}")), expected, "NOT {name}");
    }
}

// AWS same(rules): Int and Decimal have 34 digits; whole Decimals become Int since 2016-03-23
#[test]
fn numbers_keep_34_digits() {
    let nines = "9".repeat(34);
    let rows = [
        ("10.0", "10"),
        ("1 / 3.5", "0.2857142857142857142857142857142857"),
        (&format!("{nines} - 1"), &format!("{}8", "9".repeat(33))),
        (
            &format!("{nines} + 1"),
            "1.000000000000000000000000000000000E+34",
        ),
        ("0.1 + 0.2", "0.3"),
        ("1E999", "1E+999"),
        ("1E999 * 10", "-"),
        ("1E-999 / 10 = 0", "true"),
        ("cast('5E-12' AS Decimal)", "5E-12"),
        ("12345678901234567890.5", "12345678901234567890.5"),
        ("cast(-1.5 AS Int)", "-2"),
        ("get([0, 1, 2], 1.5)", "2"),
        ("get([0, 1, 2], '1.5')", "1"),
        ("cast('1.50' AS String)", "1.50"),
        ("cast(t AS Double)", "1"),
    ];
    for (expression, expected) in rows {
        assert_eq!(result(expression), expected, "{expression}");
    }
}
