//! The metrics that the console shows: one row for each function, each rule, and each metric that
//! functions write.

use std::collections::BTreeMap;

use local_cloud::metric::{Series, Statistics};
use serde_json::{Value, json};

use crate::narrate::short_name;

/// Sums over the values that are kept of each metric:
/// `{"functions":[{"function":"s-PressFunction","name":"press","invocations":3,"errors":0,
/// "throttles":0,"durationMs":{"average":12.5,"maximum":40.1}}],"rules":[{"rule":"s_press",
/// "matches":3,"failures":0}],"written":[{"namespace":"Door","name":"Openings","dimensions":{},
/// "unit":"Count","values":2,"sum":2.0,"average":1.0,"maximum":1.0}]}`. A list
/// without rows is empty.
pub fn table(series: &[Series]) -> Value {
    let mut functions: BTreeMap<&str, Function> = BTreeMap::new();
    let mut rules: BTreeMap<&str, Rule> = BTreeMap::new();
    let mut written = Vec::new();
    for each in series {
        let of = |dimension: &str| each.key.dimensions.get(dimension).map(String::as_str);
        let all = Statistics::of(each.points.iter().map(|point| point.value));
        match each.key.namespace.as_str() {
            "AWS/Lambda" => {
                if let Some(function) = of("FunctionName") {
                    let row = functions.entry(function).or_default();
                    row.add(&each.key.name, all);
                }
            }
            "AWS/IoT" => {
                if let Some(rule) = of("RuleName") {
                    rules.entry(rule).or_default().add(&each.key.name, all);
                }
            }
            // Other metrics of the services are not shown.
            aws if aws.starts_with("AWS/") => {}
            _ => written.push(row(each, all)),
        }
    }
    let functions: Vec<Value> = functions.iter().map(|(name, row)| row.show(name)).collect();
    let rules: Vec<Value> = rules.iter().map(|(name, row)| row.show(name)).collect();
    json!({ "functions": functions, "rules": rules, "written": written })
}

#[derive(Debug, Default)]
struct Function {
    invocations: f64,
    errors: f64,
    throttles: f64,
    duration_ms: Option<Statistics>,
}

impl Function {
    fn add(&mut self, metric: &str, all: Statistics) {
        match metric {
            "Invocations" => self.invocations += all.sum,
            "Errors" => self.errors += all.sum,
            "Throttles" => self.throttles += all.sum,
            "Duration" => self.duration_ms = Some(all),
            _ => {}
        }
    }

    fn show(&self, function: &str) -> Value {
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
struct Rule {
    matches: f64,
    failures: f64,
}

impl Rule {
    fn add(&mut self, metric: &str, all: Statistics) {
        match metric {
            "TopicMatch" => self.matches += all.sum,
            "Failure" | "ErrorActionFailure" | "ParseError" => self.failures += all.sum,
            _ => {}
        }
    }

    fn show(&self, rule: &str) -> Value {
        json!({ "rule": rule, "matches": whole(self.matches), "failures": whole(self.failures) })
    }
}

fn row(series: &Series, all: Statistics) -> Value {
    json!({
        "namespace": series.key.namespace,
        "name": series.key.name,
        "dimensions": series.key.dimensions,
        "unit": series.unit,
        "values": all.sample_count,
        "sum": all.sum,
        "average": all.average,
        "maximum": all.maximum,
    })
}

/// A count, which is summed as a float, as a whole number.
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
        assert_eq!(others, empty, "of all functions together, and of others");
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
