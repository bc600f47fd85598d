//! `DescribeAlarms`. Every alarm here is one of a metric.
//!
//! Source: CloudWatch API reference, `DescribeAlarms` and `MetricAlarm`; service authorization
//! reference, "Amazon CloudWatch".

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{CloudWatch, Moment, Refusal, invalid, moment, read};
use crate::alarm::Entry;
use crate::caller::Caller;
use crate::iam::Need;
use crate::page::cut;
use sam_template::Statistic;

const PAGE_MAX: u64 = 100;
/// Page size without `MaxRecords`.
const PAGE: u64 = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Input {
    alarm_names: Option<Vec<String>>,
    alarm_name_prefix: Option<String>,
    alarm_types: Option<Vec<String>>,
    state_value: Option<String>,
    action_prefix: Option<String>,
    max_records: Option<u64>,
    next_token: Option<String>,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    composite_alarms: [(); 0],
    metric_alarms: Vec<MetricAlarm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct MetricAlarm {
    alarm_name: String,
    alarm_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm_description: Option<String>,
    alarm_configuration_updated_timestamp: Moment,
    actions_enabled: bool,
    #[serde(rename = "OKActions")]
    ok_actions: Vec<String>,
    alarm_actions: Vec<String>,
    insufficient_data_actions: Vec<String>,
    state_value: &'static str,
    state_reason: String,
    state_updated_timestamp: Moment,
    state_transitioned_timestamp: Moment,
    metric_name: String,
    namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_statistic: Option<String>,
    dimensions: Vec<Dimension>,
    period: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    evaluation_periods: u64,
    datapoints_to_alarm: u64,
    threshold: f64,
    comparison_operator: &'static str,
    treat_missing_data: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    name: String,
    value: String,
}

/// Answers the operation.
pub fn describe(service: &CloudWatch, caller: &Caller, body: &[u8]) -> Result<Output, Refusal> {
    let input: Input = read(body)?;
    let arn = |name: &str| service.account.arn("cloudwatch", format!("alarm:{name}"));
    let names = input.alarm_names.clone().unwrap_or_default();
    let resources = match names.as_slice() {
        [] => vec![arn("*")],
        names => names.iter().map(|name| arn(name)).collect(),
    };
    let needs = resources.into_iter();
    let needs: Vec<Need> = needs
        .map(|resource| Need::new("cloudwatch:DescribeAlarms", resource))
        .collect();
    service.check(caller, &needs)?;
    if !names.is_empty() && input.alarm_name_prefix.is_some() {
        let message = "AlarmNames and AlarmNamePrefix cannot be given together";
        return Err(invalid(message.to_owned()));
    }
    let size = input.max_records.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&size) {
        let message = format!("MaxRecords must be between 1 and {PAGE_MAX}, and is {size}");
        return Err(invalid(message));
    }
    let found = service.alarms.entries().into_iter();
    let found = found.filter(|entry| input.selects(entry));
    let rows = found
        .map(|entry| (entry.alarm.name.clone(), entry))
        .collect();
    let (page, next_token) =
        cut(rows, size, input.next_token.as_deref(), true).ok_or_else(|| {
            let message = "the NextToken was not issued by this service".to_owned();
            Refusal(StatusCode::BAD_REQUEST, "InvalidNextToken", message)
        })?;
    Ok(Output {
        composite_alarms: [],
        metric_alarms: page.into_iter().map(row).collect(),
        next_token,
    })
}

impl Input {
    fn selects(&self, Entry { alarm, status, .. }: &Entry) -> bool {
        let is = |wanted: &Option<String>, holds: &dyn Fn(&str) -> bool| {
            wanted.as_deref().is_none_or(holds)
        };
        let names = self.alarm_names.as_deref().unwrap_or_default();
        let types = self.alarm_types.as_deref().unwrap_or_default();
        let has_action = |prefix: &str| {
            let lists = [
                &alarm.alarm_actions,
                &alarm.ok_actions,
                &alarm.insufficient_data_actions,
            ];
            lists
                .into_iter()
                .flatten()
                .any(|action| action.starts_with(prefix))
        };
        (names.is_empty() || names.contains(&alarm.name))
            && (types.is_empty() || types.iter().any(|kind| kind == "MetricAlarm"))
            && is(&self.alarm_name_prefix, &|p| alarm.name.starts_with(p))
            && is(&self.state_value, &|state| status.state.name() == state)
            && is(&self.action_prefix, &has_action)
    }
}

fn row(entry: Entry) -> MetricAlarm {
    let Entry {
        alarm,
        declared_ms,
        status,
    } = entry;
    let is_percentile = matches!(alarm.statistic, Statistic::Percentile(_));
    let statistic = Some(alarm.statistic.name());
    let (statistic, extended_statistic) = if is_percentile {
        (None, statistic)
    } else {
        (statistic, None)
    };
    let dimensions = alarm.dimensions.into_iter();
    MetricAlarm {
        alarm_name: alarm.name,
        alarm_arn: alarm.arn,
        alarm_description: alarm.description,
        alarm_configuration_updated_timestamp: moment(declared_ms),
        actions_enabled: alarm.actions_enabled,
        ok_actions: alarm.ok_actions,
        alarm_actions: alarm.alarm_actions,
        insufficient_data_actions: alarm.insufficient_data_actions,
        state_value: status.state.name(),
        state_reason: status.reason,
        state_updated_timestamp: moment(status.since_ms),
        state_transitioned_timestamp: moment(status.since_ms),
        metric_name: alarm.metric,
        namespace: alarm.namespace,
        statistic,
        extended_statistic,
        dimensions: dimensions
            .map(|(name, value)| Dimension { name, value })
            .collect(),
        period: alarm.period_s,
        unit: alarm.unit,
        evaluation_periods: alarm.evaluation_periods,
        datapoints_to_alarm: alarm.datapoints_to_alarm,
        threshold: alarm.threshold,
        comparison_operator: alarm.comparison.name(),
        treat_missing_data: alarm.missing.name(),
    }
}
