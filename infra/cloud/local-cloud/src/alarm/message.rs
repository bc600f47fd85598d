//! What CloudWatch publishes when an alarm changes its state: JSON, with a subject.
//!
//! Source: CloudWatch user guide, "Notifying users on alarm changes"; its examples of messages.

use serde_json::{Value, json};

use super::State;
use crate::account::Account;
use crate::clock::iso_8601;
use crate::notification::Content;
use sam_template::{Alarm, Statistic};

/// Longest subject that SNS accepts, characters.
const SUBJECT_CHARS_MAX: usize = 100;

/// Names of regions, as messages show them. Source: AWS general reference, "Regional endpoints".
const REGIONS: [(&str, &str); 17] = [
    ("us-east-1", "US East (N. Virginia)"),
    ("us-east-2", "US East (Ohio)"),
    ("us-west-1", "US West (N. California)"),
    ("us-west-2", "US West (Oregon)"),
    ("ca-central-1", "Canada (Central)"),
    ("eu-central-1", "EU (Frankfurt)"),
    ("eu-west-1", "EU (Ireland)"),
    ("eu-west-2", "EU (London)"),
    ("eu-west-3", "EU (Paris)"),
    ("eu-north-1", "EU (Stockholm)"),
    ("ap-northeast-1", "Asia Pacific (Tokyo)"),
    ("ap-northeast-2", "Asia Pacific (Seoul)"),
    ("ap-southeast-1", "Asia Pacific (Singapore)"),
    ("ap-southeast-2", "Asia Pacific (Sydney)"),
    ("ap-south-1", "Asia Pacific (Mumbai)"),
    ("sa-east-1", "South America (Sao Paulo)"),
    ("cn-north-1", "China (Beijing)"),
];

/// A change of an alarm's state.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub from: State,
    pub to: State,
    pub reason: &'a str,
    pub at_ms: u64,
}

/// The notification of a change.
pub fn content(alarm: &Alarm, change: &Change<'_>, account: &Account) -> Content {
    let region = region_name(&account.region);
    let subject = format!("{}: \"{}\" in {region}", change.to.name(), alarm.name);
    let message = json!({
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": account.id,
        "NewStateValue": change.to.name(),
        "NewStateReason": change.reason,
        "StateChangeTime": iso_8601(change.at_ms).replace('Z', "+0000"),
        "Region": region,
        "AlarmArn": alarm.arn,
        "OldStateValue": change.from.name(),
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": trigger(alarm),
    });
    Content {
        subject: Some(printable(&subject)),
        message: message.to_string(),
        ..Content::default()
    }
}

fn trigger(alarm: &Alarm) -> Value {
    let dimensions = alarm.dimensions.iter();
    let dimensions = dimensions.map(|(name, value)| json!({"name": name, "value": value}));
    let mut trigger = json!({
        "MetricName": alarm.metric,
        "Namespace": alarm.namespace,
        "Unit": alarm.unit,
        "Dimensions": dimensions.collect::<Vec<_>>(),
        "Period": alarm.period_s,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison.name(),
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.missing.name(),
        "EvaluateLowSampleCountPercentile": "",
    });
    let named = Statistic::NAMED.iter();
    let named = named
        .clone()
        .find(|(_, statistic)| *statistic == alarm.statistic);
    match (named, alarm.statistic) {
        (Some((name, _)), _) => {
            trigger["StatisticType"] = "Statistic".into();
            trigger["Statistic"] = name.to_ascii_uppercase().into();
        }
        (None, Statistic::Percentile(percent)) => {
            trigger["StatisticType"] = "ExtendedStatistic".into();
            trigger["ExtendedStatistic"] = format!("p{percent}").into();
        }
        (None, _) => {}
    }
    trigger
}

fn region_name(region: &str) -> &str {
    let known = REGIONS.iter().find(|(code, _)| *code == region);
    known.map_or(region, |(_, name)| name)
}

/// A subject that SNS accepts.
fn printable(subject: &str) -> String {
    let printable = subject.chars().filter(|c| matches!(c, ' '..='~'));
    printable.take(SUBJECT_CHARS_MAX).collect()
}
