//! Actions of rules that write to tables, topics, buckets and metrics.

use super::*;

const RULE: &str = "  Log:
    Type: AWS::Serverless::SimpleTable
  Bell: {Type: AWS::SNS::Topic}
  Keep:
    Type: AWS::IoT::TopicRule
    Properties:
      TopicRulePayload:
        Sql: SELECT * FROM 'huts/+'
        Actions:
          - DynamoDB: {TableName: !Ref Log, RoleArn: r,
              HashKeyField: id, HashKeyValue: '${topic(2)}'}
          - DynamoDBv2: {PutItem: {TableName: !Ref Log}, RoleArn: r}
          - Sns: {TargetArn: !Ref Bell, RoleArn: r, MessageFormat: JSON}
          - S3: {BucketName: heap, Key: '${topic()}', RoleArn: r, CannedAcl: private}
          - CloudwatchMetric: {MetricNamespace: n, MetricName: m, RoleArn: r,
              MetricValue: 1, MetricUnit: Count}
";

// AWS same(template): the rule actions CloudwatchLogs, CloudwatchMetric, DynamoDB, DynamoDBv2,
//     Lambda, Republish, S3, Sns and Sqs
#[test]
fn the_actions_that_write_are_read() {
    let template = resources(RULE).unwrap();
    let role_arn = "r".to_owned();
    let table = template.tables[0].name.clone();
    let expected = [
        Action::DynamoDb {
            table: table.clone(),
            hash: DynamoDbKey {
                field: "id".to_owned(),
                value: "${topic(2)}".to_owned(),
                is_number: false,
            },
            range: None,
            payload_field: "payload".to_owned(),
            role_arn: role_arn.clone(),
        },
        Action::DynamoDbV2 {
            table,
            role_arn: role_arn.clone(),
        },
        Action::Sns {
            topic_arn: template.topics[0].arn.clone(),
            is_structured: true,
            role_arn: role_arn.clone(),
        },
        Action::S3 {
            bucket: "heap".to_owned(),
            key: "${topic()}".to_owned(),
            role_arn: role_arn.clone(),
        },
        Action::CloudwatchMetric {
            namespace: "n".to_owned(),
            name: "m".to_owned(),
            value: "1".to_owned(),
            unit: "Count".to_owned(),
            timestamp: None,
            role_arn,
        },
    ];
    assert_eq!(template.rules[0].actions, expected);
}

#[test]
fn a_range_key_needs_its_value_and_targets_must_exist() {
    let ranged = "HashKeyField: id, RangeKeyField: at, RangeKeyType: NUMBER, RangeKeyValue: '7'";
    let template = resources(&RULE.replace("HashKeyField: id", ranged)).unwrap();
    match &template.rules[0].actions[0] {
        Action::DynamoDb {
            range: Some(range), ..
        } => assert!(range.is_number),
        other => panic!("{other:?}"),
    }
    for (from, to, expected) in [
        (
            "HashKeyField: id",
            "HashKeyField: id, RangeKeyField: at",
            "Actions.DynamoDB.RangeKeyValue is missing",
        ),
        (
            "HashKeyField: id",
            "HashKeyField: id, HashKeyType: BINARY",
            "Actions.DynamoDB.HashKeyType cannot be \"BINARY\": it must be STRING or NUMBER",
        ),
        (
            "DynamoDB: {TableName: !Ref Log",
            "DynamoDB: {TableName: other",
            "Keep: other is not a table of this template",
        ),
        (
            "TargetArn: !Ref Bell",
            "TargetArn: arn:other",
            "Keep: arn:other is not a topic of this template",
        ),
        (
            "MessageFormat: JSON",
            "MessageFormat: XML",
            "Actions.Sns.MessageFormat cannot be \"XML\": it must be RAW or JSON",
        ),
    ] {
        let message = resources(&RULE.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(expected),
            "{to}\n gave {message}\n want {expected}"
        );
    }
}
