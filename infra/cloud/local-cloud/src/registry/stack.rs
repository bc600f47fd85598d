//! What a template declares in the registry: policies, things and attachments, changed together.
//!
//! Must not know: when a template changes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::{PolicyRecord, Records};
use super::store::{RecordKey, Store};
use super::{Registry, RegistryError, certificate_id};
use crate::sync::write;
use sam_template::{Attachment, Template};

/// The refusal of a resource of the template.
fn declared(id: &str, error: RegistryError) -> RegistryError {
    RegistryError::Declared {
        id: id.to_owned(),
        source: Box::new(error),
    }
}

/// The refusal of an attachment of this type.
fn foreign(id: &str, kind: &str, error: RegistryError) -> RegistryError {
    let resource = |name: &str| format!("declare it in the template as an AWS::IoT::{name}");
    let (what, name, advice) = match error {
        RegistryError::PolicyNotFound(name) => ("policy", name, resource("Policy")),
        RegistryError::ThingNotFound(name) => ("thing", name, resource("Thing")),
        RegistryError::CertificateNotFound(name) => {
            let advice = format!(
                "start with the --data-dir in which it was made, or leave the attachment out with \
                 --inert {kind}"
            );
            ("certificate", name, advice)
        }
        error => return declared(id, error),
    };
    RegistryError::Foreign {
        id: id.to_owned(),
        what: format!("{what} {name}"),
        advice,
    }
}

impl Registry {
    /// Carries out what a template declares, all of it or nothing, and returns the names of the
    /// policies that are new, changed or removed. `old` are the policies of the template before. A
    /// refusal is that of the call that AWS would make, or the disk's.
    pub(crate) fn change_stack(
        &self,
        old: &BTreeMap<String, Value>,
        new: &Template,
    ) -> Result<Vec<String>, RegistryError> {
        let mut records = write(&self.inner.records);
        let mut draft = records.clone();
        let policies = self.draft_policies(&mut draft, old, &new.iot_policies)?;
        for thing in &new.things {
            let attributes = thing.attributes.clone();
            let created = draft.create_thing(&thing.name, attributes, None, || {
                self.thing_arn(&thing.name)
            });
            created.map_err(|error| declared(&thing.logical_id, error))?;
        }
        for Attachment {
            logical_id,
            to,
            principal,
        } in &new.policy_attachments
        {
            let attached = draft.attach_policy(to, principal);
            let kind = "AWS::IoT::PolicyPrincipalAttachment";
            attached.map_err(|error| foreign(logical_id, kind, error))?;
        }
        for Attachment {
            logical_id,
            to,
            principal,
        } in &new.thing_attachments
        {
            let attached = draft.attach_thing_principal(to, certificate_id(principal));
            let kind = "AWS::IoT::ThingPrincipalAttachment";
            attached.map_err(|error| foreign(logical_id, kind, error))?;
        }
        if let Some(store) = &self.inner.store {
            let things = new.things.iter().map(|thing| RecordKey::Thing(&thing.name));
            let attached = new
                .thing_attachments
                .iter()
                .map(|a| RecordKey::Thing(&a.to));
            let certificates = new.policy_attachments.iter();
            let certificates =
                certificates.map(|a| RecordKey::Certificate(certificate_id(&a.principal)));
            let policies = policies.iter().map(|name| RecordKey::Policy(name));
            let touched: Vec<RecordKey<'_>> = policies
                .chain(things)
                .chain(attached)
                .chain(certificates)
                .collect();
            save_all(store, &records, &draft, &touched)?;
        }
        *records = draft;
        self.clear_documents();
        self.inner.changes.send_replace(());
        Ok(policies)
    }

    fn draft_policies(
        &self,
        draft: &mut Records,
        old: &BTreeMap<String, Value>,
        new: &BTreeMap<String, Value>,
    ) -> Result<Vec<String>, RegistryError> {
        let mut changed = Vec::new();
        for (name, document) in new {
            if old.get(name) != Some(document) {
                let record = PolicyRecord::declared(name, document, self.now_ms())?;
                draft.policies.insert(name.clone(), record);
                changed.push(name.clone());
            }
        }
        for name in old.keys().filter(|name| !new.contains_key(*name)) {
            // As in AWS, a policy cannot be deleted while certificates have it.
            draft.delete_policy(name)?;
            changed.push(name.clone());
        }
        Ok(changed)
    }
}

/// Writes the touched records; if the disk refuses one, those already written are put back.
fn save_all(
    store: &Store,
    old: &Records,
    new: &Records,
    touched: &[RecordKey<'_>],
) -> Result<(), RegistryError> {
    for (index, key) in touched.iter().enumerate() {
        let Err(error) = store.save(new, *key) else {
            continue;
        };
        for key in &touched[..index] {
            if let Err(error) = store.save(old, *key) {
                tracing::error!(%error, ?key, "restore a record after a failed write");
            }
        }
        return Err(error.into());
    }
    Ok(())
}
