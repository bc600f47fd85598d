//! CloudWatch's API: alarms and the data of metrics, in CBOR.

use std::time::{SystemTime, UNIX_EPOCH};

use ciborium::{Value, cbor};
use local_cloud::{LocalCloud, Options};

use crate::notification::topics;
use crate::user::rest_of_user;
use crate::world::{Answer, DEADLINE, deployed, rest, rest_as};

const HEADERS: &str = "Smithy-Protocol: rpc-v2-cbor\r\nContent-Type: application/cbor\r\n";
const INVOKE: &str = "POST /2015-03-31/functions/stack-EchoFunction/invocations";

fn line(operation: &str) -> String {
    format!("POST /service/GraniteServiceVersion20100801/operation/{operation}")
}

fn encoded(input: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    ciborium::into_writer(input, &mut body).unwrap();
    body
}

/// A call of CloudWatch by the operator: status and answer.
async fn call(cloud: &LocalCloud, operation: &str, input: Value) -> (u16, Value) {
    let endpoint = &cloud.endpoints().cloudwatch;
    let body = encoded(&input);
    decoded(&rest(cloud, endpoint, &line(operation), HEADERS, body).await)
}

fn decoded(answer: &Answer) -> (u16, Value) {
    assert!(answer.head.contains("smithy-protocol: rpc-v2-cbor"));
    let body = ciborium::from_reader(answer.bytes.as_slice());
    (
        answer.status,
        body.unwrap_or_else(|e| panic!("{e}: {answer:?}")),
    )
}

/// A field of an answer.
fn field<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let entries = answer.as_map().unwrap();
    let found = entries.iter().find(|(key, _)| key.as_text() == Some(name));
    &found.unwrap_or_else(|| panic!("{name}: {answer:?}")).1
}

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    field(answer, name).as_text().unwrap()
}

fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    field(answer, name).as_array().unwrap()
}

fn now_s() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

fn moment(seconds: f64) -> Value {
    Value::Tag(1, Box::new(Value::Float(seconds)))
}

// AWS same(alarm): DescribeAlarms by Smithy RPC v2 CBOR: an alarm's state, reason, metric and
//     statistic, selected by names, prefix, state, action and type
#[tokio::test]
async fn alarms_are_described_with_their_state() {
    let options = Options {
        time_scale: 0.01,
        ..topics()
    };
    let cloud = LocalCloud::start(options).await.unwrap();
    cloud.send_message("copies", "unread").unwrap();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let alarm = loop {
        let wanted = cbor!({"StateValue" => "ALARM", "AlarmNamePrefix" => "stack-"});
        let (status, answer) = call(&cloud, "DescribeAlarms", wanted.unwrap()).await;
        assert_eq!(status, 200, "{answer:?}");
        if let Some(alarm) = list(&answer, "MetricAlarms").first() {
            break alarm.clone();
        }
        assert!(tokio::time::Instant::now() < deadline, "no alarm in time");
        tokio::task::yield_now().await;
    };
    for (name, value) in [
        ("AlarmName", "stack-full"),
        (
            "AlarmArn",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:stack-full",
        ),
        ("AlarmDescription", "Somebody should read the copies."),
        ("StateValue", "ALARM"),
        ("Namespace", "AWS/SQS"),
        ("MetricName", "ApproximateNumberOfMessagesVisible"),
        ("Statistic", "Maximum"),
        ("ComparisonOperator", "GreaterThanThreshold"),
        ("TreatMissingData", "notBreaching"),
    ] {
        assert_eq!(text(&alarm, name), value, "{name}");
    }
    assert!(text(&alarm, "StateReason").starts_with("Threshold Crossed: 1 out of"));
    assert_eq!(field(&alarm, "Period"), &Value::from(60));
    assert_eq!(field(&alarm, "Threshold"), &Value::from(0.0));
    let dimension = &list(&alarm, "Dimensions")[0];
    assert_eq!(text(dimension, "Value"), "copies");
    let since = field(&alarm, "StateUpdatedTimestamp").as_tag().unwrap();
    assert_eq!(since.0, 1);
    let since = since.1.as_float().unwrap();
    assert!((now_s() - since).abs() < 3600.0, "{since}");
    for (input, number) in [
        (cbor!({}), 1),
        (cbor!({"AlarmNames" => ["stack-full", "other"]}), 1),
        (cbor!({"AlarmNames" => ["other"]}), 0),
        (cbor!({"AlarmTypes" => ["CompositeAlarm"]}), 0),
        (
            cbor!({"AlarmTypes" => ["CompositeAlarm", "MetricAlarm"]}),
            1,
        ),
        (cbor!({"ActionPrefix" => "arn:aws:sns:"}), 1),
        (cbor!({"ActionPrefix" => "arn:aws:lambda:"}), 0),
        (cbor!({"MaxRecords" => 1}), 1),
    ] {
        let input = input.unwrap();
        let (status, answer) = call(&cloud, "DescribeAlarms", input.clone()).await;
        assert_eq!(status, 200, "{answer:?}");
        assert_eq!(list(&answer, "MetricAlarms").len(), number, "{input:?}");
    }
    cloud.shutdown().await;
}

