//! Laws of evaluation that hold for any documents.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Statements from a small space, so that they often concern the same action and resource.
fn any_statement() -> impl Strategy<Value = Value> {
    let action = prop::sample::select(vec!["iot:Publish", "iot:*", "iot:Receive", "*"]);
    let resource = prop::sample::select(vec![
        "*",
        "arn:aws:iot:r:1:topic/a",
        "arn:aws:iot:r:1:topic/${iot:ClientId}",
        "arn:aws:iot:r:1:topic/?",
    ]);
    let condition = prop::sample::select(vec![
        json!({}),
        json!({"StringEquals": {"iot:ClientId": "a"}}),
        json!({"StringNotEquals": {"iot:ClientId": "a"}}),
        json!({"Null": {"iot:ClientId": "true"}}),
    ]);
    let not = (any::<bool>(), any::<bool>());
    (any::<bool>(), action, resource, condition, not).prop_map(
        |(allow, action, resource, condition, (not_action, not_resource))| {
            let mut statement =
                json!({"Effect": if allow { "Allow" } else { "Deny" }, "Condition": condition});
            statement[if not_action { "NotAction" } else { "Action" }] = action.into();
            statement[if not_resource {
                "NotResource"
            } else {
                "Resource"
            }] = resource.into();
            statement
        },
    )
}

fn documents(statements: &[Value]) -> Vec<Document> {
    let one = |s: &Value| json!({"Version": "2012-10-17", "Statement": s});
    let parsed = statements.iter().map(|s| Document::parse(&one(s)).unwrap());
    parsed.collect()
}

fn decide(statements: &[Value], client: &str) -> Decision {
    let variables = BTreeMap::from([("iot:ClientId".to_owned(), client.to_owned())]);
    let request = Request {
        action: "iot:Publish",
        resource: "arn:aws:iot:r:1:topic/a",
        variables: &variables,
    };
    evaluate(&documents(statements), &request)
}

fn is_allow(statement: &Value) -> bool {
    statement["Effect"] == "Allow"
}

proptest! {
// AWS same(policy): neither the order of statements nor the order of documents matters
    #[test]
    fn order_does_not_matter(
        (statements, shuffled) in prop::collection::vec(any_statement(), 0..6)
            .prop_flat_map(|s| (Just(s.clone()), Just(s).prop_shuffle())),
        client in "[ab]?",
    ) {
        prop_assert_eq!(decide(&statements, &client), decide(&shuffled, &client));
    }

    #[test]
    fn a_denial_wins_over_any_other_statements(
        statements in prop::collection::vec(any_statement(), 0..6),
        deny in any_statement(),
        client in "[ab]?",
    ) {
        prop_assume!(!is_allow(&deny));
        let alone = decide(std::slice::from_ref(&deny), &client);
        let together = decide(&[statements.clone(), vec![deny]].concat(), &client);
        match alone {
            Decision::ExplicitDeny => prop_assert_eq!(together, Decision::ExplicitDeny),
            _ => prop_assert_eq!(together, decide(&statements, &client)),
        }
    }

    #[test]
    fn another_allow_denies_nothing(
        statements in prop::collection::vec(any_statement(), 0..6),
        allow in any_statement(),
        client in "[ab]?",
    ) {
        prop_assume!(is_allow(&allow));
        let before = decide(&statements, &client);
        let after = decide(&[statements, vec![allow]].concat(), &client);
        let changed = (Decision::ImplicitDeny, Decision::Allow);
        prop_assert!(before == after || (before, after) == changed);
    }

    #[test]
    fn documents_or_statements_of_one_are_the_same(
        statements in prop::collection::vec(any_statement(), 0..6), client in "[ab]?",
    ) {
        let together = decide(&[], &client);
        let one = json!({"Version": "2012-10-17", "Statement": statements});
        let variables = BTreeMap::from([("iot:ClientId".to_owned(), client.clone())]);
        let request = Request {
            action: "iot:Publish", resource: "arn:aws:iot:r:1:topic/a", variables: &variables,
        };
        let decision = evaluate(&[Document::parse(&one).unwrap()], &request);
        prop_assert_eq!(decision, decide(&statements, &client));
        prop_assert_eq!(together, Decision::ImplicitDeny);
    }
}
