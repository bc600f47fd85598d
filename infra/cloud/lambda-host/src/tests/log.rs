//! Log lines: those that Lambda writes, and the filter for a function's own.

use serde_json::{Value, json};

use super::super::log::{Platform, keeps_line, lines};
use super::super::{Failure, Notice, Outcome, Usage};
use super::{NOW_MS, function, world};

fn ended(outcome: &Outcome, format: &str, level: &str) -> Vec<String> {
    let mut function = function();
    function.log_format = Some(format.to_owned());
    function.system_log_level = Some(level.to_owned());
    let usage = Usage {
        duration_ms: 12.3456,
        init_ms: Some(40.0),
        memory_mb: Some(31),
    };
    let event = Platform::End {
        id: "id",
        usage: &usage,
        outcome,
    };
    lines(&function, NOW_MS, &event)
}

// AWS same(functions): START, END and REPORT lines have duration, billed duration, memory size,
//     peak memory and init duration
#[test]
fn text_logs_frame_each_invocation() {
    let text = |outcome| ended(&outcome, "Text", "INFO");
    let report = "REPORT RequestId: id\tDuration: 12.35 ms\tBilled Duration: 53 ms\tMemory Size: \
                  256 MB\t\
                  Max Memory Used: 31 MB\tInit Duration: 40.00 ms";
    let good = text(Outcome::Success(Vec::new()));
    assert_eq!(good, ["END RequestId: id", report]);
    let late = Failure::new("Sandbox.Timedout", "");
    let late = text(Outcome::Failure(late));
    let timed_out = "2026-02-02T02:40:00.000Z id Task timed out after 5.00 seconds";
    assert_eq!(late[..2], [timed_out, "END RequestId: id"]);
    assert_eq!(late[2], format!("{report}\tStatus: timeout"));
    let exit = Failure::new("Runtime.ExitError", "RequestId: id Error: gone");
    let exit = text(Outcome::Failure(exit));
    assert_eq!(exit[0], "RequestId: id Error: gone Runtime.ExitError");
    let status = "Status: error\tError Type: Runtime.ExitError";
    assert_eq!(exit[2], format!("{report}\t{status}"));
    let start = lines(&text_function(), NOW_MS, &Platform::Start { id: "id" });
    assert_eq!(start, ["START RequestId: id Version: $LATEST"]);
}

fn text_function() -> sam_template::Function {
    let mut function = function();
    function.log_format = None;
    function
}

// AWS same(functions): JSON system logs (platform.start, platform.report, …) follow SystemLogLevel
#[test]
fn json_logs_filter_platform_events_by_level() {
    let good = Outcome::Success(Vec::new());
    let bad = Outcome::Failure(Failure::new("Runtime.ExitError", "gone"));
    for (outcome, level, kinds) in [
        (&good, "WARN", &[][..]),
        (&good, "INFO", &["platform.report"][..]),
        (&good, "DEBUG", &["platform.runtimeDone", "platform.report"]),
        (&bad, "WARN", &["platform.runtimeDone", "platform.report"]),
    ] {
        let lines = ended(outcome, "JSON", level);
        let events: Vec<Value> = lines
            .iter()
            .map(|l| serde_json::from_str(l).expect("json"))
            .collect();
        let kinds_found: Vec<&Value> = events.iter().map(|e| &e["type"]).collect();
        assert_eq!(kinds_found, kinds, "{level}");
    }
    let report: Value = serde_json::from_str(&ended(&bad, "JSON", "WARN")[1]).expect("json");
    assert_eq!(
        report,
        json!({
            "time": "2026-02-02T02:40:00.000Z",
            "type": "platform.report",
            "record": {
                "requestId": "id",
                "status": "failure",
                "errorType": "Runtime.ExitError",
                "metrics": {
                    "durationMs": 12.346,
                    "billedDurationMs": 53,
                    "memorySizeMB": 256,
                    "maxMemoryUsedMB": 31,
                    "initDurationMs": 40.0,
                },
            },
        })
    );
}

// AWS same(functions): with JSON logs, a function's own JSON lines below its ApplicationLogLevel
//     are dropped
#[test]
fn lines_below_the_application_level_are_dropped() {
    let at = |level: &str| json!({"level": level, "timestamp": "2026-02-02T02:40:00Z"}).to_string();
    let metric = json!({"_aws": {}, "level": "DEBUG", "timestamp": "2026"}).to_string();
    for (format, least, line, kept) in [
        ("JSON", Some("INFO"), at("debug"), false),
        ("JSON", None, at("DEBUG"), false),
        ("JSON", Some("DEBUG"), at("DEBUG"), true),
        ("JSON", Some("WARN"), at("ERROR"), true),
        ("JSON", Some("WARN"), at("odd"), true),
        (
            "JSON",
            Some("WARN"),
            json!({"level": "INFO"}).to_string(),
            true,
        ),
        ("JSON", Some("WARN"), "plain DEBUG".to_owned(), true),
        ("JSON", Some("WARN"), metric, true),
        ("Text", None, at("TRACE"), true),
    ] {
        let mut function = function();
        function.log_format = Some(format.to_owned());
        function.log_level = least.map(str::to_owned);
        assert_eq!(
            keeps_line(&function, &line),
            kept,
            "{format} {least:?} {line}"
        );
    }
}

// AWS different(functions): AWS keeps the order of a function's lines and its own; here they come
//     through two pipes and may be reordered
#[tokio::test]
async fn a_functions_lines_and_lambdas_are_in_one_log() {
    let mut world = world(|function, _| {
        function.log_format = None;
        function.log_level = None;
    });
    world.send(json!({"do": "print", "lines": ["one", "two"]}));
    let mut seen = Vec::new();
    let wanted = ["INIT_START", "START", "one", "two", "END", "REPORT"];
    while seen.len() < wanted.len() {
        let line = world.expect(|notice| match notice {
            Notice::Log { line, .. } => Some(line.clone()),
            _ => None,
        });
        let line = line.await;
        seen.push(line.split(' ').next().unwrap_or_default().to_owned());
    }
    for word in wanted {
        assert!(seen.iter().any(|seen| seen == word), "{word}: {seen:?}");
    }
    let place = |word| seen.iter().position(|seen| seen == word);
    assert!(place("START") < place("END") && place("END") < place("REPORT"));
    world.functions.shutdown().await;
}

// AWS absent(functions): extensions and SnapStart have their own APIs; here they answer 404
#[tokio::test]
async fn extensions_and_snapshots_are_not_found() {
    let mut world = world(|_, _| {});
    let statuses = world.answer(json!({"do": "absent"})).await;
    assert_eq!(statuses, json!([404, 404]));
    world.functions.shutdown().await;
}
