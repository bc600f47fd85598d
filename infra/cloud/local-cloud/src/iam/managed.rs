//! Expands policies that a template gives by name: SAM's policy templates, and AWS's managed
//! policies.
//!
//! Source: `policy_templates.json` of the AWS SAM translator; AWS managed policy reference guide.

mod aws;

use serde_json::{Value, json};

use crate::account::Account;
use aws_policy::PolicyError;

/// Allows writing logs.
pub(super) const LOGGING: &str = "AWSLambdaBasicExecutionRole";
/// Allows reading every queue of the account and writing logs.
const QUEUE_READER: &str = "AWSLambdaSQSQueueExecutionRole";

const WRITE_LOGS: [&str; 3] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
];
/// Allows AWS IoT to audit the account. Nothing audits here, so its other rights, about roles of
/// other services, are left out.
const AUDITOR: &str = "AWSIoTDeviceDefenderAudit";
/// Allows reading every stream of the account and writing logs.
const STREAM_READER: &str = "AWSLambdaDynamoDBExecutionRole";

/// A SAM policy template: name, parameter, service and path of the resource (`$` is the parameter),
/// whether it covers the table's indexes, and actions.
type Row = (
    &'static str,
    &'static str,
    (&'static str, &'static str),
    bool,
    &'static [&'static str],
);

/// The calls of an event source on its queue with the function's role.
pub(super) const READ_QUEUE: [&str; 3] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
];

/// The calls of an event source on its stream with the function's role.
pub(super) const READ_STREAM: [&str; 4] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
];

const TABLE: (&str, &str) = ("dynamodb", "table/$");

const TEMPLATES: [Row; 9] = [
    (
        "DynamoDBCrudPolicy",
        "TableName",
        TABLE,
        true,
        &[
            "dynamodb:GetItem",
            "dynamodb:DeleteItem",
            "dynamodb:PutItem",
            "dynamodb:Scan",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
            "dynamodb:ConditionCheckItem",
        ],
    ),
    (
        "DynamoDBReadPolicy",
        "TableName",
        TABLE,
        true,
        &[
            "dynamodb:GetItem",
            "dynamodb:Scan",
            "dynamodb:Query",
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
        ],
    ),
    (
        "DynamoDBWritePolicy",
        "TableName",
        TABLE,
        true,
        &[
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:BatchWriteItem",
        ],
    ),
    (
        "DynamoDBStreamReadPolicy",
        "TableName",
        ("dynamodb", "table/$/stream/*"),
        false,
        &READ_STREAM,
    ),
    (
        "DynamoDBReconfigurePolicy",
        "TableName",
        TABLE,
        false,
        &["dynamodb:UpdateTable"],
    ),
    (
        "SQSSendMessagePolicy",
        "QueueName",
        ("sqs", "$"),
        false,
        &["sqs:SendMessage*"],
    ),
    (
        "SQSPollerPolicy",
        "QueueName",
        ("sqs", "$"),
        false,
        &[
            "sqs:ChangeMessageVisibility",
            "sqs:ChangeMessageVisibilityBatch",
            "sqs:DeleteMessage",
            "sqs:DeleteMessageBatch",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ],
    ),
    (
        "SNSPublishMessagePolicy",
        "TopicName",
        ("sns", "$"),
        false,
        &["sns:Publish"],
    ),
    (
        "LambdaInvokePolicy",
        "FunctionName",
        ("lambda", "function:$*"),
        false,
        &["lambda:InvokeFunction"],
    ),
];

/// Whether this is the name or ARN of a managed policy whose rights are not known here.
pub(super) fn is_unknown(policy: &Value) -> bool {
    let own = [LOGGING, QUEUE_READER, AUDITOR, STREAM_READER];
    policy.as_str().is_some_and(|name| {
        !own.iter().any(|known| name.ends_with(known)) && aws::actions(name).is_none()
    })
}

/// The document of a policy.
pub(super) fn expand(policy: &Value, account: &Account) -> Result<Value, PolicyError> {
    let malformed = |what: String| Err(PolicyError::Malformed(what));
    if let Some(name) = policy.as_str() {
        return match name {
            name if name.ends_with(LOGGING) => {
                let allow = json!({"Effect": "Allow", "Action": WRITE_LOGS, "Resource": "*"});
                Ok(json!({"Statement": [allow]}))
            }
            name if name.ends_with(QUEUE_READER) => {
                let actions: Vec<&str> = READ_QUEUE.into_iter().chain(WRITE_LOGS).collect();
                let allow = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
                Ok(json!({"Statement": [allow]}))
            }
            name if name.ends_with(AUDITOR) => {
                let actions = [
                    "iot:DescribeCertificate",
                    "iot:GetPolicy",
                    "iot:ListPolicies",
                ];
                let allow = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
                Ok(json!({"Statement": [allow]}))
            }
            name if name.ends_with(STREAM_READER) => {
                let actions: Vec<&str> = READ_STREAM.into_iter().chain(WRITE_LOGS).collect();
                let allow = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
                Ok(json!({"Statement": [allow]}))
            }
            // One that is not known allows nothing.
            name => match aws::actions(name) {
                Some(actions) => {
                    let allow = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
                    Ok(json!({"Statement": [allow]}))
                }
                None => Ok(json!({"Statement": []})),
            },
        };
    }
    let one = policy.as_object().filter(|map| map.len() == 1);
    let Some((name, parameters)) = one.and_then(|map| map.iter().next()) else {
        return Ok(policy.clone());
    };
    if name == "Statement" {
        return Ok(policy.clone());
    }
    if name == "CloudWatchPutMetricPolicy" {
        let action = "cloudwatch:PutMetricData";
        let allow = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        return Ok(json!({"Statement": [allow]}));
    }
    let row = TEMPLATES.iter().find(|(known, ..)| known == name);
    let Some((_, parameter, (service, path), with_indexes, actions)) = row else {
        // A policy template about a service that is not here.
        return Ok(json!({"Statement": []}));
    };
    // One of them has a second parameter: the stream's name.
    let given = parameters
        .as_object()
        .filter(|map| (1..=2).contains(&map.len()));
    let value = given.and_then(|map| map.get(*parameter)?.as_str());
    let Some(value) = value else {
        return malformed(format!(
            "policy template {name} needs {parameter}, a string"
        ));
    };
    let path = path.replace('$', value);
    let mut resources = vec![account.arn(service, path)];
    if *with_indexes {
        resources.push(format!("{}/index/*", resources[0]));
    }
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resources});
    Ok(json!({"Statement": [statement]}))
}
