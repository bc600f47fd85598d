//! `GetMetricData`: one statistic of a metric for each period.
//!
//! Source: CloudWatch API reference, `GetMetricData`, `MetricDataQuery` and `MetricStat`.

use std::collections::BTreeMap;

use ciborium::Value;
use serde::{Deserialize, Serialize};

use super::{CloudWatch, Moment, Refusal, invalid, moment, read};
use crate::alarm::value_of;
use crate::caller::Caller;
use crate::iam::Need;
use crate::metric::{Key, Point};
use sam_template::Statistic;

/// Most queries in one request.
const QUERIES_MAX: usize = 500;
/// Periods of metrics with high resolution, seconds; others are whole minutes.
const SHORT_PERIODS: [u64; 5] = [1, 5, 10, 20, 30];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Input {
    metric_data_queries: Vec<Query>,
    start_time: Value,
    end_time: Value,
    scan_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Query {
    id: String,
    metric_stat: MetricStat,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct MetricStat {
    metric: Metric,
    period: u64,
    stat: String,
    unit: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Metric {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Dimension {
    name: String,
    value: String,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    metric_data_results: Vec<Series>,
    messages: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Series {
    id: String,
    label: String,
    timestamps: Vec<Moment>,
    values: Vec<f64>,
    status_code: &'static str,
}

/// The time that is asked about, milliseconds since the Unix epoch.
#[derive(Clone, Copy)]
struct Span {
    from_ms: u64,
    to_ms: u64,
    is_ascending: bool,
}

/// Answers the operation.
pub fn get(service: &CloudWatch, caller: &Caller, body: &[u8]) -> Result<Output, Refusal> {
    let input: Input = read(body)?;
    service.check(caller, &[Need::new("cloudwatch:GetMetricData", "*")])?;
    let span = Span {
        from_ms: read_moment("StartTime", &input.start_time)?,
        to_ms: read_moment("EndTime", &input.end_time)?,
        is_ascending: match input.scan_by.as_deref() {
            None | Some("TimestampDescending") => false,
            Some("TimestampAscending") => true,
            Some(other) => return Err(invalid(format!("ScanBy {other:?} is not an order"))),
        },
    };
    if span.from_ms >= span.to_ms {
        let message = "The parameter StartTime must be less than the parameter EndTime.";
        return Err(invalid(message.to_owned()));
    }
    if input.metric_data_queries.len() > QUERIES_MAX {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}."
        )));
    }
    let asked = input.metric_data_queries.into_iter();
    let results = asked
        .filter(|query| query.return_data != Some(false))
        .map(|query| service.series(query, span));
    Ok(Output {
        metric_data_results: results.collect::<Result<_, _>>()?,
        messages: [],
    })
}

impl CloudWatch {
    fn series(&self, query: Query, span: Span) -> Result<Series, Refusal> {
        let Query {
            id,
            metric_stat: wanted,
            label,
            ..
        } = query;
        if !id.starts_with(|first: char| first.is_ascii_lowercase()) {
            let message = format!("the Id {id:?} must begin with a lower-case letter");
            return Err(invalid(message));
        }
        let period = wanted.period;
        if !SHORT_PERIODS.contains(&period) && (period == 0 || period % 60 != 0) {
            let message = format!("the Period must be 1, 5, 10, 20, 30 or n * 60, and is {period}");
            return Err(invalid(message));
        }
        let statistic = Statistic::named(&wanted.stat).ok_or_else(|| {
            let stat = &wanted.stat;
            invalid(format!("the Stat {stat:?} is not part of the local cloud"))
        })?;
        let dimensions = wanted.metric.dimensions.into_iter();
        let key = Key {
            namespace: wanted.metric.namespace,
            name: wanted.metric.metric_name,
            dimensions: dimensions.map(|d| (d.name, d.value)).collect(),
        };
        let period_ms = period.saturating_mul(1000);
        let from_ms = span.from_ms / period_ms * period_ms;
        let to_ms = span.to_ms.div_ceil(period_ms).saturating_mul(period_ms);
        let points = self
            .metrics
            .values(&key, wanted.unit.as_deref(), &(from_ms..to_ms));
        let mut data = by_period(&points, statistic, period_ms);
        if !span.is_ascending {
            data.reverse();
        }
        Ok(Series {
            id,
            label: label.unwrap_or(key.name),
            timestamps: data.iter().map(|(at_ms, _)| moment(*at_ms)).collect(),
            values: data.into_iter().map(|(_, value)| value).collect(),
            status_code: "Complete",
        })
    }
}

/// The statistic of each period that has values, oldest first.
fn by_period(points: &[Point], statistic: Statistic, period_ms: u64) -> Vec<(u64, f64)> {
    let mut periods: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for point in points {
        let begin = point.at_ms / period_ms * period_ms;
        periods.entry(begin).or_default().push(point.value);
    }
    let data = periods.into_iter();
    data.filter_map(|(at_ms, values)| Some((at_ms, value_of(values, statistic)?)))
        .collect()
}

/// A time of a request: tag 1 with seconds, whole or not.
fn read_moment(name: &str, value: &Value) -> Result<u64, Refusal> {
    let wrong = || invalid(format!("{name} is not a time"));
    let Value::Tag(1, content) = value else {
        return Err(wrong());
    };
    let ms = match content.as_ref() {
        Value::Float(seconds) if (0.0..1e12).contains(seconds) => {
            // A float becomes a number of milliseconds: it is in range.
            (seconds * 1000.0) as u64
        }
        Value::Integer(seconds) => {
            let seconds = u64::try_from(*seconds).map_err(|_| wrong())?;
            seconds.checked_mul(1000).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    Ok(ms)
}
