//! The lines that Lambda writes into a function's log, and its filter for the function's own lines.
//!
//! Source: AWS Lambda developer guide, "Working with Lambda function logs" ("Log formats",
//! "Log-level filtering", "System log level event mapping").

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Failure, Outcome, Usage};

/// Log levels, lowest first.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
/// The level if the template does not set one.
const LEVEL_DEFAULT: &str = "INFO";

/// An event that Lambda logs.
#[derive(Debug)]
pub(super) enum Platform<'a> {
    /// A process is started.
    InitStart,
    /// A process has started or failed to start.
    InitReport {
        duration_ms: f64,
        failure: Option<&'a Failure>,
    },
    /// An invocation begins.
    Start { id: &'a str },
    /// An invocation ends.
    End {
        id: &'a str,
        usage: &'a Usage,
        outcome: &'a Outcome,
    },
}

/// The lines of `event` in the function's log format, filtered by its system log level.
pub(super) fn lines(
    function: &sam_template::Function,
    at_ms: u64,
    event: &Platform,
) -> Vec<String> {
    if !is_json(function) {
        text_lines(function, at_ms, event)
    } else {
        let least = function.system_log_level.as_deref();
        json_events(function, event)
            .into_iter()
            .filter(|(level, ..)| rank(level) >= rank(least.unwrap_or(LEVEL_DEFAULT)))
            .map(|(_, kind, record)| {
                let time = iso_8601(at_ms);
                json!({"time": time, "type": format!("platform.{kind}"), "record": record})
                    .to_string()
            })
            .collect()
    }
}

/// Whether Lambda keeps a log line that the function wrote. With the JSON format it drops a JSON
/// object that has a timestamp and a level below the function's; it keeps embedded metrics at any
/// level.
pub fn keeps_line(function: &sam_template::Function, line: &str) -> bool {
    if !is_json(function) {
        return true;
    }
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(line) else {
        return true;
    };
    if object.contains_key("_aws") || !object.contains_key("timestamp") {
        return true;
    }
    let least = function.log_level.as_deref().unwrap_or(LEVEL_DEFAULT);
    match object.get("level").and_then(Value::as_str) {
        Some(level) if is_level(level) => rank(level) >= rank(least),
        _ => true,
    }
}

fn is_json(function: &sam_template::Function) -> bool {
    function.log_format.as_deref() == Some("JSON")
}

fn is_level(level: &str) -> bool {
    LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level))
}

fn rank(level: &str) -> usize {
    let position = LEVELS.iter().position(|l| l.eq_ignore_ascii_case(level));
    position.unwrap_or(LEVELS.len())
}

/// `success`, `timeout`, `failure` (of the runtime) or `error` (reported by the handler).
fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Success(_) => "success",
        Outcome::Failure(failure) if failure.error_type == "Sandbox.Timedout" => "timeout",
        Outcome::Failure(failure) if failure.error_type.starts_with("Runtime.") => "failure",
        Outcome::Failure(_) => "error",
    }
}

fn text_lines(function: &sam_template::Function, at_ms: u64, event: &Platform) -> Vec<String> {
    match event {
        Platform::InitStart => {
            let version = runtime_version(&function.runtime);
            vec![format!("INIT_START Runtime Version: {version}")]
        }
        Platform::InitReport { failure: None, .. } => Vec::new(),
        Platform::InitReport {
            duration_ms,
            failure: Some(failure),
        } => vec![match failure.error_type.as_str() {
            "Sandbox.Timedout" => {
                format!(
                    "INIT_REPORT Init Duration: {duration_ms:.2} ms\tPhase: init\tStatus: timeout"
                )
            }
            kind => format!(
                "INIT_REPORT Init Duration: {duration_ms:.2} ms\tPhase: init\tStatus: error\tError \
                 Type: {kind}"
            ),
        }],
        Platform::Start { id } => vec![format!(
            "START RequestId: {id} Version: {}",
            function.version()
        )],
        Platform::End { id, usage, outcome } => {
            let mut lines = Vec::new();
            let mut report = format!(
                "REPORT RequestId: {id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: \
                 {} MB",
                usage.duration_ms,
                usage.billed_ms(),
                function.memory_mb,
            );
            if let Some(memory_mb) = usage.memory_mb {
                report += &format!("\tMax Memory Used: {memory_mb} MB");
            }
            if let Some(init_ms) = usage.init_ms {
                report += &format!("\tInit Duration: {init_ms:.2} ms");
            }
            match (status(outcome), outcome) {
                ("timeout", _) => {
                    let limit = function.timeout_s;
                    let time = iso_8601(at_ms);
                    lines.push(format!(
                        "{time} {id} Task timed out after {limit}.00 seconds"
                    ));
                    report += "\tStatus: timeout";
                }
                ("failure", Outcome::Failure(failure)) => {
                    let kind = &failure.error_type;
                    lines.push(format!("{} {kind}", failure.message));
                    report += &format!("\tStatus: error\tError Type: {kind}");
                }
                _ => {}
            }
            lines.extend([format!("END RequestId: {id}"), report]);
            lines
        }
    }
}

