//! Tables of datapoints and the state that follows, as CloudWatch documents them.

use std::collections::BTreeMap;

use super::evaluate::evaluate;
use super::*;
use crate::metric::Point;
use sam_template::{Comparison, MissingData, Statistic};

fn alarm(datapoints: u64, periods: u64, missing: MissingData) -> Alarm {
    Alarm {
        logical_id: "A".to_owned(),
        name: "a".to_owned(),
        arn: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a".to_owned(),
        description: None,
        namespace: "N".to_owned(),
        metric: "M".to_owned(),
        dimensions: BTreeMap::new(),
        unit: None,
        statistic: Statistic::Sum,
        period_s: 60,
        evaluation_periods: periods,
        datapoints_to_alarm: datapoints,
        threshold: 1.0,
        comparison: Comparison::GreaterOrEqual,
        missing,
        actions_enabled: true,
        alarm_actions: Vec::new(),
        ok_actions: Vec::new(),
        insufficient_data_actions: Vec::new(),
    }
}

/// The letter of a state; `=` stands for the state that it was.
fn letter(points: &str, alarm: &Alarm) -> char {
    let points: Vec<Option<f64>> = points
        .split(' ')
        .map(|point| match point {
            "0" => Some(0.0),
            "X" => Some(1.0),
            _ => None,
        })
        .collect();
    let all = [State::Ok, State::Alarm, State::InsufficientData];
    let states = all.map(|current| evaluate(&points, alarm, current));
    match states {
        _ if states == all => '=',
        [State::Ok, State::Ok, State::Ok] => 'O',
        [State::Alarm, State::Alarm, State::Alarm] => 'A',
        [
            State::InsufficientData,
            State::InsufficientData,
            State::InsufficientData,
        ] => 'I',
        other => panic!("{other:?} after {points:?}"),
    }
}

// AWS same(alarm): M out of N datapoints, and missing data treated as missing, ignore, breaching or
//     notBreaching, as in both tables of "How alarm state is evaluated when data is missing"
#[test]
fn states_follow_the_tables_of_the_documentation() {
    // Datapoints, then the states for missing, ignore, breaching and notBreaching.
    let three_of_three = [
        ("0 - X - X", "OOOO"),
        ("0 - - - -", "OOOO"),
        ("- - - - -", "I=AO"),
        ("0 X X - X", "AAAA"),
        ("- - - - X", "I=AO"),
        ("X - - - -", "A=AO"),
        ("- - X - -", "A=AO"),
        // Beyond the tables: no gaps, and a value that is not among the newest three.
        ("0 0 X X X", "AAAA"),
        ("X X X X 0", "OOOO"),
    ];
    let two_of_three = [
        ("0 - X - X", "AAAA"),
        ("0 0 X 0 X", "AAAA"),
        ("0 - X - -", "OOAO"),
        ("- - - - 0", "OOAO"),
        ("- - - - X", "I=AO"),
        ("- - - X -", "A=AO"),
        ("- - X - X", "AAAA"),
        ("X X 0 0 X", "OOOO"),
    ];
    let ways = [
        MissingData::Missing,
        MissingData::Ignore,
        MissingData::Breaching,
        MissingData::NotBreaching,
    ];
    for (datapoints, table) in [(3, &three_of_three[..]), (2, &two_of_three[..])] {
        for (points, expected) in table {
            let found = ways.map(|way| letter(points, &alarm(datapoints, 3, way)));
            let found = String::from_iter(found);
            assert_eq!(&found, expected, "{points}, {datapoints} of 3");
        }
    }
}

#[test]
fn each_comparison_has_its_side_of_the_threshold() {
    for (comparison, breaching) in [
        (Comparison::GreaterOrEqual, [false, true, true]),
        (Comparison::Greater, [false, false, true]),
        (Comparison::Less, [true, false, false]),
        (Comparison::LessOrEqual, [true, true, false]),
    ] {
        let alarm = Alarm {
            comparison,
            ..alarm(1, 1, MissingData::Missing)
        };
        for (value, breaching) in [0.5, 1.0, 1.5].into_iter().zip(breaching) {
            let state = if breaching { State::Alarm } else { State::Ok };
            let found = evaluate(&[Some(value)], &alarm, State::InsufficientData);
            assert_eq!(found, state, "{value} {comparison:?} 1");
        }
    }
}

// AWS same(alarm): periods begin at whole multiples of their length; statistics are SampleCount,
//     Average, Sum, Minimum, Maximum and percentiles
#[test]
fn values_of_a_period_become_one() {
    let value = |at_ms, value| Point { at_ms, value };
    let values = [
        value(999, 100.0),
        value(1000, 1.0),
        value(1500, 2.0),
        value(1999, 6.0),
        value(3000, 4.0),
        value(4000, 100.0),
    ];
    for (statistic, first, last) in [
        (Statistic::SampleCount, 3.0, 1.0),
        (Statistic::Average, 3.0, 4.0),
        (Statistic::Sum, 9.0, 4.0),
        (Statistic::Minimum, 1.0, 4.0),
        (Statistic::Maximum, 6.0, 4.0),
        (Statistic::Percentile(0.0), 1.0, 4.0),
        (Statistic::Percentile(50.0), 2.0, 4.0),
        (Statistic::Percentile(99.9), 6.0, 4.0),
        (Statistic::Percentile(100.0), 6.0, 4.0),
    ] {
        let points = datapoint::datapoints(&values, statistic, &(1000..4000), 1000);
        let point = |at_ms, value| Datapoint { at_ms, value };
        let expected = [
            point(1000, Some(first)),
            point(2000, None),
            point(3000, Some(last)),
        ];
        assert_eq!(points, expected, "{statistic:?}");
    }
}

