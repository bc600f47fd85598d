//! CloudWatch alarms.

use std::collections::BTreeMap;

use crate::node::is_number;

/// An `AWS::CloudWatch::Alarm` of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Logical id in the template.
    pub logical_id: String,
    /// Alarm name.
    pub name: String,
    /// Alarm ARN.
    pub arn: String,
    /// What a person should know about it.
    pub description: Option<String>,
    /// Namespace of the metric.
    pub namespace: String,
    /// Name of the metric.
    pub metric: String,
    /// Dimension values of the metric by name.
    pub dimensions: BTreeMap<String, String>,
    /// Only values in this unit count.
    pub unit: Option<String>,
    /// How the values of a period become one.
    pub statistic: Statistic,
    /// Length of a period, seconds.
    pub period_s: u64,
    /// Number of periods that are compared.
    pub evaluation_periods: u64,
    /// How many of them must breach the threshold.
    pub datapoints_to_alarm: u64,
    /// The threshold.
    pub threshold: f64,
    /// How values are compared with it.
    pub comparison: Comparison,
    /// How a period without values counts.
    pub missing: MissingData,
    /// Whether its actions are performed.
    pub actions_enabled: bool,
    /// ARNs of the topics that learn that it goes off.
    pub alarm_actions: Vec<String>,
    /// ARNs of the topics that learn that it is over.
    pub ok_actions: Vec<String>,
    /// ARNs of the topics that learn that it has too little data.
    pub insufficient_data_actions: Vec<String>,
}

/// How the values of a period become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Number of values.
    SampleCount,
    /// Their mean.
    Average,
    /// Their sum.
    Sum,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
    /// The value that this percentage of values does not exceed (`ExtendedStatistic`).
    Percentile(f64),
}

impl Statistic {
    /// Statistics with CloudWatch's names.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("SampleCount", Self::SampleCount),
        ("Average", Self::Average),
        ("Sum", Self::Sum),
        ("Minimum", Self::Minimum),
        ("Maximum", Self::Maximum),
    ];

    /// The percentile with this name, such as `p99.9`; `None` for anything but `p0` to `p100`.
    pub fn percentile(name: &str) -> Option<Self> {
        let percent = name.strip_prefix('p').filter(|rest| is_number(rest))?;
        let percent = percent.parse::<f64>().ok()?;
        let is_percentile = (0.0..=100.0).contains(&percent);
        is_percentile.then_some(Self::Percentile(percent))
    }

    /// The statistic with this name of CloudWatch; `None` if it is not computed here.
    pub fn named(name: &str) -> Option<Self> {
        let known = Self::NAMED.into_iter().find(|(known, _)| *known == name);
        known
            .map(|(_, statistic)| statistic)
            .or_else(|| Self::percentile(name))
    }

    /// CloudWatch's name for it.
    pub fn name(self) -> String {
        if let Self::Percentile(percent) = self {
            return format!("p{percent}");
        }
        let known = Self::NAMED.into_iter().find(|(_, other)| *other == self);
        known.map_or_else(String::new, |(name, _)| name.to_owned())
    }
}

/// How values are compared with a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `GreaterThanOrEqualToThreshold`.
    GreaterOrEqual,
    /// `GreaterThanThreshold`.
    Greater,
    /// `LessThanThreshold`.
    Less,
    /// `LessThanOrEqualToThreshold`.
    LessOrEqual,
}

impl Comparison {
    /// Every comparison.
    pub const ALL: [Self; 4] = [
        Self::GreaterOrEqual,
        Self::Greater,
        Self::Less,
        Self::LessOrEqual,
    ];

    /// CloudWatch's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Self::Greater => "GreaterThanThreshold",
            Self::Less => "LessThanThreshold",
            Self::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }
}

/// How a period without values counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingData {
    /// Not at all; without any values the state is `INSUFFICIENT_DATA`.
    Missing,
    /// As a breach of the threshold.
    Breaching,
    /// As no breach.
    NotBreaching,
    /// The state stays as it is.
    Ignore,
}

impl MissingData {
    /// Every way.
    pub const ALL: [Self; 4] = [
        Self::Missing,
        Self::Breaching,
        Self::NotBreaching,
        Self::Ignore,
    ];

    /// CloudWatch's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignore => "ignore",
        }
    }
}
