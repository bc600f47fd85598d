//! The functions that are not started here: the caller named them, and starts their processes.
//!
//! Must not know: how a process is started, or why somebody else does it.

use std::collections::BTreeMap;

use lambda_host::External;
use sam_template::Function;

use crate::Options;

/// Why a function cannot be left to somebody else.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// The template has no such function.
    #[error("--no-start {name}: no such function; the template has {there}")]
    Unknown {
        /// The name on the command line.
        name: String,
        /// The functions of the template.
        there: String,
    },
    /// There is no port for its Runtime API.
    #[error("listen for a process of function {function} on 127.0.0.1")]
    Listen {
        /// Logical id.
        function: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
}

/// Whether the process of this function is not started here.
pub(super) fn is_outside(options: &Options, function: &Function) -> bool {
    options.no_start.iter().any(|name| is_named(function, name))
}

/// Waits for the processes of the named functions; by logical id.
pub(super) async fn listen(
    options: &Options,
    functions: &[Function],
) -> Result<BTreeMap<String, External>, OutsideError> {
    for name in &options.no_start {
        if !functions.iter().any(|function| is_named(function, name)) {
            return Err(OutsideError::Unknown {
                name: name.clone(),
                there: there(functions),
            });
        }
    }
    let mut waiting = BTreeMap::new();
    for function in functions.iter().filter(|f| is_outside(options, f)) {
        let logical_id = function.logical_id.clone();
        let external = External::listen().await;
        let external = external.map_err(|source| OutsideError::Listen {
            function: logical_id.clone(),
            source,
        })?;
        waiting.insert(logical_id, external);
    }
    Ok(waiting)
}

fn is_named(function: &Function, name: &str) -> bool {
    let names = [&function.logical_id, &function.name, &function.binary];
    names.into_iter().any(|known| known == name)
}

fn there(functions: &[Function]) -> String {
    let names: Vec<&str> = functions.iter().map(|f| f.logical_id.as_str()).collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}
