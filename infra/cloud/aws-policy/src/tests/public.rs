//! Policies of the shapes that the developer guide and public templates have, with what each then
//! allows a client.

use super::*;

/// The variables of the client `hut-1`, connected as its thing with a will on `huts/will`.
fn hut() -> BTreeMap<String, String> {
    let list = ["Fell Huts", "Moor Huts"].join(&VALUE_SEPARATOR.to_string());
    variables(&[
        ("aws:SourceIp", "10.1.2.3"),
        ("iot:ClientId", "hut-1"),
        ("iot:CertificateId", "c0ffee"),
        ("iot:Certificate.Subject.CommonName", "hut"),
        ("iot:Certificate.Subject.CommonName.0", "hut"),
        ("iot:Certificate.Subject.Organization.List", list.as_str()),
        ("iot:ConnectAttributes", "PersistentConnect,LastWill"),
        ("iot:Connection.Thing.Attributes[fell]", "north"),
        ("iot:Connection.Thing.IsAttached", "true"),
        ("iot:Connection.Thing.ThingName", "hut-1"),
        ("iot:Connection.Thing.ThingTypeName", "hut"),
        ("iot:DomainName", "huts.example"),
        (
            "iot:LastWillTopic",
            "arn:aws:iot:us-east-1:123456789012:topic/huts/will",
        ),
    ])
}

/// One statement that allows `action` on `resource`, with or without a condition.
fn allow(action: &str, resource: &str, condition: Option<Value>) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Action": action.split(' ').collect::<Vec<_>>(),
        "Resource": if resource == "*" { "*".to_owned() } else { format!("{ARN}{resource}") },
    });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

