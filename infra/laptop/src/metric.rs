//! The metrics that the console shows: one row for each function, each rule, and each metric that
//! functions write.

use std::collections::BTreeMap;

use local_cloud::metric::{Series, Statistics};
use serde_json::{Value, json};

use crate::narrate::short_name;

/// The rows as JSON, computed from all values that the cloud keeps:
/// `{"functions":[{"function":"s-PressFunction","name":"press","invocations":3,"errors":0,
/// "throttles":0,"durationMs":{"average":12.5,"maximum":40.1}}],"rules":[{"rule":"s_press",
/// "matches":3,"failures":0}],"written":[{"namespace":"Door","name":"Openings","dimensions":{},
/// "unit":"Count","values":2,"sum":2.0,"average":1.0,"maximum":1.0}]}`. A list
/// without rows is empty.
pub fn table(series: &[Series]) -> Value {
    let mut functions: BTreeMap<&str, FunctionRow> = BTreeMap::new();
    let mut rules: BTreeMap<&str, RuleRow> = BTreeMap::new();
    let mut written = Vec::new();
    for each in series {
        let name = each.key.name.as_str();
        let dimension = |name: &str| each.key.dimensions.get(name).map(String::as_str);
        let statistics = Statistics::of(each.points.iter().map(|point| point.value));
        match each.key.namespace.as_str() {
            "AWS/Lambda" => {
                if let Some(function) = dimension("FunctionName") {
                    functions.entry(function).or_default().add(name, statistics);
                }
            }
            "AWS/IoT" => {
                if let Some(rule) = dimension("RuleName") {
                    rules.entry(rule).or_default().add(name, statistics);
                }
            }
            // Other metrics of AWS services are not shown.
            aws if aws.starts_with("AWS/") => {}
            _ => written.push(written_row(each, statistics)),
        }
    }
    let functions = functions.iter().map(|(name, row)| row.to_json(name));
    let rules = rules.iter().map(|(name, row)| row.to_json(name));
    json!({
        "functions": functions.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
        "written": written,
    })
}

#[derive(Debug, Default)]
struct FunctionRow {
    invocations: f64,
    errors: f64,
    throttles: f64,
    duration_ms: Option<Statistics>,
}

impl FunctionRow {
    fn add(&mut self, metric: &str, statistics: Statistics) {
        match metric {
            "Invocations" => self.invocations += statistics.sum,
            "Errors" => self.errors += statistics.sum,
            "Throttles" => self.throttles += statistics.sum,
            "Duration" => self.duration_ms = Some(statistics),
            _ => {}
        }
    }

    fn to_json(&self, function: &str) -> Value {
        let duration = self
            .duration_ms
            .map(|all| json!({ "average": all.average, "maximum": all.maximum }));
        json!({
            "function": function,
            "name": short_name(function),
            "invocations": whole(self.invocations),
            "errors": whole(self.errors),
            "throttles": whole(self.throttles),
            "durationMs": duration,
        })
    }
}

#[derive(Debug, Default)]
struct RuleRow {
    matches: f64,
    failures: f64,
}

impl RuleRow {
    fn add(&mut self, metric: &str, statistics: Statistics) {
        match metric {
            "TopicMatch" => self.matches += statistics.sum,
            "Failure" | "ErrorActionFailure" | "ParseError" => self.failures += statistics.sum,
            _ => {}
        }
    }

    fn to_json(&self, rule: &str) -> Value {
        json!({ "rule": rule, "matches": whole(self.matches), "failures": whole(self.failures) })
    }
}

fn written_row(series: &Series, statistics: Statistics) -> Value {
    json!({
        "namespace": series.key.namespace,
        "name": series.key.name,
        "dimensions": series.key.dimensions,
        "unit": series.unit,
        "values": statistics.sample_count,
        "sum": statistics.sum,
        "average": statistics.average,
        "maximum": statistics.maximum,
    })
}

/// A count as a whole number; CloudWatch values are floats.
fn whole(count: f64) -> u64 {
    count.round() as u64
}

#[cfg(test)]
mod tests {
    use local_cloud::metric::{Datum, Key, Metrics};

    use super::*;

    /// Namespace, name, dimensions and values of a metric.
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [f64]);

    fn recorded(rows: &[Row<'_>]) -> Value {
        let metrics = Metrics::default();
        for (namespace, name, dimensions, values) in rows {
            metrics.record(Datum {
                key: Key::new(namespace, name, dimensions),
                unit: "Count".to_owned(),
                at_ms: 0,
                values: values.to_vec(),
            });
        }
        table(&metrics.all())
    }

    #[test]
    fn without_records_the_tables_are_empty() {
        let empty = json!({ "functions": [], "rules": [], "written": [] });
        assert_eq!(recorded(&[]), empty);
        let others = recorded(&[
            ("AWS/Lambda", "Invocations", &[], &[1.0]),
            (
                "AWS/IoT",
                "Connect.Success",
                &[("Protocol", "MQTT")],
                &[1.0],
            ),
            (
                "AWS/SQS",
                "NumberOfMessagesSent",
                &[("QueueName", "q")],
                &[1.0],
            ),
        ]);
        assert_eq!(others, empty, "no function, rule or custom metric");
    }

    #[test]
    fn each_function_rule_and_custom_metric_has_a_row() {
        let press = &[("FunctionName", "s-PressFunction")][..];
        let lambda = &[("ActionType", "Lambda"), ("RuleName", "r")][..];
        let shown = recorded(&[
            ("AWS/Lambda", "Invocations", press, &[1.0, 1.0]),
            ("AWS/Lambda", "Errors", press, &[0.0, 1.0]),
            ("AWS/Lambda", "Duration", press, &[10.0, 30.0]),
            ("AWS/IoT", "TopicMatch", &[("RuleName", "r")], &[1.0, 1.0]),
            ("AWS/IoT", "Success", lambda, &[1.0]),
            ("AWS/IoT", "Failure", lambda, &[1.0]),
            ("Door", "Openings", &[], &[2.0, 4.0]),
        ]);
        let duration = json!({ "average": 20.0, "maximum": 30.0 });
        let expected = json!({
            "functions": [{ "function": "s-PressFunction", "name": "press", "invocations": 2,
                "errors": 1, "throttles": 0, "durationMs": duration }],
            "rules": [{ "rule": "r", "matches": 2, "failures": 1 }],
            "written": [{ "namespace": "Door", "name": "Openings", "dimensions": {},
                "unit": "Count", "values": 2, "sum": 6.0, "average": 3.0, "maximum": 4.0 }],
        });
        assert_eq!(shown, expected);
    }
}
