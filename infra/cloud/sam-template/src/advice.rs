//! Advice on the parts of CloudFormation and SAM that are not supported.

/// Advice on unsupported properties that would change behaviour, by resource type and dotted name.
const PROPERTIES: &[(&str, &str, &str)] = &[
    (
        "AWS::Serverless::Function",
        "AutoPublishAlias",
        "the only version of a function is $LATEST; remove it",
    ),
    (
        "AWS::Serverless::Function",
        "InlineCode",
        "put an executable `bootstrap` into a folder and name the folder in CodeUri",
    ),
    (
        "AWS::Serverless::Function",
        "PackageType",
        "containers are not run; use an executable (Runtime provided.al2023)",
    ),
    (
        "AWS::Serverless::Function",
        "ImageUri",
        "containers are not run; use an executable (Runtime provided.al2023)",
    ),
    (
        "AWS::Serverless::Function",
        "Layers",
        "put the layer's content into the function's folder",
    ),
    (
        "AWS::Serverless::Function",
        "VpcConfig",
        "networks are not simulated; remove it",
    ),
    (
        "AWS::Serverless::Function",
        "DeadLetterQueue",
        "use EventInvokeConfig.DestinationConfig.OnFailure, which also reports the failure",
    ),
    (
        "AWS::Serverless::Function",
        "ProvisionedConcurrencyConfig",
        "processes start on demand; remove it",
    ),
    (
        "AWS::Serverless::Function",
        "FunctionUrlConfig",
        "functions are invoked by topic rules, schedules and queues; remove it",
    ),
    (
        "AWS::Serverless::Function",
        "PermissionsBoundary",
        "boundaries are not evaluated; write the narrower policy instead",
    ),
    (
        "AWS::Serverless::Function",
        "EventInvokeConfig.DestinationConfig.OnSuccess",
        "only failures have a destination; remove it",
    ),
    (
        "AWS::IAM::Role",
        "PermissionsBoundary",
        "boundaries are not evaluated; write the narrower policy instead",
    ),
    (
        "AWS::DynamoDB::Table",
        "StreamSpecification",
        "streams are not read; remove it",
    ),
    (
        "AWS::DynamoDB::Table",
        "LocalSecondaryIndexes",
        "use a global secondary index",
    ),
    (
        "AWS::DynamoDB::Table",
        "ImportSourceSpecification",
        "write the items after the start, through the DynamoDB endpoint",
    ),
    (
        "AWS::SQS::Queue",
        "FifoQueue",
        "order is not kept; use a standard queue",
    ),
    (
        "AWS::SQS::Queue",
        "RedriveAllowPolicy",
        "every queue may send failed messages to any other; remove it",
    ),
    (
        "AWS::SNS::Topic",
        "Subscription",
        "nothing is sent outside; subscribe after the deployment, or read the topic's messages in \
         the local cloud",
    ),
];

/// Advice on an unsupported property; `None` if AWS does not have it either.
pub(super) fn property(kind: &str, name: &str) -> Option<&'static str> {
    PROPERTIES
        .iter()
        .find(|(of, property, _)| *of == kind && *property == name)
        .map(|(_, _, advice)| *advice)
}

/// Advice on an unsupported resource type.
pub(super) fn resource_type(kind: &str) -> &'static str {
    match kind {
        "AWS::Lambda::Function" => "declare it as AWS::Serverless::Function",
        "AWS::Events::Rule" => {
            "use AWS::Scheduler::Schedule, or a Schedule or ScheduleV2 event of the function"
        }
        "AWS::IoT::Certificate" => {
            "create the certificate while the cloud runs, by CreateCertificateFromCsr or \
             CreateKeysAndCertificate, and pass its ARN as a parameter"
        }
        "AWS::IoT::ThingType" | "AWS::IoT::ThingGroup" => "things have attributes only; remove it",
        "AWS::Lambda::Alias" | "AWS::Lambda::Version" => {
            "the only version of a function is $LATEST; remove it"
        }
        "AWS::SNS::Subscription" => {
            "nothing is sent outside; give it a condition that a parameter turns off"
        }
        _ => {
            "remove it, or give it a condition that a parameter turns off (--parameter NAME=VALUE)"
        }
    }
}

/// Advice on an unsupported intrinsic function.
pub(super) fn function(name: &str) -> &'static str {
    match name {
        "ImportValue" => {
            "other stacks are not known; take the value from a parameter (--parameter NAME=VALUE)"
        }
        "GetAZs" | "Cidr" => "networks are not simulated; remove what needs it",
        "Transform" => "macros are not run; write out their result",
        "Length" | "ToJsonString" | "ForEach" => {
            "the transform AWS::LanguageExtensions is not run; write out its result"
        }
        "Equals" | "And" | "Or" | "Not" | "Condition" => {
            "it belongs into Conditions; refer to the condition with If"
        }
        "Rules" | "Contains" | "EachMemberEquals" | "EachMemberIn" | "RefAll" | "ValueOf"
        | "ValueOfAll" => "rules are not evaluated; use AllowedValues of the parameter",
        _ => {
            "supported are Ref, Sub, GetAtt, Join, Select, Split, FindInMap, Base64 and If, and in \
             Conditions also Equals, And, Or, Not and Condition"
        }
    }
}

/// Advice on an unsupported section; `None` if CloudFormation does not have it either.
pub(super) fn section(name: &str) -> Option<&'static str> {
    match name {
        "Rules" => Some("rules are not evaluated; use AllowedValues of the parameter"),
        "Hooks" => Some("hooks are not run; remove it"),
        _ => None,
    }
}
