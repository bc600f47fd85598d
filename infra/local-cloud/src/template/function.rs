//! Reads `AWS::Serverless::Function`, `Globals.Function` and `AWS::Lambda::Permission`.
//!
//! Must not know: how a function runs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::identity::Identity;
use super::node::{Data, Entry, Node};
use super::resource::{Function, Permission};

/// Keys of a function that SAM does not take from `Globals`.
const NOT_GLOBAL: [&str; 4] = ["Role", "Policies", "FunctionName", "Events"];

/// SAM policy templates that are understood as such by whoever checks a function's calls.
const POLICY_TEMPLATES: [&str; 6] = [
    "DynamoDBCrudPolicy",
    "DynamoDBReadPolicy",
    "DynamoDBWritePolicy",
    "SQSSendMessagePolicy",
    "SNSPublishMessagePolicy",
    "LambdaInvokePolicy",
];

/// The unresolved `Globals.Function`, checked.
pub(super) fn globals<'a>(
    file: &str,
    section: Option<&'a Node>,
) -> Result<Option<&'a Node>, TemplateError> {
    let place = Place {
        file: file.to_owned(),
        item: "Globals".to_owned(),
    };
    for entry in section.and_then(Node::entries).unwrap_or_default() {
        if entry.key != "Function" {
            let problem = Problem::UnsupportedProperty(entry.key.clone());
            return Err(place.error(entry.line, problem));
        }
    }
    let function = section.and_then(|s| s.get("Function"));
    for entry in function.and_then(Node::entries).unwrap_or_default() {
        if NOT_GLOBAL.contains(&entry.key.as_str()) {
            let problem = Problem::UnsupportedProperty(format!("Function.{}", entry.key));
            return Err(place.error(entry.line, problem));
        }
    }
    Ok(function)
}

