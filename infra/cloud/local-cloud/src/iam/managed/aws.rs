//! AWS's managed policies that samples use: what they allow of the services that are here, on every
//! resource. Their rights on other services are left out.
//!
//! Source: AWS managed policy reference guide.

/// Names, and what they allow.
const POLICIES: [(&str, &[&str]); 26] = [
    ("AdministratorAccess", &["*"]),
    ("AmazonDynamoDBFullAccess", &["dynamodb:*"]),
    ("AmazonDynamoDBFullAccess_v2", &["dynamodb:*"]),
    (
        "AmazonDynamoDBReadOnlyAccess",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:Describe*",
            "dynamodb:List*",
            "dynamodb:GetItem",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:Query",
            "dynamodb:Scan",
        ],
    ),
    ("AmazonS3FullAccess", &["s3:*"]),
    ("AmazonS3ReadOnlyAccess", &["s3:Get*", "s3:List*"]),
    ("AmazonSNSFullAccess", &["sns:*"]),
    (
        "AmazonSNSReadOnlyAccess",
        &["sns:GetTopicAttributes", "sns:List*"],
    ),
    ("AmazonSQSFullAccess", &["sqs:*"]),
    (
        "AmazonSQSReadOnlyAccess",
        &[
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListQueues",
        ],
    ),
    (
        "AWSIoTDataAccess",
        &[
            "iot:Connect",
            "iot:Publish",
            "iot:Subscribe",
            "iot:Receive",
            "iot:GetThingShadow",
            "iot:UpdateThingShadow",
            "iot:DeleteThingShadow",
            "iot:ListNamedShadowsForThing",
        ],
    ),
    ("AWSIoTFullAccess", &["iot:*"]),
    ("AWSIoTLogging", LOGS),
    ("AWSIoTThingsRegistration", REGISTRATION),
    (
        "AWSIoTRuleActions",
        &[
            "dynamodb:PutItem",
            "iot:Publish",
            "s3:PutObject",
            "sns:Publish",
            "sqs:SendMessage*",
        ],
    ),
    (
        "AWSLambdaExecute",
        &["logs:*", "s3:GetObject", "s3:PutObject"],
    ),
    ("AWSLambdaRole", &["lambda:InvokeFunction"]),
    ("AWSLambdaVPCAccessExecutionRole", LOGS),
    ("AWSLambda_FullAccess", &["lambda:*"]),
    ("AWSXRayDaemonWriteAccess", &["xray:PutTraceSegments"]),
    ("AWSXrayWriteOnlyAccess", &["xray:PutTraceSegments"]),
    (
        "CloudWatchAgentServerPolicy",
        &["cloudwatch:PutMetricData", "logs:*"],
    ),
    ("CloudWatchFullAccess", &["cloudwatch:*", "logs:*", "sns:*"]),
    (
        "CloudWatchFullAccessV2",
        &["cloudwatch:*", "logs:*", "sns:*"],
    ),
    ("CloudWatchLambdaInsightsExecutionRolePolicy", LOGS),
    (
        "CloudWatchLogsFullAccess",
        &["logs:*", "cloudwatch:GenerateQuery"],
    ),
];

const LOGS: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
];

const REGISTRATION: &[&str] = &[
    "iot:AddThingToThingGroup",
    "iot:AttachPolicy",
    "iot:AttachPrincipalPolicy",
    "iot:AttachThingPrincipal",
    "iot:CreateCertificateFromCsr",
    "iot:CreatePolicy",
    "iot:CreateThing",
    "iot:DescribeCertificate",
    "iot:DescribeThing",
    "iot:DescribeThingGroup",
    "iot:DescribeThingType",
    "iot:DetachPolicy",
    "iot:DetachThingPrincipal",
    "iot:GetPolicy",
    "iot:ListAttachedPolicies",
    "iot:ListPolicyPrincipals",
    "iot:ListPrincipalPolicies",
    "iot:ListPrincipalThings",
    "iot:ListTargetsForPolicy",
    "iot:ListThingGroupsForThing",
    "iot:ListThingPrincipals",
    "iot:RegisterCertificate",
    "iot:RegisterThing",
    "iot:RemoveThingFromThingGroup",
    "iot:UpdateCertificate",
    "iot:UpdateThing",
    "iot:UpdateThingGroupsForThing",
];

/// What the policy with this name or ARN allows; `None` if it is not known.
pub(super) fn actions(name: &str) -> Option<&'static [&'static str]> {
    let name = name.rsplit('/').next().unwrap_or_default();
    let mut policies = POLICIES.iter();
    let found = policies.find(|(known, _)| *known == name);
    found.map(|(_, actions)| *actions)
}
