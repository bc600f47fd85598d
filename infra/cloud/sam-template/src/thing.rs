//! Reads `AWS::IoT::Thing` and the attachments of certificates to things and policies.

use std::collections::BTreeMap;

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;
use super::resource::{Attachment, Thing};

/// Reads a thing with its attributes.
pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Thing, TemplateError> {
    let mut attributes = BTreeMap::new();
    if let Some(mut payload) = fields.map("AttributePayload")? {
        if let Some(given) = payload.map("Attributes")? {
            let place = given.place.clone();
            for entry in given.rest() {
                let Some(text) = entry.value.as_text() else {
                    return Err(place.kind(entry.at, &entry.key, "text"));
                };
                attributes.insert(entry.key.clone(), text.to_owned());
            }
        }
        payload.finish()?;
    }
    fields.accept(&["ThingName"]);
    fields.finish()?;
    Ok(Thing {
        logical_id: id.to_owned(),
        name: identity.name,
        attributes,
    })
}

/// Reads the attachment of a certificate to the policy or thing in the property `to`.
pub(super) fn attachment(
    id: &str,
    to: &str,
    mut fields: Fields,
) -> Result<Attachment, TemplateError> {
    let attachment = Attachment {
        logical_id: id.to_owned(),
        to: fields.need_text(to)?,
        principal: fields.need_text("Principal")?,
    };
    fields.finish()?;
    Ok(attachment)
}
