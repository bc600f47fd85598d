//! Alarms and dashboards.

use super::*;

const WATCH: &str = "\
Resources:
  Bulletin: {Type: AWS::SNS::Topic}
  Silent:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub '${AWS::StackName}-silent'
      AlarmDescription: Nothing runs.
      Namespace: AWS/Lambda
      MetricName: Invocations
      Dimensions:
        - {Name: FunctionName, Value: worker}
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 3
      DatapointsToAlarm: 2
      Threshold: 1
      ComparisonOperator: LessThanThreshold
      TreatMissingData: breaching
      AlarmActions: [!Ref Bulletin]
      OKActions: [!Ref Bulletin]
  Slow:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: AWS/Lambda
      MetricName: Duration
      ExtendedStatistic: p99.9
      Unit: Milliseconds
      Period: 300
      EvaluationPeriods: 1
      Threshold: 1500.5
      ComparisonOperator: GreaterThanOrEqualToThreshold
      ActionsEnabled: false
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardName: board
      DashboardBody: !Sub '{\"widgets\": [{\"type\": \"text\", \"region\": \"${AWS::Region}\"}]}'
Outputs:
  Alarm: {Value: !GetAtt Silent.Arn}
";

// AWS same(template): AWS::CloudWatch::Alarm of one metric, with AWS's defaults
#[test]
fn an_alarm_has_awss_values_and_defaults() {
    let template =
        Template::parse("t.yaml", WATCH, &context(&[])).unwrap_or_else(|e| panic!("{e}"));
    let text = str::to_owned;
    let topic = template.topics[0].arn.clone();
    let arn = |name: &str| format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}");
    let silent = Alarm {
        logical_id: text("Silent"),
        name: text("my-home-silent"),
        arn: arn("my-home-silent"),
        description: Some(text("Nothing runs.")),
        namespace: text("AWS/Lambda"),
        metric: text("Invocations"),
        dimensions: [(text("FunctionName"), text("worker"))].into(),
        unit: None,
        statistic: Statistic::Sum,
        period_s: 60,
        evaluation_periods: 3,
        datapoints_to_alarm: 2,
        threshold: 1.0,
        comparison: Comparison::Less,
        missing: MissingData::Breaching,
        actions_enabled: true,
        alarm_actions: vec![topic.clone()],
        ok_actions: vec![topic],
        insufficient_data_actions: Vec::new(),
    };
    let slow = Alarm {
        logical_id: text("Slow"),
        name: text("my-home-Slow"),
        arn: arn("my-home-Slow"),
        description: None,
        metric: text("Duration"),
        dimensions: BTreeMap::new(),
        unit: Some(text("Milliseconds")),
        statistic: Statistic::Percentile(99.9),
        period_s: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 1500.5,
        comparison: Comparison::GreaterOrEqual,
        missing: MissingData::Missing,
        actions_enabled: false,
        alarm_actions: Vec::new(),
        ok_actions: Vec::new(),
        ..silent.clone()
    };
    assert_eq!(template.outputs["Alarm"], silent.arn);
    assert_eq!(template.alarms, [silent, slow]);
}

// AWS absent(template): metric math, anomaly detection, composite alarms, statistics other than
//     the five and percentiles, and alarm actions other than SNS topics; refused with advice
#[test]
fn an_alarm_that_is_not_evaluated_is_refused() {
    for (from, to, expected) in [
        (
            "Namespace: AWS/Lambda\n      MetricName: Invocations",
            "Metrics: []",
            "Silent: property Metrics is not supported: metric math is not computed",
        ),
        (
            "Threshold: 1\n",
            "ThresholdMetricId: ad\n",
            "Silent: property Threshold is missing",
        ),
        (
            "LessThanThreshold",
            "LessThanLowerThreshold",
            "ComparisonOperator cannot be \"LessThanLowerThreshold\": anomalies are not detected",
        ),
        (
            "Statistic: Sum",
            "Statistic: Median",
            "Statistic cannot be \"Median\"",
        ),
        (
            "Statistic: Sum",
            "Statistics: Sum",
            "did you mean Statistic?",
        ),
        (
            "p99.9",
            "tm90",
            "ExtendedStatistic cannot be \"tm90\": only percentiles are computed",
        ),
        ("p99.9", "p101", "ExtendedStatistic cannot be \"p101\""),
        (
            "p99.9",
            "p9\n      Statistic: Sum",
            "an alarm has one of them",
        ),
        (
            "Period: 60",
            "Period: 45",
            "Period cannot be \"45\": it must be 10, 20, 30",
        ),
        (
            "EvaluationPeriods: 3",
            "EvaluationPeriods: 1441",
            "Period cannot be \"60\": with EvaluationPeriods 1441 it exceeds 86400 seconds",
        ),
        (
            "DatapointsToAlarm: 2",
            "DatapointsToAlarm: 4",
            "must be 1 to 3",
        ),
        (
            "Threshold: 1\n",
            "Threshold: many\n",
            "Threshold cannot be \"many\"",
        ),
        (
            "TreatMissingData: breaching",
            "TreatMissingData: bad",
            "TreatMissingData cannot be",
        ),
        (
            "OKActions: [!Ref Bulletin]",
            "OKActions: ['arn:aws:lambda:us-east-1:123456789012:function:f']",
            "only SNS topics are notified",
        ),
        (
            "OKActions: [!Ref Bulletin]",
            "OKActions: ['arn:aws:sns:us-east-1:123456789012:other']",
            "Silent: arn:aws:sns:us-east-1:123456789012:other is not a topic of this template",
        ),
        (
            "Unit: Milliseconds",
            "EvaluateLowSampleCountPercentile: ignore",
            "percentiles are always evaluated",
        ),
        (
            "Type: AWS::CloudWatch::Dashboard",
            "Type: AWS::CloudWatch::CompositeAlarm",
            "CompositeAlarm is not supported: alarms are evaluated one by one",
        ),
    ] {
        assert!(WATCH.contains(from), "{from}");
        let message = error(&WATCH.replacen(from, to, 1), &[]);
        assert!(message.contains(expected), "{to}\n gave {message}");
    }
}

// AWS different(template): AWS shows a dashboard; here its DashboardBody must be JSON and has no
//     effect
#[test]
fn a_dashboard_must_be_json_and_has_no_effect() {
    let template =
        Template::parse("t.yaml", WATCH, &context(&[])).unwrap_or_else(|e| panic!("{e}"));
    let kinds = template
        .without_effect
        .iter()
        .map(|r| r.resource_type.as_str());
    assert_eq!(kinds.collect::<Vec<_>>(), ["AWS::CloudWatch::Dashboard"]);
    for (to, expected) in [
        (
            "DashboardBody: '{\"widgets\": ['\n",
            "DashboardBody cannot be",
        ),
        ("DashboardBody: '[]'\n", "it is not a JSON object"),
        (
            "DashboardBody: {widgets: []}\n",
            "DashboardBody must be text",
        ),
        ("Tags: []\n", "property DashboardBody is missing"),
    ] {
        let (before, rest) = WATCH.split_once("DashboardBody: ").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        let message = error(&format!("{before}{to}{after}"), &[]);
        assert!(message.contains(expected), "{to}\n gave {message}");
    }
}
