//! Deletes the stack while the cloud runs, as CloudFormation does: a resource after all that depend
//! on it, and as many as possible if one fails.
//!
//! Source: CloudFormation user guide, "Delete a stack" and "Delete stack fails".
//!
//! Must not know: how each service keeps its resources.

use std::collections::{BTreeMap, BTreeSet};

use super::reload::{Reloader, Running};
use super::{import, remainder};
use crate::dynamodb;
use crate::registry::certificate_id;
use sam_template::{StackResource, Template};

/// What happened to a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Logical ids of the deleted resources, in the order of their deletion.
    pub deleted: Vec<String>,
    /// Logical ids of the resources that stay, as their `DeletionPolicy` says.
    pub retained: Vec<String>,
}

/// A stack in the state `DELETE_FAILED`. What was deleted before stays deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "DELETE_FAILED: The following resource(s) failed to delete: [{}]. {}",
    .failed.iter().map(|failed| failed.logical_id.as_str()).collect::<Vec<_>>().join(", "),
    .failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
)]
pub struct DeleteError {
    /// What could not be deleted.
    pub failed: Vec<DeleteFailed>,
    /// What was deleted or retained.
    pub done: Deleted,
}

/// A resource that could not be deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{logical_id} ({resource_type}): {reason}")]
pub struct DeleteFailed {
    /// Logical id in the template.
    pub logical_id: String,
    /// Resource type.
    pub resource_type: String,
    /// Why, in the service's words.
    pub reason: String,
}

/// A running deletion of a stack.
struct Deletion {
    left: BTreeMap<String, StackResource>,
    /// Logical ids in the order in which they are tried: later ones in the template first.
    order: Vec<String>,
    done: Deleted,
    failed: Vec<DeleteFailed>,
}

impl Deletion {
    fn of(template: &Template) -> Self {
        let resources = template.resources.iter();
        Self {
            left: resources
                .clone()
                .map(|r| (r.logical_id.clone(), r.clone()))
                .collect(),
            order: resources.rev().map(|r| r.logical_id.clone()).collect(),
            done: Deleted::default(),
            failed: Vec::new(),
        }
    }

    /// The next resources for which `is_wanted` holds and that nothing depends on any more.
    fn ready(&self, is_wanted: impl Fn(&StackResource) -> bool) -> Vec<StackResource> {
        let needed: BTreeSet<&String> = self
            .left
            .values()
            .flat_map(|resource| &resource.depends_on)
            .collect();
        let has_failed = |id: &str| self.failed.iter().any(|failed| failed.logical_id == id);
        let ids = self
            .order
            .iter()
            .filter(|id| !needed.contains(id) && !has_failed(id));
        let ready = ids.filter_map(|id| self.left.get(id));
        ready
            .filter(|resource| is_wanted(resource))
            .cloned()
            .collect()
    }

    fn finish(&mut self, resource: &StackResource) {
        self.left.remove(&resource.logical_id);
        let list = if resource.deletion.is_kept() {
            &mut self.done.retained
        } else {
            &mut self.done.deleted
        };
        list.push(resource.logical_id.clone());
    }

    fn fail(&mut self, resource: &StackResource, reason: String) {
        self.failed.push(DeleteFailed {
            logical_id: resource.logical_id.clone(),
            resource_type: resource.resource_type.clone(),
            reason,
        });
    }
}

/// Whether a service keeps the resource and may refuse its deletion.
fn is_stored(resource: &StackResource) -> bool {
    const STORED: [&str; 6] = [
        "AWS::IoT::Policy",
        "AWS::IoT::Thing",
        "AWS::IoT::PolicyPrincipalAttachment",
        "AWS::IoT::ThingPrincipalAttachment",
        "AWS::DynamoDB::Table",
        "AWS::Serverless::SimpleTable",
    ];
    STORED.contains(&resource.resource_type.as_str())
}

