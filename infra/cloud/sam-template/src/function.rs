//! Reads `AWS::Serverless::Function`, `Globals.Function` and `AWS::Lambda::Permission`.

mod code;
mod plain;
mod policy;

use std::collections::BTreeMap;

use super::alias;
use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::identity::Identity;
use super::node::{Data, Entry, Node};
use super::resource::{Function, Permission};
use super::runtime;
pub(super) use code::uri_of;
pub(super) use plain::{Published, read as read_plain, read_published};

/// Properties that are valid but have no effect here.
const ACCEPTED: [&str; 10] = [
    "Architectures",
    "Description",
    "EphemeralStorage",
    "KmsKeyArn",
    "PropagateTags",
    "RuntimeManagementConfig",
    "SnapStart",
    "Tags",
    "Tracing",
    "VpcConfig",
];

/// Properties of a function that SAM does not accept in `Globals`.
const NOT_GLOBAL: [&str; 4] = ["Role", "Policies", "FunctionName", "Events"];

/// The sections of `Globals`, each with the properties that SAM refuses there. The last ones are of
/// types that are names only here.
const GLOBALS: [(&str, &[&str]); 7] = [
    ("Function", &NOT_GLOBAL),
    ("SimpleTable", &["PrimaryKey", "TableName"]),
    ("LayerVersion", &[]),
    ("Api", &[]),
    ("HttpApi", &[]),
    ("StateMachine", &[]),
    ("WebSocketApi", &[]),
];

/// Checks the section `Globals`.
pub(super) fn check_globals(place: &Place, section: Option<&Node>) -> Result<(), TemplateError> {
    for entry in section.and_then(Node::entries).unwrap_or_default() {
        let Some((_, refused)) = GLOBALS.iter().find(|(name, _)| *name == entry.key) else {
            let advice = "SAM has Api, Function, HttpApi, LayerVersion, SimpleTable, StateMachine \
                          and WebSocketApi; write other properties into the resources";
            let problem = Problem::unsupported(format!("property {}", entry.key), advice);
            return Err(place.error(entry.at, problem));
        };
        for property in entry.value.entries().unwrap_or_default() {
            if refused.contains(&property.key.as_str()) {
                let advice = "SAM accepts it only in the resource itself";
                let what = format!("property {}.{}", entry.key, property.key);
                return Err(place.error(property.at, Problem::unsupported(what, advice)));
            }
        }
    }
    Ok(())
}

/// A resource's own properties over the global ones: maps merge, lists are concatenated, other
/// values replaced.
pub(super) fn merge(global: &Node, own: &Node) -> Node {
    let data = match (&global.data, &own.data) {
        (Data::Map(global), Data::Map(own)) => {
            let mut entries: Vec<Entry> = Vec::new();
            for entry in global {
                let value = match own.iter().find(|e| e.key == entry.key) {
                    Some(mine) => merge(&entry.value, &mine.value),
                    None => entry.value.clone(),
                };
                entries.push(Entry {
                    value,
                    ..entry.clone()
                });
            }
            let new = own
                .iter()
                .filter(|e| !global.iter().any(|g| g.key == e.key));
            entries.extend(new.cloned());
            Data::Map(entries)
        }
        (Data::List(global), Data::List(own)) => {
            Data::List(global.iter().chain(own).cloned().collect())
        }
        (_, own) => own.clone(),
    };
    Node { at: own.at, data }
}

/// Reads a function; `metadata` and `properties` are resolved.
pub(super) fn read(
    id: &str,
    identity: Identity,
    own_role: Identity,
    metadata: Option<Fields>,
    mut fields: Fields,
) -> Result<Function, TemplateError> {
    let arn = identity.arn().to_owned();
    let runtime = runtime::read(&mut fields)?;
    let binary = binary_name(id, &fields, metadata)?;
    let handler = fields.need_text("Handler")?;
    let code = code::of_serverless(&mut fields, &runtime)?;
    let role_arn = fields.text("Role")?;
    let role_policies = policy::read(&mut fields)?;
    if let (Some(role), false) = (&role_arn, role_policies.is_empty()) {
        let reason = "SAM ignores Policies if Role is given: write them into the role";
        return Err(fields.refused("Role", role, reason));
    }
    let environment = read_environment(&mut fields)?;
    let logging = read_logging(&mut fields)?;
    let invoke = read_invoke_config(&mut fields)?;
    let alias = fields.text("AutoPublishAlias")?;
    alias::check_rollout(&mut fields, alias.as_deref())?;
    let function = Function {
        logical_id: id.to_owned(),
        name: identity.name,
        arn,
        binary,
        runtime,
        handler,
        timeout_s: fields.integer("Timeout", 1..=900)?.unwrap_or(3),
        memory_mb: fields.integer("MemorySize", 128..=10_240)?.unwrap_or(128),
        environment,
        log_format: logging.format,
        log_level: logging.level,
        system_log_level: logging.system_level,
        log_group: logging.group,
        event_qualifier: alias.clone(),
        alias,
        max_retries: invoke.retries,
        max_event_age_s: invoke.age_s,
        on_failure: invoke.on_failure,
        role_is_own: role_arn.is_none(),
        role_arn: role_arn.unwrap_or_else(|| own_role.arn().to_owned()),
        role_policies,
        reserved_concurrency: fields.integer("ReservedConcurrentExecutions", 0..=1000)?,
        code_uri: code.uri,
        inline_code: code.inline,
        layers: code::layers(&mut fields)?,
        published: false,
        permissions: Vec::new(),
    };
    fields.text("FunctionName")?;
    fields.accept(&ACCEPTED);
    fields.finish()?;
    Ok(function)
}