fn query(stat: &str, period: u64, function: &str) -> Value {
    let dimension = cbor!({"Name" => "FunctionName", "Value" => function}).unwrap();
    let metric = cbor!({
        "Namespace" => "AWS/Lambda", "MetricName" => "Invocations", "Dimensions" => [dimension],
    });
    cbor!({
        "Id" => "calls",
        "MetricStat" => {"Metric" => metric.unwrap(), "Period" => period, "Stat" => stat},
    })
    .unwrap()
}

fn asked(queries: Vec<Value>, from: Value, to: Value) -> Value {
    cbor!({"MetricDataQueries" => queries, "StartTime" => from, "EndTime" => to}).unwrap()
}

// AWS same(alarm): GetMetricData of metrics: Sum, SampleCount, Average, Minimum, Maximum and
//     percentiles per period, newest first, periods without values left out
// AWS absent(alarm): metric math, search, other statistics than these, and pages; refused with
//     ValidationError
#[tokio::test]
async fn the_data_of_a_metric_is_read() {
    let cloud = deployed(&[]).await;
    let endpoint = cloud.endpoints().lambda.clone();
    for _ in 0..3 {
        let invoked = rest(&cloud, &endpoint, INVOKE, "", "{}").await;
        assert_eq!(invoked.status, 200, "{invoked:?}");
    }
    // A day, so that the calls are in one period unless midnight passes between them.
    for (stat, expected) in [("Sum", 3.0), ("SampleCount", 3.0), ("p99", 1.0)] {
        let queries = vec![query(stat, 86_400, "stack-EchoFunction")];
        let (from, to) = (moment(now_s() - 86_400.0), moment(now_s() + 60.0));
        let (status, answer) = call(&cloud, "GetMetricData", asked(queries, from, to)).await;
        assert_eq!(status, 200, "{answer:?}");
        let series = &list(&answer, "MetricDataResults")[0];
        assert_eq!(text(series, "Id"), "calls");
        assert_eq!(text(series, "Label"), "Invocations");
        assert_eq!(text(series, "StatusCode"), "Complete");
        let values = list(series, "Values").iter();
        let values: Vec<f64> = values.map(|value| value.as_float().unwrap()).collect();
        if stat.starts_with('p') {
            assert!(values.iter().all(|value| *value == expected), "{values:?}");
        } else {
            assert_eq!(values.iter().sum::<f64>(), expected, "{stat}: {values:?}");
        }
        assert_eq!(list(series, "Timestamps").len(), values.len());
    }
    let (from, to) = (moment(now_s() - 7200.0), moment(now_s() - 3600.0));
    let queries = vec![query("Sum", 60, "stack-EchoFunction")];
    let (_, earlier) = call(&cloud, "GetMetricData", asked(queries, from, to)).await;
    let series = &list(&earlier, "MetricDataResults")[0];
    assert_eq!(list(series, "Values"), []);
    let (from, to) = (moment(now_s() - 3600.0), moment(now_s() + 60.0));
    let queries = vec![query("Sum", 60, "other")];
    let (_, other) = call(&cloud, "GetMetricData", asked(queries, from, to)).await;
    assert_eq!(list(&list(&other, "MetricDataResults")[0], "Values"), []);
    cloud.shutdown().await;
}

