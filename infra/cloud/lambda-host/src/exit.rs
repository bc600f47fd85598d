//! Lambda's messages about the end of a process. Lambda describes an exit as Go does (`exit status
//! 1`, `signal: killed`).
//!
//! Source: AWS Lambda developer guide, "Troubleshoot invocation issues".

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use super::Failure;

/// Signals by number, as Go names them.
const SIGNALS: [(i32, &str); 10] = [
    (1, "hangup"),
    (2, "interrupt"),
    (3, "quit"),
    (4, "illegal instruction"),
    (5, "trace/breakpoint trap"),
    (6, "aborted"),
    (8, "floating point exception"),
    (9, "killed"),
    (11, "segmentation fault"),
    (15, "terminated"),
];

/// Lambda's text if the exit status says nothing.
const UNEXPLAINED: &str = "Runtime exited without providing a reason";

/// The failure of an invocation (`id`; empty during initialisation) whose process ended.
pub(super) fn failure(id: &str, status: std::io::Result<ExitStatus>) -> Failure {
    Failure::new("Runtime.ExitError", message(id, &reason(status)))
}

/// The failure of an invocation whose process is gone, nobody knows how.
pub(super) fn unexplained(id: &str) -> Failure {
    Failure::new("Runtime.ExitError", message(id, UNEXPLAINED))
}

/// The failure of an invocation whose process was killed for its memory.
pub(super) fn out_of_memory(id: &str) -> Failure {
    let reason = "Runtime exited with error: signal: killed";
    Failure::new("Runtime.OutOfMemory", message(id, reason))
}

fn message(id: &str, reason: &str) -> String {
    match id {
        "" => format!("Error: {reason}"),
        id => format!("RequestId: {id} Error: {reason}"),
    }
}

fn reason(status: std::io::Result<ExitStatus>) -> String {
    let status = match status {
        Ok(status) if status.success() => {
            return UNEXPLAINED.to_owned();
        }
        Ok(status) => status,
        Err(error) => return format!("Runtime exited: {error}"),
    };
    let core = if status.core_dumped() {
        " (core dumped)"
    } else {
        ""
    };
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(signal)) => {
            let name = SIGNALS.iter().find(|(number, _)| *number == signal);
            let name = name.map_or_else(|| format!("signal {signal}"), |(_, n)| (*n).to_owned());
            format!("Runtime exited with error: signal: {name}{core}")
        }
        (None, None) => format!("Runtime exited with error: {status}"),
    }
}
