//! CloudWatch metrics in memory: those that functions write into their logs, and those that AWS's
//! services write about themselves.
//!
//! Unlike CloudWatch, the newest values of each metric are kept one by one, so that any statistic
//! can be computed from them. Source: CloudWatch user guide, "CloudWatch concepts".
//!
//! Must not know: what a metric is for.

mod embedded;
mod page;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use serde::Serialize;

use crate::sync::lock;
pub use embedded::{EmbeddedError, read as read_embedded};
pub(crate) use page::router;

/// Values kept per metric.
const VALUES_MAX: usize = 10_000;
/// Metrics kept; each combination of dimensions counts.
const METRICS_MAX: usize = 5_000;

/// Identifies a metric: namespace, name and dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Such as `AWS/Lambda`.
    pub namespace: String,
    /// Such as `Errors`.
    pub name: String,
    /// Dimension values by name.
    pub dimensions: BTreeMap<String, String>,
}

impl Key {
    /// A key from string slices.
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.iter().map(owned).collect(),
        }
    }
}

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// In the unit of its metric.
    pub value: f64,
}

/// Values to add to a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// The metric.
    pub key: Key,
    /// Such as `Count` or `Milliseconds`.
    pub unit: String,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// One or more values, all of that moment.
    pub values: Vec<f64>,
}

/// A metric and its values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// The metric.
    #[serde(flatten)]
    pub key: Key,
    /// The unit of its newest value.
    pub unit: String,
    /// Its values, oldest first.
    pub points: VecDeque<Point>,
    /// Number of older values that were dropped.
    pub left_out: u64,
}

/// The statistics that CloudWatch computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// Number of values.
    pub sample_count: u64,
    /// Sum of the values.
    pub sum: f64,
    /// Smallest value; 0 without values.
    pub minimum: f64,
    /// Largest value; 0 without values.
    pub maximum: f64,
    /// Mean; 0 without values.
    pub average: f64,
}

/// All metrics; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    inner: Arc<Mutex<Store>>,
}

#[derive(Debug, Default)]
struct Store {
    by_key: BTreeMap<Key, Series>,
    /// Whether the limit was logged.
    is_full: bool,
}

impl Metrics {
    /// Adds values. Past the limit a new metric is dropped, which is logged once.
    pub fn record(&self, datum: Datum) {
        let mut store = lock(&self.inner);
        if store.by_key.len() >= METRICS_MAX && !store.by_key.contains_key(&datum.key) {
            if !store.is_full {
                tracing::warn!(
                    key = ?datum.key,
                    "more than {METRICS_MAX} metrics: new ones are dropped; \
                     a dimension has too many values"
                );
            }
            store.is_full = true;
            return;
        }
        let new = || Series {
            key: datum.key.clone(),
            unit: String::new(),
            points: VecDeque::new(),
            left_out: 0,
        };
        let series = store.by_key.entry(datum.key.clone()).or_insert_with(new);
        series.unit = datum.unit;
        for value in datum.values {
            if series.points.len() == VALUES_MAX {
                series.points.pop_front();
                series.left_out += 1;
            }
            let at_ms = datum.at_ms;
            series.points.push_back(Point { at_ms, value });
        }
    }

    /// Adds 1 to a metric in the unit `Count`.
    pub fn count(&self, key: Key, at_ms: u64) {
        self.record(Datum {
            key,
            unit: "Count".to_owned(),
            at_ms,
            values: vec![1.0],
        });
    }

    /// All metrics in the order of their keys.
    pub fn all(&self) -> Vec<Series> {
        lock(&self.inner).by_key.values().cloned().collect()
    }

    /// The kept values of one metric, oldest first; empty if it was never written.
    pub fn points(&self, key: &Key) -> Vec<Point> {
        let store = lock(&self.inner);
        let series = store.by_key.get(key);
        series.map_or_else(Vec::new, |series| series.points.iter().copied().collect())
    }

    /// The kept values of one metric in this time, oldest first; with `unit`, only if it has that
    /// unit.
    pub(crate) fn values(&self, key: &Key, unit: Option<&str>, range: &Range<u64>) -> Vec<Point> {
        let store = lock(&self.inner);
        let series = store.by_key.get(key);
        let series = series.filter(|series| unit.is_none_or(|unit| series.unit == unit));
        let points = series.into_iter().flat_map(|series| &series.points);
        let within = points.filter(|point| range.contains(&point.at_ms));
        within.copied().collect()
    }

    /// Statistics of the values in `from_ms..to_ms`.
    pub fn statistics(&self, key: &Key, from_ms: u64, to_ms: u64) -> Statistics {
        let points = self.points(key);
        let within = points
            .iter()
            .filter(|p| (from_ms..to_ms).contains(&p.at_ms));
        Statistics::of(within.map(|p| p.value))
    }
}

impl Statistics {
    /// Computes all statistics in one pass.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut all = Self::default();
        for value in values {
            all.minimum = match all.sample_count {
                0 => value,
                _ => all.minimum.min(value),
            };
            all.maximum = match all.sample_count {
                0 => value,
                _ => all.maximum.max(value),
            };
            all.sample_count += 1;
            all.sum += value;
        }
        if all.sample_count > 0 {
            all.average = all.sum / all.sample_count as f64;
        }
        all
    }
}
