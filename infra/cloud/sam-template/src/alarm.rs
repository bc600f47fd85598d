//! Reads `AWS::CloudWatch::Alarm` and `AWS::CloudWatch::Dashboard`.
//!
//! Source: the CloudFormation reference of both types; CloudWatch API reference, `PutMetricAlarm`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::{Problem, TemplateError};
use super::fields::Fields;
use super::identity::Identity;
use super::node::is_number;
use super::resource::{Alarm, Comparison, MissingData, Statistic};

/// Longest time that all periods together may have: a day, or a week with periods of an hour.
const DAY_S: u64 = 86_400;
const HOUR_S: u64 = 3600;
const ACTIONS_MAX: usize = 5;
const DIMENSIONS_MAX: usize = 30;

/// Reads an alarm of one metric.
pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Alarm, TemplateError> {
    refuse_math(&mut fields)?;
    let evaluation_periods = fields.integer("EvaluationPeriods", 1..=DAY_S)?;
    let evaluation_periods =
        evaluation_periods.ok_or_else(|| fields.missing("EvaluationPeriods"))?;
    let alarm = Alarm {
        logical_id: id.to_owned(),
        arn: identity.arn().to_owned(),
        name: identity.name,
        description: fields.text("AlarmDescription")?,
        namespace: fields.need_text("Namespace")?,
        metric: fields.need_text("MetricName")?,
        dimensions: read_dimensions(&mut fields)?,
        unit: fields.text("Unit")?,
        statistic: read_statistic(&mut fields)?,
        period_s: read_period(&mut fields, evaluation_periods)?,
        evaluation_periods,
        datapoints_to_alarm: fields
            .integer("DatapointsToAlarm", 1..=evaluation_periods)?
            .unwrap_or(evaluation_periods),
        threshold: read_threshold(&mut fields)?,
        comparison: read_comparison(&mut fields)?,
        missing: read_missing(&mut fields)?,
        actions_enabled: fields.boolean("ActionsEnabled")?.unwrap_or(true),
        alarm_actions: read_actions(&mut fields, "AlarmActions")?,
        ok_actions: read_actions(&mut fields, "OKActions")?,
        insufficient_data_actions: read_actions(&mut fields, "InsufficientDataActions")?,
    };
    check_low_samples(&mut fields)?;
    fields.accept(&["AlarmName", "Tags"]);
    fields.finish()?;
    Ok(alarm)
}

fn refuse_math(fields: &mut Fields) -> Result<(), TemplateError> {
    let Some(node) = fields.take("Metrics") else {
        return Ok(());
    };
    let advice = "metric math is not computed; name one metric with Namespace, MetricName and \
                  Dimensions";
    let problem = Problem::unsupported("property Metrics".to_owned(), advice);
    Err(fields.place.error(node.at, problem))
}

fn read_dimensions(fields: &mut Fields) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut dimensions = BTreeMap::new();
    for mut entry in fields.maps("Dimensions")? {
        dimensions.insert(entry.need_text("Name")?, entry.need_text("Value")?);
        entry.finish()?;
    }
    if dimensions.len() > DIMENSIONS_MAX {
        let reason = format!("at most {DIMENSIONS_MAX}");
        return Err(fields.refused("Dimensions", &dimensions.len().to_string(), &reason));
    }
    Ok(dimensions)
}

fn read_statistic(fields: &mut Fields) -> Result<Statistic, TemplateError> {
    match (fields.text("Statistic")?, fields.text("ExtendedStatistic")?) {
        (Some(name), None) => {
            let known = Statistic::NAMED.into_iter().find(|(n, _)| *n == name);
            known.map(|(_, statistic)| statistic).ok_or_else(|| {
                let reason = "it must be Average, Maximum, Minimum, SampleCount or Sum";
                fields.refused("Statistic", &name, reason)
            })
        }
        (None, Some(name)) => match Statistic::percentile(&name) {
            Some(percentile) => Ok(percentile),
            None => {
                let reason = "only percentiles are computed: write p0 to p100";
                Err(fields.refused("ExtendedStatistic", &name, reason))
            }
        },
        (None, None) => Err(fields.missing("Statistic")),
        (Some(_), Some(name)) => {
            let reason = "Statistic is given too, and an alarm has one of them";
            Err(fields.refused("ExtendedStatistic", &name, reason))
        }
    }
}

