//! Roles of small templates: what they allow, and how they refuse.

use super::*;
use crate::account::Account;
use sam_template::Context;

const ACCOUNT: &str = "123456789012";

/// A template with one function, whose `Policies` these are.
fn template(policies: &str, more: &str) -> Template {
    let text = format!(
        "Resources:
  Fn:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: fn}}}}
    Properties:
      Handler: bootstrap
      Runtime: provided.al2023
      CodeUri: .
      {policies}
  Dead: {{Type: AWS::SQS::Queue, Properties: {{QueueName: dead}}}}
{more}"
    );
    let context = Context {
        stack_name: "s".to_owned(),
        region: "r".to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::new(),
        inert: [].into(),
    };
    Template::parse("t.yaml", &text, &context).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn iam(policies: &str, more: &str) -> Result<Iam, IamError> {
    let events = EventBus::new(Clock::system());
    Iam::new(
        &template(policies, more),
        Account {
            id: ACCOUNT.to_owned(),
            region: "r".to_owned(),
        },
        events,
        Clock::system(),
    )
}

fn denial(iam: &Iam, action: &str, resource: &str) -> Option<String> {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/s-FnRole");
    let need = Need::new(action, resource);
    iam.check_role(&role, "s-Fn", &need)
        .err()
        .map(|denial| denial.to_string())
}

// AWS same(iam): a denial names user, action and resource, and whether a policy denies or none
//     allows
#[test]
fn a_denial_names_who_what_and_why() {
    let iam = iam(
        "Policies:
        - AWSLambdaBasicExecutionRole
        - Statement:
            - {Effect: Allow, Action: 'iot:*', Resource: 'arn:aws:iot:r:1:topic/*'}
            - {Effect: Deny, Action: 'iot:Publish', Resource: 'arn:aws:iot:r:1:topic/secret'}",
        "",
    );
    let iam = iam.unwrap();
    let who = format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/s-FnRole/s-Fn is not authorized to perform:"
    );
    let rows = [
        ("iot:Publish", "arn:aws:iot:r:1:topic/a", None),
        (
            "iot:Publish",
            "arn:aws:iot:r:1:topic/secret",
            Some("with an explicit deny in an identity-based policy"),
        ),
        (
            "dynamodb:GetItem",
            "arn:aws:dynamodb:r:1:table/t",
            Some("because no identity-based policy allows the dynamodb:GetItem action"),
        ),
    ];
    for (action, resource, why) in rows {
        let expected = why.map(|why| format!("{who} {action} on resource: {resource} {why}"));
        assert_eq!(denial(&iam, action, resource), expected);
    }
}

// AWS same(iam): SAM's policy templates allow what AWS's translator makes of them
#[test]
fn policy_templates_are_written_out() {
    let iam = iam(
        "Policies:
        - DynamoDBReadPolicy: {TableName: t}
        - SQSSendMessagePolicy: {QueueName: q}
        - SQSPollerPolicy: {QueueName: polled}
        - LambdaInvokePolicy: {FunctionName: f}",
        "",
    );
    let iam = iam.unwrap();
    let arn = |service: &str, path: &str| format!("arn:aws:{service}:r:{ACCOUNT}:{path}");
    for (action, resource, allowed) in [
        ("dynamodb:GetItem", arn("dynamodb", "table/t"), true),
        ("dynamodb:Query", arn("dynamodb", "table/t/index/i"), true),
        ("dynamodb:PutItem", arn("dynamodb", "table/t"), false),
        ("dynamodb:GetItem", arn("dynamodb", "table/tt"), false),
        ("sqs:SendMessage", arn("sqs", "q"), true),
        ("sqs:ReceiveMessage", arn("sqs", "q"), false),
        ("sqs:ReceiveMessage", arn("sqs", "polled"), true),
        ("sqs:SendMessage", arn("sqs", "polled"), false),
        ("lambda:InvokeFunction", arn("lambda", "function:f:1"), true),
        ("iot:Publish", arn("iot", "topic/a"), false),
    ] {
        let denied = denial(&iam, action, &resource);
        assert_eq!(denied.is_none(), allowed, "{action} {resource}: {denied:?}");
    }
}