/// The name of the function's executable: the logical id for a function that is not built, whose
/// folder holds a `bootstrap`.
fn binary_name(
    id: &str,
    fields: &Fields,
    metadata: Option<Fields>,
) -> Result<String, TemplateError> {
    let Some(mut metadata) = metadata else {
        return Ok(id.to_owned());
    };
    let skipped = metadata.boolean("SkipBuild")?.unwrap_or(false);
    let method = metadata.text("BuildMethod")?;
    match method.as_deref() {
        None => Ok(id.to_owned()),
        Some(_) if skipped => Ok(id.to_owned()),
        Some("rust-cargolambda") => {
            let properties = metadata.map("BuildProperties")?;
            let binary = properties.map(|mut p| p.need_text("Binary"));
            binary.unwrap_or_else(|| {
                let problem = Problem::Missing("Metadata.BuildProperties.Binary".to_owned());
                Err(fields.place.error(metadata.at, problem))
            })
        }
        // A folder without what is built is refused by who starts the function.
        Some(_) => Ok(id.to_owned()),
    }
}

fn read_environment(fields: &mut Fields) -> Result<BTreeMap<String, String>, TemplateError> {
    let Some(mut environment) = fields.map("Environment")? else {
        return Ok(BTreeMap::new());
    };
    let mut values = BTreeMap::new();
    if let Some(variables) = environment.map("Variables")? {
        let place = variables.place.clone();
        for entry in variables.rest() {
            let Some(text) = entry.value.as_text() else {
                return Err(place.kind(entry.at, &entry.key, "text"));
            };
            values.insert(entry.key.clone(), text.to_owned());
        }
    }
    environment.finish()?;
    Ok(values)
}

#[derive(Default)]
struct Logging {
    format: Option<String>,
    level: Option<String>,
    system_level: Option<String>,
    group: Option<String>,
}

fn read_logging(fields: &mut Fields) -> Result<Logging, TemplateError> {
    let Some(mut config) = fields.map("LoggingConfig")? else {
        return Ok(Logging::default());
    };
    let logging = Logging {
        format: config.text("LogFormat")?,
        level: config.text("ApplicationLogLevel")?,
        system_level: config.text("SystemLogLevel")?,
        group: config.text("LogGroup")?,
    };
    config.finish()?;
    let levels = [
        ("ApplicationLogLevel", &logging.level),
        ("SystemLogLevel", &logging.system_level),
    ];
    for (name, level) in levels {
        if let (Some(level), false) = (level, logging.format.as_deref() == Some("JSON")) {
            let reason = "a level applies only with LogFormat JSON";
            return Err(fields.place.refused(fields.at, name, level, reason));
        }
    }
    Ok(logging)
}

/// How asynchronous events of a function are handled.
pub(super) struct InvokeConfig {
    pub retries: u32,
    pub age_s: u64,
    pub on_failure: Option<String>,
}

impl Default for InvokeConfig {
    fn default() -> Self {
        Self {
            retries: 2,
            age_s: 21_600,
            on_failure: None,
        }
    }
}

fn read_invoke_config(fields: &mut Fields) -> Result<InvokeConfig, TemplateError> {
    match fields.map("EventInvokeConfig")? {
        Some(mut invoke) => {
            let config = read_event_handling(&mut invoke, true)?;
            invoke.finish()?;
            Ok(config)
        }
        None => Ok(InvokeConfig::default()),
    }
}

/// Reads an `AWS::Lambda::EventInvokeConfig`; returns it with the qualified name of its function.
pub(super) fn read_event_invoke_config(
    mut fields: Fields,
) -> Result<(String, InvokeConfig), TemplateError> {
    let function = fields.need_text("FunctionName")?;
    let qualifier = fields.need_text("Qualifier")?;
    let config = read_event_handling(&mut fields, false)?;
    fields.finish()?;
    Ok((format!("{function}:{qualifier}"), config))
}

/// SAM gives the destination's type (`typed`), CloudFormation only its ARN.
fn read_event_handling(invoke: &mut Fields, typed: bool) -> Result<InvokeConfig, TemplateError> {
    let retries = invoke.integer("MaximumRetryAttempts", 0..=2)?.unwrap_or(2);
    let age = invoke.integer("MaximumEventAgeInSeconds", 60..=21_600)?;
    let mut on_failure = None;
    if let Some(mut destinations) = invoke.map("DestinationConfig")? {
        if let Some(mut failure) = destinations.map("OnFailure")? {
            if typed {
                let kind = failure.need_text("Type")?;
                if !["SQS", "SNS"].contains(&kind.as_str()) {
                    let reason = "only SQS and SNS are supported";
                    return Err(failure.refused("Type", &kind, reason));
                }
            }
            on_failure = Some(failure.need_text("Destination")?);
            failure.finish()?;
        }
        destinations.finish()?;
    }
    Ok(InvokeConfig {
        retries: u32::try_from(retries).expect("at most two"),
        age_s: age.unwrap_or(21_600),
        on_failure,
    })
}

/// Reads a permission; returns it with the name of its function.
pub(super) fn read_permission(
    id: &str,
    mut fields: Fields,
) -> Result<(String, Permission), TemplateError> {
    let function = fields.need_text("FunctionName")?;
    let permission = Permission {
        logical_id: id.to_owned(),
        principal: fields.need_text("Principal")?,
        action: fields.need_text("Action")?,
        source_arn: fields.text("SourceArn")?,
        source_account: fields.text("SourceAccount")?,
        qualifier: None,
    };
    fields.finish()?;
    Ok((function, permission))
}
