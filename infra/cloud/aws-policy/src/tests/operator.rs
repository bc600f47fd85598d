//! Each operator of conditions, and statements with `NotAction` and `NotResource`.

use super::*;

/// The statement under test allows with this condition.
fn holds(operator: &str, expected: &Value, value: Option<&str>) -> bool {
    let documents = [document(&json!({
        "Effect": "Allow", "Action": "iot:Connect", "Resource": "*",
        "Condition": {operator: {"iot:Connection.Thing.Attributes[key]": expected}},
    }))];
    let variables = value.map(|v| {
        (
            "iot:Connection.Thing.Attributes[key]".to_owned(),
            v.to_owned(),
        )
    });
    let variables: BTreeMap<String, String> = variables.into_iter().collect();
    decide(&documents, "iot:Connect", "client/x", &variables) == Allow
}

// AWS same(policy): condition operators String…, Numeric…, Date…, Bool, IpAddress, Arn… and Null,
//     each with its negation
#[test]
fn each_operator_compares_as_documented() {
    let rows: &[(&str, Value, &[&str], &[&str])] = &[
        (
            "StringEquals",
            json!(["a", "b*"]),
            &["a", "b*"],
            &["A", "bc"],
        ),
        ("StringNotEquals", json!(["a", "b"]), &["c"], &["a", "b"]),
        ("StringEqualsIgnoreCase", json!("Ab"), &["aB"], &["ac"]),
        ("StringNotEqualsIgnoreCase", json!("Ab"), &["ac"], &["aB"]),
        ("StringLike", json!("a?c*"), &["abc", "abcd"], &["ac"]),
        ("StringNotLike", json!("a*"), &["b"], &["ab"]),
        (
            "NumericEquals",
            json!(["1", 2.5]),
            &["1.0", "2.50"],
            &["3", "one"],
        ),
        ("NumericNotEquals", json!(1), &["2"], &["1.0"]),
        ("NumericLessThan", json!(10), &["9", "-1"], &["10"]),
        ("NumericLessThanEquals", json!(10), &["10"], &["10.1"]),
        ("NumericGreaterThan", json!(10), &["11"], &["10"]),
        ("NumericGreaterThanEquals", json!(10), &["10"], &["9"]),
        (
            "DateEquals",
            json!("2026-03-01T00:00:00Z"),
            &["2026-03-01", "1772323200"],
            &["2026-03-02"],
        ),
        (
            "DateNotEquals",
            json!("2026-03-01"),
            &["2026-03-02"],
            &["2026-03-01T00:00:00Z"],
        ),
        (
            "DateLessThan",
            json!("2026-03-01T12:00:00Z"),
            &["2026-03-01T11:59:59.9Z"],
            &["2026-03-01T12:00:00Z"],
        ),
        (
            "DateLessThanEquals",
            json!("2026-03-01"),
            &["2026-03-01"],
            &["2026-03-02"],
        ),
        (
            "DateGreaterThan",
            json!("2026-03-01"),
            &["2026-03-02"],
            &["2026-03-01", "soon"],
        ),
        (
            "DateGreaterThanEquals",
            json!("2026-03-01"),
            &["2026-03-01"],
            &["2026-02-28"],
        ),
        ("Bool", json!("true"), &["true", "TRUE"], &["false"]),
        (
            "IpAddress",
            json!(["203.0.113.0/24", "2001:db8::/33"]),
            &["203.0.113.7", "2001:db8:7fff::1"],
            &["203.0.114.7", "2001:db8:8000::1", "x"],
        ),
        (
            "IpAddress",
            json!("127.0.0.1"),
            &["127.0.0.1"],
            &["127.0.0.2", "::1"],
        ),
        ("IpAddress", json!("0.0.0.0/0"), &["8.8.8.8"], &["::1"]),
        (
            "NotIpAddress",
            json!("203.0.113.0/24"),
            &["203.0.114.7"],
            &["203.0.113.7"],
        ),
        (
            "ArnEquals",
            json!("arn:aws:iot:*:1:thing/*"),
            &["arn:aws:iot:r:1:thing/a:b"],
            &["arn:aws:iot:r:2:1:thing/a", "thing/a"],
        ),
        (
            "ArnLike",
            json!("arn:aws:sns:r:1:t?"),
            &["arn:aws:sns:r:1:t1"],
            &["arn:aws:sns:r:1:t"],
        ),
        (
            "ArnNotEquals",
            json!("arn:aws:sns:r:1:t"),
            &["arn:aws:sns:r:1:u"],
            &["arn:aws:sns:r:1:t"],
        ),
        (
            "ArnNotLike",
            json!("arn:aws:sns:r:1:*"),
            &["arn:aws:sqs:r:1:u"],
            &["arn:aws:sns:r:1:t"],
        ),
    ];
    for (operator, expected, yes, no) in rows {
        for value in *yes {
            assert!(
                holds(operator, expected, Some(value)),
                "{operator} {expected} {value}"
            );
        }
        for value in *no {
            assert!(
                !holds(operator, expected, Some(value)),
                "{operator} {expected} {value}"
            );
        }
        // Without the key only negated operators hold; with IfExists all of them do.
        let negated = operator.contains("Not");
        assert_eq!(
            holds(operator, expected, None),
            negated,
            "{operator} without a value"
        );
        let if_exists = format!("{operator}IfExists");
        assert!(
            holds(&if_exists, expected, None),
            "{if_exists} without a value"
        );
        assert!(
            !holds(&if_exists, expected, Some(no[0])),
            "{if_exists} {expected} {}",
            no[0]
        );
    }
}

