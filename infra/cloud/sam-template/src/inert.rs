//! Resources that are names only: a type that nothing here runs, or that the caller wants so.
//!
//! Such a resource has a name for `Ref`. Its properties are not read. Its attributes have made-up
//! values if the caller asked for its type (`Context::inert`), and else none.
//!
//! Must not know: what a type is for.

use super::Context;

/// Types that are names only although nobody asked. A star at the end covers all that begin so.
const BY_DEFAULT: [&str; 51] = [
    "AWS::ApiGateway::*",
    "AWS::ApiGatewayV2::*",
    "AWS::AppSync::*",
    "AWS::Athena::*",
    "AWS::Backup::*",
    "AWS::Budgets::*",
    "AWS::CDK::Metadata",
    "AWS::CertificateManager::*",
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Stack",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudFormation::WaitConditionHandle",
    "AWS::CloudFront::*",
    "AWS::CloudTrail::*",
    "AWS::CodeBuild::*",
    "AWS::CodePipeline::*",
    "AWS::Cognito::*",
    "AWS::EC2::*",
    "AWS::ECR::*",
    "AWS::ECS::*",
    "AWS::EFS::*",
    "AWS::ElasticLoadBalancingV2::*",
    "AWS::Elasticsearch::*",
    "AWS::Glue::*",
    "AWS::Grafana::*",
    "AWS::Greengrass::*",
    "AWS::GreengrassV2::*",
    "AWS::IAM::InstanceProfile",
    "AWS::IoTAnalytics::*",
    "AWS::IoTEvents::*",
    "AWS::IoTSiteWise::*",
    "AWS::IoTWireless::*",
    "AWS::KMS::*",
    "AWS::Kinesis::*",
    "AWS::KinesisFirehose::*",
    "AWS::Location::*",
    "AWS::OpenSearchService::*",
    "AWS::QuickSight::*",
    "AWS::RDS::*",
    "AWS::Route53::*",
    "AWS::S3::*",
    "AWS::SageMaker::*",
    "AWS::SecretsManager::*",
    "AWS::Serverless::Api",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::StateMachine",
    "AWS::SSM::*",
    "AWS::StepFunctions::*",
    "AWS::Timestream::*",
    "AWS::WAFv2::*",
    "Custom::*",
];

/// Why a resource is a name only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inert {
    /// The caller named its type.
    Asked,
    /// Its type is one of those that nothing here runs.
    ByDefault,
}

impl Inert {
    /// Whether, and why, a resource of this type is a name only.
    pub fn of(kind: &str, context: &Context) -> Option<Self> {
        if is_asked(kind, context) {
            return Some(Self::Asked);
        }
        let mut all = BY_DEFAULT.iter();
        all.any(|pattern| covers(pattern, kind))
            .then_some(Self::ByDefault)
    }
}

/// The types that are names only although nobody asked, without whole services.
pub(super) fn known_types() -> impl Iterator<Item = &'static str> {
    BY_DEFAULT.into_iter().filter(|kind| !kind.ends_with('*'))
}

/// Whether the caller wants this type of resource, event or action to have no effect.
pub(super) fn is_asked(kind: &str, context: &Context) -> bool {
    context.inert.iter().any(|pattern| covers(pattern, kind))
}

fn covers(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => kind.starts_with(start),
        None => pattern == kind,
    }
}

/// The made-up value of an attribute of a resource with this name.
pub(super) fn made_up(kind: &str, name: &str, attribute: &str, context: &Context) -> String {
    let service = kind.split("::").nth(1).unwrap_or_default().to_lowercase();
    let (region, account) = (&context.region, &context.account);
    if attribute.ends_with("Arn") {
        return format!("arn:aws:{service}:{region}:{account}:{name}");
    }
    format!("{name}-{}", attribute.replace('.', "-"))
}

/// What a user must know of such a resource.
pub(super) fn note(kind: &str, why: Inert) -> String {
    match (kind, why) {
        ("AWS::S3::Bucket", Inert::ByDefault) => format!(
            "{kind} is a folder for the S3 actions of rules: its properties have no effect, and \
             S3 does not answer"
        ),
        (_, Inert::ByDefault) => {
            format!("{kind} is a name only: nothing here does its work")
        }
        (_, Inert::Asked) => format!(
            "{kind} is a name only, as --inert says: nothing here does its work, and its \
             attributes have invented values"
        ),
    }
}
