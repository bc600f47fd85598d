//! Why an alarm changed its state, in CloudWatch's words.
//!
//! Source: CloudWatch user guide, "Notifying users on alarm changes" (its examples).

use jiff::Timestamp;

use super::datapoint::Datapoint;
use super::evaluate::{State, breaches};
use sam_template::{Alarm, Comparison, MissingData};

/// The reason of the change from `old` to `new` after these datapoints, oldest first.
pub fn reason(points: &[Datapoint], alarm: &Alarm, old: State, new: State) -> String {
    let periods = usize::try_from(alarm.evaluation_periods).unwrap_or(usize::MAX);
    let newest: Vec<(u64, f64)> = points
        .iter()
        .rev()
        .filter_map(|point| Some((point.at_ms, point.value?)))
        .take(periods)
        .collect();
    if newest.is_empty() {
        return without_data(alarm, new);
    }
    let decides = |value: f64| breaches(value, alarm) == (new == State::Alarm);
    let deciding: Vec<String> = newest
        .iter()
        .filter(|(_, value)| decides(*value))
        .map(|(at_ms, value)| format!("{value:?} ({})", minute(*at_ms)))
        .collect();
    if new == State::InsufficientData || deciding.is_empty() {
        let missing = periods - newest.len().min(periods);
        return format!("Insufficient Data: {missing} {} unknown.", were(missing));
    }
    let needed = match new {
        State::Alarm => alarm.datapoints_to_alarm,
        _ => alarm.evaluation_periods - alarm.datapoints_to_alarm + 1,
    };
    let (verb, negation) = match (deciding.len(), new) {
        (1, State::Alarm) => ("was", ""),
        (1, _) => ("was", "not "),
        (_, State::Alarm) => ("were", ""),
        _ => ("were", "not "),
    };
    format!(
        "Threshold Crossed: {} out of the last {} datapoints [{}] {verb} {negation}{} the \
         threshold ({:?}) (minimum {needed} datapoint{} for {} -> {} transition).",
        deciding.len(),
        newest.len(),
        deciding.join(", "),
        relation(alarm.comparison),
        alarm.threshold,
        plural(needed),
        old.name(),
        new.name(),
    )
}

fn without_data(alarm: &Alarm, new: State) -> String {
    let crossed = match new {
        State::InsufficientData => "Insufficient Data",
        _ => "Threshold Crossed",
    };
    let way = match alarm.missing {
        MissingData::Missing => "Missing",
        MissingData::Breaching => "Breaching",
        MissingData::NotBreaching => "NonBreaching",
        MissingData::Ignore => "Ignore",
    };
    let periods = alarm.evaluation_periods;
    format!(
        "{crossed}: no datapoints were received for {periods} period{} and {periods} missing {} \
         treated as [{way}].",
        plural(periods),
        were(usize::try_from(periods).unwrap_or(usize::MAX)),
    )
}

fn were(count: usize) -> &'static str {
    if count == 1 {
        "datapoint was"
    } else {
        "datapoints were"
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn relation(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::GreaterOrEqual => "greater than or equal to",
        Comparison::Greater => "greater than",
        Comparison::Less => "less than",
        Comparison::LessOrEqual => "less than or equal to",
    }
}

/// `14/10/20 14:13:00`.
fn minute(ms: u64) -> String {
    let moment = i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    moment
        .unwrap_or(Timestamp::MAX)
        .strftime("%d/%m/%y %H:%M:%S")
        .to_string()
}
