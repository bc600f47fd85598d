//! Metrics as CloudWatch keeps them, in memory: those that functions write into their logs, and those that AWS's services
//! write of themselves.
//!
//! *Source*: CloudWatch user guide, "CloudWatch concepts". Unlike there, single values are kept (the newest of each metric),
//! so that any statistic can be made of them. Must not know what a metric is for.

mod embedded;
mod page;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

pub use embedded::{EmbeddedError, read as read_embedded};
pub(crate) use page::router;

/// Values kept of each metric.
const VALUES_MAX: usize = 10_000;
/// Metrics kept: each combination of dimensions is one.
const METRICS_MAX: usize = 5_000;

/// Which metric: its namespace, its name and its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Such as `AWS/Lambda`.
    pub namespace: String,
    /// Such as `Errors`.
    pub name: String,
    /// Values of dimensions by their names.
    pub dimensions: BTreeMap<String, String>,
}

impl Key {
    /// A key in words.
    pub fn new(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Key {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Key {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.iter().map(owned).collect(),
        }
    }
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// When, epoch milliseconds.
    pub at_ms: u64,
    /// How much.
    pub value: f64,
}

/// Values on their way to a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// Which metric.
    pub key: Key,
    /// Such as `Count` or `Milliseconds`.
    pub unit: String,
    /// When, epoch milliseconds.
    pub at_ms: u64,
    /// How much, once or more often.
    pub values: Vec<f64>,
}

/// A metric and its values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// Which metric.
    #[serde(flatten)]
    pub key: Key,
    /// The unit of its newest value.
    pub unit: String,
    /// Its values, oldest first.
    pub points: VecDeque<Point>,
    /// How many older ones are no longer kept.
    pub left_out: u64,
}

/// What CloudWatch makes of values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// How many there are.
    pub sample_count: u64,
    /// All together.
    pub sum: f64,
    /// The least; 0 of none.
    pub minimum: f64,
    /// The greatest; 0 of none.
    pub maximum: f64,
    /// The mean; 0 of none.
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
    /// Whether it was said that there are too many.
    is_full: bool,
}

impl Metrics {
    /// Adds values. A metric past the limit is not kept, which is said once.
    pub fn record(&self, datum: Datum) {
        let mut store = self.lock();
        if store.by_key.len() >= METRICS_MAX && !store.by_key.contains_key(&datum.key) {
            if !store.is_full {
                tracing::warn!(
                    key = ?datum.key,
                    "more than {METRICS_MAX} metrics: new ones are not kept; a dimension has too many values"
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

    /// Adds one to a count.
    pub fn count(&self, key: Key, at_ms: u64) {
        self.record(Datum {
            key,
            unit: "Count".to_owned(),
            at_ms,
            values: vec![1.0],
        });
    }

    /// Every metric, by its key.
    pub fn all(&self) -> Vec<Series> {
        self.lock().by_key.values().cloned().collect()
    }

    /// The values kept of one metric, oldest first; none where it was never written.
    pub fn points(&self, key: &Key) -> Vec<Point> {
        let store = self.lock();
        let series = store.by_key.get(key);
        series.map_or_else(Vec::new, |series| series.points.iter().copied().collect())
    }

    /// Statistics of one metric's values from `from_ms` on, up to but without `to_ms`.
    pub fn statistics(&self, key: &Key, from_ms: u64, to_ms: u64) -> Statistics {
        let points = self.points(key);
        let within = points
            .iter()
            .filter(|p| (from_ms..to_ms).contains(&p.at_ms));
        Statistics::of(within.map(|p| p.value))
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        // A value is added whole or not at all.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Statistics {
    /// Of these values.
    pub fn of(values: impl Iterator<Item = f64>) -> Statistics {
        let mut all = Statistics::default();
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
