//! Reads `AWS::IoT::ProvisioningTemplate`.
//!
//! Must not know: what is in the text of a provisioning template.

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;

/// An `AWS::IoT::ProvisioningTemplate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningTemplate {
    /// Logical id in the template.
    pub logical_id: String,
    /// Template name.
    pub name: String,
    /// `TemplateBody`, JSON that is not yet parsed.
    pub body: String,
    /// `Description`.
    pub description: Option<String>,
    /// Whether devices can be provisioned by it.
    pub enabled: bool,
    /// ARN of the role that provisions.
    pub role_arn: String,
    /// The function that is asked before.
    pub hook: Option<ProvisioningHook>,
}

/// A `PreProvisioningHook`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisioningHook {
    /// `PayloadVersion`.
    pub payload_version: Option<String>,
    /// ARN of the function.
    pub target_arn: String,
}

/// Reads a provisioning template.
pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<ProvisioningTemplate, TemplateError> {
    if let Some(kind) = fields.text("TemplateType")?
        && kind != "FLEET_PROVISIONING"
    {
        let reason = "certificate authorities of one's own are not supported; \
            write FLEET_PROVISIONING";
        return Err(fields.refused("TemplateType", &kind, reason));
    }
    let hook = match fields.map("PreProvisioningHook")? {
        Some(mut hook) => {
            let read = ProvisioningHook {
                payload_version: hook.text("PayloadVersion")?,
                target_arn: hook.need_text("TargetArn")?,
            };
            hook.finish()?;
            Some(read)
        }
        None => None,
    };
    let template = ProvisioningTemplate {
        logical_id: id.to_owned(),
        name: identity.name,
        body: fields.need_text("TemplateBody")?,
        description: fields.text("Description")?,
        enabled: fields.boolean("Enabled")?.unwrap_or(false),
        role_arn: fields.need_text("ProvisioningRoleArn")?,
        hook,
    };
    fields.accept(&["TemplateName", "Tags"]);
    fields.finish()?;
    Ok(template)
}
