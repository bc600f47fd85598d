//! Documents that are refused, and the text of each refusal.

use super::*;

// AWS same(policy): a document of more than 2048 characters without white space is refused
// AWS absent(policy): variables and condition keys other than those of connections, things and
//     certificates, and aws:SourceIp; a document with another is refused, naming it
// AWS absent(policy): condition operator BinaryEquals; a document with it is refused, naming it
#[test]
fn a_document_that_cannot_be_honoured_is_refused() {
    let statement = |change: fn(&mut Value)| {
        let mut statement = json!({"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"});
        change(&mut statement);
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let cases = [
        (json!(7), "the document is not an object"),
        (json!("{"), "EOF while parsing"),
        (json!("[]"), "the document's text is not a JSON object"),
        (json!({"Version": "2012-10-17"}), "Statement is missing"),
        (
            json!({"Statement": []}),
            "Version must be 2012-10-17 for policy variables, not absent",
        ),
        (
            json!({"Version": "2008-10-17", "Statement": []}),
            "not 2008-10-17",
        ),
        (
            json!({"Version": "2012-10-17", "Statement": [], "Rules": 1}),
            "element Rules is not supported",
        ),
        (
            json!({"Version": "2012-10-17", "Statement": [1]}),
            "a statement is not an object",
        ),
        (
            statement(|s| s["Effect"] = json!("Maybe")),
            "Effect must be Allow or Deny",
        ),
        (
            statement(|s| s["Action"] = json!([])),
            "Action must be text or a list of texts",
        ),
        (
            statement(|s| s["Resource"] = json!({})),
            "Resource must be text or a list of texts",
        ),
        (
            statement(|s| s["NotAction"] = json!("iot:x")),
            "both Action and NotAction are given: use one",
        ),
        (
            statement(|s| s["Principal"] = json!("*")),
            "element Principal of a statement is not supported",
        ),
        (
            statement(|s| s["Action"] = json!("Publish")),
            "Action \"Publish\" is not of the form service:Action",
        ),
        (
            statement(|s| s["Resource"] = json!("x".repeat(2048))),
            "characters without white space, at most 2048: split it into several policies",
        ),
        (
            statement(|s| s["Resource"] = json!("${aws:username}")),
            "variable ${aws:username} never has a value here",
        ),
        (
            statement(|s| s["Condition"] = json!({"Bool": {"aws:ViaService": "true"}})),
            "condition key aws:ViaService never has a value here",
        ),
        (
            statement(|s| {
                s["Condition"] = json!({"StringLike": {"iot:ClientId": "${aws:username}"}})
            }),
            "variable ${aws:username} never has a value here",
        ),
        (
            statement(|s| s["Condition"] = json!({"NumericLessThan": {"iot:ClientId": "many"}})),
            "\"many\" is not a valid value for NumericLessThan of iot:ClientId",
        ),
        (
            statement(|s| s["Condition"] = json!({"DateLessThan": {"iot:ClientId": "2026-13-01"}})),
            "\"2026-13-01\" is not a valid value for DateLessThan",
        ),
        (
            statement(|s| {
                s["Condition"] = json!({"DateLessThan": {"iot:ClientId": "2027-02-31T00:00:00Z"}})
            }),
            "\"2027-02-31T00:00:00Z\" is not a valid value for DateLessThan",
        ),
        (
            statement(|s| s["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}})),
            "\"10.0.0.0/33\" is not a valid value for IpAddress",
        ),
        (
            statement(|s| s["Resource"] = json!("a${b")),
            "variable in \"a${b\" has no closing brace",
        ),
        (
            statement(|s| s["Resource"] = json!("a${}")),
            "variable in \"a${}\" has no name",
        ),
        (
            statement(|s| s["Condition"] = json!([])),
            "Condition is not an object",
        ),
        (
            statement(|s| s["Condition"] = json!({"BinaryEquals": {"iot:ClientId": "1"}})),
            "condition operator BinaryEquals is not supported",
        ),
        (
            statement(|s| s["Condition"] = json!({"ForNoValue:Bool": {"iot:ClientId": "1"}})),
            "ForNoValue:Bool is not supported",
        ),
        (
            statement(|s| s["Condition"] = json!({"Bool": {"iot:ClientId": {}}})),
            "Condition.Bool.iot:ClientId is not text",
        ),
    ];
    for (value, expected) in cases {
        let error = Document::parse(&value).err().map(|e| e.to_string());
        let error = error.unwrap_or_else(|| panic!("accepted: {value}"));
        assert!(error.contains(expected), "{value}\n   gave {error}");
    }
    let text = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    assert!(Document::parse(&json!(text)).is_ok(), "text of a document");
}

// AWS different(policy): a condition key of another service has a value in that service's requests;
//     here an Allow of a role that needs one allows nothing, and any other use of it is refused
#[test]
fn a_role_may_allow_what_another_service_asks_for() {
    let policy = |effect: &str, operator: &str| {
        let key = json!({"ec2:AuthorizedService": "lambda.amazonaws.com"});
        json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "iot:*",
            "Resource": "*", "Condition": {operator: key}}})
    };
    let harmless = Document::parse_identity(&policy("Allow", "StringEquals")).expect("valid");
    let request = Request {
        action: "iot:Publish",
        resource: "arn:aws:iot:us-east-1:1:topic/a",
        variables: &BTreeMap::new(),
    };
    assert_eq!(evaluate(&[harmless], &request), ImplicitDeny);
    for (effect, operator) in [
        ("Deny", "StringEquals"),
        ("Allow", "StringNotEquals"),
        ("Allow", "StringEqualsIfExists"),
        ("Allow", "ForAllValues:StringEquals"),
        ("Allow", "Null"),
    ] {
        let refused = Document::parse_identity(&policy(effect, operator)).unwrap_err();
        let text = "condition key ec2:AuthorizedService never has a value here";
        assert!(
            refused.to_string().contains(text),
            "{effect} {operator}: {refused}"
        );
    }
    let own = policy("Allow", "StringEquals").to_string();
    let own = own.replace("ec2:AuthorizedService", "aws:MultiFactorAuthPresent");
    let own: Value = serde_json::from_str(&own).expect("json");
    assert!(Document::parse_identity(&own).is_err());
}
