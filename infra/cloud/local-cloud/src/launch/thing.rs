//! Makes the things that the template declares, and attaches the certificates that it names.
//!
//! Must not know how they are kept.

use crate::registry::{Registry, RegistryError};
use sam_template::Template;

/// Makes what is not there yet; an attachment to a certificate that does not exist is an error, as in AWS.
pub(super) fn provision(registry: &Registry, template: &Template) -> Result<(), RegistryError> {
    for thing in &template.things {
        registry.create_thing_with(&thing.name, thing.attributes.clone())?;
    }
    for attachment in &template.policy_attachments {
        registry.attach_policy(&attachment.to, &attachment.principal)?;
    }
    for attachment in &template.thing_attachments {
        registry.attach_thing_principal(&attachment.to, &attachment.principal)?;
    }
    Ok(())
}
