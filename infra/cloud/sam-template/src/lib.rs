//! Reads a SAM template and resolves it into plain resources.
//!
#![doc = include_str!("../README.md")]

mod accept;
mod advice;
mod alarm;
mod alias;
mod assemble;
mod assertion;
mod check;
mod deletion;
mod duplicate;
mod dynamic;
mod error;
mod event;
mod fields;
mod flow;
mod function;
mod identity;
mod inert;
mod interface;
mod iot_account;
mod kind;
mod layer;
mod managed_policy;
mod name;
mod need;
mod node;
mod parameter;
mod place;
mod provisioning;
mod queue;
mod reference;
mod resource;
mod role;
mod rule;
mod runtime;
mod schedule;
mod scope;
mod section;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod thing;
mod topic;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

pub use deletion::{DeletionPolicy, StackResource};
pub use dynamic::reference_key;
pub use error::{Problem, TemplateError};
pub use managed_policy::ManagedPolicy;
pub use need::inert_needed;
pub use parameter::Declaration;
pub use place::Places;
pub use provisioning::{ProvisioningHook, ProvisioningTemplate};
pub use resource::{
    Action, Alarm, Attachment, Comparison, DynamoDbKey, EventSource, FilterCondition, FilterPolicy,
    Function, Index, KeyType, Layer, MissingData, Permission, Projection, Protocol, Queue, Redrive,
    ResourcePolicy, Role, Schedule, ScheduleKind, SnsTopic, SourceKind, StartingPosition,
    Statistic, Stream, StreamReading, StreamView, Subscription, Table, Thing, TopicRule,
    WithoutEffect,
};
pub use runtime::Interpreter;

/// Everything outside the template that its intrinsic functions can refer to.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Value of `AWS::StackName`.
    pub stack_name: String,
    /// Value of `AWS::Region`.
    pub region: String,
    /// Value of `AWS::AccountId`, twelve digits.
    pub account: String,
    /// Values for the template's parameters, over their defaults; an unknown name is an error. A
    /// key of [`reference_key`] gives the value of a dynamic reference, and that of `import:NAME`
    /// the value of `!ImportValue NAME`.
    pub parameters: BTreeMap<String, String>,
    /// Types of resources that are names only, events of functions that never come, and actions of
    /// rules that do nothing: `AWS::Kinesis::Stream`, `Api`, `Firehose`. A star at the end covers
    /// all types that begin so.
    pub inert: BTreeSet<String>,
}

/// A resolved template: every reference replaced, every condition decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// DynamoDB tables, in template order.
    pub tables: Vec<Table>,
    /// Lambda functions, in template order.
    pub functions: Vec<Function>,
    /// Layers of functions, in template order.
    pub layers: Vec<Layer>,
    /// IoT topic rules, in template order.
    pub rules: Vec<TopicRule>,
    /// Schedules that invoke functions, in template order.
    pub schedules: Vec<Schedule>,
    /// IoT policy documents by policy name.
    pub iot_policies: BTreeMap<String, Value>,
    /// Declared IAM roles, in template order; a role that SAM generates is part of its function.
    pub roles: Vec<Role>,
    /// Managed policies, in template order.
    pub managed_policies: Vec<ManagedPolicy>,
    /// IoT things, in template order.
    pub things: Vec<Thing>,
    /// Provisioning templates, in template order.
    pub provisioning_templates: Vec<ProvisioningTemplate>,
    /// Certificates attached to policies.
    pub policy_attachments: Vec<Attachment>,
    /// Certificates attached to things.
    pub thing_attachments: Vec<Attachment>,
    /// SQS queues, in template order.
    pub queues: Vec<Queue>,
    /// Event sources that deliver messages of queues or records of streams to functions, in
    /// template order.
    pub event_sources: Vec<EventSource>,
    /// SNS topics, in template order.
    pub topics: Vec<SnsTopic>,
    /// Subscriptions of topics, in template order.
    pub subscriptions: Vec<Subscription>,
    /// Policies of topics, whose targets are ARNs.
    pub topic_policies: Vec<ResourcePolicy>,
    /// Policies of queues, whose targets are URLs.
    pub queue_policies: Vec<ResourcePolicy>,
    /// CloudWatch alarms, in template order.
    pub alarms: Vec<Alarm>,
    /// Parameter values by parameter name, as `CloudFormation` shows them: `****` for one with
    /// `NoEcho`.
    pub parameters: BTreeMap<String, String>,
    /// Output values by output name.
    pub outputs: BTreeMap<String, String>,
    /// Resources that are valid but have no effect here (dashboards, metric filters, log groups).
    pub without_effect: Vec<WithoutEffect>,
    /// Sentences about what is less here than in AWS, each with file, line and logical id.
    pub notes: Vec<String>,
    /// Every resource of the stack in template order, with what happens to it at its end.
    pub resources: Vec<StackResource>,
    /// Where each resource is in its file, by logical id.
    pub places: Places,
}

impl Template {
    /// Reads and resolves the template in the file `path`.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], always with the file and, inside the text, with line, column and logical
    /// id.
    pub fn load(path: &Path, context: &Context) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path).map_err(|source| TemplateError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&path.display().to_string(), &text, context)
    }

    /// Resolves the template in `text`; `file` only appears in errors.
    ///
    /// # Errors
    ///
    /// As [`Template::load`].
    pub fn parse(file: &str, text: &str, context: &Context) -> Result<Self, TemplateError> {
        let (root, repeated) = node::parse(file, text)?;
        let mut template = assemble::template(file, &root, context)?;
        template
            .notes
            .extend(repeated.iter().map(|one| one.note(file)));
        Ok(template)
    }
}

/// The parameters that the template in `text` declares, in its order; `file` only appears in
/// errors.
///
/// # Errors
///
/// [`TemplateError`] if the YAML or this section is invalid; other sections are not checked.
pub fn parameters(file: &str, text: &str) -> Result<Vec<Declaration>, TemplateError> {
    let (root, _) = node::parse(file, text)?;
    parameter::read_declarations(file, root.get("Parameters"))
}
