//! Reads `AWS::Lambda::Function`, and its versions and aliases.
//!
//! Source: the `CloudFormation` reference of the types.

use super::{InvokeConfig, code, read_environment, read_logging};
use crate::error::TemplateError;
use crate::fields::Fields;
use crate::identity::Identity;
use crate::resource::Function;
use crate::runtime;

/// Properties that are valid but have no effect here.
const ACCEPTED: [&str; 12] = [
    "Architectures",
    "CodeSigningConfigArn",
    "Description",
    "EphemeralStorage",
    "FunctionName",
    "KmsKeyArn",
    "RecursiveLoop",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "TracingConfig",
    "VpcConfig",
];

/// Reads a function; its properties are resolved.
pub(crate) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Function, TemplateError> {
    let runtime = runtime::read(&mut fields)?;
    let code = code::of_plain(&mut fields, &runtime)?;
    let logging = read_logging(&mut fields)?;
    let InvokeConfig {
        retries,
        age_s,
        on_failure,
    } = InvokeConfig::default();
    let function = Function {
        logical_id: id.to_owned(),
        arn: identity.arn().to_owned(),
        name: identity.name,
        binary: id.to_owned(),
        runtime,
        handler: fields.need_text("Handler")?,
        timeout_s: fields.integer("Timeout", 1..=900)?.unwrap_or(3),
        memory_mb: fields.integer("MemorySize", 128..=10_240)?.unwrap_or(128),
        environment: read_environment(&mut fields)?,
        log_format: logging.format,
        log_level: logging.level,
        system_log_level: logging.system_level,
        log_group: logging.group,
        alias: None,
        event_qualifier: None,
        max_retries: retries,
        max_event_age_s: age_s,
        on_failure,
        role_arn: fields.need_text("Role")?,
        role_is_own: false,
        role_policies: Vec::new(),
        reserved_concurrency: fields.integer("ReservedConcurrentExecutions", 0..=1000)?,
        code_uri: code.uri,
        inline_code: code.inline,
        layers: code::layers(&mut fields)?,
        published: false,
        permissions: Vec::new(),
    };
    fields.accept(&ACCEPTED);
    fields.finish()?;
    Ok(function)
}

/// What an `AWS::Lambda::Version` or `AWS::Lambda::Alias` publishes of a function.
pub(crate) struct Published {
    /// Name or ARN of the function.
    pub function: String,
    /// Name of the alias; `None` for a version.
    pub alias: Option<String>,
}

/// Reads a version or an alias. There is one version of a function: its code as it is now.
pub(crate) fn read_published(kind: &str, mut fields: Fields) -> Result<Published, TemplateError> {
    let function = fields.need_text("FunctionName")?;
    let mut alias = None;
    if kind == "AWS::Lambda::Alias" {
        alias = Some(fields.need_text("Name")?);
        let version = fields.need_text("FunctionVersion")?;
        if !["1", "$LATEST"].contains(&version.as_str()) {
            let reason = "a function has one version here: refer to it by GetAtt <id>.Version";
            return Err(fields.refused("FunctionVersion", &version, reason));
        }
    }
    fields.accept(&[
        "CodeSha256",
        "Description",
        "ProvisionedConcurrencyConfig",
        "RuntimePolicy",
    ]);
    fields.finish()?;
    Ok(Published { function, alias })
}