impl Reloader {
    /// See [`crate::LocalCloud::delete_stack`].
    pub async fn delete(&self) -> Result<Deleted, DeleteError> {
        let mut running = self.running.lock().await;
        self.stack.begin_deletion();
        let tables = running.template.tables.clone();
        let mut deletion = Deletion::of(&running.template);
        loop {
            let kept = deletion.ready(|resource| resource.deletion.is_kept());
            let stopped = deletion.ready(|r| !r.deletion.is_kept() && !is_stored(r));
            if !kept.is_empty() || !stopped.is_empty() {
                for resource in &kept {
                    remainder::remove(&mut running.template.resources, resource);
                    deletion.finish(resource);
                }
                self.stop_running(&mut running, &mut deletion, &stopped)
                    .await;
                continue;
            }
            let stored = deletion.ready(|r| !r.deletion.is_kept());
            let Some(resource) = stored.first() else {
                break;
            };
            match self.delete_stored(&running.template, resource).await {
                Ok(()) => {
                    running.template = remainder::without(&running.template, resource);
                    deletion.finish(resource);
                }
                Err(message) => {
                    let reason = format!("Resource handler returned message: {message:?}");
                    deletion.fail(resource, reason);
                }
            }
        }
        // Also if another resource failed: the next attempt finds the table gone from the stack.
        if let Some(directory) = &self.options.data_dir {
            let is_kept = |id: &String| deletion.done.retained.contains(id);
            let kept = tables
                .into_iter()
                .filter(|table| is_kept(&table.logical_id));
            if let Err(error) = import::retain(directory, kept.map(|table| table.name)) {
                tracing::error!(%error, "record the tables that a deleted stack retains");
            }
        }
        let failed = deletion.failed.iter();
        let failed: Vec<&str> = failed.map(|failed| failed.logical_id.as_str()).collect();
        self.stack.end_deletion(&failed);
        if deletion.failed.is_empty() {
            return Ok(deletion.done);
        }
        Err(DeleteError {
            failed: deletion.failed,
            done: deletion.done,
        })
    }

    /// Ends what runs: functions, rules, schedules, event sources, and the roles that they had.
    async fn stop_running(
        &self,
        running: &mut Running,
        deletion: &mut Deletion,
        resources: &[StackResource],
    ) {
        if resources.is_empty() {
            return;
        }
        let template = resources
            .iter()
            .fold(running.template.clone(), |template, resource| {
                remainder::without(&template, resource)
            });
        match self.plan(template, &BTreeSet::new()) {
            Ok(plan) => {
                self.apply(running, plan).await;
                resources
                    .iter()
                    .for_each(|resource| deletion.finish(resource));
            }
            // What is left could not run without them.
            Err(error) => {
                let reason = crate::narrate::chain(&error);
                resources
                    .iter()
                    .for_each(|resource| deletion.fail(resource, reason.clone()));
            }
        }
    }

    /// Deletes what a service keeps; the error is the service's message.
    async fn delete_stored(
        &self,
        template: &Template,
        resource: &StackResource,
    ) -> Result<(), String> {
        let (id, name) = (&resource.logical_id, &resource.name);
        let refused = |error: crate::RegistryError| error.to_string();
        match resource.resource_type.as_str() {
            "AWS::IoT::Policy" => self.registry.delete_policy(name).map_err(refused),
            "AWS::IoT::Thing" => self.registry.delete_thing(name, None).map_err(refused),
            "AWS::IoT::PolicyPrincipalAttachment" => {
                let mut attachments = template.policy_attachments.iter();
                let detach =
                    |a: &sam_template::Attachment| self.registry.detach_policy(&a.to, &a.principal);
                attachments
                    .find(|a| a.logical_id == *id)
                    .map_or(Ok(()), detach)
                    .map_err(refused)
            }
            "AWS::IoT::ThingPrincipalAttachment" => {
                let mut attachments = template.thing_attachments.iter();
                let detach = |a: &sam_template::Attachment| {
                    let certificate = certificate_id(&a.principal);
                    self.registry.detach_thing_principal(&a.to, certificate)
                };
                attachments
                    .find(|a| a.logical_id == *id)
                    .map_or(Ok(()), detach)
                    .map_err(refused)
            }
            _ => dynamodb::delete_table(&self.services.database, name),
        }
    }
}
