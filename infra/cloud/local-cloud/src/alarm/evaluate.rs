//! From datapoints to a state: M out of N, and what missing data means.
//!
//! Must not know: metrics, time. Source: CloudWatch user guide, "Evaluating an alarm" and "How
//! alarm state is evaluated when data is missing".

use serde::Serialize;

use sam_template::{Alarm, Comparison, MissingData};

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum State {
    /// The metric is within the threshold.
    #[serde(rename = "OK")]
    Ok,
    /// The metric is outside of the threshold.
    #[serde(rename = "ALARM")]
    Alarm,
    /// There are too few values.
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl State {
    /// CloudWatch's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

/// Whether a value breaches the threshold of `alarm`.
pub fn breaches(value: f64, alarm: &Alarm) -> bool {
    match alarm.comparison {
        Comparison::GreaterOrEqual => value >= alarm.threshold,
        Comparison::Greater => value > alarm.threshold,
        Comparison::Less => value < alarm.threshold,
        Comparison::LessOrEqual => value <= alarm.threshold,
    }
}

/// The state after the evaluation of `points`, oldest first: the evaluation range, which is longer
/// than the evaluation periods. `None` is a period without values.
pub fn evaluate(points: &[Option<f64>], alarm: &Alarm, current: State) -> State {
    let as_count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (wanted, needed) = (
        as_count(alarm.evaluation_periods),
        as_count(alarm.datapoints_to_alarm),
    );
    // The newest values that are there, as far as they are needed.
    let newest = points.iter().rev().flatten().take(wanted);
    let verdicts: Vec<bool> = newest.map(|value| breaches(*value, alarm)).collect();
    let breaching = verdicts.iter().filter(|breach| **breach).count();
    let missing = wanted - verdicts.len();
    let of_count = |count: usize| {
        if count >= needed {
            State::Alarm
        } else {
            State::Ok
        }
    };
    let none_is_good = breaching == verdicts.len();
    match alarm.missing {
        _ if missing == 0 => of_count(breaching),
        MissingData::Breaching => of_count(breaching + missing),
        MissingData::NotBreaching => of_count(breaching),
        MissingData::Ignore | MissingData::Missing if breaching >= needed || !none_is_good => {
            of_count(breaching)
        }
        MissingData::Ignore => current,
        // The oldest value is a breach of that age, and nothing since says otherwise.
        MissingData::Missing if oldest_age(points) >= needed => State::Alarm,
        MissingData::Missing => State::InsufficientData,
    }
}

/// The age of the oldest value in periods, from 1; 0 without values.
fn oldest_age(points: &[Option<f64>]) -> usize {
    let oldest = points.iter().position(Option::is_some);
    oldest.map_or(0, |position| points.len() - position)
}