/// A function's properties over the global ones: maps merge, lists follow, everything else replaces.
pub(super) fn merged(global: &Node, own: &Node) -> Node {
    let data = match (&global.data, &own.data) {
        (Data::Map(global), Data::Map(own)) => {
            let mut entries: Vec<Entry> = Vec::new();
            for entry in global {
                let value = match own.iter().find(|e| e.key == entry.key) {
                    Some(mine) => merged(&entry.value, &mine.value),
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
    Node {
        line: own.line,
        data,
    }
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
    let binary = binary(&fields, metadata)?;
    let runtime = fields.need_text("Runtime")?;
    if runtime != "provided.al2023" {
        let reason = "only provided.al2023 is supported";
        return Err(fields
            .place
            .refused(fields.line, "Runtime", &runtime, reason));
    }
    let handler = fields.need_text("Handler")?;
    fields.need_text("CodeUri")?;
    let role_arn = fields.text("Role")?;
    let role_policies = policies(&mut fields)?;
    if let (Some(role), false) = (&role_arn, role_policies.is_empty()) {
        let reason = "SAM ignores Policies beside Role: write them into the role";
        let place = &fields.place;
        return Err(place.refused(fields.line, "Role", role, reason));
    }
    let environment = environment(&mut fields)?;
    let (log_format, log_level) = logging(&mut fields)?;
    let invoke = invoke_config(&mut fields)?;
    let function = Function {
        logical_id: id.to_owned(),
        name: identity.name,
        arn,
        binary,
        handler,
        timeout_s: fields.integer("Timeout", 1..=900)?.unwrap_or(3),
        memory_mb: fields.integer("MemorySize", 128..=10_240)?.unwrap_or(128),
        environment,
        log_format,
        log_level,
        max_retries: invoke.retries,
        max_event_age_s: invoke.age_s,
        on_failure: invoke.on_failure,
        role_is_own: role_arn.is_none(),
        role_arn: role_arn.unwrap_or_else(|| own_role.arn().to_owned()),
        role_policies,
        permissions: Vec::new(),
    };
    fields.text("FunctionName")?;
    fields.accept(&["Architectures", "Description", "Tags", "Tracing"]);
    fields.finish()?;
    Ok(function)
}

fn binary(fields: &Fields, metadata: Option<Fields>) -> Result<String, TemplateError> {
    let missing = |key: &str| {
        let problem = Problem::Missing(key.to_owned());
        fields.place.error(fields.line, problem)
    };
    let mut metadata = metadata.ok_or_else(|| missing("Metadata.BuildMethod"))?;
    let method = metadata.need_text("BuildMethod")?;
    if method != "rust-cargolambda" {
        let reason = "only rust-cargolambda is supported";
        let what = "Metadata.BuildMethod";
        return Err(fields.place.refused(metadata.line, what, &method, reason));
    }
    metadata
        .map("BuildProperties")?
        .map(|mut properties| properties.need_text("Binary"))
        .unwrap_or_else(|| Err(missing("Metadata.BuildProperties.Binary")))
}

fn environment(fields: &mut Fields) -> Result<BTreeMap<String, String>, TemplateError> {
    let Some(mut environment) = fields.map("Environment")? else {
        return Ok(BTreeMap::new());
    };
    let mut values = BTreeMap::new();
    if let Some(variables) = environment.map("Variables")? {
        let place = variables.place.clone();
        for entry in variables.rest() {
            let Some(text) = entry.value.as_text() else {
                return Err(place.kind(entry.line, &entry.key, "text"));
            };
            values.insert(entry.key.clone(), text.to_owned());
        }
    }
    environment.finish()?;
    Ok(values)
}

fn logging(fields: &mut Fields) -> Result<(Option<String>, Option<String>), TemplateError> {
    let Some(mut logging) = fields.map("LoggingConfig")? else {
        return Ok((None, None));
    };
    let format = logging.text("LogFormat")?;
    let level = logging.text("ApplicationLogLevel")?;
    logging.accept(&["SystemLogLevel", "LogGroup"]);
    logging.finish()?;
    if level.is_some() && format.as_deref() != Some("JSON") {
        let line = fields.line;
        let reason = "a level applies only with LogFormat JSON";
        let level = level.unwrap_or_default();
        return Err(fields
            .place
            .refused(line, "ApplicationLogLevel", &level, reason));
    }
    Ok((format, level))
}

struct InvokeConfig {
    retries: u32,
    age_s: u64,
    on_failure: Option<String>,
}

fn invoke_config(fields: &mut Fields) -> Result<InvokeConfig, TemplateError> {
    let mut config = InvokeConfig {
        retries: 2,
        age_s: 21_600,
        on_failure: None,
    };
    let Some(mut invoke) = fields.map("EventInvokeConfig")? else {
        return Ok(config);
    };
    if let Some(retries) = invoke.integer("MaximumRetryAttempts", 0..=2)? {
        config.retries = u32::try_from(retries).expect("at most two");
    }
    if let Some(age) = invoke.integer("MaximumEventAgeInSeconds", 60..=21_600)? {
        config.age_s = age;
    }
    if let Some(mut destinations) = invoke.map("DestinationConfig")? {
        if let Some(mut failure) = destinations.map("OnFailure")? {
            let kind = failure.need_text("Type")?;
            if !["SQS", "SNS"].contains(&kind.as_str()) {
                let reason = "only SQS and SNS are supported";
                let what = failure.name("Type");
                return Err(failure.place.refused(failure.line, &what, &kind, reason));
            }
            config.on_failure = Some(failure.need_text("Destination")?);
            failure.finish()?;
        }
        destinations.finish()?;
    }
    invoke.finish()?;
    Ok(config)
}

fn policies(fields: &mut Fields) -> Result<Vec<Value>, TemplateError> {
    let Some(node) = fields.take("Policies") else {
        return Ok(Vec::new());
    };
    let place = fields.place.clone();
    let items = match node.data {
        Data::List(items) => items,
        _ => vec![node],
    };
    items
        .iter()
        .map(|item| {
            let name = match item.entries() {
                Some(_) if item.get("Statement").is_some() => return Ok(item.to_json()),
                Some([entry]) => entry.key.as_str(),
                _ => item.as_text().unwrap_or_default(),
            };
            if POLICY_TEMPLATES.contains(&name) || name.contains("AWSLambdaBasicExecutionRole") {
                return Ok(item.to_json());
            }
            let reason = "neither a document with a Statement nor a supported policy template";
            Err(place.refused(item.line, "Policies", name, reason))
        })
        .collect()
}

/// Reads a permission and the function it is for.
pub(super) fn permission(
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
    };
    fields.finish()?;
    Ok((function, permission))
}
