//! Cuts the values of a metric into periods and makes one datapoint of each.
//!
//! Periods begin at whole multiples of their length, as in CloudWatch. Must not know: thresholds,
//! the clock.

use std::ops::Range;

use crate::metric::{Point, Statistics};
use sam_template::Statistic;

/// Periods that are looked at beyond the evaluation periods, for values that fill gaps.
const FURTHER_PERIODS: u64 = 2;

/// One period of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// When the period begins, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// `None` without values.
    pub value: Option<f64>,
}

/// The time that an alarm can look at.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// When the alarm began; no metric is older.
    pub begin_ms: u64,
    /// Length of a period.
    pub period_ms: u64,
}

impl Window {
    /// The evaluation range: complete periods up to now. `None` until the evaluation periods have
    /// passed once.
    pub fn range(&self, periods: u64, now_ms: u64) -> Option<Range<u64>> {
        let period = self.period_ms;
        let end = now_ms / period;
        // The period in which the alarm began counts as far as it has values.
        let begin = self.begin_ms / period;
        if end.saturating_sub(begin + 1) < periods {
            return None;
        }
        let first = begin.max(end.saturating_sub(periods + FURTHER_PERIODS));
        Some(first * period..end * period)
    }
}

/// The datapoints of a range, oldest first.
pub fn datapoints(
    values: &[Point],
    statistic: Statistic,
    range: &Range<u64>,
    period_ms: u64,
) -> Vec<Datapoint> {
    let count = (range.end - range.start) / period_ms;
    (0..count)
        .map(|number| {
            let at_ms = range.start + number * period_ms;
            let period = at_ms..at_ms + period_ms;
            let within = values.iter().filter(|point| period.contains(&point.at_ms));
            let value = value_of(within.map(|point| point.value).collect(), statistic);
            Datapoint { at_ms, value }
        })
        .collect()
}

/// The statistic of these values; `None` without values.
pub(crate) fn value_of(mut values: Vec<f64>, statistic: Statistic) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let all = Statistics::of(values.iter().copied());
    Some(match statistic {
        Statistic::SampleCount => all.sample_count as f64,
        Statistic::Average => all.average,
        Statistic::Sum => all.sum,
        Statistic::Minimum => all.minimum,
        Statistic::Maximum => all.maximum,
        Statistic::Percentile(percent) => {
            values.sort_by(f64::total_cmp);
            let rank = (percent / 100.0 * values.len() as f64).ceil();
            // A float becomes an index: it is between 0 and the number of values.
            values[(rank as usize).clamp(1, values.len()) - 1]
        }
    })
}
