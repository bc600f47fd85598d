//! Property tests: parsing, printing and evaluation with random statements and payloads.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::expression::{CastTo, Expression, Item, Nested, Operator, Select, Variable};
use super::super::function;
use super::super::number::{Arithmetic, Number};
use super::super::value::Value;
use super::super::{Doubts, Evaluation, Headers, Input, Progress, Statement, Version, json};

const WORDS: [&str; 44] = [
    "SELECT", "VALUE", "FROM", "WHERE", "AS", "AND", "OR", "NOT", "CASE", "WHEN", "THEN", "ELSE",
    "END", "'x'", "\"y\"", "*", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "<>", "<", "+",
    "-", "/", "%", "a", "b", "1", "2.5E3", "topic", "get", "cast", "encode", "SET", "@v", "IN",
    ".*",
];

fn key() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        Just("a"),
        Just("b"),
        Just("value"),
        Just("timestamp"),
        Just("_1")
    ]
    .prop_map(str::to_owned)
}

fn literal() -> impl Strategy<Value = Expression> + Clone {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        "[a-c'\"\\\\ {}é]{0,6}".prop_map(Value::Text),
        "[0-9]{1,40}(\\.[0-9]{1,5})?(E-?[0-9]{1,3})?"
            .prop_filter_map("out of range", |text| Number::read(&text)
                .map(Value::Number)),
    ]
    .prop_map(Expression::Literal)
}

fn operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Or,
        Operator::And,
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::In,
        Operator::Arithmetic(Arithmetic::Plus),
        Operator::Arithmetic(Arithmetic::Minus),
        Operator::Arithmetic(Arithmetic::Times),
        Operator::Arithmetic(Arithmetic::Divide),
        Operator::Arithmetic(Arithmetic::Remainder),
    ])
}

/// An operation that can be parsed: IN refuses a right side that is never an array.
fn operation(operator: Operator, left: Box<Expression>, right: Box<Expression>) -> Expression {
    let right = match operator {
        Operator::In if right.is_never_an_array() => Box::new(Expression::Array(vec![*right])),
        _ => right,
    };
    Expression::Binary(operator, left, right)
}

/// A call with the right number of arguments, of a function whose arguments need not be literals.
fn call(inner: impl Strategy<Value = Expression> + Clone) -> impl Strategy<Value = Expression> {
    let free = |name: &str| {
        ![
            "get_dynamodb",
            "get_registry_data",
            "get_or_default",
            "encode",
            "decode",
            "parse_time",
            "time_to_epoch",
        ]
        .contains(&name)
            && !name.starts_with("regexp")
    };
    let functions: Vec<_> = function::all().filter(|f| free(f.name)).collect();
    (prop::sample::select(functions), vec(inner, 3)).prop_map(|(function, mut arguments)| {
        arguments.truncate(function.arity.1.min(3));
        Expression::Call(function, arguments)
    })
}

fn select(inner: impl Strategy<Value = Expression> + Clone) -> impl Strategy<Value = Select> {
    let named = (vec(key(), 1..3), inner.clone())
        .prop_map(|(path, expression)| Item::Named { path, expression });
    let whole = vec(key(), 1..3).prop_map(|path| Item::Named {
        path,
        expression: Expression::All,
    });
    let each = key().prop_map(|key| Item::Each(Expression::Key(key)));
    prop_oneof![
        Just(Select::Raw),
        inner.prop_map(Select::Value),
        vec(prop_oneof![named, whole, each], 1..3).prop_map(Select::Items),
    ]
}

fn expression() -> impl Strategy<Value = Expression> + Clone {
    let leaf = prop_oneof![
        literal(),
        key().prop_map(Expression::Key),
        Just(Expression::EncodedPayload),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let cast = prop::sample::select(vec![
            CastTo::Text,
            CastTo::Int,
            CastTo::Double,
            CastTo::Decimal,
            CastTo::Boolean,
        ]);
        prop_oneof![
            (boxed(), key()).prop_map(|(inner, key)| Expression::Field(inner, key)),
            boxed().prop_map(Expression::Not),
            boxed().prop_map(Expression::Negative),
            (operator(), boxed(), boxed()).prop_map(|(o, l, r)| operation(o, l, r)),
            (
                boxed(),
                vec((inner.clone(), inner.clone()), 1..3),
                prop::option::of(boxed())
            )
                .prop_map(|(value, arms, otherwise)| Expression::Case {
                    value,
                    arms,
                    otherwise
                }),
            vec(inner.clone(), 0..3).prop_map(Expression::Array),
            vec(("[a-c' ]{0,3}", inner.clone()), 0..3).prop_map(Expression::Object),
            call(inner.clone()),
            (boxed(), cast).prop_map(|(inner, to)| Expression::Cast(inner, to)),
            (
                select(inner.clone()),
                inner.clone(),
                prop::option::of(inner.clone())
            )
                .prop_map(|(select, source, condition)| Expression::Nested(Box::new(
                    Nested {
                        select,
                        source,
                        condition
                    }
                ))),
        ]
    })
}