// AWS same(policy): the policies of the developer guide's examples, with every documented variable
//     but the absent ones, allow what the guide says
#[test]
fn policies_of_public_shapes_allow_what_they_say() {
    let arn = |path: &str| format!("{ARN}{path}");
    let rows: &[(Value, &[(&str, bool)])] = &[
        (
            json!([allow("iot:*", "*", None)]),
            &[
                ("iot:Connect client/other", true),
                ("iot:Publish topic/x", true),
            ],
        ),
        (
            json!([allow(
                "iot:Publish",
                "topic/huts/${iot:CertificateId}",
                None
            )]),
            &[
                ("iot:Publish topic/huts/c0ffee", true),
                ("iot:Publish topic/huts/cafe", false),
                ("iot:Publish topic/huts/${iot:CertificateId}", false),
            ],
        ),
        (
            json!([allow(
                "iot:Connect",
                "*",
                Some(json!({"ArnEquals": {"iot:LastWillTopic": arn("topic/huts/will")}})),
            )]),
            &[("iot:Connect client/hut-1", true)],
        ),
        (
            json!([allow(
                "iot:Connect",
                "*",
                Some(json!({"ArnLike": {"iot:LastWillTopic": arn("topic/other/*")}})),
            )]),
            &[("iot:Connect client/hut-1", false)],
        ),
        (
            json!([
                allow("iot:Connect", "client/*", None),
                {"Effect": "Deny", "Action": "iot:Connect", "Resource": "*",
                 "Condition": {"Null": {"iot:LastWillTopic": "false"}}},
            ]),
            &[("iot:Connect client/hut-1", false)],
        ),
        (
            json!([
                allow("iot:Connect", "client/hut-${iot:ClientId}", None),
                allow("iot:Connect", "client/${iot:ClientId}", None),
            ]),
            &[
                ("iot:Connect client/hut-1", true),
                ("iot:Connect client/hut-hut-1", true),
                ("iot:Connect client/hut-2", false),
            ],
        ),
        (
            json!([
                allow(
                    "iot:Connect",
                    "client/${iot:Connection.Thing.ThingName}",
                    Some(json!({"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}))
                ),
                allow(
                    "iot:Publish iot:RetainPublish",
                    "topic/${iot:Connection.Thing.ThingTypeName}/${iot:ClientId}",
                    None
                ),
                allow(
                    "iot:Subscribe",
                    "topicfilter/fells/${iot:Connection.Thing.Attributes[fell]}/#",
                    None
                ),
            ]),
            &[
                ("iot:Connect client/hut-1", true),
                ("iot:Publish topic/hut/hut-1", true),
                ("iot:RetainPublish topic/hut/hut-1", true),
                ("iot:Publish topic/shed/hut-1", false),
                ("iot:Subscribe topicfilter/fells/north/#", true),
                ("iot:Subscribe topicfilter/fells/south/#", false),
            ],
        ),
        (
            json!([allow(
                "iot:Connect",
                "*",
                Some(json!({"ForAnyValue:StringEquals": {
                    "iot:ConnectAttributes": ["PersistentConnect"]}})),
            )]),
            &[("iot:Connect client/hut-1", true)],
        ),
        (
            json!([allow(
                "iot:Connect",
                "*",
                Some(json!({"ForAllValues:StringEquals": {"iot:ConnectAttributes": []}})),
            )]),
            &[("iot:Connect client/hut-1", false)],
        ),
        (
            json!([allow(
                "iot:Publish",
                "topic/${iot:Certificate.Subject.CommonName}/*",
                Some(json!({"ForAllValues:StringEquals": {
                    "iot:Certificate.Subject.Organization.List": ["Fell Huts", "Moor Huts"]}})),
            )]),
            &[
                ("iot:Publish topic/hut/a", true),
                ("iot:Publish topic/shed/a", false),
            ],
        ),
        (
            json!([allow(
                "iot:Publish iot:Receive",
                "topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*",
                None,
            )]),
            &[
                ("iot:Publish topic/$aws/things/hut-1/shadow/update", true),
                (
                    "iot:Receive topic/$aws/things/hut-1/shadow/update/delta",
                    true,
                ),
                ("iot:Publish topic/$aws/things/hut-2/shadow/update", false),
            ],
        ),
        (
            json!([
                allow("iot:Publish", "topic/huts/*", None),
                {"Effect": "Deny", "Action": "iot:Publish", "NotResource": [arn("topic/huts/a*")]},
            ]),
            &[
                ("iot:Publish topic/huts/a/b", true),
                ("iot:Publish topic/huts/b", false),
            ],
        ),
        (
            json!([allow(
                "iot:Subscribe",
                "topicfilter/huts/*",
                Some(json!({
                    "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
                    "StringEquals": {"iot:DomainName": "huts.example"},
                })),
            )]),
            &[
                ("iot:Subscribe topicfilter/huts/+/b", true),
                ("iot:Subscribe topicfilter/sheds/+", false),
            ],
        ),
        (
            json!([allow("iot:Publish", "topic/a${*}${$}{b}", None)]),
            &[
                ("iot:Publish topic/a*${b}", true),
                ("iot:Publish topic/ab${b}", false),
            ],
        ),
    ];
    for (statements, checks) in rows {
        let documents = [document(statements)];
        for (check, expected) in *checks {
            let (action, path) = check.split_once(' ').expect("an action and a path");
            let decision = decide(&documents, action, path, &hut());
            assert_eq!(decision == Allow, *expected, "{statements}\n   {check}");
        }
    }
}

#[test]
fn a_variable_of_another_spelling_is_refused_with_the_documented_one() {
    for (variable, advice) in [
        (
            "iot:Thing.ThingName",
            "variable ${iot:Thing.ThingName} never has a value here: write \
             iot:Connection.Thing.ThingName",
        ),
        (
            "cognito-identity.amazonaws.com:sub",
            "never has a value here: clients have certificates here, and no Cognito identities",
        ),
        ("iot:Nothing", "leave the statement out"),
    ] {
        let resource = format!("topic/huts/${{{variable}}}");
        let document = json!({"Version": "2012-10-17",
            "Statement": [allow("iot:Publish", &resource, None)]});
        let refused = Document::parse(&document).expect_err("refused").to_string();
        assert!(refused.contains(advice), "{refused}");
    }
}