// AWS same(alarm): calls of CloudWatch are refused with ValidationError, InvalidNextToken or
//     AccessDenied, in CBOR and in the header x-amzn-query-error
// AWS absent(alarm): CloudWatch's other operations and its two other protocols; refused with
//     UnknownOperationException and ValidationError
#[tokio::test]
async fn calls_of_cloudwatch_are_refused_in_its_words() {
    let cloud = LocalCloud::start(topics()).await.unwrap();
    let (early, late) = (moment(1.0), moment(90.0));
    let with = |query| asked(vec![query], early.clone(), late.clone());
    let expression = cbor!({"Id" => "e", "Expression" => "SUM(METRICS())"}).unwrap();
    for (operation, input, kind) in [
        (
            "DescribeAlarms",
            cbor!({"NextToken" => "?"}).unwrap(),
            "InvalidNextToken",
        ),
        (
            "DescribeAlarms",
            cbor!({"MaxRecords" => 101}).unwrap(),
            "ValidationError",
        ),
        (
            "DescribeAlarms",
            cbor!({"ParentsOfAlarmName" => "a"}).unwrap(),
            "ValidationError",
        ),
        (
            "GetMetricData",
            asked(vec![], late.clone(), early.clone()),
            "ValidationError",
        ),
        (
            "GetMetricData",
            with(query("Sum", 61, "f")),
            "ValidationError",
        ),
        (
            "GetMetricData",
            with(query("TM(10%:90%)", 60, "f")),
            "ValidationError",
        ),
        ("GetMetricData", with(expression), "ValidationError"),
        (
            "PutMetricData",
            cbor!({}).unwrap(),
            "UnknownOperationException",
        ),
    ] {
        let (status, refusal) = call(&cloud, operation, input.clone()).await;
        assert!((400..405).contains(&status), "{input:?}: {refusal:?}");
        assert_eq!(text(&refusal, "__type"), kind, "{input:?}: {refusal:?}");
        assert!(!text(&refusal, "message").is_empty());
    }
    let endpoint = &cloud.endpoints().cloudwatch;
    let unsigned = rest_as(endpoint, &line("DescribeAlarms"), HEADERS, "").await;
    let (status, unsigned) = decoded(&unsigned);
    assert_eq!(status, 403);
    let kind = "MissingAuthenticationTokenException";
    assert_eq!(text(&unsigned, "__type"), kind);
    let other = rest(&cloud, endpoint, &line("DescribeAlarms"), "", "{}").await;
    assert_eq!(decoded(&other).0, 400);
    cloud.shutdown().await;
}

// AWS same(iam): DescribeAlarms needs its right on the named alarms, or on every alarm;
//     GetMetricData on everything
#[tokio::test]
async fn a_user_reads_metrics_with_the_rights_that_aws_names() {
    let cloud = deployed(&[]).await;
    let endpoint = cloud.endpoints().cloudwatch.clone();
    let data = asked(vec![], moment(1.0), moment(2.0));
    let alarms = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:";
    for (operation, input, denied) in [
        ("GetMetricData", data, None),
        ("DescribeAlarms", cbor!({}).unwrap(), Some("*")),
        (
            "DescribeAlarms",
            cbor!({"AlarmNames" => ["a"]}).unwrap(),
            Some("a"),
        ),
    ] {
        let body = encoded(&input);
        let answer = rest_of_user(&cloud, &endpoint, &line(operation), HEADERS, body).await;
        let (status, answer) = decoded(&answer);
        let Some(alarm) = denied else {
            assert_eq!(status, 200, "{answer:?}");
            continue;
        };
        assert_eq!(status, 403, "{answer:?}");
        assert_eq!(text(&answer, "__type"), "AccessDenied");
        let words = format!("cloudwatch:DescribeAlarms on resource: {alarms}{alarm} because");
        assert!(text(&answer, "message").contains(&words), "{answer:?}");
    }
    cloud.shutdown().await;
}