// AWS different(alarm): AWS evaluates an alarm at once when it is created, each minute, and looks
//     at a number of older periods that it does not document; here it is evaluated once per period,
//     first when its evaluation periods have passed since the start, and looks at two periods more
#[test]
fn an_alarm_waits_for_its_periods_once() {
    let window = Window {
        begin_ms: 10_500,
        period_ms: 1000,
    };
    for (periods, now_ms, range) in [
        (1, 11_100, None),
        (1, 11_999, None),
        (1, 12_000, Some(10_000..12_000)),
        (1, 13_100, Some(10_000..13_000)),
        (1, 14_100, Some(11_000..14_000)),
        (3, 13_999, None),
        (3, 14_000, Some(10_000..14_000)),
        (3, 20_500, Some(15_000..20_000)),
    ] {
        assert_eq!(
            window.range(periods, now_ms),
            range,
            "{periods} at {now_ms}"
        );
    }
}

fn points(values: &[Option<f64>]) -> Vec<Datapoint> {
    let values = values.iter().enumerate();
    values
        .map(|(number, value)| Datapoint {
            at_ms: 1_772_366_400_000 + number as u64 * 60_000,
            value: *value,
        })
        .collect()
}

#[test]
fn a_reason_is_in_cloudwatchs_words() {
    for (values, alarm, old, new, expected) in [
        (
            &[Some(0.0), Some(2.0)][..],
            alarm(1, 1, MissingData::Missing),
            State::Ok,
            State::Alarm,
            "Threshold Crossed: 1 out of the last 1 datapoints [2.0 (01/03/26 12:01:00)] was \
             greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM \
             transition).",
        ),
        (
            &[Some(2.5), Some(0.0), Some(3.0)],
            alarm(2, 3, MissingData::Missing),
            State::InsufficientData,
            State::Alarm,
            "Threshold Crossed: 2 out of the last 3 datapoints [3.0 (01/03/26 12:02:00), 2.5 \
             (01/03/26 12:00:00)] were greater than or equal to the threshold (1.0) (minimum 2 \
             datapoints for INSUFFICIENT_DATA -> ALARM transition).",
        ),
        (
            &[Some(2.5), Some(0.0), Some(0.0)],
            alarm(2, 3, MissingData::Missing),
            State::Alarm,
            State::Ok,
            "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (01/03/26 12:02:00), 0.0 \
             (01/03/26 12:01:00)] were not greater than or equal to the threshold (1.0) (minimum 2 \
             datapoints for ALARM -> OK transition).",
        ),
        (
            &[None, None],
            alarm(1, 1, MissingData::Breaching),
            State::Ok,
            State::Alarm,
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint \
             was treated as [Breaching].",
        ),
        (
            &[None, None],
            alarm(2, 2, MissingData::Missing),
            State::Ok,
            State::InsufficientData,
            "Insufficient Data: no datapoints were received for 2 periods and 2 missing datapoints \
             were treated as [Missing].",
        ),
        (
            &[None, Some(1.0)],
            alarm(2, 2, MissingData::Missing),
            State::Ok,
            State::InsufficientData,
            "Insufficient Data: 1 datapoint was unknown.",
        ),
    ] {
        let found = reason::reason(&points(values), &alarm, old, new);
        assert_eq!(found, expected);
    }
}

// AWS same(alarm): an alarm publishes CloudWatch's JSON with the subject `ALARM: "name" in region`
#[test]
fn a_change_is_published_in_cloudwatchs_form() {
    let account = Account {
        id: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
    };
    let alarm = Alarm {
        description: Some("Look at the queue.".to_owned()),
        dimensions: [("QueueName".to_owned(), "q".to_owned())].into(),
        alarm_actions: vec!["arn:aws:sns:us-east-1:123456789012:t".to_owned()],
        ..alarm(1, 1, MissingData::NotBreaching)
    };
    let change = Change {
        from: State::InsufficientData,
        to: State::Alarm,
        reason: "because",
        at_ms: 1_772_366_400_090,
    };
    let content = message::content(&alarm, &change, &account);
    let subject = content.subject.as_deref();
    assert_eq!(subject, Some("ALARM: \"a\" in US East (N. Virginia)"));
    let message: serde_json::Value = serde_json::from_str(&content.message).unwrap();
    assert_eq!(
        message,
        serde_json::json!({
            "AlarmName": "a",
            "AlarmDescription": "Look at the queue.",
            "AWSAccountId": "123456789012",
            "NewStateValue": "ALARM",
            "NewStateReason": "because",
            "StateChangeTime": "2026-03-01T12:00:00.090+0000",
            "Region": "US East (N. Virginia)",
            "AlarmArn": alarm.arn,
            "OldStateValue": "INSUFFICIENT_DATA",
            "OKActions": [],
            "AlarmActions": alarm.alarm_actions,
            "InsufficientDataActions": [],
            "Trigger": {
                "MetricName": "M",
                "Namespace": "N",
                "StatisticType": "Statistic",
                "Statistic": "SUM",
                "Unit": null,
                "Dimensions": [{"name": "QueueName", "value": "q"}],
                "Period": 60,
                "EvaluationPeriods": 1,
                "DatapointsToAlarm": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "Threshold": 1.0,
                "TreatMissingData": "notBreaching",
                "EvaluateLowSampleCountPercentile": "",
            },
        })
    );
    let long = Alarm {
        name: "n".repeat(255),
        statistic: Statistic::Percentile(99.5),
        ..alarm
    };
    let content = message::content(&long, &change, &account);
    assert_eq!(content.check(), Ok(()));
    let message: serde_json::Value = serde_json::from_str(&content.message).unwrap();
    assert_eq!(message["Trigger"]["ExtendedStatistic"], "p99.5");
}
