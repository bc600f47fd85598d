//! Metrics as lines on standard output that CloudWatch reads. Must not know: what they are for.
//!
//! The only dimension is `service`: one per lock or button would cost more than the locks.
//! Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".

use serde_json::json;

use crate::clock;

/// Namespace of every metric.
const NAMESPACE: &str = "RemoteLock";

/// Counts one event of `service` under `name`.
pub fn count(service: &str, name: &str) {
    println!("{}", line(service, name, clock::now().0));
}

/// One line of JSON in embedded metric format.
fn line(service: &str, name: &str, now_ms: u64) -> String {
    let directive = json!({
        "Namespace": NAMESPACE,
        "Dimensions": [["service"]],
        "Metrics": [{ "Name": name, "Unit": "Count" }],
    });
    let mut line = json!({
        "_aws": { "Timestamp": now_ms, "CloudWatchMetrics": [directive] },
        "service": service,
    });
    line[name] = json!(1);
    line.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_metric_its_service_and_its_value() {
        let line = line("report", "UnregisteredReports", 1_763_779_512_345);
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(line["_aws"]["Timestamp"], 1_763_779_512_345_u64);
        assert_eq!(directive["Metrics"][0]["Name"], "UnregisteredReports");
        assert_eq!(directive["Dimensions"], json!([["service"]]));
        assert_eq!(
            (&line["service"], &line["UnregisteredReports"]),
            (&json!("report"), &json!(1))
        );
    }
}
