//! The environment variables of a function's process.
//!
//! Source: AWS Lambda developer guide, "Defined runtime environment variables".

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use super::{Credentials, FunctionError, Wiring, command};

/// Variables that only Lambda may set.
const RESERVED: [&str; 19] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "AWS_LAMBDA_METADATA_API",
];
/// Most bytes of all names and values of a function together.
const BYTES_MAX: usize = 4096;

/// Refuses variables that Lambda refuses.
pub(super) fn check(function: &sam_template::Function) -> Result<(), FunctionError> {
    let refused = |variable: &str, reason| FunctionError::Variable {
        function: function.name.clone(),
        variable: variable.to_owned(),
        reason,
    };
    let mut bytes = 0;
    for (name, value) in &function.environment {
        if RESERVED.contains(&name.as_str()) {
            return Err(refused(name, "Lambda sets it; choose another name"));
        }
        let mut letters = name.chars();
        let is_name = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && name.len() >= 2
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            let reason =
                "a name starts with a letter and has at least two letters, digits or underscores";
            return Err(refused(name, reason));
        }
        bytes += name.len() + value.len();
        if bytes > BYTES_MAX {
            return Err(refused(name, "all variables together take more than 4 KB"));
        }
    }
    Ok(())
}

/// The variables of a process. Of this process's environment only `PATH` is passed on.
pub(super) fn variables(
    function: &sam_template::Function,
    wiring: &Wiring,
    binary: &Path,
    api: SocketAddr,
    stream: &str,
) -> BTreeMap<String, String> {
    let mut variables = function.environment.clone();
    variables.extend(wiring.env.clone());
    let Credentials {
        access_key_id,
        secret_access_key,
        session_token,
    } = wiring.surroundings.credentials_of(function);
    let task_root = command::task_root(binary);
    let is_json = function.log_format.as_deref() == Some("JSON");
    let level = function.log_level.as_deref().unwrap_or("INFO");
    let reserved = [
        ("AWS_LAMBDA_RUNTIME_API", api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version().to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            function.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group(function)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream.to_owned()),
        (
            "AWS_LAMBDA_LOG_FORMAT",
            function
                .log_format
                .clone()
                .unwrap_or_else(|| "Text".to_owned()),
        ),
        ("AWS_REGION", wiring.region.clone()),
        ("AWS_DEFAULT_REGION", wiring.region.clone()),
        ("AWS_ACCESS_KEY_ID", access_key_id),
        ("AWS_SECRET_ACCESS_KEY", secret_access_key),
        ("AWS_SESSION_TOKEN", session_token),
        ("_HANDLER", function.handler.clone()),
        ("LAMBDA_TASK_ROOT", task_root.display().to_string()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
        ("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
    ];
    let found = command::search_paths(function, wiring);
    for (name, value) in reserved.into_iter().chain(found) {
        variables.insert(name.to_owned(), value);
    }
    if is_json {
        variables.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.to_owned());
    }
    variables
}

/// The log group that the template names, else the function's own.
pub(super) fn log_group(function: &sam_template::Function) -> String {
    let own = || format!("/aws/lambda/{}", function.name);
    function.log_group.clone().unwrap_or_else(own)
}
