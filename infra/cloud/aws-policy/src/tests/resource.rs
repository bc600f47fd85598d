//! Policies of resources: whom a statement is about.

use super::*;

const ACCOUNT: &str = "123456789012";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:t";
const ALARM: &str = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a";
const ROLE: &str = "arn:aws:iam::123456789012:role/r";

fn policy(statements: &Value) -> Result<Document, PolicyError> {
    Document::parse_resource(&json!({"Version": "2012-10-17", "Statement": statements}))
}

fn statement(effect: &str, principal: Value) -> Value {
    json!({"Effect": effect, "Principal": principal, "Action": "sns:Publish", "Resource": TOPIC})
}

/// The decision on a publication by `principal`, as a service does it for an alarm.
fn ask(statements: &Value, principal: Principal<'_>) -> Decision {
    let document = policy(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
    let variables = variables(&[("aws:SourceAccount", ACCOUNT), ("aws:SourceArn", ALARM)]);
    let request = Request {
        action: "sns:Publish",
        resource: TOPIC,
        variables: &variables,
    };
    evaluate_resource(&document, &principal, &request)
}

// AWS same(policy): a resource's policy allows or denies the services, accounts, roles or everyone
//     that its Principal names, with conditions on aws:SourceArn, aws:SourceAccount and
//     aws:SourceOwner
#[test]
fn a_statement_is_about_the_principals_that_it_names() {
    let cloudwatch = Principal::Service("cloudwatch.amazonaws.com");
    let role = Principal::Identity {
        arn: ROLE,
        account: ACCOUNT,
    };
    let service = json!({"Service": "cloudwatch.amazonaws.com"});
    let root = json!({"AWS": "arn:aws:iam::123456789012:root"});
    for (effect, principal, caller, expected) in [
        ("Allow", service.clone(), cloudwatch, Allow),
        ("Deny", service.clone(), cloudwatch, ExplicitDeny),
        ("Allow", service, role, ImplicitDeny),
        (
            "Allow",
            json!({"Service": ["events.amazonaws.com"]}),
            cloudwatch,
            ImplicitDeny,
        ),
        ("Allow", json!("*"), cloudwatch, Allow),
        ("Allow", json!({"AWS": "*"}), role, Allow),
        ("Allow", json!({"AWS": ROLE}), role, Allow),
        // The account's own policies decide.
        ("Allow", root.clone(), role, ImplicitDeny),
        ("Deny", root, role, ExplicitDeny),
        ("Deny", json!({"AWS": ACCOUNT}), role, ExplicitDeny),
        ("Deny", json!({"AWS": "210987654321"}), role, ImplicitDeny),
    ] {
        let one = statement(effect, principal);
        assert_eq!(ask(&json!([one]), caller), expected, "{one} for {caller:?}");
    }
}

#[test]
fn a_service_is_held_to_the_source_that_it_acts_for() {
    let caller = Principal::Service("cloudwatch.amazonaws.com");
    for (operator, key, value, expected) in [
        ("StringEquals", "aws:SourceAccount", ACCOUNT, Allow),
        ("StringEquals", "AWS:SourceAccount", "1", ImplicitDeny),
        (
            "ArnLike",
            "aws:SourceArn",
            "arn:aws:cloudwatch:*:*:alarm:*",
            Allow,
        ),
        (
            "ArnLike",
            "aws:SourceArn",
            "arn:aws:cloudwatch:*:*:alarm:b",
            ImplicitDeny,
        ),
        ("StringEquals", "AWS:SourceOwner", ACCOUNT, ImplicitDeny),
    ] {
        let mut one = statement("Allow", json!({"Service": "cloudwatch.amazonaws.com"}));
        one["Condition"] = json!({ operator: { key: value } });
        assert_eq!(ask(&json!([one]), caller), expected, "{one}");
    }
}

// AWS absent(policy): NotPrincipal, and principals other than Service and AWS; a resource's policy
//     with one is refused, naming it
#[test]
fn a_principal_that_is_not_understood_is_refused() {
    let mut negated = statement("Allow", json!("*"));
    negated["NotPrincipal"] = json!("*");
    let mut nobody = statement("Allow", json!("*"));
    nobody.as_object_mut().unwrap().remove("Principal");
    for (one, reason) in [
        (
            negated,
            "element NotPrincipal of a statement is not supported",
        ),
        (nobody, "a statement has no Principal"),
        (statement("Allow", json!("me")), "Principal is neither"),
        (statement("Allow", json!({})), "Principal is neither"),
        (
            statement("Allow", json!({"Federated": "x"})),
            "Principal.Federated is not supported",
        ),
        (
            statement("Allow", json!({"AWS": {}})),
            "Principal.AWS is not text",
        ),
    ] {
        let refused = policy(&json!([one])).unwrap_err().to_string();
        assert!(refused.contains(reason), "{one}: {refused}");
    }
    let identity = json!({"Version": "2012-10-17", "Statement": statement("Allow", json!("*"))});
    let refused = Document::parse_identity(&identity).unwrap_err().to_string();
    assert!(refused.contains("element Principal"), "{refused}");
}
