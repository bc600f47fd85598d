//! Metrics: reading them from log lines, retention and statistics.

use serde_json::{Value, json};

use super::*;
use lambda_host::{Failure, Notice, Outcome, Usage};

fn line(change: impl FnOnce(&mut Value)) -> String {
    let mut line = json!({
        "_aws": {
            "Timestamp": 1000,
            "CloudWatchMetrics": [{
                "Namespace": "Home",
                "Dimensions": [["Room"], []],
                "Metrics": [{"Name": "Degrees", "Unit": "None"}, {"Name": "Seen", "Unit": "Count"}],
            }],
        },
        "Room": "kitchen",
        "Degrees": [20, 21.5],
        "Seen": 1,
        "level": "INFO",
    });
    change(&mut line);
    line.to_string()
}

// AWS same(functions): a metric in a log line (embedded metric format) is read, for each set of
//     dimensions
#[test]
fn an_embedded_metric_is_read_for_each_set_of_dimensions() {
    let data = read_embedded(&line(|_| {})).expect("it is well written");
    let read: Vec<_> = data
        .iter()
        .map(|d| (d.key.clone(), d.unit.as_str(), d.values.clone(), d.at_ms))
        .collect();
    let kitchen = [("Room", "kitchen")];
    let expected = [
        (
            Key::new("Home", "Degrees", &kitchen),
            "None",
            vec![20.0, 21.5],
            1000,
        ),
        (Key::new("Home", "Seen", &kitchen), "Count", vec![1.0], 1000),
        (
            Key::new("Home", "Degrees", &[]),
            "None",
            vec![20.0, 21.5],
            1000,
        ),
        (Key::new("Home", "Seen", &[]), "Count", vec![1.0], 1000),
    ];
    assert_eq!(read, expected);
}

#[test]
fn lines_without_metrics_have_none() {
    for line in [
        "",
        "plain",
        "{\"level\":\"INFO\"}",
        "\"_aws\"",
        "{\"_aws\":{}}",
        "[\"_aws\"]",
    ] {
        assert_eq!(read_embedded(line), Ok(Vec::new()), "{line}");
    }
}

