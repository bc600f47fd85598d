//! Reads `AWS::IAM::Role` and `AWS::IAM::Policy`.

use serde_json::Value;

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;
use super::managed_policy::is_customer_policy;
use super::node::Node;
use super::resource::Role;

/// Properties that are accepted but have no effect, such as the trust policy.
const ACCEPTED: [&str; 6] = [
    "RoleName",
    "AssumeRolePolicyDocument",
    "Description",
    "MaxSessionDuration",
    "Path",
    "Tags",
];

/// Supported AWS managed policies, by the end of their name or ARN.
const MANAGED: [&str; 3] = [
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSIoTDeviceDefenderAudit",
];

/// Whether this is the name or ARN of a supported AWS managed policy, or may be that of a policy of
/// the template.
pub(super) fn is_attachable(name: &str) -> bool {
    is_managed_policy(name) || is_customer_policy(name)
}

/// Whether this is the name or ARN of a supported AWS managed policy.
fn is_managed_policy(name: &str) -> bool {
    MANAGED.iter().any(|known| name.ends_with(known))
}

/// Why a managed policy is refused.
pub(super) fn unknown_managed_policy() -> String {
    format!(
        "the statements of this managed policy are not known here, only those of {}: write its \
         statements under Policies",
        MANAGED.join(", ")
    )
}

pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Role, TemplateError> {
    let arn = identity.arn().to_owned();
    let mut documents = Vec::new();
    for mut policy in fields.maps("Policies")? {
        policy.need_text("PolicyName")?;
        let document = policy.json("PolicyDocument");
        documents.push(document.ok_or_else(|| policy.missing("PolicyDocument"))?);
        policy.finish()?;
    }
    for managed in fields.list("ManagedPolicyArns")?.unwrap_or_default() {
        let name = managed.as_text().unwrap_or_default();
        if !is_attachable(name) {
            let reason = unknown_managed_policy();
            let what = "ManagedPolicyArns";
            return Err(fields.place.refused(managed.at, what, name, &reason));
        }
        documents.push(name.into());
    }
    fields.accept(&ACCEPTED);
    fields.finish()?;
    Ok(Role {
        logical_id: id.to_owned(),
        name: identity.name,
        arn,
        documents,
    })
}

/// Reads a policy resource; returns the names of its roles and the document.
pub(super) fn policy(mut fields: Fields) -> Result<(Vec<String>, Value), TemplateError> {
    fields.need_text("PolicyName")?;
    let document = fields
        .json("PolicyDocument")
        .ok_or_else(|| fields.missing("PolicyDocument"))?;
    let roles = fields.list("Roles")?;
    let roles = roles.ok_or_else(|| fields.missing("Roles"))?;
    fields.finish()?;
    let names = roles.iter().filter_map(Node::as_text).map(str::to_owned);
    Ok((names.collect(), document))
}
