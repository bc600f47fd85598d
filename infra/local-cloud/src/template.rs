//! Reads a SAM/CloudFormation template into the plain resources that the local cloud starts.
//!
//! Nothing is skipped silently: an unsupported resource type, property or function is an error that names file, line and
//! logical id. Must not know: how any resource is served, the network, the clock.

mod assemble;
mod error;
mod fields;
mod function;
mod identity;
mod node;
mod parameter;
mod resource;
mod role;
mod rule;
mod schedule;
mod scope;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

pub use error::{Problem, TemplateError};
pub use resource::{
    Action, Function, Index, KeyType, Permission, Projection, Queue, Role, Schedule, SnsTopic,
    Table, TopicRule, WithoutEffect,
};

/// Everything outside the template that its functions can refer to.
#[derive(Clone, Debug)]
pub struct Context {
    /// Value of `AWS::StackName`.
    pub stack_name: String,
    /// Value of `AWS::Region`.
    pub region: String,
    /// Value of `AWS::AccountId`, twelve digits.
    pub account: String,
    /// Overrides of the template's parameters; an unknown name is an error.
    pub parameters: BTreeMap<String, String>,
}

/// The resolved template: every reference replaced, every condition decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// DynamoDB tables, in template order.
    pub tables: Vec<Table>,
    /// Lambda functions, in template order.
    pub functions: Vec<Function>,
    /// IoT topic rules, in template order.
    pub rules: Vec<TopicRule>,
    /// Roles with their policies, in template order; a role that SAM makes for a function is that function's.
    pub roles: Vec<Role>,
    /// Schedules that invoke functions, in template order.
    pub schedules: Vec<Schedule>,
    /// IoT policy documents by policy name.
    pub iot_policies: BTreeMap<String, Value>,
    /// SQS queues, in template order.
    pub queues: Vec<Queue>,
    /// SNS topics, in template order.
    pub topics: Vec<SnsTopic>,
    /// Output values by output name.
    pub outputs: BTreeMap<String, String>,
    /// Resources that are valid and have no local effect (alarms, log groups).
    pub without_effect: Vec<WithoutEffect>,
}

impl Template {
    /// Loads and resolves the template at `path`.
    ///
    /// Errors: [`TemplateError`], always with the file, and with line and logical id where there is one.
    pub fn load(path: &Path, context: &Context) -> Result<Template, TemplateError> {
        let text = std::fs::read_to_string(path).map_err(|source| TemplateError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&path.display().to_string(), &text, context)
    }

    /// Resolves a template already in memory; `file` is only used in errors.
    pub fn parse(file: &str, text: &str, context: &Context) -> Result<Template, TemplateError> {
        let root = node::parse(file, text)?;
        assemble::template(file, &root, context)
    }
}