fn payload() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::int),
        ".{0,4}".prop_map(Value::Text),
    ];
    let value = leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(key(), inner, 0..4).prop_map(Value::Object),
        ]
    });
    value.prop_map(|value| json::write(&value))
}

/// Parses any text in both versions and evaluates every statement on `payload`, which also answers
/// its calls to other services; nothing may panic or hang.
fn exercise(sql: &str, payload: &[u8]) {
    let input = Input {
        topic: "fuzz/topic",
        payload,
        headers: &Headers::default(),
        client_id: Some("client"),
        principal: None,
        source_ip: None,
        account: "123456789012",
        now_ms: 1_763_779_512_345,
    };
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_parsed_or_refused(sql in ".{0,80}", payload in ".{0,40}") {
        exercise(&sql, payload.as_bytes());
    }

    #[test]
    fn any_words_in_any_order_are_parsed_or_refused(
        words in vec(prop::sample::select(WORDS.to_vec()), 0..40),
        payload in payload(),
    ) {
        exercise(&words.join(" "), payload.as_bytes());
        exercise(&format!("SELECT {} AS r FROM 'x'", words.join(" ")), payload.as_bytes());
    }

    #[test]
    fn a_written_statement_parses_to_the_same(
        select in select(expression()),
        condition in prop::option::of(expression()),
        values in vec(expression(), 0..3),
    ) {
        let variables = values.into_iter().enumerate();
        let variables = variables.map(|(index, value)| Variable {
            name: format!("v_{index}"),
            value,
        });
        let statement = Statement {
            version: Version::V2016,
            variables: variables.collect(),
            doubts: Doubts::default(),
            needs_json: false,
            calls_out: false,
            select,
            topic_filter: "a/+/it''s/#".replace("''", ""),
            condition,
        };
        let written = statement.to_string();
        let parsed = Statement::parse(&written, Version::V2016);
        let parsed = parsed.map_err(|e| TestCaseError::fail(format!("{written}: {e}")))?;
        prop_assert_eq!(&parsed.variables, &statement.variables, "{}", written);
        prop_assert_eq!(&parsed.select, &statement.select, "{}", written);
        prop_assert_eq!(&parsed.condition, &statement.condition, "{}", written);
        prop_assert_eq!(&parsed.topic_filter, &statement.topic_filter, "{}", written);
        prop_assert_eq!(parsed.to_string(), written);
    }

    #[test]
    fn any_statement_evaluates_on_any_payload(
        select in select(expression()),
        payload in prop_oneof![payload(), ".{0,20}"],
    ) {
        let written = format!("SELECT {select} FROM 'x'");
        exercise(&written, payload.as_bytes());
    }

    #[test]
    fn written_json_reads_back(payload in payload()) {
        let value = json::read(payload.as_bytes()).map_err(TestCaseError::fail)?;
        prop_assert_eq!(json::write(&value), payload);
    }
}

#[test]
fn nesting_is_bounded_everywhere() {
    let many = 20_000;
    let nested = |open: &str, middle: &str, close: &str| {
        format!(
            "SELECT {}{middle}{} AS r",
            open.repeat(many),
            close.repeat(many)
        )
    };
    for sql in [
        nested("(", "1", ")"),
        nested("[", "1", "]"),
        nested("{'a': ", "1", "}"),
        nested("abs(", "1", ")"),
        nested("(SELECT VALUE a FROM ", "a", ")"),
        nested("CASE a WHEN 1 THEN ", "1", " END"),
        nested("cast(", "1", " AS Int)"),
        nested("- ", "1", ""),
        nested("a = ", "1", ""),
        nested("a + ", "1", ""),
        nested("a AND ", "a", ""),
        nested("a", "", ".a"),
    ] {
        let error = Statement::parse(&sql, Version::V2016);
        assert!(error.is_err(), "{}", &sql[..30]);
    }
    let deepest = format!("SELECT 1{} AS r", " + 1".repeat(256));
    assert!(Statement::parse(&deepest, Version::V2016).is_ok());
    exercise(&deepest, b"");
    let payload = format!("{{\"a\": {}1{}}}", "[".repeat(many), "]".repeat(many));
    exercise("SELECT a FROM 'x'", payload.as_bytes());
    exercise(
        "SELECT decode(encode(*, 'base64'), 'base64') AS r",
        payload.as_bytes(),
    );
}
