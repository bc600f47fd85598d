//! Metrics as lines on standard output that CloudWatch reads. Must not know: what they are for.
//!
//! No dimension is the name of a lock or button: a metric for each would cost more than the locks.
//! Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lock_core::time::UnixMillis;
use serde_json::json;

use crate::settings::{MetricLevel, MetricSettings};

/// Where a process writes its metrics, and which.
#[derive(Debug, Clone)]
pub struct Metrics {
    settings: MetricSettings,
    /// The lines so far, instead of standard output.
    kept: Option<Arc<Mutex<Vec<String>>>>,
}

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Value<'a> {
    /// The metric's name: `Alerts`.
    pub name: &'a str,
    /// CloudWatch's word: `Count`, `Milliseconds`.
    pub unit: &'a str,
    /// The value.
    pub value: u64,
}

impl Metrics {
    /// Metrics on standard output.
    pub fn new(settings: MetricSettings) -> Self {
        Self {
            settings,
            kept: None,
        }
    }

    /// No metrics: for an operator, whose standard output is an answer.
    pub fn silent() -> Self {
        Self::new(MetricSettings {
            level: MetricLevel::None,
            ..MetricSettings::default()
        })
    }

    /// Metrics that a test takes.
    pub fn kept(settings: MetricSettings) -> Self {
        Self {
            settings,
            kept: Some(Arc::default()),
        }
    }

    /// The lines since the last `take`, of kept metrics.
    pub fn take(&self) -> Vec<String> {
        let kept = self.kept.as_ref();
        kept.map_or_else(Vec::new, |kept| std::mem::take(&mut lock(kept)))
    }

    /// Whether metrics of this level are written.
    pub(crate) fn has(&self, level: MetricLevel) -> bool {
        self.settings.level >= level
    }

    /// Writes a value with its dimensions, in this order.
    pub(crate) fn write(&self, dimensions: &[(&str, &str)], value: Value<'_>, now: UnixMillis) {
        let line = line(&self.settings.namespace, dimensions, value, now);
        match &self.kept {
            Some(kept) => lock(kept).push(line),
            None => println!("{line}"),
        }
    }
}

/// Ignores poison: a line is pushed whole.
fn lock(kept: &Mutex<Vec<String>>) -> MutexGuard<'_, Vec<String>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One line of JSON in embedded metric format.
fn line(
    namespace: &str,
    dimensions: &[(&str, &str)],
    Value { name, unit, value }: Value<'_>,
    now: UnixMillis,
) -> String {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| *name).collect();
    let directive = json!({
        "Namespace": namespace,
        "Dimensions": [names],
        "Metrics": [{ "Name": name, "Unit": unit }],
    });
    let mut line = json!({
        "_aws": { "Timestamp": now, "CloudWatchMetrics": [directive] },
    });
    for (name, value) in dimensions {
        line[*name] = json!(value);
    }
    line[name] = json!(value);
    line.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

    #[test]
    fn a_line_names_its_metric_its_dimensions_and_its_value() {
        let metrics = Metrics::kept(MetricSettings::default());
        let value = Value {
            name: "Openings",
            unit: "Count",
            value: 2,
        };
        metrics.write(&[("service", "report"), ("reason", "stale")], value, NOW);
        let lines = metrics.take();
        let line: serde_json::Value = serde_json::from_str(&lines[0]).expect("JSON");
        let wanted = json!({
            "_aws": {
                "Timestamp": 1_763_779_512_345_u64,
                "CloudWatchMetrics": [{
                    "Namespace": "RemoteLock",
                    "Dimensions": [["service", "reason"]],
                    "Metrics": [{"Name": "Openings", "Unit": "Count"}]
                }]
            },
            "service": "report", "reason": "stale", "Openings": 2
        });
        assert_eq!((lines.len(), line), (1, wanted));
        assert_eq!(metrics.take(), [""; 0]);
    }

    #[test]
    fn each_level_has_the_metrics_of_those_below_it() {
        use MetricLevel::{All, Few, None};
        for (level, wanted) in [
            (None, [false, false]),
            (Few, [true, false]),
            (All, [true, true]),
        ] {
            let metrics = Metrics::kept(MetricSettings {
                level,
                ..MetricSettings::default()
            });
            assert_eq!([Few, All].map(|each| metrics.has(each)), wanted);
        }
        assert!(!Metrics::silent().has(Few));
    }
}
