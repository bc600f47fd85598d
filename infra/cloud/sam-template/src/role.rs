//! Reads `AWS::IAM::Role` and `AWS::IAM::Policy`.

use serde_json::Value;

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;
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
        if !name.starts_with("arn:") {
            let reason = "it must be an ARN, such as arn:aws:iam::aws:policy/AWSIoTFullAccess";
            let what = "ManagedPolicyArns";
            return Err(fields.place.refused(managed.at, what, name, reason));
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
