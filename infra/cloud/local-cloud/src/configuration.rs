//! Lambda's API for whoever looks at a function: `GetFunctionConfiguration`, `GetAlias`,
//! `GetPolicy`.
//!
//! It is served at the control plane's address (`AWS_ENDPOINT_URL_LAMBDA`). Must not know: how
//! functions run. Source: AWS Lambda API reference.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path as FilePath;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{any, get};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::{Map, Value, json};

use crate::account::Account;
use crate::answer::{ApiError, ok};
use crate::clock::iso_8601;
use lambda_host::{Description, Functions};
use sam_template::Permission;

type Answer = Result<Response, ApiError>;
type Parameters = Query<HashMap<String, String>>;

#[derive(Clone)]
struct Lambda {
    functions: Functions,
    account: Account,
}

/// The routes. A middleware must check the caller's rights.
pub fn router(functions: Functions, account: Account) -> Router {
    const FUNCTION: &str = "/2015-03-31/functions/{name}";
    Router::new()
        .route(&format!("{FUNCTION}/configuration"), get(configuration))
        .route(&format!("{FUNCTION}/aliases/{{alias}}"), get(alias))
        .route(&format!("{FUNCTION}/policy"), get(policy))
        .route("/2015-03-31/{*path}", any(unknown))
        .with_state(Lambda { functions, account })
}

impl Lambda {
    /// The function of this name, with the qualifier of the request.
    fn find(&self, name: &str, qualifier: Option<&String>) -> Result<Description, ApiError> {
        let qualifier = qualifier.filter(|qualifier| !qualifier.is_empty());
        let name = match qualifier {
            Some(qualifier) => format!("{name}:{qualifier}"),
            None => name.to_owned(),
        };
        let found = self.functions.describe(&name);
        found.ok_or_else(|| {
            let arn = self.arn_of(&name);
            ApiError::not_found(&format!("Function not found: {arn}"))
        })
    }

    fn arn_of(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        self.account.arn("lambda", format!("function:{name}"))
    }
}

async fn configuration(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let found = lambda.find(&name, parameters.get("Qualifier"))?;
    let path = found.executable.clone();
    let read = tokio::task::spawn_blocking(move || read_code(&path)).await;
    let code = read.unwrap_or_else(|error| Err(io::Error::other(error)));
    Ok(ok(&described(&found, code)))
}

/// Size and SHA-256 of an executable, or of the files in a folder of code.
fn read_code(path: &FilePath) -> io::Result<(u64, String)> {
    if path.is_dir() {
        return read_folder(path);
    }
    let mut file = File::open(path)?;
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut part = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let length = file.read(&mut part)?;
        if length == 0 {
            return Ok((size, STANDARD.encode(hash.finish())));
        }
        hash.update(&part[..length]);
        size += length as u64;
    }
}

/// Size and SHA-256 of the files in a folder, without those in folders of it.
fn read_folder(path: &FilePath) -> io::Result<(u64, String)> {
    let entries = std::fs::read_dir(path)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut size = 0;
    for file in paths.iter().filter(|path| path.is_file()) {
        let content = std::fs::read(file)?;
        hash.update(&content);
        size += content.len() as u64;
    }
    Ok((size, STANDARD.encode(hash.finish())))
}

fn described(found: &Description, code: io::Result<(u64, String)>) -> Value {
    let function = &found.function;
    let group = format!("/aws/lambda/{}", function.name);
    let mut logging = json!({
        "LogFormat": log_format(function.log_format.as_deref()),
        "LogGroup": function.log_group.as_ref().unwrap_or(&group),
    });
    for (field, level) in [
        ("ApplicationLogLevel", &function.log_level),
        ("SystemLogLevel", &function.system_log_level),
    ] {
        if let Some(level) = level {
            logging[field] = level.clone().into();
        }
    }
    let mut body = json!({
        "FunctionName": function.name,
        "FunctionArn": found.arn,
        "Runtime": function.runtime,
        "Role": function.role_arn,
        "Handler": function.handler,
        "Description": "",
        "Timeout": function.timeout_s,
        "MemorySize": function.memory_mb,
        "LastModified": iso_8601(found.changed_ms).replace('Z', "+0000"),
        "Version": found.version,
        "Environment": {"Variables": function.environment},
        "PackageType": "Zip",
        "LoggingConfig": logging,
        "LastUpdateStatus": "Successful",
    });
    match code {
        Ok((size, sha256)) => {
            body["CodeSize"] = size.into();
            body["CodeSha256"] = sha256.into();
            body["State"] = "Active".into();
        }
        // No process could be started.
        Err(error) => {
            let path = found.executable.display();
            body["State"] = "Failed".into();
            body["StateReason"] = format!("read executable {path}: {error}").into();
            body["StateReasonCode"] = "InternalError".into();
        }
    }
    body
}

/// Lambda's spelling in this answer.
fn log_format(format: Option<&str>) -> &'static str {
    match format {
        Some(format) if format.eq_ignore_ascii_case("json") => "JSON",
        _ => "Text",
    }
}

async fn unknown() -> ApiError {
    let message = "this operation is not part of the local cloud";
    ApiError::new(404, "UnknownOperationException", message)
}

async fn alias(
    State(lambda): State<Lambda>,
    Path((name, alias)): Path<(String, String)>,
) -> Answer {
    let found = lambda.functions.describe(&format!("{name}:{alias}"));
    // A version is not an alias.
    let found = found.filter(|found| found.function.alias.as_ref() == Some(&alias));
    let found = found.ok_or_else(|| {
        let arn = lambda.arn_of(&format!("{name}:{alias}"));
        ApiError::not_found(&format!("Cannot find alias arn: {arn}"))
    })?;
    Ok(ok(&json!({
        "AliasArn": found.arn,
        "Name": alias,
        "FunctionVersion": found.version,
        "Description": "",
    })))
}

async fn policy(
    State(lambda): State<Lambda>,
    Path(name): Path<String>,
    Query(parameters): Parameters,
) -> Answer {
    let found = lambda.find(&name, parameters.get("Qualifier"))?;
    let qualifier = Some(found.qualifier.as_str()).filter(|qualifier| !qualifier.is_empty());
    let permissions = found.function.permissions.iter();
    let statements: Vec<Value> = permissions
        .filter(|permission| permission.qualifier.as_deref() == qualifier)
        .map(|permission| statement(permission, &found.arn))
        .collect();
    if statements.is_empty() {
        let message = "The resource you requested does not exist.";
        return Err(ApiError::not_found(message));
    }
    let document = json!({"Version": "2012-10-17", "Id": "default", "Statement": statements});
    Ok(ok(&json!({ "Policy": document.to_string() })))
}

fn statement(permission: &Permission, function_arn: &str) -> Value {
    let mut conditions = Map::new();
    if let Some(arn) = &permission.source_arn {
        conditions.insert("ArnLike".to_owned(), json!({"AWS:SourceArn": arn}));
    }
    if let Some(account) = &permission.source_account {
        let condition = json!({"AWS:SourceAccount": account});
        conditions.insert("StringEquals".to_owned(), condition);
    }
    let principal = &permission.principal;
    let is_service = principal.ends_with(".amazonaws.com");
    let principal = match principal.as_str() {
        "*" => json!("*"),
        service if is_service => json!({ "Service": service }),
        account if account.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!({"AWS": format!("arn:aws:iam::{account}:root")})
        }
        arn => json!({ "AWS": arn }),
    };
    let mut statement = json!({
        "Sid": permission.logical_id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": permission.action,
        "Resource": function_arn,
    });
    if !conditions.is_empty() {
        statement["Condition"] = conditions.into();
    }
    statement
}