// AWS same(iam): AWSLambdaSQSQueueExecutionRole lets a role read every queue,
//     AWSLambdaBasicExecutionRole write its logs
#[test]
fn a_managed_policy_is_written_out() {
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole";
    for name in ["AWSLambdaSQSQueueExecutionRole", arn] {
        let policies = format!("Policies: [AWSLambdaBasicExecutionRole, '{name}']");
        let iam = iam(&policies, "").unwrap();
        for (action, allowed) in [
            ("sqs:ReceiveMessage", true),
            ("sqs:DeleteMessage", true),
            ("sqs:GetQueueAttributes", true),
            ("sqs:SendMessage", false),
            ("sqs:PurgeQueue", false),
            ("dynamodb:GetItem", false),
        ] {
            let denied = denial(&iam, action, &format!("arn:aws:sqs:r:{ACCOUNT}:any"));
            assert_eq!(denied.is_none(), allowed, "{name} {action}: {denied:?}");
        }
    }
}

// AWS same(iam): LeadingKeys holds a function to its own items
#[test]
fn leading_keys_hold_a_function_to_its_items() {
    let iam = iam(
        "Policies:
        - Version: '2012-10-17'
          Statement:
            Effect: Allow
            Action: dynamodb:GetItem
            Resource: '*'
            Condition: {'ForAllValues:StringLike': {'dynamodb:LeadingKeys': ['mine-*']}}",
        "",
    );
    let iam = iam.unwrap();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/s-FnRole");
    for (keys, allowed) in [
        ("mine-1", true),
        ("mine-1\u{1f}mine-2", true),
        ("mine-1\u{1f}yours", false),
    ] {
        let mut need = Need::new("dynamodb:GetItem", "arn:aws:dynamodb:r:1:table/t");
        need.keys
            .insert("dynamodb:LeadingKeys".to_owned(), keys.to_owned());
        let answer = iam.check_role(&role, "s-Fn", &need);
        assert_eq!(answer.is_ok(), allowed, "{keys:?}");
    }
}

// AWS same(iam): a destination that the function's role may not send to is refused when it is set
//     up; SAM gives that right to a role it makes
#[test]
fn a_destination_needs_the_roles_right() {
    let invoke = "EventInvokeConfig: \
        {DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}}";
    assert!(iam(invoke, "").is_ok(), "SAM's own role");
    let role = |statement: &str| {
        format!(
            "  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{}}
      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{statement}]}}}}]"
        )
    };
    let named = format!("Role: !GetAtt Role.Arn\n      {invoke}");
    let allow = role("{Effect: Allow, Action: 'sqs:SendMessage', Resource: !GetAtt Dead.Arn}");
    assert!(iam(&named, &allow).is_ok(), "a role with the right");
    let error = iam(&named, &role("")).unwrap_err().to_string();
    let expected = format!(
        "function Fn: its execution role may not call sqs:SendMessage \
         on arn:aws:sqs:r:{ACCOUNT}:dead"
    );
    assert!(error.starts_with(&expected), "{error}");
}

// AWS absent(iam): condition keys beyond aws:CurrentTime, EpochTime, PrincipalAccount,
//     PrincipalArn, RequestedRegion, SecureTransport and dynamodb:LeadingKeys; a policy with
//     another does not start
#[test]
fn a_policy_that_cannot_be_honoured_is_named() {
    use std::error::Error;
    let statement = |rest: &str| {
        format!(
            "Policies: [{{Statement: {{Effect: Allow, Action: 'iot:*', Resource: '*', {rest}}}}}]"
        )
    };
    for (policies, expected) in [
        (
            statement("Condition: {Bool: {'aws:MultiFactorAuthPresent': 'true'}}"),
            "condition key aws:MultiFactorAuthPresent never has a value here",
        ),
        (
            statement("Principal: '*'"),
            "element Principal of a statement is not supported",
        ),
        (
            "Policies: [{DynamoDBReadPolicy: {Table: t}}]".to_owned(),
            "policy template DynamoDBReadPolicy needs TableName, a string",
        ),
    ] {
        let error = iam(&policies, "").unwrap_err();
        let source = error.source().unwrap().to_string();
        assert_eq!(error.to_string(), "read policy 1 of Fn");
        assert!(source.contains(expected), "{source}");
    }
}
