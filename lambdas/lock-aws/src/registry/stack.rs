//! The stack in `CloudFormation`: its state, its outputs and its parameters.

use std::collections::BTreeMap;

use super::{Registry, RegistryError};

/// A deployed stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its state, as CloudFormation words it: `UPDATE_COMPLETE`.
    pub status: String,
    /// Its outputs by name, such as `LockPolicyName`.
    pub outputs: BTreeMap<String, String>,
    /// Its parameters by name, such as `LockNamePattern`.
    pub parameters: BTreeMap<String, String>,
}

impl Registry {
    /// The stack of this name; `None` if there is none in this account and region.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn find_stack(&self, name: &str) -> Result<Option<Stack>, RegistryError> {
        let call = self.clients.cloudformation.describe_stacks();
        let answer = match call.stack_name(name).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error =
                    RegistryError::of(format!("cloudformation:DescribeStacks {name}"), &error);
                // CloudFormation has no code of its own for a stack that does not exist.
                let is_absent = error.code() == Some("ValidationError")
                    && crate::chain(&error).contains("does not exist");
                return if is_absent { Ok(None) } else { Err(error) };
            }
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(answer.stacks().first().map(|stack| Stack {
            name: text(stack.stack_name()),
            status: stack
                .stack_status()
                .map_or_else(String::new, |status| status.as_str().to_owned()),
            outputs: stack
                .outputs()
                .iter()
                .map(|output| (text(output.output_key()), text(output.output_value())))
                .collect(),
            parameters: stack
                .parameters()
                .iter()
                .map(|parameter| {
                    let (name, value) = (parameter.parameter_key(), parameter.parameter_value());
                    (text(name), text(value))
                })
                .collect(),
        }))
    }
}