// AWS same(functions): a metric that breaks the format's rules is not extracted, and counted as
//     EMFValidationErrors
#[test]
fn a_metric_that_breaks_the_rules_is_refused_with_the_reason() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 8] = [
        (
            |l| l["_aws"]["Timestamp"] = json!("now"),
            "_aws.Timestamp is not a number of milliseconds",
        ),
        (
            |l| l["_aws"]["CloudWatchMetrics"] = json!({}),
            "_aws.CloudWatchMetrics is not a list",
        ),
        (
            |l| l["_aws"]["CloudWatchMetrics"][0]["Namespace"] = json!(""),
            "Namespace is not a string of 1 to 1024 characters",
        ),
        (
            |l| l["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!(["Room"]),
            "Dimensions is not a list of lists",
        ),
        (
            |l| l["Room"] = json!(7),
            "dimension \"Room\" is not a string of 1 to 1024 characters",
        ),
        (
            |l| l["Seen"] = json!("once"),
            "Seen is neither a number nor a list of numbers",
        ),
        (
            |l| l["Seen"] = json!(vec![1; 101]),
            "101 values of Seen, 100 at most",
        ),
        (
            |l| l["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["StorageResolution"] = json!(5),
            "StorageResolution of Degrees is neither 1 nor 60",
        ),
    ];
    let metrics = Metrics::default();
    for (change, problem) in cases {
        let line = line(change);
        let error = read_embedded(&line).expect_err(problem);
        assert_eq!(error.problem, problem);
        let function = "f".to_owned();
        metrics.observe_function(&Notice::Log { function, line }, 5);
    }
    let refused = Key::new("AWS/Logs", "EMFValidationErrors", &[("FunctionName", "f")]);
    assert_eq!(metrics.statistics(&refused, 0, 6).sum, 8.0);
    assert_eq!(metrics.all().len(), 1, "nothing else was written");
}

#[test]
fn statistics_are_made_of_the_values_in_time() {
    let metrics = Metrics::default();
    let key = Key::new("Home", "Degrees", &[]);
    for (at_ms, values) in [(10, vec![1.0, 5.0]), (20, vec![-2.0]), (30, vec![100.0])] {
        metrics.record(Datum {
            key: key.clone(),
            unit: "None".to_owned(),
            at_ms,
            values,
        });
    }
    let expected = Statistics {
        sample_count: 3,
        sum: 4.0,
        minimum: -2.0,
        maximum: 5.0,
        average: 4.0 / 3.0,
    };
    assert_eq!(metrics.statistics(&key, 10, 30), expected);
    assert_eq!(metrics.statistics(&key, 31, 99), Statistics::default());
}

#[test]
fn the_newest_values_are_kept_and_metrics_past_the_limit_are_not() {
    let metrics = Metrics::default();
    let key = Key::new("Home", "Degrees", &[]);
    for at_ms in 0..VALUES_MAX as u64 + 2 {
        metrics.count(key.clone(), at_ms);
    }
    let series = &metrics.all()[0];
    assert_eq!((series.points.len(), series.left_out), (VALUES_MAX, 2));
    assert_eq!(series.points[0].at_ms, 2);
    for n in 0..METRICS_MAX + 10 {
        metrics.count(Key::new("Home", "Room", &[("n", &n.to_string())]), 0);
    }
    assert_eq!(metrics.all().len(), METRICS_MAX);
}

// AWS same(functions): Lambda's metrics Invocations, Errors, Duration, Throttles,
//     ConcurrentExecutions, AsyncEventsReceived, AsyncEventAge, AsyncEventsDropped, by function and
//     for all
// AWS absent(functions): CloudWatch's API and the metrics of provisioned concurrency, event sources
//     (except IteratorAge) and extensions; read GET /metrics or LocalCloud::metrics()
#[test]
fn what_functions_tell_becomes_lambdas_metrics() {
    let metrics = Metrics::default();
    let (function, request_id) = ("f".to_owned(), "id".to_owned());
    let completed = |outcome| Notice::Completed {
        function: function.clone(),
        request_id: request_id.clone(),
        duration_ms: 60,
        usage: Usage {
            duration_ms: 12.5,
            init_ms: Some(40.0),
            memory_mb: None,
        },
        outcome,
    };
    let failure = Failure {
        error_type: "E".to_owned(),
        message: String::new(),
        payload: Value::Null,
    };
    for notice in [
        Notice::Queued {
            function: function.clone(),
            request_id: request_id.clone(),
        },
        Notice::Invoked {
            function: function.clone(),
            request_id: request_id.clone(),
            cold: true,
            running: 2,
            age_ms: Some(7),
        },
        completed(Outcome::Success(Vec::new())),
        completed(Outcome::Failure(failure)),
        Notice::Throttled {
            function: function.clone(),
            request_id: request_id.clone(),
            wait_ms: None,
        },
        Notice::GivenUp {
            function: function.clone(),
            request_id: request_id.clone(),
            destination: None,
            record: Value::Null,
        },
    ] {
        metrics.observe_function(&notice, 5);
    }
    for (name, samples, sum) in [
        ("AsyncEventsReceived", 1, 1.0),
        ("Invocations", 1, 1.0),
        ("ConcurrentExecutions", 1, 2.0),
        ("AsyncEventAge", 1, 7.0),
        ("Duration", 2, 25.0),
        ("Errors", 2, 1.0),
        ("Throttles", 1, 1.0),
        ("AsyncEventsDropped", 1, 1.0),
    ] {
        for dimensions in [&[("FunctionName", "f")][..], &[]] {
            let key = Key::new("AWS/Lambda", name, dimensions);
            let statistics = metrics.statistics(&key, 0, 10);
            assert_eq!(
                (statistics.sample_count, statistics.sum),
                (samples, sum),
                "{name}"
            );
        }
    }
}
