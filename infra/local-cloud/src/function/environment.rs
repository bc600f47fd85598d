//! The environment variables of a function's process.
//!
//! Source: AWS Lambda developer guide, "Defined runtime environment variables". Must not know: how processes are run.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use crate::template;

use super::{Credentials, Wiring};

/// All variables; nothing else of this process's environment but `PATH` is handed on.
pub(super) fn variables(
    function: &template::Function,
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
    } = (wiring.credentials_for)(function);
    let task_root = binary.parent().unwrap_or(Path::new("/"));
    let level = function.log_level.as_deref();
    let reserved = [
        ("AWS_LAMBDA_RUNTIME_API", api.to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            function.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", function.name),
        ),
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
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("PATH", std::env::var("PATH").unwrap_or_default()),
    ];
    for (name, value) in reserved {
        variables.insert(name.to_owned(), value);
    }
    if let Some(level) = level {
        variables.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level.to_owned());
    }
    variables
}
