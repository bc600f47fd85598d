//! Reads `AWS::IAM::ManagedPolicy`.
//!
//! Source: the CloudFormation reference of the type; IAM and STS quotas.

use serde_json::Value;

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;
use super::node::Node;

/// Most characters of a document, white space not counted.
const CHARACTERS_MAX: usize = 6144;

/// An `AWS::IAM::ManagedPolicy`.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedPolicy {
    /// Logical id in the template.
    pub logical_id: String,
    /// Policy name.
    pub name: String,
    /// Policy ARN.
    pub arn: String,
    /// The document, resolved.
    pub document: Value,
}

/// Reads a managed policy; returns it with the names of the roles that it attaches itself to.
pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<(ManagedPolicy, Vec<String>), TemplateError> {
    let document = fields.json("PolicyDocument");
    let document = document.ok_or_else(|| fields.missing("PolicyDocument"))?;
    let written = document.to_string();
    let characters = written.chars().filter(|c| !c.is_whitespace()).count();
    if characters > CHARACTERS_MAX {
        let reason = format!("IAM accepts at most {CHARACTERS_MAX} characters: split the policy");
        let size = format!("{characters} characters");
        return Err(fields.refused("PolicyDocument", &size, &reason));
    }
    if let Some(path) = fields.text("Path")?
        && path != "/"
    {
        return Err(fields.refused("Path", &path, "only / is supported"));
    }
    let roles = fields.list("Roles")?.unwrap_or_default();
    fields.accept(&["ManagedPolicyName", "Description"]);
    let arn = identity.arn().to_owned();
    fields.finish()?;
    let policy = ManagedPolicy {
        logical_id: id.to_owned(),
        name: identity.name,
        arn,
        document,
    };
    let roles = roles.iter().filter_map(Node::as_text).map(str::to_owned);
    Ok((policy, roles.collect()))
}

/// Whether this is the ARN of a policy of an account, which the template must declare.
pub(super) fn is_customer_policy(arn: &str) -> bool {
    let account = arn.strip_prefix("arn:aws:iam::");
    let account = account.and_then(|rest| rest.split_once(":policy/"));
    account.is_some_and(|(account, _)| account.bytes().all(|b| b.is_ascii_digit()))
}
