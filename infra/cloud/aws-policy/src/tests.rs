//! Tables of policy documents and requests with the expected decision.

use serde_json::json;

use super::Decision::{Allow, ExplicitDeny, ImplicitDeny};
use super::*;

mod operator;
mod public;
mod refusal;
mod resource;

/// Names and values of variables in a table's row.
type Pairs<'a> = &'a [(&'a str, &'a str)];

const ARN: &str = "arn:aws:iot:us-east-1:123456789012:";

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

/// The variables of a sensor that is connected as its thing.
fn sensor() -> BTreeMap<String, String> {
    variables(&[
        ("iot:ClientId", "sensor-1"),
        ("iot:Connection.Thing.ThingName", "sensor-1"),
        ("iot:Connection.Thing.IsAttached", "true"),
    ])
}

fn document(statements: &Value) -> Document {
    let value = json!({"Version": "2012-10-17", "Statement": statements});
    Document::parse(&value).unwrap_or_else(|error| panic!("{statements}: {error}"))
}

fn decide(
    documents: &[Document],
    action: &str,
    path: &str,
    variables: &BTreeMap<String, String>,
) -> Decision {
    let resource = format!("{ARN}{path}");
    evaluate(
        documents,
        &Request {
            action,
            resource: &resource,
            variables,
        },
    )
}

// AWS same(policy): an action that no statement allows is denied; `*` and `?` match any characters,
//     `+` and `#` only themselves
#[test]
fn a_device_may_do_what_its_policy_says_and_nothing_else() {
    let documents = [document(&json!([
        {"Effect": "Allow", "Action": "iot:Connect",
         "Resource": format!("{ARN}client/${{iot:Connection.Thing.ThingName}}"),
         "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"],
         "Resource": [format!("{ARN}topic/rooms/${{iot:Connection.Thing.ThingName}}/*")]},
        {"Effect": "Allow", "Action": "iot:Subscribe",
         "Resource": format!("{ARN}topicfilter/rooms/?/+/#")},
        {"Effect": "Deny", "Action": "iot:Pub*",
         "Resource": format!("{ARN}topic/rooms/*/secret")},
    ]))];
    let cases = [
        ("iot:Connect", "client/sensor-1", Allow),
        ("iot:connect", "client/sensor-1", Allow),
        ("iot:Connect", "client/sensor-2", ImplicitDeny),
        ("iot:Connect", "client/sensor-10", ImplicitDeny),
        ("iot:Publish", "topic/rooms/sensor-1/degrees", Allow),
        ("iot:Publish", "topic/rooms/sensor-1/a/b", Allow),
        ("iot:Publish", "topic/rooms/sensor-1", ImplicitDeny),
        ("iot:Publish", "topic/rooms/sensor-2/degrees", ImplicitDeny),
        ("iot:Publish", "topic/Rooms/sensor-1/degrees", ImplicitDeny),
        ("iot:Publish", "topic/rooms/sensor-1/secret", ExplicitDeny),
        ("iot:Publish", "topic/rooms/sensor-2/secret", ExplicitDeny),
        ("iot:Receive", "topic/rooms/sensor-1/secret", Allow),
        (
            "iot:RetainPublish",
            "topic/rooms/sensor-1/degrees",
            ImplicitDeny,
        ),
        ("iot:Subscribe", "topicfilter/rooms/a/+/#", Allow),
        ("iot:Subscribe", "topicfilter/rooms/a/b/#", ImplicitDeny),
        ("iot:Subscribe", "topicfilter/rooms/ab/+/#", ImplicitDeny),
        ("iot:Subscribe", "topic/rooms/a/+/#", ImplicitDeny),
    ];
    for (action, path, expected) in cases {
        let decision = decide(&documents, action, path, &sensor());
        assert_eq!(decision, expected, "{action} {path}");
    }
}

