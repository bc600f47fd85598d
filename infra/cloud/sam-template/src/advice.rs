//! What to do about the parts of CloudFormation and SAM that have no counterpart here.
//!
//! Must not know: how a template is read.

/// Advice for a property that AWS has and that would change what happens, by resource type and dotted name.
const PROPERTIES: &[(&str, &str, &str)] = &[
    (
        "AWS::Serverless::Function",
        "AutoPublishAlias",
        "there is one version of a function, $LATEST; leave it out",
    ),
    (
        "AWS::Serverless::Function",
        "InlineCode",
        "put the code into a folder with an executable `bootstrap` and name that in CodeUri",
    ),
    (
        "AWS::Serverless::Function",
        "PackageType",
        "no containers are run; use an executable (Runtime provided.al2023)",
    ),
    (
        "AWS::Serverless::Function",
        "ImageUri",
        "no containers are run; use an executable (Runtime provided.al2023)",
    ),
    (
        "AWS::Serverless::Function",
        "Layers",
        "put what the layer holds into the function's own folder",
    ),
    (
        "AWS::Serverless::Function",
        "VpcConfig",
        "there are no networks here; leave it out",
    ),
    (
        "AWS::Serverless::Function",
        "DeadLetterQueue",
        "use EventInvokeConfig.DestinationConfig.OnFailure, which also says what failed",
    ),
    (
        "AWS::Serverless::Function",
        "ProvisionedConcurrencyConfig",
        "processes start on demand; leave it out",
    ),
    (
        "AWS::Serverless::Function",
        "FunctionUrlConfig",
        "functions are reached by topic rules and schedules; leave it out",
    ),
    (
        "AWS::Serverless::Function",
        "PermissionsBoundary",
        "boundaries are not evaluated; write the narrower policy itself",
    ),
    (
        "AWS::Serverless::Function",
        "EventInvokeConfig.DestinationConfig.OnSuccess",
        "only failures are sent on; leave it out",
    ),
    (
        "AWS::IAM::Role",
        "PermissionsBoundary",
        "boundaries are not evaluated; write the narrower policy itself",
    ),
    (
        "AWS::DynamoDB::Table",
        "StreamSpecification",
        "no stream is read here; leave it out",
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
        "no order is kept here; use a standard queue",
    ),
    (
        "AWS::SQS::Queue",
        "RedriveAllowPolicy",
        "every queue of the template may send its failures to another; leave it out",
    ),
    (
        "AWS::SNS::Topic",
        "Subscription",
        "nothing is sent outside; subscribe after the deployment, or read the topic's messages here",
    ),
];

/// What to do about a property, where AWS has it.
pub(super) fn property(kind: &str, name: &str) -> Option<&'static str> {
    PROPERTIES
        .iter()
        .find(|(of, property, _)| *of == kind && *property == name)
        .map(|(_, _, advice)| *advice)
}

/// What to do about a resource type.
pub(super) fn resource_type(kind: &str) -> &'static str {
    match kind {
        "AWS::Lambda::Function" => "declare it as AWS::Serverless::Function",
        "AWS::Events::Rule" => {
            "use AWS::Scheduler::Schedule, or a Schedule or ScheduleV2 event of the function"
        }
        "AWS::IoT::Certificate" => {
            "its id is only known once it is signed; make it while all runs, by CreateCertificateFromCsr or \
             CreateKeysAndCertificate, and give its ARN by a parameter"
        }
        "AWS::IoT::ThingType" | "AWS::IoT::ThingGroup" => {
            "things have attributes only; leave it out"
        }
        "AWS::Lambda::Alias" | "AWS::Lambda::Version" => {
            "there is one version of a function, $LATEST; leave it out"
        }
        "AWS::SNS::Subscription" => {
            "nothing is sent outside; give it a condition that a parameter switches off"
        }
        _ => {
            "leave it out, or give it a condition that a parameter switches off (--parameter NAME=VALUE)"
        }
    }
}

/// What to do about an intrinsic function.
pub(super) fn function(name: &str) -> &'static str {
    match name {
        "ImportValue" => {
            "no other stack is there to export it; take the value from a parameter (--parameter NAME=VALUE)"
        }
        "GetAZs" | "Cidr" => "there are no networks here; leave out what needs it",
        "Transform" => "no macro is run; write out what it makes",
        "Length" | "ToJsonString" | "ForEach" => {
            "the transform AWS::LanguageExtensions is not run; write out what it makes"
        }
        "Equals" | "And" | "Or" | "Not" | "Condition" => {
            "it decides a condition; put it into Conditions and choose with If"
        }
        "Rules" | "Contains" | "EachMemberEquals" | "EachMemberIn" | "RefAll" | "ValueOf"
        | "ValueOfAll" => "rules are not evaluated; use AllowedValues of the parameter",
        _ => {
            "known are Ref, Sub, GetAtt, Join, Select, Split, FindInMap, Base64 and If; in Conditions also Equals, And, \
             Or, Not and Condition"
        }
    }
}

/// What to do about a section of the template, where CloudFormation has it.
pub(super) fn section(name: &str) -> Option<&'static str> {
    match name {
        "Rules" => Some("rules are not evaluated; use AllowedValues of the parameter"),
        "Hooks" => Some("no hook is run; leave it out"),
        _ => None,
    }
}
