//! Reads the `Policies` of a SAM function.
//!
//! Source: `policy_templates.json` of the AWS SAM translator.
//!
//! Must not know: what a policy allows.

use serde_json::Value;

use crate::error::TemplateError;
use crate::fields::Fields;
use crate::node::{Data, Node};

/// SAM's policy templates that the checker of a function's calls expands. The others are about
/// services that are not here, and allow nothing.
const TEMPLATES: [&str; 60] = [
    "AWSSecretsManagerGetSecretValuePolicy",
    "AWSSecretsManagerRotationPolicy",
    "AcmGetCertificatePolicy",
    "AMIDescribePolicy",
    "AthenaQueryPolicy",
    "CloudFormationDescribeStacksPolicy",
    "CloudWatchDashboardPolicy",
    "CloudWatchDescribeAlarmHistoryPolicy",
    "CloudWatchPutMetricPolicy",
    "CodeCommitCrudPolicy",
    "CodeCommitReadPolicy",
    "CodePipelineLambdaExecutionPolicy",
    "CodePipelineReadOnlyPolicy",
    "ComprehendBasicAccessPolicy",
    "CostExplorerReadOnlyPolicy",
    "DynamoDBBackupFullAccessPolicy",
    "DynamoDBCrudPolicy",
    "DynamoDBReadPolicy",
    "DynamoDBReconfigurePolicy",
    "DynamoDBRestoreFromBackupPolicy",
    "DynamoDBStreamReadPolicy",
    "DynamoDBWritePolicy",
    "EC2CopyImagePolicy",
    "EC2DescribePolicy",
    "EFSWriteAccessPolicy",
    "EKSDescribePolicy",
    "ElasticMapReduceAddJobFlowStepsPolicy",
    "ElasticsearchHttpPostPolicy",
    "EventBridgePutEventsPolicy",
    "FilterLogEventsPolicy",
    "FirehoseCrudPolicy",
    "FirehoseWritePolicy",
    "KinesisCrudPolicy",
    "KinesisStreamReadPolicy",
    "KMSDecryptPolicy",
    "KMSEncryptPolicy",
    "LambdaInvokePolicy",
    "MobileAnalyticsWriteOnlyAccessPolicy",
    "OrganizationsListAccountsPolicy",
    "PinpointEndpointAccessPolicy",
    "PollyFullAccessPolicy",
    "RekognitionDetectOnlyPolicy",
    "RekognitionLabelsPolicy",
    "Route53ChangeResourceRecordSetsPolicy",
    "S3CrudPolicy",
    "S3FullAccessPolicy",
    "S3ReadPolicy",
    "S3WritePolicy",
    "SESBulkTemplatedCrudPolicy",
    "SESCrudPolicy",
    "SESEmailTemplateCrudPolicy",
    "SESSendBouncePolicy",
    "SNSCrudPolicy",
    "SNSPublishMessagePolicy",
    "SQSPollerPolicy",
    "SQSSendMessagePolicy",
    "SSMParameterReadPolicy",
    "SSMParameterWithSlashPrefixReadPolicy",
    "StepFunctionsExecutionPolicy",
    "VPCAccessPolicy",
];

/// Statements, documents, names and ARNs of managed policies, and SAM's policy templates.
pub(super) fn read(fields: &mut Fields) -> Result<Vec<Value>, TemplateError> {
    let Some(node) = fields.take("Policies") else {
        return Ok(Vec::new());
    };
    let items = match node.data {
        Data::List(items) => items,
        _ => vec![node],
    };
    let read = |item: &Node| match (item.entries(), item.as_text()) {
        (Some(_), _) if item.get("Statement").is_some() => Ok(item.to_json()),
        (Some([entry]), _) if TEMPLATES.contains(&entry.key.as_str()) => Ok(item.to_json()),
        (None, Some(name)) if !name.is_empty() => Ok(item.to_json()),
        (entries, _) => {
            let first = entries.and_then(<[_]>::first);
            let name = first.map_or("a list", |entry| entry.key.as_str());
            let reason = "it is neither a document with a Statement, nor one of SAM's policy \
                          templates, nor the name of a managed policy";
            Err(fields.place.refused(item.at, "Policies", name, reason))
        }
    };
    items.iter().map(read).collect()
}
