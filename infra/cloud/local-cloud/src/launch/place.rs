//! Reads the template, and says of what a start or reload refuses afterwards where it is in the
//! template's file.
//!
//! Must not know: why something is refused.

use super::{ExecutableError, StartError};
use crate::Options;
use crate::dynamodb::DynamoDbError;
use crate::iam::IamError;
use crate::notification::TopicError;
use crate::registry::RegistryError;
use crate::rule::RuleError;
use lambda_host::FunctionError;
use sam_template::{Template, TemplateError};

/// Reads the template of these options.
pub(super) fn load(options: &Options) -> Result<Template, TemplateError> {
    Template::load(&options.template, &options.context())
}

/// The error with the file, line and logical id of the resource that it is about, if it is about
/// one.
pub(super) fn located(error: StartError, template: &Template) -> StartError {
    let Some(id) = resource_of(&error, template) else {
        return error;
    };
    let places = &template.places;
    StartError::At {
        place: match &error {
            StartError::Rule(RuleError::Statement { .. }) => places.of_sql(&id),
            _ => places.of(&id),
        },
        source: Box::new(error),
    }
}

/// Logical id of the resource that an error is about.
fn resource_of(error: &StartError, template: &Template) -> Option<String> {
    let of_kind = |kind: &str, name: &str| {
        let mut resources = template.resources.iter();
        let found = resources.find(|r| r.resource_type.ends_with(kind) && r.name == name);
        found.map(|resource| resource.logical_id.clone())
    };
    match error {
        StartError::Rule(error) => Some(error.logical_id().to_owned()),
        StartError::Iam(
            IamError::Policy { owner: id, .. } | IamError::Role { function: id, .. },
        )
        | StartError::Topic(TopicError::Policy { policy: id, .. })
        | StartError::Executable(
            ExecutableError::None { function: id, .. }
            | ExecutableError::NotExecutable { function: id, .. }
            | ExecutableError::Elsewhere { function: id, .. }
            | ExecutableError::NotRun { function: id, .. }
            | ExecutableError::NoHandler { function: id, .. }
            | ExecutableError::NoInterpreter { function: id, .. }
            | ExecutableError::Inline { function: id, .. }
            | ExecutableError::File { id, .. }
            | ExecutableError::NoLayer { layer: id, .. },
        )
        | StartError::Registry(
            RegistryError::Declared { id, .. } | RegistryError::Foreign { id, .. },
        ) => Some(id.clone()),
        StartError::Source(error) => Some(error.event_source.clone()),
        StartError::Registry(
            RegistryError::Policy { name, .. } | RegistryError::PolicyName { name, .. },
        ) => of_kind("IoT::Policy", name),
        StartError::DynamoDb(DynamoDbError::Table { table, .. }) => of_kind("Table", table),
        StartError::Function(
            FunctionError::NoBinary { function, .. }
            | FunctionError::Variable { function, .. }
            | FunctionError::Concurrency { function, .. },
        ) => of_kind("::Function", function),
        _ => None,
    }
}
