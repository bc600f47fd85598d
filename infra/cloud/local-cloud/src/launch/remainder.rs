//! What is left of a template when a resource of its stack is deleted.
//!
//! Must not know: in which order resources are deleted.

use sam_template::{StackResource, Template};

/// Removes the entry of a resource.
pub(super) fn remove(resources: &mut Vec<StackResource>, resource: &StackResource) {
    resources.retain(|other| other.logical_id != resource.logical_id);
}

/// The template without the resource and without what SAM generates from it.
pub(super) fn without(template: &Template, resource: &StackResource) -> Template {
    let mut left = template.clone();
    let id = resource.logical_id.as_str();
    let is_declared = |other: &str| template.resources.iter().any(|r| r.logical_id == other);
    let is_function = resource.resource_type == "AWS::Serverless::Function";
    let stays = |other: &String| {
        let is_generated = is_function && other.starts_with(id) && !is_declared(other);
        other != id && !is_generated
    };
    remove(&mut left.resources, resource);
    left.tables.retain(|table| stays(&table.logical_id));
    left.functions
        .retain(|function| stays(&function.logical_id));
    for function in &mut left.functions {
        function
            .permissions
            .retain(|permission| stays(&permission.logical_id));
    }
    left.layers.retain(|layer| stays(&layer.logical_id));
    left.rules.retain(|rule| stays(&rule.logical_id));
    left.schedules
        .retain(|schedule| stays(&schedule.logical_id));
    left.event_sources
        .retain(|source| stays(&source.logical_id));
    left.roles.retain(|role| stays(&role.logical_id));
    left.managed_policies
        .retain(|policy| stays(&policy.logical_id));
    left.queues.retain(|queue| stays(&queue.logical_id));
    left.topics.retain(|topic| stays(&topic.logical_id));
    left.subscriptions
        .retain(|subscription| stays(&subscription.logical_id));
    left.topic_policies
        .retain(|policy| stays(&policy.logical_id));
    left.queue_policies
        .retain(|policy| stays(&policy.logical_id));
    left.alarms.retain(|alarm| stays(&alarm.logical_id));
    left.things.retain(|thing| stays(&thing.logical_id));
    left.provisioning_templates
        .retain(|template| stays(&template.logical_id));
    left.policy_attachments
        .retain(|attachment| stays(&attachment.logical_id));
    left.thing_attachments
        .retain(|attachment| stays(&attachment.logical_id));
    left.without_effect.retain(|other| stays(&other.logical_id));
    if resource.resource_type == "AWS::IoT::Policy" {
        left.iot_policies.remove(&resource.name);
    }
    left
}
