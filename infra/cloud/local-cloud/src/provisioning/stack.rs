//! Provisioning templates that the stack declares.
//!
//! Must not know: when a template changes.

use std::collections::BTreeMap;

use super::Provisioning;
use super::record::{Hook, TemplateRecord, Version};
use super::template::Template;
use sam_template::ProvisioningTemplate;

/// A declared template that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("AWS::IoT::ProvisioningTemplate {logical_id} ({name}): {problem}")]
pub struct ProvisioningError {
    logical_id: String,
    name: String,
    problem: String,
}

/// Checks the text of each template.
///
/// # Errors
///
/// The first that cannot be used.
pub fn check(templates: &[ProvisioningTemplate]) -> Result<(), ProvisioningError> {
    for template in templates {
        Template::parse(&template.body).map_err(|problem| ProvisioningError {
            logical_id: template.logical_id.clone(),
            name: template.name.clone(),
            problem,
        })?;
    }
    Ok(())
}

impl Provisioning {
    /// Puts the templates of a changed stack in force, and returns the names of those that are new,
    /// changed or removed.
    pub fn replace(
        &self,
        old: &[ProvisioningTemplate],
        new: &[ProvisioningTemplate],
    ) -> Vec<String> {
        let mut changed = Vec::new();
        for template in new.iter().filter(|template| !old.contains(template)) {
            let record = self.record_of(template);
            if self.find(&template.name).as_ref() != Some(&record) {
                self.save(&template.name, Some(record));
            }
            changed.push(template.name.clone());
        }
        let is_gone = |name: &str| new.iter().all(|template| template.name != name);
        for template in old.iter().filter(|template| is_gone(&template.name)) {
            self.save(&template.name, None);
            changed.push(template.name.clone());
        }
        changed
    }

    fn save(&self, name: &str, record: Option<TemplateRecord>) {
        if let Err(error) = self.put(name, record, false) {
            tracing::error!(%error, name, "save a provisioning template");
        }
    }

    /// What is kept of a template. Another text is a version with another number.
    fn record_of(&self, template: &ProvisioningTemplate) -> TemplateRecord {
        let now_ms = self.now_ms();
        let mut record = self.find(&template.name).unwrap_or(TemplateRecord {
            name: template.name.clone(),
            description: None,
            is_enabled: false,
            role_arn: String::new(),
            hook: None,
            default_version: 0,
            latest_version: 0,
            versions: BTreeMap::new(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
        });
        if record.body() != template.body {
            let replaced = record.default_version;
            record.latest_version += 1;
            record.default_version = record.latest_version;
            let version = Version {
                body: template.body.clone(),
                created_at_ms: now_ms,
            };
            record.versions.remove(&replaced);
            record.versions.insert(record.latest_version, version);
        }
        record.description.clone_from(&template.description);
        record.is_enabled = template.enabled;
        record.role_arn.clone_from(&template.role_arn);
        record.hook = template.hook.as_ref().map(|hook| Hook {
            payload_version: hook.payload_version.clone(),
            target_arn: hook.target_arn.clone(),
        });
        record
    }
}