// AWS same(policy): a certificate's value that contains a wildcard or more than 1024 characters is
//     not substituted for its variable
#[test]
fn a_variable_without_a_usable_value_never_matches() {
    let allow = |resource: &str| {
        document(&json!({"Effect": "Allow", "Action": "iot:Publish",
                         "Resource": format!("{ARN}{resource}")}))
    };
    let thing = allow("topic/rooms/${iot:Connection.Thing.ThingName}");
    let name = allow("topic/rooms/${iot:Certificate.Subject.CommonName}");
    let client = allow("topic/rooms/${iot:ClientId}");
    let escaped = allow("topic/rooms/${*}${?}${$}");
    let long = "x".repeat(1025);
    let cases: [(&Document, Pairs<'_>, &str, Decision); 12] = [
        (&thing, &[], "topic/rooms/", ImplicitDeny),
        (
            &thing,
            &[],
            "topic/rooms/${iot:Connection.Thing.ThingName}",
            ImplicitDeny,
        ),
        (
            &thing,
            &[("iot:Connection.Thing.ThingName", "")],
            "topic/rooms/",
            ImplicitDeny,
        ),
        (
            &thing,
            &[("iot:Connection.Thing.ThingName", "a")],
            "topic/rooms/a",
            Allow,
        ),
        (
            &name,
            &[("iot:Certificate.Subject.CommonName", "G03")],
            "topic/rooms/G03",
            Allow,
        ),
        (
            &name,
            &[("iot:Certificate.Subject.CommonName", "G*")],
            "topic/rooms/G03",
            ImplicitDeny,
        ),
        (
            &name,
            &[("iot:Certificate.Subject.CommonName", "G*")],
            "topic/rooms/G*",
            ImplicitDeny,
        ),
        (
            &name,
            &[("iot:Certificate.Subject.CommonName", &long)],
            "topic/rooms/x",
            ImplicitDeny,
        ),
        // A value is literal: a client with the id `*` gets only that topic.
        (
            &client,
            &[("iot:ClientId", "*")],
            "topic/rooms/other",
            ImplicitDeny,
        ),
        (&client, &[("iot:ClientId", "*")], "topic/rooms/*", Allow),
        (&escaped, &[], "topic/rooms/*?$", Allow),
        (&escaped, &[], "topic/rooms/abc", ImplicitDeny),
    ];
    for (document, pairs, path, expected) in cases {
        let documents = std::slice::from_ref(document);
        let decision = decide(documents, "iot:Publish", path, &variables(pairs));
        assert_eq!(decision, expected, "{path} with {pairs:?}");
    }
}

// AWS same(policy): all conditions of a statement must hold; quantifiers ForAnyValue and
//     ForAllValues; IfExists; Null
#[test]
fn conditions_must_all_hold() {
    let attributes = ["PersistentConnect", "LastWill"];
    let any = json!({"ForAnyValue:StringEquals": {"iot:ConnectAttributes": attributes}});
    let all =
        json!({"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}});
    let bool_true = json!({"Bool": {"iot:Connection.Thing.IsAttached": true}});
    let like = json!({"StringLike": {"iot:ClientId": "sensor-?"}});
    let equals = json!({"StringEquals": {"iot:ClientId": ["sensor-?", "sensor-${aws:SourceIp}"]}});
    let not_equals = json!({"StringNotEquals": {"iot:ClientId": "sensor-1"}});
    let if_exists = json!({"StringEqualsIfExists": {"iot:ClientId": "sensor-1"}});
    let null = json!({"Null": {"iot:ClientId": "true"}});
    let both =
        json!({"StringLike": {"iot:ClientId": "sensor-*"}, "Bool": {"aws:SourceIp": "false"}});
    let two_keys = json!({"StringEquals": {"iot:ClientId": "1", "aws:SourceIp": "2"}});
    let cases: &[(&Value, Pairs<'_>, bool)] = &[
        (&any, &[("iot:ConnectAttributes", "LastWill")], true),
        (&any, &[("iot:ConnectAttributes", "Other,LastWill")], true),
        (&any, &[("iot:ConnectAttributes", "Other")], false),
        (&any, &[], false),
        (
            &all,
            &[("iot:ConnectAttributes", "PersistentConnect")],
            true,
        ),
        (
            &all,
            &[("iot:ConnectAttributes", "PersistentConnect,LastWill")],
            false,
        ),
        (&all, &[], true),
        (
            &bool_true,
            &[("iot:Connection.Thing.IsAttached", "true")],
            true,
        ),
        (
            &bool_true,
            &[("iot:Connection.Thing.IsAttached", "True")],
            true,
        ),
        (
            &bool_true,
            &[("iot:connection.thing.isattached", "true")],
            true,
        ),
        (
            &bool_true,
            &[("iot:Connection.Thing.IsAttached", "false")],
            false,
        ),
        (&bool_true, &[], false),
        (&like, &[("iot:ClientId", "sensor-1")], true),
        (&like, &[("iot:ClientId", "sensor-12")], false),
        (&equals, &[("iot:ClientId", "sensor-1")], false),
        (&equals, &[("iot:ClientId", "sensor-?")], true),
        (
            &equals,
            &[("iot:ClientId", "sensor-7"), ("aws:SourceIp", "7")],
            true,
        ),
        (&not_equals, &[("iot:ClientId", "sensor-1")], false),
        (&not_equals, &[("iot:ClientId", "sensor-2")], true),
        (&not_equals, &[], true),
        (&if_exists, &[], true),
        (&if_exists, &[("iot:ClientId", "sensor-2")], false),
        (&null, &[], true),
        (&null, &[("iot:ClientId", "sensor-1")], false),
        (
            &both,
            &[("iot:ClientId", "sensor-1"), ("aws:SourceIp", "false")],
            true,
        ),
        (&both, &[("iot:ClientId", "sensor-1")], false),
        (
            &two_keys,
            &[("iot:ClientId", "1"), ("aws:SourceIp", "2")],
            true,
        ),
        (
            &two_keys,
            &[("iot:ClientId", "1"), ("aws:SourceIp", "3")],
            false,
        ),
    ];
    for (condition, pairs, holds) in cases {
        let documents = [document(&json!({
            "Effect": "Allow", "Action": "iot:Connect", "Resource": "*", "Condition": condition,
        }))];
        let decision = decide(&documents, "iot:Connect", "client/x", &variables(pairs));
        let expected = if *holds { Allow } else { ImplicitDeny };
        assert_eq!(decision, expected, "{condition} with {pairs:?}");
    }
}

// AWS same(policy): a denial wins over any number of allowances
#[test]
fn a_denial_in_any_document_wins_in_any_order() {
    let allow = document(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]));
    let deny = document(&json!([{"Effect": "Deny", "Action": "iot:*", "Resource": "*/secret"}]));
    let orders: [(&[Document], Decision, Decision); 4] = [
        (&[], ImplicitDeny, ImplicitDeny),
        (std::slice::from_ref(&allow), Allow, Allow),
        (&[allow.clone(), deny.clone()], ExplicitDeny, Allow),
        (&[deny, allow.clone()], ExplicitDeny, Allow),
    ];
    for (documents, secret, open) in orders {
        for (path, expected) in [("topic/secret", secret), ("topic/open", open)] {
            let decision = decide(documents, "iot:Publish", path, &variables(&[]));
            assert_eq!(
                decision,
                expected,
                "{path} by {} documents",
                documents.len()
            );
        }
    }
}