fn read_period(fields: &mut Fields, periods: u64) -> Result<u64, TemplateError> {
    let period = fields.integer("Period", 10..=7 * DAY_S)?;
    let period = period.ok_or_else(|| fields.missing("Period"))?;
    let text = period.to_string();
    if !matches!(period, 10 | 20 | 30) && !period.is_multiple_of(60) {
        let reason = "it must be 10, 20, 30 or a multiple of 60";
        return Err(fields.refused("Period", &text, reason));
    }
    let most = if period < HOUR_S { DAY_S } else { 7 * DAY_S };
    if period.saturating_mul(periods) > most {
        let reason = format!("with EvaluationPeriods {periods} it exceeds {most} seconds");
        return Err(fields.refused("Period", &text, &reason));
    }
    Ok(period)
}

fn read_threshold(fields: &mut Fields) -> Result<f64, TemplateError> {
    let text = fields.need_text("Threshold")?;
    let value = text.parse().ok().filter(|_| is_number(&text));
    value.ok_or_else(|| fields.refused("Threshold", &text, "it is not a number"))
}

fn read_comparison(fields: &mut Fields) -> Result<Comparison, TemplateError> {
    let name = fields.need_text("ComparisonOperator")?;
    let known = Comparison::ALL.into_iter().find(|c| c.name() == name);
    known.ok_or_else(|| {
        let names = Comparison::ALL.map(Comparison::name).join(", ");
        let reason = format!("anomalies are not detected; write one of {names}");
        fields.refused("ComparisonOperator", &name, &reason)
    })
}

fn read_missing(fields: &mut Fields) -> Result<MissingData, TemplateError> {
    let Some(name) = fields.text("TreatMissingData")? else {
        return Ok(MissingData::Missing);
    };
    let known = MissingData::ALL.into_iter().find(|m| m.name() == name);
    known.ok_or_else(|| {
        let names = MissingData::ALL.map(MissingData::name).join(", ");
        fields.refused("TreatMissingData", &name, &format!("write one of {names}"))
    })
}

/// The actions; whether the topics exist is checked once all resources are known.
fn read_actions(fields: &mut Fields, key: &str) -> Result<Vec<String>, TemplateError> {
    let mut actions = Vec::new();
    for node in fields.list(key)?.unwrap_or_default() {
        let Some(arn) = node.as_text() else {
            return Err(fields.place.kind(node.at, key, "a list of texts"));
        };
        if arn.split(':').nth(2) != Some("sns") {
            let reason = "only SNS topics are notified; remove it";
            return Err(fields.place.refused(node.at, key, arn, reason));
        }
        actions.push(arn.to_owned());
    }
    if actions.len() > ACTIONS_MAX {
        let reason = format!("at most {ACTIONS_MAX}");
        return Err(fields.refused(key, &actions.len().to_string(), &reason));
    }
    Ok(actions)
}

fn check_low_samples(fields: &mut Fields) -> Result<(), TemplateError> {
    match fields.text("EvaluateLowSampleCountPercentile")? {
        Some(way) if way != "evaluate" => {
            let key = "EvaluateLowSampleCountPercentile";
            Err(fields.refused(
                key,
                &way,
                "percentiles are always evaluated; write evaluate",
            ))
        }
        _ => Ok(()),
    }
}

/// Checks a dashboard, which has no effect here.
pub(super) fn read_dashboard(mut fields: Fields) -> Result<(), TemplateError> {
    let body = fields.need_text("DashboardBody")?;
    match serde_json::from_str(&body) {
        Ok(Value::Object(_)) => {}
        Ok(_) => {
            let reason = "it is not a JSON object";
            return Err(fields.refused("DashboardBody", &body, reason));
        }
        Err(error) => {
            let reason = format!("it is not JSON: {error}");
            return Err(fields.refused("DashboardBody", &body, &reason));
        }
    }
    fields.accept(&["DashboardName"]);
    fields.finish()
}
