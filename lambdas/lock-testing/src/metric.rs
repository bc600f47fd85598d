//! Metrics that a test takes, and the lines that it expects.

use lock_aws::{MetricLevel, MetricSettings, Metrics};
use lock_core::time::UnixMillis;
use serde_json::{Value, json};

/// The namespace of [`kept`] metrics.
pub const NAMESPACE: &str = "RemoteLock/remote-lock";

/// Metrics of `level`, which [`take`] returns.
pub fn kept(level: MetricLevel) -> Metrics {
    Metrics::kept(MetricSettings {
        namespace: NAMESPACE.to_owned(),
        level,
    })
}

/// The lines written since the last `take`, as JSON.
pub fn take(metrics: &Metrics) -> Vec<Value> {
    let lines = metrics.take();
    let lines = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// The whole line of one value at `now`.
pub fn line(
    dimensions: &[(&str, &str)],
    (name, unit, value): (&str, &str, u64),
    now: UnixMillis,
) -> Value {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.0,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": [{"Name": name, "Unit": unit}]
            }]
        }
    });
    for (name, value) in dimensions {
        line[*name] = json!(value);
    }
    line[name] = json!(value);
    line
}
