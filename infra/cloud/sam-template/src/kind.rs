//! Resource types: which are supported, by what property they are named, and which is meant by one
//! that is misspelled.
//!
//! Must not know: any property except the one that names a resource.

use super::Context;
use super::advice;
use super::error::{Problem, distance};
use super::inert::{self, Inert};

/// The property that names a resource of each supported type.
const NAMES: &[(&str, &[&str])] = &[
    ("AWS::Serverless::Function", &["FunctionName"]),
    ("AWS::DynamoDB::Table", &["TableName"]),
    ("AWS::SQS::Queue", &["QueueName"]),
    ("AWS::SNS::Topic", &["TopicName"]),
    ("AWS::IAM::Role", &["RoleName"]),
    ("AWS::IoT::Policy", &["PolicyName"]),
    ("AWS::IoT::TopicRule", &["RuleName"]),
    ("AWS::Lambda::Function", &["FunctionName"]),
    ("AWS::Lambda::LayerVersion", &["LayerName"]),
    ("AWS::Lambda::Permission", &[]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    ("AWS::CloudWatch::Alarm", &["AlarmName"]),
    ("AWS::Scheduler::Schedule", &["Name"]),
    ("AWS::Scheduler::ScheduleGroup", &["Name"]),
    ("AWS::S3::Bucket", &["BucketName"]),
    ("AWS::Serverless::LayerVersion", &["LayerName"]),
    ("AWS::Serverless::SimpleTable", &["TableName"]),
    ("AWS::IAM::Policy", &["PolicyName"]),
    ("AWS::IAM::ManagedPolicy", &["ManagedPolicyName"]),
    ("AWS::IoT::Logging", &["AccountId"]),
    ("AWS::IoT::AccountAuditConfiguration", &["AccountId"]),
    ("AWS::IoT::ScheduledAudit", &["ScheduledAuditName"]),
    ("AWS::IoT::Thing", &["ThingName"]),
    ("AWS::IoT::ProvisioningTemplate", &["TemplateName"]),
    ("AWS::IoT::PolicyPrincipalAttachment", &[]),
    ("AWS::IoT::ThingPrincipalAttachment", &[]),
    ("AWS::Lambda::EventInvokeConfig", &[]),
    ("AWS::Lambda::EventSourceMapping", &[]),
    ("AWS::Logs::MetricFilter", &["FilterName"]),
    ("AWS::SNS::Subscription", &[]),
    ("AWS::SNS::TopicPolicy", &[]),
    ("AWS::SQS::QueuePolicy", &[]),
    ("AWS::CloudWatch::Dashboard", &["DashboardName"]),
];

/// Types that people use often, of the services that are names only here.
const OFTEN: [&str; 44] = [
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::AppSync::GraphQLApi",
    "AWS::Athena::WorkGroup",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::Distribution",
    "AWS::CloudTrail::Trail",
    "AWS::CodeBuild::Project",
    "AWS::CodePipeline::Pipeline",
    "AWS::Cognito::IdentityPool",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::EC2::Instance",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::ECR::Repository",
    "AWS::ECS::Cluster",
    "AWS::ECS::Service",
    "AWS::ECS::TaskDefinition",
    "AWS::EFS::FileSystem",
    "AWS::Glue::Database",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::RDS::DBInstance",
    "AWS::Route53::HostedZone",
    "AWS::Route53::RecordSet",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
    "AWS::Timestream::Database",
    "AWS::Timestream::Table",
    "AWS::WAFv2::WebACL",
];

/// More letters than this make another type, not a misspelled one.
const LETTERS_MAX: usize = 2;

/// The properties that name a resource of this type; `None` if it is not supported.
pub(super) fn naming(kind: &str) -> Option<&'static [&'static str]> {
    let found = NAMES.iter().find(|(name, _)| *name == kind);
    found.map(|(_, naming)| *naming)
}

/// What is wrong with a type; nothing if it is supported, or a name only.
pub(super) fn check(kind: &str, context: &Context) -> Result<(), Problem> {
    let is_name = match Inert::of(kind, context) {
        Some(Inert::Asked) => return Ok(()),
        Some(Inert::ByDefault) => true,
        None => false,
    };
    if known().any(|known| known == kind) || (is_name && near_in_service(kind).is_none()) {
        return Ok(());
    }
    Err(refused(kind))
}

/// The problem of a type that is not supported.
pub(super) fn refused(kind: &str) -> Problem {
    let attached = match kind {
        "AWS::IoT::Certificate" => ", if --inert names the types of its attachments too",
        _ => "",
    };
    let inert = format!("--inert {kind} starts with it as a name only{attached}");
    let near =
        || near_in_service(kind).or_else(|| near_in(kind, LETTERS_MAX, known(), |name| name));
    let advice = match (advice::resource_type(kind), near()) {
        (Some(advice), _) => format!("{advice}; or {inert}"),
        (None, Some(near)) => format!("did you mean {near}? {inert}"),
        (None, None) => format!("{inert}; or make it conditional on a parameter"),
    };
    Problem::unsupported(format!("resource type {kind}"), advice)
}

fn known() -> impl Iterator<Item = &'static str> {
    let published = ["AWS::Lambda::Version", "AWS::Lambda::Alias"];
    let own = NAMES.iter().map(|(kind, _)| *kind).chain(published);
    own.chain(inert::known_types()).chain(OFTEN)
}

/// A known type of the same service whose last part is spelled much the same.
fn near_in_service(kind: &str) -> Option<&'static str> {
    let (service, last) = kind.rsplit_once("::")?;
    let same = known().filter(|known| known.rsplit_once("::").map(|(of, _)| of) == Some(service));
    let most = LETTERS_MAX.min(1 + last.len() / 5);
    near_in(last, most, same, |known| {
        known.rsplit("::").next().unwrap_or_default()
    })
}

fn near_in(
    name: &str,
    most: usize,
    known: impl Iterator<Item = &'static str>,
    part: impl Fn(&'static str) -> &'static str,
) -> Option<&'static str> {
    let distances = known.map(|known| (distance(name, part(known)), known));
    let near = distances.min().filter(|(letters, _)| *letters <= most);
    near.map(|(_, known)| known)
}