// AWS same(policy): for a key without values ForAllValues holds and ForAnyValue does not
#[test]
fn quantifiers_check_each_value_of_a_key() {
    let several = format!("a{VALUE_SEPARATOR}b,c");
    let rows = [
        ("ForAnyValue:StringEquals", json!("b,c"), true),
        ("ForAnyValue:StringEquals", json!("b"), false),
        ("ForAllValues:StringLike", json!(["a", "b*"]), true),
        ("ForAllValues:StringLike", json!("a"), false),
        ("ForAnyValue:StringNotEquals", json!("a"), true),
        ("ForAllValues:StringNotEquals", json!("a"), false),
    ];
    for (operator, expected, yes) in rows {
        assert_eq!(
            holds(operator, &expected, Some(&several)),
            yes,
            "{operator} {expected}"
        );
    }
    // A variable with several values is not substituted in a resource.
    let documents = [document(&json!({
        "Effect": "Allow", "Action": "iot:Publish",
        "Resource": format!("{ARN}topic/${{iot:Connection.Thing.Attributes[key]}}"),
    }))];
    let variables = variables(&[("iot:Connection.Thing.Attributes[key]", &several)]);
    let path = format!("topic/{several}");
    assert_eq!(
        decide(&documents, "iot:Publish", &path, &variables),
        ImplicitDeny
    );
}

// AWS same(policy): NotAction and NotResource match everything else
#[test]
fn not_action_and_not_resource_match_everything_else() {
    let documents = [document(&json!([
        {"Effect": "Allow", "NotAction": ["iot:Connect", "iot:Re*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "*",
         "NotResource": [format!("{ARN}topic/a/*"), format!("{ARN}client/*")]},
    ]))];
    let rows = [
        ("iot:Publish", "topic/a/b", Allow),
        ("iot:Publish", "topic/b", ExplicitDeny),
        ("iot:Connect", "client/x", ImplicitDeny),
        ("iot:RECEIVE", "topic/a/b", ImplicitDeny),
    ];
    for (action, path, expected) in rows {
        let decision = decide(&documents, action, path, &variables(&[]));
        assert_eq!(decision, expected, "{action} {path}");
    }
}

// AWS same(iam): a role's policy may have the old version, which has no variables
#[test]
fn a_role_policy_needs_no_version() {
    let statement =
        json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": "x".repeat(3000)});
    for version in [json!(null), json!("2008-10-17"), json!("2012-10-17")] {
        let mut policy = json!({"Statement": statement});
        if !version.is_null() {
            policy["Version"] = version;
        }
        assert!(Document::parse_identity(&policy).is_ok(), "{policy}");
    }
    let variable =
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "${aws:PrincipalArn}"}});
    let error = Document::parse_identity(&variable).unwrap_err().to_string();
    assert!(error.contains("Version must be 2012-10-17"), "{error}");
}

#[test]
fn many_wildcards_do_not_take_exponential_time() {
    let pattern = format!("{ARN}topic/{}b", "*a".repeat(60));
    let documents = [document(&json!([
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": pattern},
    ]))];
    let path = format!("topic/{}", "a".repeat(5000));
    let decision = decide(&documents, "iot:Publish", &path, &variables(&[]));
    assert_eq!(decision, ImplicitDeny);
}