/// A runtime as Lambda's log names it, without the number of its build: `python:3.12`.
fn runtime_version(runtime: &str) -> String {
    let name = runtime.trim_end_matches(".x");
    if let Some(system) = name.strip_prefix("provided.") {
        return format!("provided:{system}");
    }
    match name.find(|c: char| c.is_ascii_digit()) {
        Some(digit) => format!("{}:{}", &name[..digit], &name[digit..]),
        None => name.to_owned(),
    }
}

/// The JSON events, each with level, kind and record.
fn json_events(
    function: &sam_template::Function,
    event: &Platform,
) -> Vec<(&'static str, &'static str, Value)> {
    match event {
        Platform::InitStart => {
            let record = json!({
                "initializationType": "on-demand",
                "phase": "init",
                "runtimeVersion": runtime_version(&function.runtime),
                "functionName": function.name,
                "functionVersion": function.version(),
            });
            vec![("INFO", "initStart", record)]
        }
        Platform::InitReport {
            duration_ms,
            failure,
        } => {
            let mut record = json!({
                "initializationType": "on-demand",
                "phase": "init",
                "status": "success",
                "metrics": {"durationMs": rounded(*duration_ms)},
            });
            if let Some(failure) = failure {
                let timed_out = failure.error_type == "Sandbox.Timedout";
                record["status"] = json!(if timed_out { "timeout" } else { "error" });
                record["errorType"] = json!(failure.error_type);
            }
            vec![(level(failure.is_none(), "DEBUG"), "initReport", record)]
        }
        Platform::Start { id } => {
            let record = json!({"requestId": id, "version": function.version()});
            vec![("INFO", "start", record)]
        }
        Platform::End { id, usage, outcome } => {
            let mut done = Map::new();
            done.insert("requestId".to_owned(), json!(id));
            done.insert("status".to_owned(), json!(status(outcome)));
            if let Outcome::Failure(failure) = outcome {
                done.insert("errorType".to_owned(), json!(failure.error_type));
            }
            let mut report = done.clone();
            let duration_ms = rounded(usage.duration_ms);
            done.insert("metrics".to_owned(), json!({"durationMs": duration_ms}));
            let mut metrics = json!({
                "durationMs": duration_ms,
                "billedDurationMs": usage.billed_ms(),
                "memorySizeMB": function.memory_mb,
            });
            if let Some(memory_mb) = usage.memory_mb {
                metrics["maxMemoryUsedMB"] = json!(memory_mb);
            }
            if let Some(init_ms) = usage.init_ms {
                metrics["initDurationMs"] = json!(rounded(init_ms));
            }
            report.insert("metrics".to_owned(), metrics);
            let is_good = matches!(outcome, Outcome::Success(_));
            vec![
                (level(is_good, "DEBUG"), "runtimeDone", Value::Object(done)),
                (level(is_good, "INFO"), "report", Value::Object(report)),
            ]
        }
    }
}

fn level(is_good: bool, when_good: &'static str) -> &'static str {
    if is_good { when_good } else { "WARN" }
}

/// Rounds to a microsecond.
fn rounded(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}

/// Epoch milliseconds as Lambda writes a time: `2026-03-01T12:00:00.000Z`.
pub(crate) fn iso_8601(ms: u64) -> String {
    let time = i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", time.unwrap_or(Timestamp::MAX))
}
